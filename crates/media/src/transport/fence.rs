//! Keeps panics of the library within the one connection they concern.

use std::panic::{AssertUnwindSafe, catch_unwind};

use str0m::Rtc;

/// An `Rtc` that is never entered again once it panicked.
pub struct Fence {
    rtc: Rtc,
    fell: bool,
}

impl Fence {
    /// Fences `rtc`.
    pub fn new(rtc: Rtc) -> Self {
        Self { rtc, fell: false }
    }

    /// Calls `act`. `None` if it panics, or one before did.
    pub fn enter<T>(&mut self, act: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        if self.fell {
            return None;
        }
        // Unwind safe because nothing of `rtc` is looked at after a panic, and nothing else is shared with it.
        let done = catch_unwind(AssertUnwindSafe(|| act(&mut self.rtc)));
        self.fell = done.is_err();
        done.ok()
    }

    /// Whether it panicked.
    pub fn fell(&self) -> bool {
        self.fell
    }
}
