//! The last commits, for watchers. It is the only buffer: a watcher holds a position in it and nothing else, so that a
//! slow one costs nothing and is told that its place is gone.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::entry::{Batch, Change, Rev};
use crate::key::Prefix;

/// How much history is kept. The older end is dropped when either is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryBound {
    /// Commits.
    pub batches: usize,
    /// Bytes of keys and values in them.
    pub bytes: usize,
}

impl Default for HistoryBound {
    fn default() -> Self {
        Self {
            batches: 10_000,
            bytes: 32 * 1024 * 1024,
        }
    }
}

/// What a watcher finds at its position.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The next batch under its prefix.
    Batch(Batch),
    /// Nothing yet; everything up to here has been looked at.
    Nothing(Rev),
    /// Its position is not covered; a watch after `floor` would be.
    Compacted(Rev),
}

/// The commits after `floor`, up to the newest.
#[derive(Clone, Debug)]
pub(crate) struct History {
    floor: Rev,
    newest: Rev,
    batches: VecDeque<Arc<Batch>>,
    bytes: usize,
    bound: HistoryBound,
}

impl History {
    /// Empty: the store is at `rev`, and nothing before it can be watched.
    pub fn new(rev: Rev, bound: HistoryBound) -> Self {
        Self {
            floor: rev,
            newest: rev,
            batches: VecDeque::new(),
            bytes: 0,
            bound,
        }
    }

    /// Adds the newest commit.
    pub fn push(&mut self, batch: Batch) {
        debug_assert!(batch.at > self.newest, "commits come in order");
        self.newest = batch.at;
        self.bytes += size(&batch);
        self.batches.push_back(Arc::new(batch));
        while self.batches.len() > self.bound.batches || self.bytes > self.bound.bytes {
            self.drop_oldest();
        }
    }

    /// Drops everything up to and including a revision.
    pub fn compact(&mut self, upto: Rev) {
        while self.batches.front().is_some_and(|batch| batch.at <= upto) {
            self.drop_oldest();
        }
        self.floor = self.floor.max(upto.min(self.newest));
    }

    /// Whether this revision is the newest one.
    pub fn is_at(&self, rev: Rev) -> bool {
        self.newest == rev
    }

    /// Drops everything and begins again at a revision, which may even be lower than before.
    pub fn restart(&mut self, rev: Rev) {
        *self = Self::new(rev, self.bound);
    }

    /// The first change under the prefix after a revision.
    pub fn after(&self, prefix: &Prefix, after: Rev) -> Found {
        // A position in the future means that the store was put back to an older state: what the watcher knows is void.
        if after < self.floor || after > self.newest {
            return Found::Compacted(self.floor);
        }
        let from = self.batches.partition_point(|batch| batch.at <= after);
        let found = self.batches.range(from..).find_map(|b| part(b, prefix));
        found.map_or(Found::Nothing(self.newest), Found::Batch)
    }

    fn drop_oldest(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.floor = batch.at;
            self.bytes -= size(&batch);
        }
    }
}

/// What of a commit is under the prefix.
pub(crate) fn part(batch: &Batch, prefix: &Prefix) -> Option<Batch> {
    let covered = |change: &&Change| prefix.covers(change.key());
    let changes: Vec<_> = batch.changes.iter().filter(covered).cloned().collect();
    (!changes.is_empty()).then_some(Batch {
        at: batch.at,
        changes,
    })
}

fn size(batch: &Batch) -> usize {
    let value = |change: &Change| match change {
        Change::Put(entry) => entry.value.len(),
        Change::Gone { .. } => 0,
    };
    let changes = batch.changes.iter();
    changes.map(|c| c.key().as_str().len() + value(c)).sum()
}

#[cfg(test)]
mod tests;
