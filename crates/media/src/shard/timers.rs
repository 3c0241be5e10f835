//! What is to happen when. A deadline carries its reason; nothing is scanned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::slots::Key;

/// Why a shard wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A transport's protocols want to.
    Transport(Key),
    /// A transport should be connected by now, or have its consent back.
    Patience(Key),
    /// Sender reports of a subscriber are due.
    Reports(Key),
    /// A keyframe may be asked of a stream's publisher again.
    Keyframe(Key),
    /// What was seen of a transport is to be told.
    Evidence(Key),
    /// Connections that nobody claimed are to be closed.
    Sweep,
}

/// The deadlines of a shard.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, Timer)>>,
}

impl Timers {
    /// Wakes up at `at`.
    pub fn set(&mut self, at: Instant, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    /// How long from `now` until the next one, at most `most`.
    pub fn wait(&self, now: Instant, most: Duration) -> Duration {
        let next = self.heap.peek();
        next.map_or(most, |Reverse((at, _))| {
            at.saturating_duration_since(now).min(most)
        })
    }

    /// How many are set.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// The next one that is due.
    pub fn due(&mut self, now: Instant) -> Option<(Instant, Timer)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }
}
