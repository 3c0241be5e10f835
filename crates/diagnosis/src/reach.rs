//! The matrix of probed paths.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::evidence::Protocol;

/// How the last probe of one path went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Reach {
    /// Id of the node that tried, or `master`.
    pub from: String,
    /// Id of the node that was tried.
    pub to: String,
    /// Boot of `to`.
    pub boot: String,
    /// Version of the address set of `to`.
    pub address_set: u64,
    pub path: PathKind,
    /// To the node, or to the relay.
    pub protocol: Protocol,
    /// The node's media address that was tried; for relayed paths the relay's.
    pub address: Option<SocketAddr>,
    /// For relayed paths: id of the node whose relay it is, or `master`.
    pub relay: String,
    pub ok: bool,
    pub round_trip_ms: Option<f64>,
    /// Of the echo, 0 to 100.
    pub loss_percent: Option<f64>,
    /// Where it ended: `stun`, `ice`, `dtls`, `srtp`, `allocate`, `permission` …. Empty if it passed.
    pub stage: String,
    /// For people.
    pub problem: String,
    /// Nobody listens there: an ICMP port unreachable, or a TCP reset.
    pub refused: bool,
    /// Answers came from another address than was asked.
    pub astray: bool,
    /// A firewall said so: an ICMP administratively prohibited.
    pub prohibited: bool,
    /// STUN error response.
    pub code: Option<u16>,
    pub at: Option<u64>,
}

/// How it leads there.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum PathKind {
    Direct,
    Relayed,
    #[default]
    #[serde(other)]
    Unknown,
}
