//! The contract between master and node ([`proto`], from `proto/link.proto`, where every message is documented) and
//! its two ends: [`dial`] is the node's, [`serve`] the master's. [`trust`] decides who may be there.
//!
//! Knows how messages travel and who says them: TLS, certificates, join tokens, hello and welcome, heartbeats, bounded
//! queues, back-off. Does not know what commands mean.

mod certificate;
pub mod dial;
mod listening;
pub mod serve;
mod skew;
mod tls;
pub mod trust;

use std::time::Duration;

use aws_lc_rs::hmac;

pub use certificate::{Certificate, CertificateError};
pub use skew::Skew;

/// The name in the master's link certificate. Nodes check the certificate against what they were given, not against
/// the host they dialled, so a master may move without a new certificate.
pub const SERVER_NAME: &str = "master.muster";

/// The version of the contract. Master and node must speak the same.
pub const PROTOCOL: u32 = 3;

/// How often each side says that it lives. Some 60 bytes of TLS each way; a thousand nodes are 3 300 of them a second
/// each way at the master, which are not handed on.
pub const HEARTBEAT: Duration = Duration::from_millis(300);

/// How often a node's heartbeat carries its load: placement need not know sooner.
pub const LOAD: Duration = Duration::from_secs(1);

/// Silence after which the master suspects a node: three heartbeats missed, and a little for the way. The stream stays,
/// and with it all that is under way on it, for a lost packet or two look the same.
pub const DOUBT: Duration = Duration::from_millis(1_200);

/// Silence after which either end gives an attachment up. A connection that has been mended by then goes on.
pub const SILENCE: Duration = Duration::from_millis(3_500);

/// Tells relay secrets apart without showing them: the first octets of the HMAC-SHA256 of a constant under the secret.
pub fn relay_fingerprint(secret: &str) -> [u8; 8] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, b"muster relay secret");
    let mut first = [0; 8];
    first.copy_from_slice(&tag.as_ref()[..8]);
    first
}

/// The messages, generated from `proto/link.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    tonic::include_proto!("muster.link.v1");
}
