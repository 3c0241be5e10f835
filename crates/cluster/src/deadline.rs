//! When something has to happen, and what.

use crate::ids::{Moment, NodeId};

/// A point in time at which [`Input::Tick`](crate::Input::Tick) is due.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Deadline {
    pub at: Moment,
    pub node: NodeId,
    pub reason: DeadlineReason,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineReason {
    /// A suspect node that has not come back by then is dead.
    SuspicionOver,
}
