//! What a meeting is: sessions, connections, streams, roles, and the order in which everybody hears of a change.
//!
//! Pure: no clock, socket, task, JSON or randomness. [`Conference::handle`] takes the time and one [`Input`] and
//! returns the [`Effect`]s, which the shell carries out in that order. Nothing here knows a node's address, a
//! WebSocket or an HTTP status. [`Conference::next_deadline`] says when to come back with [`Input::Elapsed`].
//!
//! A shell that keeps sessions across its own end writes down those that [`Conference::take_changed`] names, and hands
//! them to [`Conference::restore`] when it starts again.
//!
//! The rules come from OpenVidu 2.24–2.32; where this crate's behaviour looks odd, a test names the rule.

mod candidate;
mod change;
mod check;
mod conference;
mod connections;
mod disconnect;
mod effect;
mod error;
mod event;
mod ids;
mod input;
mod join;
mod lately;
mod leave;
mod legs;
mod limits;
mod model;
mod open;
mod outbox;
mod publish;
mod receive;
mod reconnect;
mod recover;
mod renew;
mod repair;
mod restore;
mod rooms;
mod roster;
mod sessions;
mod signal;
mod source;
mod transports;
mod unpublish;

pub use conference::{Conference, metadata};
pub use effect::*;
pub use error::Error;
pub use event::*;
pub use ids::*;
pub use input::*;
pub use lately::{Lately, News};
pub use limits::Limits;
pub use model::*;
pub use repair::LegOf;
pub use restore::NotRestored;
