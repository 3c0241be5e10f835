//! The self-signed certificate for browsers, which is made once and kept. Those of the link are `link::trust`'s.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use tracing::warn;

use crate::data_dir::DataDir;

/// A certificate and its key in PEM.
pub struct Tls {
    #[allow(missing_docs)]
    pub cert_pem: String,
    #[allow(missing_docs)]
    pub key_pem: String,
}

const DAY: u64 = 24 * 3600;
/// About ten years.
const LIFETIME: Duration = Duration::from_secs(3650 * DAY);
/// Clocks of clients may be behind.
const BEFORE: Duration = Duration::from_secs(DAY);

/// The certificate for browsers and applications: `localhost`, loopback, and the public host.
///
/// # Errors
/// When it can neither be read nor made.
pub fn https(data: &DataDir, public_host: &str) -> Result<Tls> {
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    if !hosts.iter().any(|h| h == public_host) {
        hosts.push(public_host.to_owned());
    }
    kept(data, "https", &hosts)
}

fn kept(data: &DataDir, name: &str, hosts: &[String]) -> Result<Tls> {
    let (cert_name, key_name) = (format!("{name}.crt"), format!("{name}.key"));
    if let (Some(cert_pem), Some(key_pem)) = (data.read(&cert_name)?, data.read(&key_name)?) {
        match missing_host(&cert_pem, hosts) {
            Ok(None) => return Ok(Tls { cert_pem, key_pem }),
            Ok(Some(host)) => warn!(
                "the certificate {} does not cover {host}; making a new one, which browsers have to accept anew",
                data.file(&cert_name).display()
            ),
            Err(error) => warn!(
                "the certificate {} cannot be used ({error:#}); making a new one",
                data.file(&cert_name).display()
            ),
        }
    }
    let tls = make(hosts)?;
    // Without the certificate a pair that was half written is made anew instead of used with another's key.
    data.remove(&cert_name)?;
    data.write(&key_name, &tls.key_pem)?;
    data.write(&cert_name, &tls.cert_pem)?;
    Ok(tls)
}

/// The first host that the certificate is not for.
fn missing_host(cert_pem: &str, hosts: &[String]) -> Result<Option<String>> {
    let der =
        CertificateDer::from_pem_slice(cert_pem.as_bytes()).context("no certificate in it")?;
    let certificate = ParsedCertificate::try_from(&der)?;
    for host in hosts {
        let name = ServerName::try_from(host.as_str()).with_context(|| format!("host {host}"))?;
        if verify_server_name(&certificate, &name).is_err() {
            return Ok(Some(host.clone()));
        }
    }
    Ok(None)
}

fn make(hosts: &[String]) -> Result<Tls> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = hosts.iter().map(|h| san(h)).collect::<Result<_>>()?;
    let common_name = hosts.last().map_or("muster", String::as_str);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Muster, self-signed");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BEFORE);
    params.not_after = epoch + now + LIFETIME;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok(Tls {
        cert_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}

fn san(host: &str) -> Result<SanType> {
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok(SanType::IpAddress(IpAddr::V4(ip)));
    }
    if let Ok(ip) = host.parse::<Ipv6Addr>() {
        return Ok(SanType::IpAddress(IpAddr::V6(ip)));
    }
    let name = host.try_into().with_context(|| format!("host {host}"))?;
    Ok(SanType::DnsName(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, DataDir) {
        let temporary = tempfile::tempdir().expect("temporary directory");
        let data = DataDir::open(temporary.path()).expect("there");
        (temporary, data)
    }

    #[test]
    fn a_certificate_is_made_once_and_kept() {
        let (_temporary, data) = directory();
        let first = https(&data, "localhost").expect("made");
        let again = https(&data, "localhost").expect("kept");
        assert_eq!(first.cert_pem, again.cert_pem);
        assert_eq!(first.key_pem, again.key_pem);
    }

    #[test]
    fn another_public_host_makes_a_new_one_that_covers_everything() {
        let (_temporary, data) = directory();
        let first = https(&data, "localhost").expect("made");
        for host in ["call.example.com", "203.0.113.5", "2001:db8::5"] {
            let tls = https(&data, host).expect("made");
            assert_ne!(first.cert_pem, tls.cert_pem);
            let hosts = ["localhost", "127.0.0.1", "::1", host].map(str::to_owned);
            assert_eq!(missing_host(&tls.cert_pem, &hosts).expect("readable"), None);
            assert_eq!(https(&data, host).expect("kept").cert_pem, tls.cert_pem);
            assert_eq!(
                https(&data, "localhost").expect("kept").cert_pem,
                tls.cert_pem
            );
        }
    }

    #[test]
    fn a_broken_one_is_replaced() {
        let (_temporary, data) = directory();
        https(&data, "localhost").expect("made");
        data.write("https.crt", "rubbish").expect("written");
        let tls = https(&data, "localhost").expect("made anew");
        let hosts = ["localhost".to_owned()];
        assert_eq!(missing_host(&tls.cert_pem, &hosts).expect("readable"), None);
    }
}
