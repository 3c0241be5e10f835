//! What is written under a key: JSON, so that people can read it and later versions can add to it.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entry::Value;
use crate::key::{Key, Prefix};
use crate::names::{self, Name};

/// A type that has a place of its own in the store.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Where: a word and a slash.
    const PLACE: &'static str;

    /// The key of one.
    fn key(name: &Name) -> Key {
        names::record(Self::PLACE, name)
    }

    /// All of them.
    fn prefix() -> Prefix {
        Prefix::new(Self::PLACE)
    }
}

/// A node that said hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Drawn at each start of the node's process.
    pub boot: String,
    /// When that process started, by its own clock, in milliseconds since the Unix epoch. Orders the boots of a node.
    pub boot_started: u64,
    /// Counts changes of `addresses` and `ports` within the boot.
    pub addresses_version: u64,
    /// Where media reaches it.
    pub addresses: Vec<IpAddr>,
    /// UDP and TCP ports of media, one per shard.
    pub ports: Vec<u16>,
    /// Of its program.
    pub version: String,
    /// How many CPU cores it may use.
    pub cores: u32,
}

impl Record for NodeRecord {
    const PLACE: &'static str = "nodes/";
}

/// A master that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterRecord {
    /// Drawn at each start of the master's process.
    pub boot: String,
    /// Of its program.
    pub version: String,
    /// Where the other masters and the nodes reach it: `host:port` of its link.
    pub link: String,
}

impl Record for MasterRecord {
    const PLACE: &'static str = "masters/";
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderRecord {
    /// The master's id.
    pub master: String,
}

/// Why a value is not what its place says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{key} does not hold what it should: {reason}; was it written by another version, or by hand?"
)]
pub struct Unreadable {
    /// Where.
    pub key: Key,
    /// What the reader said.
    pub reason: String,
}

/// Writes a record.
pub(crate) fn write(record: &impl Serialize) -> Value {
    serde_json::to_vec(record)
        .expect("records have string keys and cannot fail")
        .into()
}

/// Reads a record.
pub(crate) fn read<T: DeserializeOwned>(key: &Key, value: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(value).map_err(|error| Unreadable {
        key: key.clone(),
        reason: error.to_string(),
    })
}
