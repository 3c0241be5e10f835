//! How long to wait before a node that ended is started again. Pure.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);
/// A node that ran this long ended for a new reason.
const STEADY: Duration = Duration::from_secs(30);

/// Doubles from half a second to ten seconds while a node keeps ending soon after its start.
#[derive(Debug, Default)]
pub(super) struct Restart {
    soon: u32,
}

impl Restart {
    /// The wait after a run that lasted `ran`.
    pub(super) fn wait(&mut self, ran: Duration) -> Duration {
        if ran >= STEADY {
            self.soon = 0;
        }
        let wait = FIRST
            .saturating_mul(2u32.saturating_pow(self.soon))
            .min(LONGEST);
        self.soon = self.soon.saturating_add(1);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_begin_anew_after_a_steady_run() {
        let mut restart = Restart::default();
        let waits: Vec<_> = (0..7)
            .map(|_| restart.wait(Duration::from_secs(1)).as_millis())
            .collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(restart.wait(Duration::from_secs(30)).as_millis(), 500);
        assert_eq!(restart.wait(Duration::from_secs(29)).as_millis(), 1000);
    }
}
