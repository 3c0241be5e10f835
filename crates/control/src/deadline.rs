//! When something has to happen, and what.

use cluster::Moment;

/// A point in time at which [`Input::Tick`](crate::Input::Tick) is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Deadline {
    pub at: Moment,
    pub timer: Timer,
}

/// What a deadline is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A command that no node has answered by then has failed.
    CommandUnanswered,
    /// One of the cluster's own.
    Cluster(cluster::Deadline),
    /// Sessions that nobody joined are looked for.
    Garbage,
    /// Requests that wait for a session to have a node again have waited long enough.
    RequestHeld,
    /// A session that has lost its node and found no other ends.
    Homeless,
    /// Somebody's media is looked at that does not flow.
    Healing,
    /// What failures have in common is told that were too many to be told of one by one.
    ManyFailed,
    /// What the application's server did not take is posted again.
    PostAgain,
    /// What waits for the store is let out.
    StoreSilent,
    /// What could not be written yet is written.
    StoreRetry,
    /// Participants of an earlier run of the master who have not come back have left.
    ReturnOver,
    /// A node is looked at by another one, or has not been in time.
    Look,
    /// A master that goes down does not wait for its store any more.
    Stopped,
    /// What changed for the nodes is told to them.
    NodeSettings,
    /// A new relay secret is drawn.
    RelaySecret,
}
