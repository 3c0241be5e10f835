//! Durable, watched, leased state of a cluster behind one small trait, [`Store`].
//!
//! | module | what it is |
//! |---|---|
//! | [`contract`] | the promise that every engine keeps |
//! | [`sqlite`] | the engine of a single master: a file beside it |
//! | `etcd` (a feature of the same name) | the engine of several masters |
//! | [`model`] | the engine of the simulator: in memory, in virtual time, with faults on demand |
//! | [`names`], [`record`] | where everything lies, and what is written there |
//! | [`mirror`] | everything under one place, kept equal to the store |
//! | [`registry`] | who is here, and the generation that fences its writes |
//! | [`leadership`] | one leader at a time |
//!
//! Knows keys, revisions, leases and how to keep them. Does not know who uses it, and decides nothing: who is dead,
//! who leads and where a session goes is said by others and only made safe here, by guards.

pub mod contract;
pub mod entry;
pub mod error;
#[cfg(feature = "etcd")]
pub mod etcd;
pub mod key;
pub mod leadership;
pub mod mirror;
pub mod model;
pub mod names;
pub mod record;
pub mod registry;
pub mod sqlite;
mod state;
pub mod transaction;

pub use contract::{LONGEST_TTL, SHORTEST_TTL, Store, Watch, read};
pub use entry::{Batch, Change, Entry, LeaseId, Rev, Snapshot, Value};
pub use error::{Misuse, StoreError};
pub use key::{Key, KeyError, Prefix};
pub use mirror::Mirror;
pub use names::Name;
pub use record::{LeaderRecord, MasterRecord, NodeRecord, Record};
pub use registry::{Registered, Registration, Registry};
pub use state::history::HistoryBound;
pub use transaction::{Guard, Op, Outcome};
