//! The media plane of one node: transports (ICE, DTLS), SRTP, track rings, fan-out, feedback, shards.
//!
//! [`start`] brings up the shards: plain OS threads, each with its own epoll loop, one UDP socket and one TCP
//! listener (ICE-TCP) on the same port. A session lives on one shard. The rest of the node talks to it through
//! [`Plane::submit`] (a bounded queue per shard) and hears of it through the [`EventSink`] it handed over. Packets
//! never leave their shard's thread and never meet the control plane.
//!
//! Does not know tokio, the link, or what a session means: ids are opaque text.
//!
//! # The way of a packet
//! 1. `net` takes up to 64 datagrams from the socket at once, each with the local address where it arrived.
//! 2. `shard::demux` finds its transport by 5-tuple. A 5-tuple is proven by a STUN request that the transport's ICE
//!    agent authenticated, found by username fragment; nothing else makes or moves one.
//! 3. `transport` (the only module that knows `str0m`) opens a publisher's packet. Feedback upstream (reports, NACK,
//!    transport-wide congestion control, keyframe requests) is the library's.
//! 4. `stream` keeps it in the ring of its track, in the clear, once for all subscribers. It is *fresh* now.
//! 5. After each batch `egress` goes from subscriber to subscriber: header from a template, numbers and timestamp
//!    rewritten (`rewrite`), sealed (`srtp`) into the arena of `net`'s batch. Equal-sized neighbours to one destination
//!    become one `UDP_SEGMENT` message, all messages go by `sendmmsg`, from the address where the client reached us.
//!
//! What comes from a subscriber is opened by `egress` too: NACKs are answered from the track's ring by RTX, within a
//! budget; PLI and FIR of all subscribers become at most one request in 500 ms upstream. Sender reports say how audio
//! and video belong together, by the publisher's own reports.
//!
//! # What always holds
//! - A subscriber's keys are used by one counter only. The library never gets to send media or reports to it.
//! - A source may be replaced: subscribers keep their SSRCs, numbers go on without a hole, timestamps by the time that
//!   passed.
//! - A publisher that is lost leaves its stream to the subscribers; one that is closed takes the stream along.
//! - Everything that grows is bounded: queues, paths per transport, transports, connections, bytes unsent, events kept.
//!   What does not fit is dropped and counted ([`Totals`]); nothing waits for anybody.
//! - A transport that is not connected within 30 s, or without consent for 30 s, is closed, and says why; time for which
//!   the process was stopped does not count. Without consent nothing is sent to it.
//! - Addresses are advertised as given. A datagram that arrives elsewhere is taken as sent to the first advertised
//!   address of its family (one-to-one NAT, or an address that came after the description), and answered from where it
//!   arrived. Sockets are bound to all addresses, so one that comes later works at once.
//! - A panic of the library ends one transport, not the shard.
//!
//! # What is told of a transport that fails
//! Where STUN, DTLS and stages are handled anyway, a shard writes down what it sees of each transport ([`evidence`]): the
//! candidates of both sides, checks by remote address, how far DTLS and media came, each with its time; and of those
//! who belong to no transport, where they are. It tells this when a transport is late, connected, without consent or
//! over, and when it is asked ([`Plane::ask_evidence`]), through a sink of its own that may refuse it: evidence is
//! never in the way of anything.

mod api;
mod counters;
mod egress;
pub mod evidence;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod net;
#[cfg(test)]
mod noise;
mod plane;
mod rate;
pub mod relay;
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
