//! When something has to happen, and what.

use crate::ids::{Moment, NodeId};

/// A point in time at which [`Input::Tick`](crate::Input::Tick) is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct Deadline {
    pub at: Moment,
    /// Of whom; `None` for the cluster as a whole.
    pub node: Option<NodeId>,
    pub timer: Timer,
}

/// What a deadline is for: all timers of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A suspect node that has not come back by then is dead.
    SuspicionOver,
    /// The node is to be probed.
    ProbeDue,
    /// A probe that is not answered by then has failed.
    ProbeUnanswered,
    /// Sessions that are still on a draining node are closed then.
    DrainOver,
    /// A launch that has not dialled in by then has failed.
    LaunchOverdue,
    /// A termination that is not over is asked for again then.
    TerminationOverdue,
    /// The mass brake is released.
    BrakeOver,
    /// After failed launches the next may be tried.
    LaunchRetry,
    /// Autoscaling looks at the load.
    AutoscalingDue,
    /// The schedule's next entry takes over.
    ScheduleTransition,
}
