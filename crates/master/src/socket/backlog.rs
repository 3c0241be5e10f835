//! How much waits to be written: by one WebSocket, and by all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that may wait for one WebSocket.
const ONE: usize = 8 << 20;

/// Bytes that may wait for all.
const ALL: usize = 512 << 20;

/// When all together wait for more than [`ALL`], a WebSocket may still have this much waiting: those that read go on,
/// those that do not are closed.
const MODEST: usize = 64 << 10;

/// What waits for all WebSockets of a master.
#[derive(Clone, Debug, Default)]
pub(crate) struct Total(Arc<AtomicUsize>);

/// What waits for one of them.
#[derive(Debug)]
pub(super) struct Backlog {
    one: Arc<AtomicUsize>,
    all: Total,
}

/// Bytes that wait, until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    one: Arc<AtomicUsize>,
    all: Total,
}

impl Backlog {
    pub(super) fn new(all: Total) -> Self {
        Self {
            one: Arc::default(),
            all,
        }
    }

    /// Counts bytes in, unless that is too much.
    pub(super) fn hold(&self, bytes: usize) -> Option<Held> {
        let one = self.one.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.all.0.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let held = Held {
            bytes,
            one: self.one.clone(),
            all: self.all.clone(),
        };
        let fits = one <= ONE && (all <= ALL || one <= MODEST);
        fits.then_some(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.one.fetch_sub(self.bytes, Ordering::Relaxed);
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
