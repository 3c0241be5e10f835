//! Keys and certificates for tests, made without the crate's own means.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PublicKeyData, SanType,
};

/// A node's key.
pub struct Key(pub KeyPair);

impl Key {
    pub fn make() -> Self {
        Self(KeyPair::generate().expect("key"))
    }

    /// The uncompressed point.
    pub fn public(&self) -> Vec<u8> {
        self.0.der_bytes().to_vec()
    }

    pub fn pem(&self) -> String {
        self.0.serialize_pem()
    }
}

/// PEM of a certificate.
pub fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// An authority of somebody else's making.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn make() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("key");
        let pem = params.self_signed(&key).expect("signed").pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, pem }
    }

    /// Chain and key of a master.
    pub fn server(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().expect("key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        (signed.pem() + &self.pem, key.serialize_pem())
    }

    /// Makes a directory that of a node that has enrolled with this authority.
    pub fn enrol(&self, directory: &Path, node_id: &str) {
        let mut params = CertificateParams::default();
        let uri = link::trust::node_uri(node_id).try_into().expect("ASCII");
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).expect("clock");
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + since - link::trust::BACKDATE;
        params.not_after = epoch + since + Duration::from_secs(86_400);
        let key = KeyPair::generate().expect("key");
        let signed = params.signed_by(&key, &self.issuer).expect("signed");
        let write = |name: &str, text: &str| {
            std::fs::write(directory.join(name), text).expect("written");
        };
        write("node.key", &key.serialize_pem());
        write("node.crt", &(signed.pem() + &self.pem));
    }
}
