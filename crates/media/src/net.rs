//! Sockets of a shard: batched UDP, ICE-TCP with RFC 4571 framing, epoll and the wake-up between threads.
//!
//! The only place of the crate with `unsafe`: everything above it sees addresses, byte slices and counts.

mod address;
mod batch;
mod frames;
mod port;
mod readiness;
mod tcp;
mod udp;
mod unsent;

use std::net::{IpAddr, SocketAddr};

pub use batch::{Batch, LARGEST};
#[cfg(feature = "fuzzing")]
pub use frames::{Frames, TooLong};
pub use port::{BindError, bind, bind_shared, bind_udp};
pub use readiness::{Readiness, Token, Wake};
pub use tcp::{Streams, is_transient};
pub use udp::{INBOX, Inbox, RUNS, Run, Udp};
pub use unsent::Unsent;

/// How a datagram travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// One datagram of the shard's UDP socket.
    Udp,
    /// One RFC 4571 frame of an accepted TCP connection.
    Tcp,
    /// Handed over by the relay of the shard with this number; the address is the relayed one.
    Relay(u16),
}

/// The far end of a 5-tuple. The near end is the shard's one port, at whichever local address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// UDP or TCP.
    pub via: Via,
    /// Never a v4-mapped IPv6 address.
    pub addr: SocketAddr,
}

/// A way to a peer: where to, and from which local address (the one at which the peer reached us).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to.
    pub peer: Peer,
    /// Local source address; `None` leaves the choice to the system's routing table.
    pub local: Option<IpAddr>,
}
