//! Times and bounds.

use std::ops::Add;
use std::time::Duration;

/// A point on the shell's monotonic clock, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub u64);

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }
}

/// A wait that doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BackOff {
    pub first: Duration,
    pub longest: Duration,
}

impl BackOff {
    /// The wait after so many failures in a row, at least one.
    pub fn after(self, failures: u32) -> Duration {
        let times = 2u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(times).min(self.longest)
    }
}

/// How long things may take, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From one good list to the next.
    pub list_every: Duration,
    /// How long a machine may take from its launch until its node dials in.
    pub dial_in: Duration,
    /// How long a node that was lost may take to dial in again before its machine is ended.
    pub come_back: Duration,
    /// How long a machine that nobody asked for is left alone, in case its node dials in.
    pub stray: Duration,
    /// How long a list may lag behind what the provider said otherwise. Only a list begun later than this after the
    /// last word about a launch can say that something is not there.
    pub settle: Duration,
    /// How many times a launch is said before it has failed. At least one.
    pub attempts: u32,
    /// Between two tries of one call.
    pub retry: BackOff,
    /// After a failed launch, until [`Launches::launchable`](super::Launches::launchable) allows others.
    pub block: BackOff,
    /// How many launches may be on their way.
    pub on_the_way: u32,
    /// How many launches are remembered at all.
    pub remembered: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            list_every: Duration::from_secs(30),
            dial_in: Duration::from_secs(300),
            come_back: Duration::from_secs(300),
            stray: Duration::from_secs(120),
            settle: Duration::from_secs(60),
            attempts: 3,
            retry: BackOff {
                first: Duration::from_secs(2),
                longest: Duration::from_secs(300),
            },
            block: BackOff {
                first: Duration::from_secs(5),
                longest: Duration::from_secs(300),
            },
            on_the_way: 100,
            remembered: 10_000,
        }
    }
}

/// A point in time at which [`Input::Tick`](super::Input::Tick) is due, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Deadline {
    pub at: Moment,
    pub reason: DeadlineReason,
}

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineReason {
    /// All machines are to be listed again.
    List,
    /// A launch is to be said again.
    LaunchAgain,
    /// A node that has not dialled in by then has failed.
    DialIn,
    /// A machine that nobody asked for is ended then.
    Stray,
    /// A machine is to be told again to go.
    TerminateAgain,
    /// Launches are possible again after a failed one.
    Unblocked,
}
