//! A clock that stands still while its process does.

use std::time::Duration;

/// Counts only time in which its owner was seen awake. The owner shows itself often; of a longer absence (the process
/// was stopped, the machine slept, the disk hung) only [`AwakeClock::longest_step`] is counted, because a lease could
/// not have been renewed meanwhile and its holder is not to blame.
#[derive(Clone, Debug)]
pub(crate) struct AwakeClock {
    awake: Duration,
    seen: Duration,
    longest_step: Duration,
}

impl AwakeClock {
    /// Begins at zero. `now` is monotonic time since any fixed moment; so are all later ones.
    pub fn new(now: Duration, longest_step: Duration) -> Self {
        Self {
            awake: Duration::ZERO,
            seen: now,
            longest_step,
        }
    }

    /// Notes that the owner is awake, and says how long it has been in all.
    pub fn advance(&mut self, now: Duration) -> Duration {
        let step = now.saturating_sub(self.seen);
        self.seen = self.seen.max(now);
        self.awake += step.min(self.longest_step);
        self.awake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(250);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn counts_small_steps_in_full() {
        let mut clock = AwakeClock::new(ms(7_000), STEP);
        for tick in 1..=50 {
            assert_eq!(clock.advance(ms(7_000 + tick * 100)), ms(tick * 100));
        }
    }

    #[test]
    fn counts_a_long_absence_as_one_step() {
        let mut clock = AwakeClock::new(ms(0), STEP);
        clock.advance(ms(100));
        assert_eq!(clock.advance(ms(60_100)), ms(350));
        assert_eq!(clock.advance(ms(60_200)), ms(450));
    }

    #[test]
    fn never_goes_back() {
        let mut clock = AwakeClock::new(ms(1_000), STEP);
        assert_eq!(clock.advance(ms(1_100)), ms(100));
        assert_eq!(clock.advance(ms(900)), ms(100));
        assert_eq!(clock.advance(ms(1_200)), ms(200));
    }
}
