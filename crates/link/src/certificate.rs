//! The certificate that clients of master and nodes see: read from PEM text, and renewed while sockets are open.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::trust;

/// A certificate chain and its key. Clones are the same one: when one is renewed, all are.
#[derive(Clone)]
pub struct Certificate(Arc<Held>);

struct Held(RwLock<Arc<CertifiedKey>>);

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[allow(missing_docs)]
    #[error("expected certificates in PEM, leaf first: {0}")]
    Chain(String),
    #[allow(missing_docs)]
    #[error("expected at least one certificate in PEM (`BEGIN CERTIFICATE`), got none")]
    Empty,
    #[allow(missing_docs)]
    #[error("expected a private key in PEM (PKCS#8, PKCS#1 or SEC1): {0}")]
    Key(String),
    #[allow(missing_docs)]
    #[error("expected a certificate and the key that belongs to it: {0}")]
    Pair(String),
}

impl Certificate {
    /// Of PEM text: the chain with its leaf first, and a key as PKCS#8, PKCS#1 or SEC1.
    ///
    /// # Errors
    /// What was expected and what came.
    pub fn new(cert_pem: &str, key_pem: &str) -> Result<Self, CertificateError> {
        let read = read(cert_pem, key_pem)?;
        Ok(Self(Arc::new(Held(RwLock::new(Arc::new(read))))))
    }

    /// From the next handshake on this one is shown. Returns whether it is another than before.
    ///
    /// # Errors
    /// What was expected and what came; the one before stays.
    pub fn renew(&self, cert_pem: &str, key_pem: &str) -> Result<bool, CertificateError> {
        let read = read(cert_pem, key_pem)?;
        let is_other = self.0.now().cert != read.cert;
        if is_other {
            *self.0.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        Ok(is_other)
    }

    /// From when to when the leaf is good, seconds since the Unix epoch.
    pub fn validity(&self) -> Option<(u64, u64)> {
        let now = self.0.now();
        trust::validity(now.cert.first()?)
    }

    /// What speaks TLS with it, to clients that show none.
    ///
    /// # Errors
    /// When the library and its cryptography do not fit each other.
    pub fn server_config(&self) -> Result<ServerConfig, rustls::Error> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = ServerConfig::builder_with_provider(provider.into());
        let builder = builder.with_safe_default_protocol_versions()?;
        let builder = builder.with_no_client_auth();
        Ok(builder.with_cert_resolver(self.0.clone()))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = self.validity().unwrap_or_default();
        write!(f, "Certificate(from {from} to {to})")
    }
}

impl Held {
    fn now(&self) -> Arc<CertifiedKey> {
        // Nobody can panic while he writes: it is one assignment.
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }
}

fn read(cert_pem: &str, key_pem: &str) -> Result<CertifiedKey, CertificateError> {
    let chain = CertificateDer::pem_slice_iter(cert_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| CertificateError::Chain(error.to_string()))?;
    if chain.is_empty() {
        return Err(CertificateError::Empty);
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|error| CertificateError::Key(error.to_string()))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .map_err(|error| CertificateError::Pair(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn clones_are_renewed_together() {
        let (cert, key) = made();
        let first = Certificate::new(&cert, &key).expect("read");
        let clone = first.clone();
        assert_eq!(first.renew(&cert, &key), Ok(false));
        let (cert, key) = made();
        assert_eq!(first.renew(&cert, &key), Ok(true));
        let der = CertificateDer::from_pem_slice(cert.as_bytes()).expect("PEM");
        assert_eq!(clone.0.now().cert, [der]);
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let (cert, key) = made();
        let (other, _) = made();
        let first = Certificate::new(&cert, &key).expect("read");
        let renewed = first.renew(&other, &key);
        assert!(
            matches!(renewed, Err(CertificateError::Pair(_))),
            "{renewed:?}"
        );
        assert!(matches!(
            first.renew("", &key),
            Err(CertificateError::Empty)
        ));
        assert!(matches!(
            first.renew(&cert, ""),
            Err(CertificateError::Key(_))
        ));
        assert_eq!(first.renew(&cert, &key), Ok(false));
    }
}
