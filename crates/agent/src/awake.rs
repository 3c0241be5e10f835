//! Time that counts.

use std::time::Duration;

use addresses::Moment;

/// A wake-up that is later than this was not the scheduler's doing.
const LATE: Duration = Duration::from_millis(1_500);

/// A clock that stands still while the process is stopped or its machine asleep. Whoever was not there to hear has
/// not been left by anybody, and nothing runs out at once when it wakes.
#[derive(Debug, Default)]
pub(crate) struct Awake {
    slept: Duration,
}

impl Awake {
    /// The awake time at `now`, and how long the process slept when it was to be woken at `due` (awake time) and is
    /// late.
    pub(crate) fn at(&mut self, now: Moment, due: Option<Moment>) -> (Moment, Option<Duration>) {
        let awake = self.awake(now);
        let late = due.map_or(Duration::ZERO, |due| awake.since(due));
        if late <= LATE {
            return (awake, None);
        }
        self.slept += late;
        (self.awake(now), Some(late))
    }

    /// The shell's time at which the awake time is `moment`, if the process does not sleep before.
    pub(crate) fn outside(&self, moment: Moment) -> Moment {
        moment + self.slept
    }

    fn awake(&self, now: Moment) -> Moment {
        Moment(now.0.saturating_sub((Moment(0) + self.slept).0))
    }
}
