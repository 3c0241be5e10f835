//! What can go wrong, and how often.

use std::time::Duration;

use super::random::Random;

/// What becomes of leases while the store is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrozenLeases {
    /// Their time stands still, as in the embedded engine.
    Kept,
    /// Their time goes on, so that live holders lose them when the store wakes, as was seen with etcd.
    Expire,
}

/// The faults of a [`Model`](super::Model). Shares are in thousandths of all requests and are drawn in the order of
/// the fields; together they are at most 1000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Answered [`StoreError::Unavailable`](crate::StoreError::Unavailable), and not done.
    pub unavailable: u16,
    /// Not done; the client learns nothing.
    pub lost_request: u16,
    /// Done; the client learns nothing.
    pub lost_reply: u16,
    /// The client learns nothing, and **after that** it is done: reading back too early shows the old state.
    pub served_late: u16,
    /// After how long a client gives up on an answer.
    pub timeout: Duration,
    /// The shortest and the longest way, in either direction, also of a watch's batches (which stay in order).
    pub delay: (Duration, Duration),
    /// How many of a thousand batches break the watch instead of being delivered.
    pub watch_breaks: u16,
    /// How many batches may be under way to one watch; more end it with
    /// [`StoreError::Compacted`](crate::StoreError::Compacted).
    pub watch_buffer: usize,
    /// How many commits can be watched afterwards.
    pub history: usize,
    /// What a freeze does to leases.
    pub frozen_leases: FrozenLeases,
}

impl Default for Faults {
    fn default() -> Self {
        Self::none()
    }
}

impl Faults {
    /// A store without fault or delay.
    pub fn none() -> Self {
        Self {
            unavailable: 0,
            lost_request: 0,
            lost_reply: 0,
            served_late: 0,
            timeout: Duration::from_secs(5),
            delay: (Duration::ZERO, Duration::ZERO),
            watch_breaks: 0,
            watch_buffer: 1_000,
            history: 10_000,
            frozen_leases: FrozenLeases::Kept,
        }
    }

    /// A bad day: a tenth of all requests ends unknown, as was seen while a cluster changed its leader.
    pub fn stormy() -> Self {
        Self {
            unavailable: 20,
            lost_request: 30,
            lost_reply: 40,
            served_late: 30,
            delay: (Duration::from_micros(200), Duration::from_millis(80)),
            watch_breaks: 20,
            watch_buffer: 50,
            history: 200,
            frozen_leases: FrozenLeases::Expire,
            ..Self::none()
        }
    }

    pub(super) fn draw(&self, random: &mut Random) -> Fate {
        let drawn = u16::try_from(random.next() % 1000).expect("below 1000");
        let shares = [
            (self.unavailable, Fate::Unavailable),
            (self.lost_request, Fate::LostRequest),
            (self.lost_reply, Fate::LostReply),
            (self.served_late, Fate::ServedLate),
        ];
        let mut upto = 0;
        for (share, fate) in shares {
            upto += share;
            if drawn < upto {
                return fate;
            }
        }
        Fate::Served
    }
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Unavailable,
    LostRequest,
    LostReply,
    ServedLate,
}
