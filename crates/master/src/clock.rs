//! The only place where the master reads clocks.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cluster::Moment;
use cluster::schedule::Wall;
use conference::Timestamp;

/// What the pure cores are told as the time. The time of day of what people see is read once and goes on with the
/// monotonic clock, so that it never goes backwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            started_at: Timestamp(millis(since)),
        }
    }

    /// The time of day, for what people and applications see.
    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp(self.started_at.0 + self.moment().0)
    }

    /// The time of day by which credentials are issued, for whoever compares clocks.
    pub(crate) fn issuing(&self) -> link::trust::Clock {
        let clock = *self;
        Arc::new(move || UNIX_EPOCH + Duration::from_millis(clock.timestamp().0))
    }

    /// The time of day as the system has it now, for schedules: it follows what is set right meanwhile.
    pub(crate) fn wall(&self) -> Wall {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Wall(i64::try_from(millis(since)).unwrap_or(i64::MAX))
    }

    /// The time since the master started.
    pub(crate) fn moment(&self) -> Moment {
        Moment(millis(self.started.elapsed()))
    }

    /// When [`Clock::moment`] will read this.
    pub(crate) fn instant_of(&self, moment: Moment) -> Instant {
        self.started + Duration::from_millis(moment.0)
    }

    /// When [`Clock::timestamp`] will read this.
    pub(crate) fn instant(&self, at: Timestamp) -> Instant {
        self.instant_of(Moment(at.0.saturating_sub(self.started_at.0)))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
