//! The relay: STUN and TURN for clients, on a port of its own beside those of media.
//!
//! The protocol is in the crate `turn`, which decides; here are its sockets. An [`Engine`] is one server with its port and
//! those of its allocations. Each shard has one: their UDP sockets share the port number, and the system gives all that a
//! client sends to the same of them.
//!
//! What is relayed to the node's own media goes no second time through the system: the engine hands it to its shard, or
//! by a bounded queue to the shard that has the port, and gets back what that one sends. For a transport such a client
//! is a peer like any other, [`Via::Relay`], at its relayed address.
//!
//! Clients that come by TCP or TLS may be served by any shard; the first that sees one takes it. A TLS handshake begins
//! with a byte that no STUN message begins with, so both come to one port.
//!
//! [`start`] brings up a relay that stands alone, with a thread of its own. To it others may hand streams that they
//! accepted at a port of theirs ([`Relay::stream`]).
//!
//! The port must not be one of media. Chromium takes everything that comes from the address of one of its STUN or TURN
//! servers for an answer of that server, so no connectivity check and no media from there would ever arrive.

mod alone;
mod engine;
mod parcel;
mod ports;
mod streams;

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

pub use turn::{Code, Counts, Ended, Event, Method, Quotas, Secret, Settings, Via, What};

pub use alone::{Config, Relay, start};

pub(crate) use engine::{Engine, FIRST_TOKEN, Handover};
pub(crate) use parcel::Links;

/// What credentials are for (RFC 8489 section 9.2).
pub const REALM: &str = "muster";

/// How the relay is set up. Nothing in it changes afterwards.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ports of allocations. `0..=0` lets the system choose. Other nodes send to them.
    pub ports: RangeInclusive<u16>,
    /// Certificate and key, for clients that begin with TLS. They come to the same port as those by TCP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// What nonces are signed with.
pub(crate) fn nonce_key() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("no random numbers"))?;
    Ok(key)
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ports: 0..=0,
            tls: None,
        }
    }
}
