//! What a caller of the store can act on.

use std::time::Duration;

use crate::entry::Rev;
use crate::key::Key;
use crate::transaction::{MOST_BYTES, MOST_OPS};

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The lease ended or never was. Final: register anew under a new lease.
    #[error("the lease does not exist any more; register anew under a new one")]
    LeaseGone,
    /// The changes asked for are not kept any more: take a snapshot and watch from there.
    #[error("the history up to revision {floor} is gone; take a new snapshot and watch after it")]
    Compacted {
        /// The lowest revision after which a watch can begin.
        floor: Rev,
    },
    /// It certainly did not happen and may be tried again after a pause.
    #[error("the store cannot do it now, and nothing was done: {0}")]
    Unavailable(String),
    /// No answer: it happened, did not happen, or **will still happen**. Read back; never repeat blindly. A repetition
    /// is harmless only under a guard that the first attempt would break.
    #[error("the store did not answer, so it may or may not have happened: {0}")]
    Unknown(String),
    /// The caller broke the contract; it will never work.
    #[error("the store was used wrongly: {0}")]
    Misuse(#[from] Misuse),
}

/// Which rule of the contract a caller broke. Nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// One commit changes a key twice.
    #[error("the commit changes {0} twice; a key may be changed once per commit")]
    KeyTwice(Key),
    /// More guards or ops than [`MOST_OPS`].
    #[error("the commit has {0} guards or ops; {MOST_OPS} of each are allowed")]
    TooManyOps(usize),
    /// More bytes of values than [`MOST_BYTES`].
    #[error("the values of the commit have {0} bytes; {MOST_BYTES} are allowed")]
    TooManyBytes(usize),
    /// Shorter than [`SHORTEST_TTL`](crate::SHORTEST_TTL) or longer than [`LONGEST_TTL`](crate::LONGEST_TTL).
    #[error("a lease of {asked:?} was asked for; from {least:?} to {most:?} are possible", asked = .0, least = crate::SHORTEST_TTL, most = crate::LONGEST_TTL)]
    Ttl(Duration),
}
