//! Conditions and changes that are one commit.

use std::collections::BTreeSet;

use crate::entry::{LeaseId, Rev, Value};
use crate::error::Misuse;
use crate::key::Key;

/// How many guards, and how many ops, one commit may have; etcd's default.
pub const MOST_OPS: usize = 128;

/// How many bytes the values of one commit may have together. etcd's limit on a request is 1.5 MiB with everything.
pub const MOST_BYTES: usize = 1024 * 1024;

/// A condition that holds at the moment of the commit. An absent key has the revisions 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// There is no such key.
    Absent(Key),
    /// The key was last put by exactly this commit.
    Unchanged(Key, Rev),
    /// The key was created by exactly this commit: whoever registered then is registered still. This is the fence.
    Generation(Key, Rev),
}

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Puts the key, also over an existing one, whose generation it keeps. The lease replaces the one it had.
    Put {
        /// What to put.
        key: Key,
        /// Its content.
        value: Value,
        /// The lease with which it dies; without one it stays.
        lease: Option<LeaseId>,
    },
    /// Removes the key; nothing happens when it is absent.
    Delete {
        /// What to remove.
        key: Key,
    },
}

impl Op {
    /// The key that it changes.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// How a commit ended, when it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All guards held and all ops were done, at this revision. When nothing changed (no ops, or only deletions of
    /// absent keys), the revision is the store's current one.
    Applied(Rev),
    /// A guard did not hold; nothing was done.
    Refused,
}

/// Refuses what some engine could not carry out, so that all engines refuse the same.
///
/// # Errors
/// Too many guards or ops, too many bytes, or one key changed twice.
pub(crate) fn check(guards: &[Guard], ops: &[Op]) -> Result<(), Misuse> {
    if guards.len() > MOST_OPS || ops.len() > MOST_OPS {
        return Err(Misuse::TooManyOps(guards.len().max(ops.len())));
    }
    let bytes: usize = ops.iter().map(size).sum();
    if bytes > MOST_BYTES {
        return Err(Misuse::TooManyBytes(bytes));
    }
    let mut seen = BTreeSet::new();
    match ops.iter().find(|op| !seen.insert(op.key())) {
        Some(op) => Err(Misuse::KeyTwice(op.key().clone())),
        None => Ok(()),
    }
}

fn size(op: &Op) -> usize {
    match op {
        Op::Put { value, .. } => value.len(),
        Op::Delete { .. } => 0,
    }
}
