//! What is to be tried, and for how long.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reachability::{Depth, Relay};

/// Addresses of one node that are tried; the rest is left out and reported. Nodes announce at most eight.
pub const MOST_ADDRESSES: usize = 16;

/// Media ports of one node that are tried; the rest is left out and reported.
pub const MOST_PORTS: usize = 256;

/// TCP connections of one probe that only ask for an echo. Of more ports some are asked, others the next time.
pub const MOST_KNOCKS: usize = 32;

/// Relays that one probe looks through.
pub const MOST_RELAYS: usize = 12;

/// Calls of one probe: UDP and TCP at as many addresses as a node announces, and through relays.
pub const MOST_CALLS: usize = 16 + MOST_RELAYS;

/// Calls through relays under way at once: each costs looker, relay and node two handshakes.
pub const RELAYED_AT_ONCE: usize = 4;

/// Where a node says that it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    #[allow(missing_docs)]
    pub ips: Vec<IpAddr>,
    /// One per media shard.
    pub ports: Vec<u16>,
    /// Answers plain STUN too, and carries no media.
    pub stun_port: u16,
    /// Through which it is looked for, too.
    pub relays: Vec<Relay>,
}

/// How long is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// STUN requests per path, at least one. RFC 8489 section 6.2.1 has seven; a probe is repeated soon anyhow.
    pub requests: u32,
    /// Until the first retransmission; doubled with each further one (RFC 8489 has 500 ms).
    pub first_pause: Duration,
    /// The pauses grow to this, and the last request waits for it.
    pub longest_pause: Duration,
    /// How long a TCP connection may take to bring its echo.
    pub knock: Duration,
    /// The whole probe. Has to be below the deadline of whoever asked.
    pub whole: Duration,
    /// Have every request tell of a refusal, not only every second, and of up to 64 ports instead of 6. For nodes of which
    /// it is to be known at once whether anybody is there; it costs a descriptor for each port.
    pub insist: bool,
}

impl Default for Limits {
    /// Requests at 0, 100, 300, 700 and 1100 ms, given up at 1.5 s; everything within 2.7 s.
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self {
            requests: 5,
            first_pause: millis(100),
            longest_pause: millis(400),
            knock: millis(1500),
            whole: millis(2700),
            insist: false,
        }
    }
}

/// An address of the node, and the way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The node's.
    pub ip: IpAddr,
    /// The socket of ours that the system's routes choose for it, or what the system says instead.
    pub local: Result<SocketAddr, String>,
}

/// What a [`Probe`](crate::Probe) is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The node's addresses, in order of preference.
    pub routes: Vec<Route>,
    /// See [`Target::ports`].
    pub ports: Vec<u16>,
    /// See [`Target::stun_port`].
    pub stun_port: u16,
    /// See [`Target::relays`].
    pub relays: Vec<Relay>,
    #[allow(missing_docs)]
    pub depth: Depth,
    #[allow(missing_docs)]
    pub limits: Limits,
    /// Drawn for this probe alone: the transaction ids begin with it, so that nobody can answer who was not asked.
    pub secret: [u8; 10],
}
