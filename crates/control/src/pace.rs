//! How fast a counter grows.

use cluster::Moment;

/// Milliseconds over which growth is measured, at least.
const SPAN_MS: u64 = 4_000;

/// Growth of a counter over the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    from: Option<(Moment, u64)>,
    per_second: u64,
}

impl Pace {
    /// It has counted so much now.
    pub(crate) fn take(&mut self, now: Moment, counted: u64) {
        let Some((then, before)) = self.from else {
            self.from = Some((now, counted));
            return;
        };
        let span = now.0.saturating_sub(then.0);
        if span < SPAN_MS {
            return;
        }
        // One that has fallen counts from a new start.
        let grown = counted.checked_sub(before).unwrap_or(counted);
        let per_second = u128::from(grown) * 1000 / u128::from(span);
        self.per_second = u64::try_from(per_second).unwrap_or(u64::MAX);
        self.from = Some((now, counted));
    }

    /// 0 until it was measured.
    pub(crate) fn per_second(&self) -> u64 {
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_measured_over_seconds_and_survives_a_new_start() {
        let mut pace = Pace::default();
        for (now, counted, told) in [
            (0, 700, 0),
            (1_000, 900, 0),
            (5_000, 1_700, 200),
            (6_000, 9_700, 200),
            (10_000, 200, 40),
        ] {
            pace.take(Moment(now), counted);
            assert_eq!(pace.per_second(), told, "at {now}");
        }
    }
}
