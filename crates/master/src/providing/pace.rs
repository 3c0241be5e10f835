//! How long to wait before a node whose machine ended is replaced.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);
/// A machine that was there this long ended for a new reason.
const STEADY: Duration = Duration::from_secs(30);

/// Doubles from half a second to ten seconds while machines keep ending soon after their launch. What was steady is
/// replaced at once.
#[derive(Debug, Default)]
pub(super) struct Pace {
    soon: u32,
    until: Option<Instant>,
}

impl Pace {
    /// Nothing is launched before.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// A machine has ended that was there for `lived`.
    pub(super) fn ended(&mut self, now: Instant, lived: Duration) {
        if lived >= STEADY {
            *self = Self::default();
            return;
        }
        // Those that end together, because of one reason, count once.
        if self.until.is_some_and(|until| now < until) {
            return;
        }
        let wait = FIRST.saturating_mul(2u32.saturating_pow(self.soon));
        self.soon = self.soon.saturating_add(1);
        self.until = Some(now + wait.min(LONGEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_begin_anew_after_a_steady_run() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut wait = |lived| {
            pace.ended(now, Duration::from_secs(lived));
            let wait = pace.until().map_or(0, |until| (until - now).as_millis());
            now += Duration::from_millis(u64::try_from(wait).expect("short"));
            wait
        };
        let waits: Vec<_> = (0..7).map(|_| wait(1)).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(wait(30), 0);
        assert_eq!(wait(29), 500);
    }
}
