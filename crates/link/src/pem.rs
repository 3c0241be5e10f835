//! From PEM text to what TLS needs: for the sockets of master and nodes that browsers come to.

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What speaks TLS with this certificate chain and its key, to clients that show none.
///
/// # Errors
/// What was expected and what came.
pub fn server_config(cert_pem: &str, key_pem: &str) -> Result<ServerConfig, String> {
    let chain = CertificateDer::pem_slice_iter(cert_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("expected certificates in PEM, leaf first: {error}"))?;
    if chain.is_empty() {
        return Err(
            "expected at least one certificate in PEM (`BEGIN CERTIFICATE`), got none".to_owned(),
        );
    }
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|error| {
        format!("expected a private key in PEM (PKCS#8, PKCS#1 or SEC1): {error}")
    })?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| format!("expected a certificate and the key that belongs to it: {error}"))
}
