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
//! The port must not be one of media. Chromium takes everything that comes from the address of one of its STUN or TURN
//! servers for an answer of that server, so no connectivity check and no media from there would ever arrive.

mod engine;
mod parcel;
mod ports;

use std::ops::RangeInclusive;

pub use turn::{Code, Counts, Ended, Event, Method, Quotas, Secret, Settings, What};

pub(crate) use engine::{Engine, FIRST_TOKEN, Handover};
pub(crate) use parcel::Links;

/// What credentials are for (RFC 8489 section 9.2).
pub const REALM: &str = "muster";

/// How the relay is set up. Nothing in it changes afterwards.
#[derive(Clone, Debug)]
pub struct Options {
    /// Ports of allocations. `0..=0` lets the system choose. Other nodes send to them.
    pub ports: RangeInclusive<u16>,
}

impl Default for Options {
    fn default() -> Self {
        Self { ports: 0..=0 }
    }
}
