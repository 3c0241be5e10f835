//! When the agent has to be called again, and why.

use addresses::Moment;

/// The next time at which [`Input::Tick`](crate::Input::Tick) does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct Deadline {
    pub at: Moment,
    pub timer: Timer,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The back-off before the next attempt.
    Dial,
    /// An attempt that came neither to a welcome nor to an end.
    Attempt,
    /// The next look at what is carried, and at the orphan rule.
    Measure,
    /// The next look at the addresses.
    Addresses,
    /// What the media plane was too busy to take.
    Retry,
}
