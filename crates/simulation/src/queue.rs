//! What will happen, in the one order in which it does: by time, then in the order in which it was set off.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds since the world began.
pub type Time = u64;

/// Events to come.
#[derive(Debug)]
pub struct Queue<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    now: Time,
    next: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    number: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            now: 0,
            next: 0,
        }
    }
}

impl<E> Queue<E> {
    /// What time it is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets something happen at that time, or now if that has passed.
    pub fn at(&mut self, at: Time, event: E) {
        self.next += 1;
        self.heap.push(Reverse(Entry {
            at: at.max(self.now),
            number: self.next,
            event,
        }));
    }

    /// Lets something happen after so many milliseconds.
    pub fn after(&mut self, delay: Time, event: E) {
        self.at(self.now.saturating_add(delay), event);
    }

    /// When something happens next.
    pub fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// What happens next; the time is then its time.
    pub fn pop(&mut self) -> Option<E> {
        let Reverse(entry) = self.heap.pop()?;
        self.now = entry.at;
        Some(entry.event)
    }
}
