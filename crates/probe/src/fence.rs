//! Keeps panics of the library within the one probe they concern: it asserts on a few odd inputs, and those come from
//! the network.

use std::panic::{AssertUnwindSafe, catch_unwind};

use str0m::Rtc;

/// An `Rtc` that is gone once it panicked.
pub struct Fence(Option<Rtc>);

impl Fence {
    /// Fences `rtc`.
    pub fn new(rtc: Rtc) -> Self {
        Self(Some(rtc))
    }

    /// Calls `act`. `None` if it panics, or one before did.
    pub fn enter<T>(&mut self, act: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        let rtc = self.0.as_mut()?;
        // Unwind safe because the `Rtc` is dropped after a panic, and nothing else is shared with it.
        let done = catch_unwind(AssertUnwindSafe(|| act(rtc)));
        if done.is_err() {
            self.0 = None;
        }
        done.ok()
    }
}
