//! The master's mind: a [`Conference`](conference::Conference) and a [`Cluster`](cluster::Cluster) as one, and what
//! lies between them: who is told what, which commands wait for a node, what every node should carry.
//!
//! Pure: no clock, socket, task or randomness. [`Control::handle`] takes the time and one [`Input`] and returns
//! [`Effect`]s, to be carried out in order; [`Control::next_deadline`] says when to come back with [`Input::Tick`], and
//! what for. What is told to a shell has no sockets and no wire format in it, so that a simulator can be the shell.
//!
//! | module | what it does |
//! |---|---|
//! | `meeting` | carries out what the conference wants |
//! | `nodes` | takes what comes from the nodes, carries out what the cluster wants |
//! | `node_settings` | tells the nodes how to work, and sees that they do |
//! | `ice` | which ICE servers a client is given |
//! | `relay` | the secret under which relay credentials are made |
//! | `clients` | knows clients by number, by RPC session, and by the connection they have become |
//! | `in_flight`, `waiting` | commands that no node has answered yet, or that wait for a link |
//! | `journal`, `writing` | what has to be written down before it may be told |
//! | [`records`] | what is written down |
//! | `restore` | goes on where an earlier run of the master ended |
//! | `failures` | follows every transport, and diagnoses those that fail |
//! | `healing`, `remedies` | what is done about a failure, step by step |
//! | `rehousing` | finds another node for sessions that have lost theirs |
//! | `ways` | who reaches which node by which path, what follows from it, and when nodes look at each other |
//! | `node_events`, `outbox` | what applications are told, and have not been told yet |

mod before;
mod clients;
mod control;
mod deadline;
mod described;
mod effect;
mod failures;
mod healing;
mod ice;
mod in_flight;
mod input;
mod journal;
mod meeting;
mod node_events;
mod node_settings;
mod nodes;
mod notice;
mod outbox;
mod pace;
pub mod records;
mod rehousing;
mod relay;
mod remedies;
mod restore;
mod settings;
mod waiting;
mod ways;
mod writing;

pub use control::{Control, LAST_WORDS};
pub use deadline::{Deadline, Timer};
pub use effect::{Effect, Event, Obeyed, ReachEvent, Told, Write};
pub use failures::{Counts, Many, Visit, Visited};
pub use ice::{OwnRelay, RelayTransport, RelayUrl, Relays};
pub use in_flight::ANSWER;
pub use input::{
    Direction, Input, Looked, NewCandidates, Now, Question, Says, Stage, TransportState,
};
pub use journal::{Outcome, PATIENCE};
pub use node_events::{NodeEvent, NodeHappening, NodeShown};
pub use node_settings::{
    GATHER, NodeSettings, OBEDIENCE, RelayCounters, RelaySettings, Running, SKEW_MS, Skew, Working,
};
pub use notice::{Notice, Weight};
pub use outbox::Webhook;
pub use rehousing::HOMELESS;
pub use relay::{DrawnSecret, RelayRules, RelaySecret, SETTLE, SHORTEST_ROTATION};
pub use restore::{LONGEST_RETURN, RETURN};
pub use settings::Settings;
pub use ways::{HURRY, LOOK};
