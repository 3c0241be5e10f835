//! Which of the media plane's answers the present master waits for.

use std::collections::BTreeMap;

/// More commands than this are not under way at once.
const MOST: usize = 4096;

/// Gives each command a key of the node's own. A master's keys begin anew with each of its boots; with keys of the
/// node's own, an answer that was meant for an earlier attachment can never be taken for one of the present. Pure.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    next: u64,
    /// The node's key → the master's.
    waiting: BTreeMap<u64, u64>,
}

impl Requests {
    /// The node's key for the master's; `None` when too many are under way.
    pub(crate) fn open(&mut self, masters_key: u64) -> Option<u64> {
        if self.waiting.len() >= MOST {
            return None;
        }
        self.next += 1;
        self.waiting.insert(self.next, masters_key);
        Some(self.next)
    }

    /// The master's key for the node's, once; `None` when nobody waits for it any more.
    pub(crate) fn close(&mut self, key: u64) -> Option<u64> {
        self.waiting.remove(&key)
    }

    /// The master that asked is gone.
    pub(crate) fn forget_all(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests;
