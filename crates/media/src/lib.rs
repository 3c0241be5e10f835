//! The media plane of one node: transports (ICE, DTLS), SRTP, track rings, fan-out, feedback, shards.
//!
//! [`start`] brings up the shards: plain OS threads, each with its own epoll loop, one UDP socket and one TCP
//! listener (ICE-TCP) on the same port. A session lives on one shard. The rest of the node talks to it through
//! [`Plane::submit`] (a bounded queue per shard) and hears of it through the [`EventSink`] it handed over. Packets
//! never leave their shard's thread and never meet the control plane.
//!
//! Does not know tokio, the link, or what a session means: ids are opaque text.
//!
//! `str0m` is used for ICE-lite, DTLS, SDP and ingress, and only inside `transport`.

mod api;
mod counters;
mod egress;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod net;
#[cfg(test)]
mod noise;
mod plane;
mod rate;
mod reflector;
pub mod rewrite;
pub mod rtcp;
pub mod rtp;
mod shard;
pub mod srtp;
mod stream;
mod stun;
pub mod track;
mod transport;

pub use api::*;
pub use counters::Totals;
pub use plane::{Plane, SnapshotError, StartError, start};
