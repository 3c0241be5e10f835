//! A synthetic client: whether a media node can really be reached, and where it fails if not.
//!
//! Nobody is placed on a node that has not been reached as a client would reach it. [`run`] does that once:
//!
//! 1. **Echo**: a plain STUN Binding request (RFC 8489) over UDP to every media port at every address, and to the node's
//!    STUN port; what is lost is sent again, [`Limits::requests`] times at most. Over TCP, framed as RFC 4571 has it, to the
//!    media ports too, or to some of them where there are many. Through each relay that clients of the node may be told of
//!    ([`Target::relays`]) an allocation is made, and the echo asked of a media port at a few of the node's addresses.
//! 2. **Call** ([`Depth::Call`] only), over each path whose echoes have all passed, each by itself: publish and subscribe to
//!    what was published by the caller's [`Signalling`], connect both by ICE and DTLS, and have a few packets of media come
//!    back, decrypted. Then the transports are closed. Nothing is asked of a node that answers nowhere.
//!
//! A [`Report`] says how everything went, [`Report::paths`] what that means path by path, and [`Report::verdict`] whether it
//! is enough, with a sentence for the operator.
//!
//! # Parts
//! [`Probe`] is the machine: `now` and datagrams in, datagrams and deadlines out, no clock and no socket. The shell
//! around it is [`run`], which looks up routes, opens sockets and draws the transaction ids. ICE
//! credentials, certificates and DTLS randomness are drawn by `str0m`, so the call's bytes differ from run to run;
//! decisions do not depend on them.
//!
//! # What always holds
//! - A probe ends within [`Limits::whole`], whatever comes back or does not, and takes in at most [`MOST_DATAGRAMS`]
//!   datagrams of echoes, [`MOST_ADDRESSES`] addresses, [`MOST_PORTS`] ports and 1,000 packets for each call.
//! - An answer counts only from the address that was asked, with the transaction id that was drawn for it.
//! - What a probe publishes is named after [`Name::PREFIX`], is closed again, also when the probe is dropped halfway,
//!   and is no user's: nodes do not count it as load.
//!
//! Does not know the link, the cluster or what a session is; the words for paths are those of `reachability`.

mod call;
mod channels;
mod echo;
mod fence;
mod frames;
mod knock;
mod media;
mod output;
mod peer;
mod plan;
mod probe;
mod relaying;
mod report;
mod run;
mod signalling;
mod signals;
mod sockets;
pub mod stun;
mod tls;
mod tries;
mod tunnel;

pub use frames::{Frames, TooLong};
pub use output::{Channel, Output, Signalled};
pub use plan::{Limits, MOST_ADDRESSES, MOST_PORTS, MOST_RELAYS, Plan, Route, Target};
pub use probe::{MOST_DATAGRAMS, Probe};
pub use reachability::{Depth, Failed, Relay, Stage};
pub use report::{Outcome, Passed, Path, Report};
pub use run::run;
pub use signalling::{Name, Signalling};
