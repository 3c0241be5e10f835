//! What is written and what is read.

use diagnosis::{Evidence, Finding};

use crate::filter::State;

/// What the master knows of a transport when it has a node make it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opening {
    /// Ids, direction, client, version of the address set and time; nothing that only the node can see.
    pub evidence: Evidence,
    /// The URLs of the ICE servers that the client was given.
    pub ice_servers: Vec<String>,
}

/// All that is known of a transport.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Names it in this ledger; grows.
    pub id: i64,
    #[allow(missing_docs)]
    pub state: State,
    /// When it was made. Milliseconds since the Unix epoch, as all times.
    pub opened: u64,
    /// When something was last heard of it.
    pub updated: u64,
    #[allow(missing_docs)]
    pub evidence: Evidence,
    /// ICE username fragment by which the client addresses it; empty until the node has told.
    pub ufrag: String,
    #[allow(missing_docs)]
    pub ice_servers: Vec<String>,
    /// Why it failed, the most likely first.
    pub findings: Vec<Finding>,
}

/// Some of what was looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The newest first.
    pub rows: Vec<Row>,
    /// There are more, with lower numbers.
    pub more: bool,
}
