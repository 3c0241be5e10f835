//! How often something may be done.

use std::time::Instant;

/// Counts what happened in the second at hand.
#[derive(Default)]
pub struct Rate {
    second: Option<Instant>,
    count: u32,
}

impl Rate {
    /// Counts one more, and says whether it is within `most` per second.
    pub fn allows(&mut self, now: Instant, most: u32) -> bool {
        let fresh = |since: Instant| now.duration_since(since).as_secs() >= 1;
        if self.second.is_none_or(fresh) {
            *self = Self {
                second: Some(now),
                count: 0,
            };
        }
        self.count += 1;
        self.count <= most
    }
}
