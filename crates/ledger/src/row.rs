//! What is written and what is read.

use std::net::IpAddr;

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

/// What came from one address to one node within one hour, and belongs to no transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stranger {
    #[allow(missing_docs)]
    pub node: String,
    /// `None`: of all for whom the node had no room.
    pub address: Option<IpAddr>,
    /// When it came first and last, within the hour. Not read when it is written: the ledger's clock says.
    pub first: u64,
    #[allow(missing_docs)]
    pub last: u64,
    /// STUN requests with a username fragment that no transport of the node has.
    pub unknown_user: u64,
    /// The last of these fragments.
    pub ufrag: String,
    /// STUN that cannot be read.
    pub malformed: u64,
    /// DTLS and media from where nobody has proven himself.
    pub unproven: u64,
}

/// Some of what was looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The newest first.
    pub rows: Vec<Row>,
    /// There are more, with lower numbers.
    pub more: bool,
}
