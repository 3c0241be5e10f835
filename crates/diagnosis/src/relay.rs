//! A relay, as a whole.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// What a relay counted in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct RelayFacts {
    /// Id of the node, `master`, or the URL of a foreign one.
    pub id: String,
    /// Where clients are told to find it.
    pub advertised: Vec<SocketAddr>,
    /// What it would tell as relayed addresses are among these, if it is in order.
    pub own_addresses: Vec<IpAddr>,
    /// TURN requests, own tests not counted.
    pub requests: u64,
    pub allocations: u64,
    /// Allocations now, and how many it can have.
    pub in_use: u64,
    pub capacity: u64,
    /// Peer connections that could use it.
    pub users: u64,
    /// Error responses by code, without the 401s that ask for credentials.
    pub errors: BTreeMap<u16, u64>,
    /// 401s to credentials that were issued within the last minute.
    pub fresh_unauthorized: u64,
    /// Credentials presented that were issued within the last minute, refused or not.
    pub fresh_presented: u64,
    /// 401s among them that would be none by the issuer's clock.
    pub expired_by_skew: u64,
    /// Peers for which permissions were refused (403).
    pub denied: Vec<Count>,
    /// Datagrams without a permission, by source.
    pub dropped: Vec<Count>,
    /// Datagrams to peers, and from them.
    pub sent: u64,
    pub returned: u64,
    /// ICMP errors on relayed sockets.
    pub unreachable: u64,
    /// Bits per second that it forwards.
    pub bits_per_second: u64,
    pub self_test: Option<SelfTest>,
    /// When it last answered its test, whatever it answered; of foreign ones.
    pub answered: Option<u64>,
    /// Clients in calls now, and those that came through it in the window; of foreign ones.
    pub clients: u64,
    pub through: u64,
    /// Newcomers are not told of it, because it fails its probes.
    pub withheld: bool,
}

impl RelayFacts {
    /// Nothing came back from where clients are told to find it.
    pub(crate) fn is_silent(&self) -> bool {
        let test = self.self_test.as_ref();
        test.is_some_and(|test| {
            let unheard = test.code.is_none() && test.relayed.is_none();
            !test.passed && test.stage == "binding" && unheard
        })
    }

    /// Whether this, the id of a relay, a URL (RFC 7065) or `HOST:PORT`, is this one.
    pub(crate) fn is(&self, id: &str) -> bool {
        self.id == id || place(&self.id) == place(id)
    }
}

/// Host and port of a URL. What is none is left as it is.
fn place(id: &str) -> (&str, &str) {
    let rest = id.strip_prefix("turn:").unwrap_or(id);
    let rest = rest.split_once('?').map_or(rest, |(place, _)| place);
    // A colon within brackets is one of IPv6.
    let bracket = rest.rfind(']').map_or(0, |at| at + 1);
    match rest[bracket..].rfind(':') {
        Some(at) => (&rest[..bracket + at], &rest[bracket + at + 1..]),
        None => (rest, "3478"),
    }
}

/// How often, of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Count {
    pub address: IpAddr,
    pub count: u64,
}

/// The last test of a relay by whoever hands it out: Binding, Allocate, CreatePermission, echo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct SelfTest {
    pub at: Option<u64>,
    /// Over the address that clients are told.
    pub passed: bool,
    /// Where it ended: `binding`, `allocate`, `permission`, `echo`.
    pub stage: String,
    /// Error response, if one came.
    pub code: Option<u16>,
    /// XOR-RELAYED-ADDRESS.
    pub relayed: Option<SocketAddr>,
    /// For people.
    pub problem: String,
}
