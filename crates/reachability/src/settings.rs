//! Spans and counts.

use std::time::Duration;

/// How the matrix behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// So many failures in a row lose a path that was good. One probe sends several packets already.
    pub lose_after: u32,
    /// So many calls in a row that pass make a path good again that had been lost.
    pub regain_after: u32,
    /// A good path of a party that was heard within this span before the latest news counts against what others lost.
    pub fresh: Duration,
    /// What clients achieved counts for so long.
    pub witnessed: Duration,
    /// Between two calls to a node that is well.
    pub call_every: Duration,
    /// Until the next call, when a path fails in calls only; doubled up to [`Settings::call_every`].
    pub call_retry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            lose_after: 2,
            regain_after: 2,
            fresh: seconds(60),
            witnessed: seconds(60),
            call_every: seconds(200),
            call_retry: seconds(10),
        }
    }
}
