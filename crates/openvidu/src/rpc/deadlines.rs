//! The timers of one client, each with its reason.

use conference::Timestamp;

/// Why [`Client::timeout`](super::Client::timeout) wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// No ping for three intervals: the WebSocket is dead.
    Watchdog,
    /// The WebSocket is gone and the client has not come back.
    Grace,
    /// The client never joined.
    Unjoined,
    /// The connection is over and the client has not closed its WebSocket.
    Farewell,
}

/// When each timer fires, if it is set.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    set: Vec<(Timestamp, Deadline)>,
}

impl Deadlines {
    pub fn set(&mut self, reason: Deadline, now: Timestamp, after_ms: u64) {
        self.clear(reason);
        self.set
            .push((Timestamp(now.0.saturating_add(after_ms)), reason));
    }

    pub fn clear(&mut self, reason: Deadline) {
        self.set.retain(|(_, other)| *other != reason);
    }

    pub fn clear_all(&mut self) {
        self.set.clear();
    }

    pub fn next(&self) -> Option<(Timestamp, Deadline)> {
        self.set.iter().min().copied()
    }

    /// Takes out one timer that is due.
    pub fn pop(&mut self, now: Timestamp) -> Option<Deadline> {
        let (at, reason) = self.next()?;
        if at > now {
            return None;
        }
        self.clear(reason);
        Some(reason)
    }
}
