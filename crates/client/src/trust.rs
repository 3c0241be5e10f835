//! Which certificates are believed.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Whom to believe.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Everybody: what is sent is hidden from those who listen, not from those who stand between.
    Anybody,
    /// Only who shows exactly one of these certificates (PEM), whatever name stands in it.
    Exactly(String),
    /// Those whom these authorities (PEM) have signed for the name that is asked for.
    Authorities(String),
}

/// What is trusted cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("expected certificates in PEM: {0}")]
pub struct BadTrust(String);

impl Trust {
    pub(crate) fn client_config(self) -> Result<ClientConfig, BadTrust> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| BadTrust(error.to_string()))?;
        let accepted = match self {
            Self::Authorities(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(&pem)? {
                    let added = roots.add(certificate);
                    added.map_err(|error| BadTrust(error.to_string()))?;
                }
                return Ok(builder.with_root_certificates(roots).with_no_client_auth());
            }
            Self::Anybody => None,
            Self::Exactly(pem) => Some(certificates(&pem)?),
        };
        let verifier = Arc::new(ByItself { accepted, provider });
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth())
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, BadTrust> {
    let read = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(found) if found.is_empty() => Err(BadTrust("found none".to_owned())),
        Ok(found) => Ok(found),
        Err(error) => Err(BadTrust(error.to_string())),
    }
}

/// Looks at the certificate itself instead of at who signed it.
#[derive(Debug)]
struct ByItself {
    /// `None`: any.
    accepted: Option<Vec<CertificateDer<'static>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByItself {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.accepted {
            Some(accepted) if !accepted.iter().any(|it| it == end_entity) => {
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
