//! What a store holds and how it tells of changes.

use std::fmt;
use std::sync::Arc;

use crate::key::Key;

/// The place of a commit in the one order over all commits of a store. 0 is before the first. Not every number is
/// used, and none is used twice.
pub type Rev = u64;

/// Names a lease; never used twice in the life of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub i64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// Bytes that mean nothing to the store.
pub type Value = Arc<[u8]>;

/// One key with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub key: Key,
    /// Its content.
    pub value: Value,
    /// The commit that made it, after it was last absent: its *generation*.
    pub created: Rev,
    /// The commit that last put it.
    pub modified: Rev,
    /// The lease with which it dies.
    pub lease: Option<LeaseId>,
}

/// Every entry under a prefix at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// A watch after this revision continues the snapshot without gap or repetition.
    pub at: Rev,
    /// In the order of their keys.
    pub entries: Vec<Entry>,
}

/// What happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was put.
    Put(Entry),
    /// It was deleted, or died with its lease.
    Gone {
        /// The key that is absent now.
        key: Key,
        /// The commit that removed it.
        at: Rev,
    },
}

impl Change {
    /// The key that changed.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put(entry) => &entry.key,
            Self::Gone { key, .. } => key,
        }
    }
}

/// What one commit changed under a watched prefix: never empty, never split, each key at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The commit.
    pub at: Rev,
    /// Its changes.
    pub changes: Vec<Change>,
}
