//! What is read of the certificate that browsers see.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::Tls;

/// From when to when the certificate is good, seconds since the Unix epoch.
pub(crate) fn validity(tls: &Tls) -> Option<(u64, u64)> {
    let leaf = CertificateDer::pem_slice_iter(tls.cert_pem.as_bytes()).next()?;
    link::trust::validity(&leaf.ok()?)
}
