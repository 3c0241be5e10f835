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
#[cfg(test)]
mod noise;
pub mod rewrite;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod track;

pub use api::*;
