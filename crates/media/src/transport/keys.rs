//! SRTP keys out of the DTLS handshake.
//!
//! The library keeps the keys to itself, but takes its DTLS implementation from outside. Here the usual one is wrapped:
//! it does the same, and leaves a copy of the keying material in a slot of the thread. The slot is shared by all
//! connections of the thread, so it is emptied after every drain of every one of them.

use std::cell::RefCell;
use std::time::Instant;

use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
    SrtpProfile,
};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

use crate::srtp::Profile;

/// Keys as the DTLS exporter gives them (RFC 5764 section 4.2), and for which side.
pub struct Exported {
    /// Client key, server key, client salt, server salt.
    pub material: Vec<u8>,
    /// What was negotiated.
    pub profile: Profile,
    /// Whether we were the DTLS client.
    pub active: bool,
}

thread_local! {
    static SLOT: RefCell<Option<Exported>> = const { RefCell::new(None) };
}

/// Empties the slot.
pub fn take() -> Option<Exported> {
    SLOT.take()
}

/// The usual provider, wrapped.
pub fn exporting_provider() -> CryptoProvider {
    static WRAPPED: Exporting = Exporting;
    CryptoProvider {
        dtls_provider: &WRAPPED,
        ..from_feature_flags()
    }
}

#[derive(Debug)]
struct Exporting;

impl DtlsProvider for Exporting {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let usual = from_feature_flags().dtls_provider;
        let inner = usual.new_dtls(certificate, now, version, mtu)?;
        Ok(Box::new(Instance { inner }))
    }
}

#[derive(Debug)]
struct Instance {
    inner: Box<dyn DtlsInstance>,
}

impl DtlsInstance for Instance {
    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let active = self.inner.is_active();
        let output = self.inner.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output {
            let exported = profile_of(*profile).map(|profile| Exported {
                material: material.as_ref().to_vec(),
                profile,
                active,
            });
            SLOT.set(exported);
        }
        output
    }

    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}

fn profile_of(profile: SrtpProfile) -> Option<Profile> {
    match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Some(Profile::Aes128CmHmacSha1_80),
        SrtpProfile::AEAD_AES_128_GCM => Some(Profile::AeadAes128Gcm),
        SrtpProfile::AEAD_AES_256_GCM => Some(Profile::AeadAes256Gcm),
        _ => None,
    }
}
