//! The shell of the master: it opens sockets, reads clocks, draws ids, and decides nothing. The crate `control` does;
//! what OpenVidu's clients say and hear is in `openvidu`, what operators do in `api`.
//!
//! - `control`: the one task that owns the pure `Control`; everything else talks to it through bounded queues.
//! - `keeper`: the store, under this master's leadership.
//! - `providing`: who launches the nodes that the cluster wants.
//! - `client`, `socket`: one task per RPC session, one per WebSocket.
//! - `http`, `listener`: REST, the call page, and the TLS they come over.

mod administration;
mod app;
mod ask;
mod call_page;
mod client;
mod clock;
mod config;
mod control;
mod http;
mod keeper;
mod listener;
mod providing;
mod random;
mod relay;
mod socket;
mod start;
mod surroundings;
mod webhook;
mod whereabouts;

pub use administration::{Administration, Restart};
pub use config::{Config, Listen, Page, Relay, StaticFile, VideoBandwidth};
pub use keeper::StoreProblem;
pub use providing::{Fleet, SpecOf};
pub use start::{Failure, Master, StartError, start};
pub use webhook::Webhook;
