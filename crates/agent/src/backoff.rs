//! How long to wait before dialling again.

use std::time::Duration;

/// Below this nobody is asked again.
const FLOOR: Duration = Duration::from_millis(200);
/// The longest wait for a master that cannot be reached.
const CEILING: Duration = Duration::from_secs(5);
/// The wait after a refusal that only a person can lift.
const REFUSED: Duration = Duration::from_secs(10);
/// An attachment that lasted this long ended for a new reason.
const STEADY: Duration = Duration::from_secs(5);

/// Exponential back-off: each wait is drawn from the upper half of a ceiling that doubles from 0.4 s to 5 s, so no
/// wait is shorter than 0.2 s and nodes that lost one master do not come back as one wave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after an attempt that failed. `jitter` lies in `0.0..1.0`.
    pub(crate) fn failed(&mut self, jitter: f64) -> Duration {
        let doubled = FLOOR.saturating_mul(2u32.saturating_pow(self.failures.saturating_add(1)));
        self.failures = self.failures.saturating_add(1);
        upper_half(doubled.min(CEILING), jitter)
    }

    /// The wait after an attachment that lasted `held`. Only a steady one starts the count anew: a master that takes
    /// nodes in and drops them at once is treated like one that does not answer.
    pub(crate) fn ended(&mut self, held: Duration, jitter: f64) -> Duration {
        if held >= STEADY {
            self.failures = 0;
        }
        self.failed(jitter)
    }

    /// The wait after a refusal. Long, because only somebody's correction can change the answer.
    pub(crate) fn refused(&mut self, jitter: f64) -> Duration {
        upper_half(REFUSED, jitter)
    }
}

fn upper_half(ceiling: Duration, jitter: f64) -> Duration {
    let half = ceiling / 2;
    // What is not a number would end the process.
    let jitter = if jitter.is_nan() { 0.5 } else { jitter };
    half + half.mul_f64(jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
