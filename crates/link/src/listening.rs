//! How long the other end has been silent, as far as this end listened.

use std::time::Duration;

use tokio::time::Instant;

use crate::HEARTBEAT;

/// Kept by whoever reads a stream, who looks once in every [`HEARTBEAT`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listening {
    heard: Instant,
    looked: Instant,
}

impl Listening {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            looked: now,
        }
    }

    /// Something came.
    pub(crate) fn hear(&mut self, now: Instant) {
        self.heard = now;
    }

    /// Time has passed: for how long nothing has come. A process that was stopped, or had no processor, heard nothing
    /// because it did not listen, so a look that comes late begins anew.
    pub(crate) fn look(&mut self, now: Instant) -> Duration {
        let late = now - self.looked > HEARTBEAT * 2;
        self.looked = now;
        if late {
            self.heard = self.heard.max(now);
        }
        now - self.heard
    }
}

#[cfg(test)]
mod tests;
