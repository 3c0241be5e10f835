//! The clocks of a machine: one for spans that drifts, one for people that is set.

use crate::queue::Time;

/// The wall clock of a machine that is right, at the beginning of the world.
pub const EPOCH: u64 = 1_790_000_000_000;

/// A machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Parts per million by which spans are counted too long.
    drift: i64,
    /// Milliseconds by which the wall clock is ahead.
    ahead: i64,
}

impl Clock {
    /// Drifts by so many parts in a million and is so many milliseconds ahead.
    pub fn new(drift: i64, ahead: i64) -> Self {
        Self { drift, ahead }
    }

    /// The monotonic clock.
    pub fn moment(&self, now: Time) -> u64 {
        let scaled = i128::from(now) * i128::from(1_000_000 + self.drift) / 1_000_000;
        scaled as u64
    }

    /// The first moment of the world at which the monotonic clock shows this.
    pub fn when(&self, moment: u64) -> Time {
        let rate = u128::from((1_000_000 + self.drift) as u64);
        (u128::from(moment) * 1_000_000).div_ceil(rate) as u64
    }

    /// Milliseconds since the Unix epoch, as this machine has it.
    pub fn wall(&self, now: Time) -> u64 {
        (EPOCH + now).saturating_add_signed(self.ahead)
    }

    /// Somebody sets the wall clock.
    pub fn set_ahead(&mut self, ahead: i64) {
        self.ahead = ahead;
    }
}
