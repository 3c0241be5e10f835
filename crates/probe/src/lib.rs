//! A synthetic client: whether a media node can really be reached, and where it fails if not.
//!
//! The master lets nobody be placed on a node that it has not reached as a client would. [`run`] does that once:
//!
//! 1. **Echo**: a plain STUN Binding request (RFC 8489) to every media port at every address, and to the node's STUN
//!    port. What is lost is sent again, [`Limits::requests`] times at most.
//! 2. **Call** ([`Depth::Call`] only): an SDP offer to the node by the caller's [`Signalling`], then ICE and DTLS with
//!    whichever shard the answer names, at the addresses whose media ports have all answered; then the transport is
//!    closed. Nothing is asked of a node that has no such address.
//!
//! A [`Report`] says of every [`Path`] how it went, and [`Report::verdict`] whether that is enough, with a sentence for
//! the operator. [`Cadence`] decides how often the dear form is due.
//!
//! # Parts
//! [`Probe`] is the machine: `now` and datagrams in, datagrams and deadlines out, no clock and no socket. The shell
//! around it is [`run`], which looks up routes, binds a socket per local address and draws the transaction ids. ICE
//! credentials, certificates and DTLS randomness are drawn by `str0m`, so the call's bytes differ from run to run;
//! decisions do not depend on them.
//!
//! # What always holds
//! - A probe ends within [`Limits::whole`], whatever comes back or does not, and takes in at most [`MOST_DATAGRAMS`]
//!   datagrams, [`MOST_ADDRESSES`] addresses and [`MOST_PORTS`] ports.
//! - An answer counts only from the address that was asked, with the transaction id that was drawn for it.
//! - What a probe publishes is named after [`Name::PREFIX`], is closed again, also when the probe is dropped halfway,
//!   and is no user's: nodes do not count it as load.
//!
//! Does not know the link, the cluster or what a session is.

mod cadence;
mod echo;
mod fence;
mod handshake;
mod plan;
mod probe;
mod report;
mod run;
mod signalling;
mod sockets;
pub mod stun;

pub use cadence::Cadence;
pub use plan::{Depth, Limits, MOST_ADDRESSES, MOST_PORTS, Plan, Route, Target};
pub use probe::{MOST_DATAGRAMS, Output, Probe};
pub use report::{Failed, Outcome, Passed, Path, Report, Stage};
pub use run::run;
pub use signalling::{Name, Signalling};
