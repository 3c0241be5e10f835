//! The mind of a media node: when it dials, how it introduces itself, which commands it obeys, what it tells its master
//! of transports, addresses and load, and when it ends by itself.
//!
//! Pure: no clock, socket, task or randomness. [`Agent::handle`] takes the time and one [`Input`] and returns
//! [`Effect`]s in the order in which the shell carries them out; [`Agent::next_deadline`] says when to come back with
//! [`Input::Tick`]. Ids of sessions, streams and transports are opaque text. The agent keeps no state of media: what is
//! carried is told by the media plane whenever it matters.
//!
//! ```text
//!            Dial            Connected              Welcome
//!  resting ────────► dialling ────────► introduced ────────► attached
//!     ▲                 │                   │ HangUp            │ HangUp (a master of a lower term)
//!     │                 ▼                   ▼                   ▼
//!     └──────────────── Ended, exactly once for each Dial ──────┘
//! ```
//!
//! # What always holds
//! - Each connection begins with one hello that holds a whole snapshot; nothing is replayed after a break.
//! - Nothing changes what the node carries but a master's commands, under the highest term that this boot has seen and
//!   addressed to this boot. A break of any length changes nothing.
//! - While attached and when everything sent has gone out, the master knows the addresses as they are.
//! - What the master last told of how to work is in force until a master tells otherwise, whatever becomes of the
//!   connection.
//! - Time in which the process was stopped or the machine asleep counts for nothing: only awake time runs out.
//!
//! # What the shell owes
//! - [`Effect::Send`] is carried out in order and nothing of it is lost before the connection ends. While something
//!   waits for room the shell hands in no messages, so that what waits stays bounded.
//! - Each [`Effect::Dial`] leads to exactly one [`Input::Ended`], also after [`Effect::HangUp`].

mod agent;
mod announcing;
mod awake;
mod backoff;
mod deadline;
mod effect;
mod fence;
mod input;
mod load;
mod message;
mod node_settings;
mod orphan;
mod owed;
mod requests;
mod ways;

pub use addresses::Moment;
pub use agent::Agent;
pub use deadline::{Deadline, Timer};
pub use effect::{Effect, Exit, Note};
pub use input::{Cause, Ended, Identity, Input, Settings, Usage};
pub use message::{
    Addresses, Answer, Ask, Command, Direction, Failure, FailureKind, Hello, Id, Load,
    NewCandidates, Protocol, Stage, ToMaster, Transport, Welcome, Withheld,
};
pub use node_settings::{NodeSettings, RelaySecret, RelaySettings, Running};
