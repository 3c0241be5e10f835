//! TLS at both ends: version 1.3 only, the cluster's own authority only.
//!
//! Sessions are never resumed: a resumed one would not look at certificates again.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::SERVER_NAME;
use crate::trust::{AuthorityError, CaHash, Clock, ServerCertificate, Trust};

const H2: &[u8] = b"h2";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn roots(authority: &CertificateDer<'_>) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone().into_owned())?;
    Ok(Arc::new(roots))
}

fn verifier(authority: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, Error> {
    WebPkiServerVerifier::builder_with_provider(roots(authority)?, provider())
        .build()
        .map_err(|error| Error::General(error.to_string()))
}

fn server_name() -> Result<ServerName<'static>, Error> {
    ServerName::try_from(SERVER_NAME).map_err(|error| Error::General(error.to_string()))
}

/// Whether a chain is that of a master, for whoever trusts this authority.
pub(crate) fn verify_server(
    authority: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    now: SystemTime,
) -> Result<(), Error> {
    let [leaf, above @ ..] = chain else {
        return Err(Error::NoCertificatesPresented);
    };
    let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    verifier(authority)?
        .verify_server_cert(leaf, above, &server_name()?, &[], now)
        .map(|_| ())
}

/// The clock of a master or node for rustls.
struct Time(Clock);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let since: Option<Duration> = (self.0)().duration_since(UNIX_EPOCH).ok();
        since.map(UnixTime::since_unix_epoch)
    }
}

/// The master's end. Nodes may come without a certificate; one that they show must be ours and valid.
pub(crate) fn server(trust: &Trust) -> Result<ServerConfig, AuthorityError> {
    let tls = |error: &dyn std::fmt::Display| AuthorityError::Crypto {
        what: "TLS of the link",
        reason: error.to_string(),
    };
    let roots = roots(trust.authority.certificate()).map_err(|e| tls(&e))?;
    let clients = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .allow_unauthenticated()
        .build()
        .map_err(|e| tls(&e))?;
    let certificate = ServerCertificate::new(trust.authority.clone(), trust.clock.clone())?;
    let time = Arc::new(Time(trust.clock.clone()));
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])
        .map_err(|e| tls(&e))?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(certificate));
    config.alpn_protocols = vec![H2.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// What a node shows of itself.
pub(crate) struct Shown {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: rustls::pki_types::PrivateKeyDer<'static>,
}

/// The end of a node that has enrolled.
pub(crate) fn enrolled(
    authority: &CertificateDer<'_>,
    shown: Shown,
    clock: &Clock,
) -> Result<ClientConfig, Error> {
    let time = Arc::new(Time(clock.clone()));
    let mut config = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .with_webpki_verifier(verifier(authority)?)
        .with_client_auth_cert(vec![shown.certificate], shown.key)?;
    config.alpn_protocols = vec![H2.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// The end of a node that has a token only.
pub(crate) fn enrolling(authority: CaHash, clock: &Clock) -> Result<ClientConfig, Error> {
    let time = Arc::new(Time(clock.clone()));
    let pinned = Pinned {
        authority,
        algorithms: provider(),
    };
    let mut config = ClientConfig::builder_with_details(provider(), time)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    config.alpn_protocols = vec![H2.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Trusts the one authority whose certificate has this hash, which the master sends along, and judges the rest of the
/// chain as if that authority had been configured.
#[derive(Debug)]
struct Pinned {
    authority: CaHash,
    algorithms: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = above
            .iter()
            .find(|certificate| CaHash::of(certificate) == self.authority)
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        verifier(authority)?.verify_server_cert(leaf, above, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken on the link".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.algorithms.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.algorithms.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
