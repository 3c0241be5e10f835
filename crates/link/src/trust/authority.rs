//! The private certificate authority of a cluster, and what it signs.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, SigningKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate::node_uri;
use super::token::{CaHash, Terms, Token, TokenId, TokenKey, is_node_id};
use super::{BACKDATE, file, seconds};
use crate::SERVER_NAME;

const DAY: u64 = 24 * 3600;
/// Of the authority, about ten years.
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * DAY);
/// Of the certificate that nodes see, which is made anew long before.
pub(crate) const SERVER_LIFE: Duration = Duration::from_secs(90 * DAY);
/// The authority and the master's certificate are valid from this long before they are made: the clock of a node may
/// be a day behind.
const SERVER_BACKDATE: Duration = Duration::from_secs(DAY);

/// P-256 in a SubjectPublicKeyInfo (RFC 5480): everything before the point.
const P256_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Why an authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file.
    #[error(transparent)]
    File(#[from] io::Error),
    /// `ca.crt` and `ca.key` do not belong together, or one of them is something else.
    #[error(
        "{directory}: ca.crt and ca.key cannot be used ({reason}). Restore both from a backup; if there is none, remove \
         both, and every node needs a new join token"
    )]
    Pair {
        /// Where they lie.
        directory: String,
        /// What was expected and what came.
        reason: String,
    },
    /// There is none, and none shall be made.
    #[error("{directory} is not the data directory of a master that has run: it has no ca.crt")]
    Missing {
        /// Where it was looked for.
        directory: String,
    },
    /// Making a key or a signature.
    #[error("{what}: {reason}")]
    Crypto {
        /// What was being made.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
    /// A token for a node whose name is none, or with URLs that are none.
    #[error(
        "a token needs one to eight URLs like https://HOST:PORT, and a node id is letters, digits, _ and -"
    )]
    Wish,
}

fn crypto(what: &'static str) -> impl Fn(rcgen::Error) -> AuthorityError {
    move |error| AuthorityError::Crypto {
        what,
        reason: error.to_string(),
    }
}

/// What a token is to be good for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// `https://HOST:PORT` by which nodes reach the masters.
    pub masters: Vec<String>,
    /// How many nodes may use it; 0 for any number.
    pub uses: u16,
    /// How long.
    pub valid: Duration,
    /// The only node that may use it.
    pub node: Option<String>,
}

/// The authority of a cluster. Its key never leaves it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    tokens: TokenKey,
}

impl Authority {
    /// The one that is kept in the directory, made where there is none.
    ///
    /// # Errors
    /// When a file can be neither used nor made.
    pub fn open(directory: &Path, now: SystemTime) -> Result<Self, AuthorityError> {
        let certificate = directory.join("ca.crt");
        // The certificate is written last: without it there is no authority yet.
        if file::read(&certificate)?.is_none() {
            // `muster token` reads it as soon as there is an authority, and must not draw another.
            token_key(&directory.join("token.key"))?;
            let (made, key) = make(now)?;
            file::write(&directory.join("ca.key"), &key.serialize_pem())?;
            file::write(&certificate, &made.pem())?;
        }
        Self::existing(directory, now)
    }

    /// The one that is kept in the directory.
    ///
    /// # Errors
    /// When there is none, or it cannot be used.
    pub fn existing(directory: &Path, now: SystemTime) -> Result<Self, AuthorityError> {
        let shown = || directory.display().to_string();
        let Some(certificate) = file::read(&directory.join("ca.crt"))? else {
            return Err(AuthorityError::Missing { directory: shown() });
        };
        let pair = |reason: String| AuthorityError::Pair {
            directory: shown(),
            reason,
        };
        let key = file::read(&directory.join("ca.key"))?
            .ok_or_else(|| pair("ca.key is missing".into()))?;
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|e| pair(format!("ca.crt: {e}")))?;
        let key = KeyPair::from_pem(&key).map_err(|e| pair(format!("ca.key: {e}")))?;
        let tokens = token_key(&directory.join("token.key"))?;
        let authority = Self {
            issuer: Issuer::new(authority_params(now), key),
            certificate,
            tokens,
        };
        authority.prove(now).map_err(pair)?;
        Ok(authority)
    }

    /// The certificate that nodes trust.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Seals a token.
    ///
    /// # Errors
    /// When the wish names no URL, or something that is no node id.
    pub fn mint(&self, wish: Wish, now: SystemTime) -> Result<Token, AuthorityError> {
        let issued = seconds(now);
        let terms = Terms {
            id: TokenId(random()?),
            authority: CaHash::of(&self.certificate),
            issued,
            expires: issued.saturating_add(wish.valid.as_secs()),
            uses: wish.uses,
            node: wish.node,
            masters: wish.masters,
        };
        self.tokens.seal(terms).ok_or(AuthorityError::Wish)
    }

    /// Whether the token is one of ours.
    pub fn sealed(&self, token: &Token) -> bool {
        token.terms().authority == CaHash::of(&self.certificate) && self.tokens.sealed(token)
    }

    /// A new key and certificate for the master's end, with the authority's own certificate in its chain.
    ///
    /// # Errors
    /// When the library fails.
    pub fn server(&self, now: SystemTime) -> Result<CertifiedKey, AuthorityError> {
        let what = "the master's certificate";
        let mut params = params(now, SERVER_BACKDATE, SERVER_LIFE)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Muster master");
        let name = SERVER_NAME.try_into().map_err(crypto(what))?;
        params.subject_alt_names = vec![SanType::DnsName(name)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto(what))?;
        let signed = params.signed_by(&key, &self.issuer).map_err(crypto(what))?;
        let chain = vec![signed.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain, key, &provider).map_err(|error| AuthorityError::Crypto {
            what,
            reason: error.to_string(),
        })
    }

    /// A certificate for a node's key.
    ///
    /// # Errors
    /// When the key or the id is none, or the library fails.
    pub fn node(
        &self,
        node_id: &str,
        public_key: &[u8],
        now: SystemTime,
        life: Duration,
    ) -> Result<CertificateDer<'static>, AuthorityError> {
        let what = "a node's certificate";
        if !is_node_id(node_id) || public_key.len() != 65 {
            return Err(AuthorityError::Wish);
        }
        let mut params = params(now, BACKDATE, life)?;
        params.distinguished_name.push(DnType::CommonName, node_id);
        let name = node_uri(node_id).try_into().map_err(crypto(what))?;
        params.subject_alt_names = vec![SanType::URI(name)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = params.signed_by(&Point(public_key), &self.issuer);
        Ok(signed.map_err(crypto(what))?.der().clone())
    }

    /// Sees that what is signed with the key is trusted by whoever trusts the certificate.
    fn prove(&self, now: SystemTime) -> Result<(), String> {
        let signed = self.server(now).map_err(|e| e.to_string())?;
        let chain = crate::tls::verify_server(&self.certificate, &signed.cert, now);
        chain.map_err(|error| format!("ca.crt is not that of ca.key: {error}"))
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

fn make(now: SystemTime) -> Result<(rcgen::Certificate, KeyPair), AuthorityError> {
    let what = "the cluster's certificate authority";
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(crypto(what))?;
    let mut params = authority_params(now);
    params.serial_number = Some(serial()?);
    Ok((params.self_signed(&key).map_err(crypto(what))?, key))
}

/// The same at every start, but for the times, which matter only when it is made.
fn authority_params(now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Muster cluster");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Whoever is made to trust it by mistake trusts it for no name of anybody else's.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(SERVER_NAME.into())],
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    times(&mut params, now, SERVER_BACKDATE, AUTHORITY_LIFE);
    params
}

fn params(
    now: SystemTime,
    backdate: Duration,
    life: Duration,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.serial_number = Some(serial()?);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    times(&mut params, now, backdate, life);
    Ok(params)
}

fn times(params: &mut CertificateParams, now: SystemTime, backdate: Duration, life: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    params.not_before = epoch + now.saturating_sub(backdate);
    params.not_after = epoch + now + life;
}

/// 16 octets, positive (RFC 5280 section 4.1.2.2).
fn serial() -> Result<SerialNumber, AuthorityError> {
    let mut octets: [u8; 16] = random()?;
    octets[0] = octets[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&octets))
}

fn random<const N: usize>() -> Result<[u8; N], AuthorityError> {
    let mut octets = [0; N];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| AuthorityError::Crypto {
        what: "random numbers",
        reason: "the system gives none".into(),
    })?;
    Ok(octets)
}

fn token_key(path: &Path) -> Result<TokenKey, AuthorityError> {
    let kept = file::read(path)?.and_then(|text| octets(text.trim()));
    let secret = match kept {
        Some(secret) => secret,
        None => {
            let secret: [u8; 32] = random()?;
            let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            file::write(path, &format!("{text}\n"))?;
            secret
        }
    };
    Ok(TokenKey::new(&secret))
}

pub(super) fn octets<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.is_ascii() {
        return None;
    }
    let mut octets = [0; N];
    for (octet, at) in octets.iter_mut().zip((0..).step_by(2)) {
        *octet = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
    }
    Some(octets)
}

/// A public key of somebody else.
struct Point<'a>(&'a [u8]);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The point in a SubjectPublicKeyInfo of P-256.
pub(crate) fn point(info: &[u8]) -> Option<&[u8]> {
    info.strip_prefix(&P256_INFO).filter(|p| p.len() == 65)
}

/// A node's own key.
pub(crate) struct NodeKey(KeyPair);

impl NodeKey {
    pub(crate) fn make() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256);
        key.map(Self).map_err(crypto("this node's key"))
    }

    pub(crate) fn from_pem(pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_ECDSA_P256_SHA256);
        key.map(Self).map_err(crypto("this node's key"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    pub(crate) fn der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.0.serialize_der().into())
    }

    /// The uncompressed point.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.0.der_bytes().to_vec()
    }

    /// See `EnrollRequest.proof`.
    pub(crate) fn prove(&self, node_id: &str, token: &str) -> Result<Vec<u8>, AuthorityError> {
        let signed = self.0.sign(&statement(node_id, token));
        signed.map_err(crypto("the proof of this node's key"))
    }
}

/// Whether whoever signed holds the private half of the key. Also refuses what is no point of the curve.
pub(crate) fn proof(public_key: &[u8], node_id: &str, token: &str, proof: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key);
    public_key.len() == 65 && key.verify(&statement(node_id, token), proof).is_ok()
}

fn statement(node_id: &str, token: &str) -> Vec<u8> {
    [b"muster enroll", node_id.as_bytes(), token.as_bytes(), b""].join(&0)
}

/// Answers TLS handshakes with a certificate that is never near its end.
#[derive(Debug)]
pub(crate) struct ServerCertificate {
    authority: Arc<Authority>,
    now: Arc<std::sync::Mutex<(Arc<CertifiedKey>, SystemTime)>>,
    clock: ClockOf,
}

/// A clock in a type that has to be shown.
pub(crate) struct ClockOf(pub(crate) super::Clock);

impl std::fmt::Debug for ClockOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl ServerCertificate {
    pub(crate) fn new(
        authority: Arc<Authority>,
        clock: super::Clock,
    ) -> Result<Self, AuthorityError> {
        let now = clock();
        let first = Arc::new(authority.server(now)?);
        Ok(Self {
            authority,
            now: Arc::new(std::sync::Mutex::new((first, now))),
            clock: ClockOf(clock),
        })
    }
}

impl rustls::server::ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now = (self.clock.0)();
        let mut kept = self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let age = now.duration_since(kept.1);
        // A clock that was set back leaves an age that is none; so does one that was set right.
        if age.is_ok_and(|age| age < SERVER_LIFE * 2 / 3) {
            return Some(kept.0.clone());
        }
        match self.authority.server(now) {
            Ok(made) => *kept = (Arc::new(made), now),
            Err(error) => tracing::error!(%error, "link: the master's certificate is not renewed"),
        }
        Some(kept.0.clone())
    }
}
