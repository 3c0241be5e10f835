//! What a mirror shows: pure, told of snapshots and batches.

use std::collections::{BTreeMap, BTreeSet};

use crate::entry::{Batch, Change, Entry, LeaseId, Rev, Snapshot};
use crate::key::{Key, Prefix};
use crate::record::{self, Record, Unreadable};

/// One record as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<T> {
    /// The record.
    pub record: T,
    /// The commit that created the key: the fence of whoever registered so.
    pub generation: Rev,
    /// The commit that last put it.
    pub modified: Rev,
    /// The lease with which it dies.
    pub lease: Option<LeaseId>,
}

/// Where an image has become another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It was not there before, or was of another generation: whatever was known of the former one is void.
    Appeared(Key),
    /// The same generation, put anew.
    Changed(Key),
    /// It is not there any more.
    Gone(Key),
    /// Something is there that cannot be read; the image does not show it.
    Unreadable(Unreadable),
}

/// All records under a prefix at one revision. Never older than it was.
#[derive(Clone, Debug)]
pub struct Image<T> {
    prefix: Prefix,
    at: Option<Rev>,
    records: BTreeMap<Key, Kept<T>>,
    overtaken: u64,
}

impl<T: Record> Image<T> {
    /// Nothing, at no revision.
    pub fn new(prefix: Prefix) -> Self {
        Self {
            prefix,
            at: None,
            records: BTreeMap::new(),
            overtaken: 0,
        }
    }

    /// Of what.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The last revision that it was told of; `None` before the first snapshot.
    pub fn at(&self) -> Option<Rev> {
        self.at
    }

    /// Everything, by key.
    pub fn records(&self) -> &BTreeMap<Key, Kept<T>> {
        &self.records
    }

    /// How many batches came that were older than what it showed. They were ignored.
    pub fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// Takes a whole snapshot. A list is the truth at its moment, so it is taken even when its revision is lower than
    /// that of the image: then the store itself went back.
    pub fn replace(&mut self, snapshot: Snapshot) -> Vec<Difference> {
        let there: BTreeSet<_> = snapshot.entries.iter().map(|e| e.key.clone()).collect();
        let gone: Vec<_> = self
            .records
            .keys()
            .filter(|key| !there.contains(*key))
            .cloned()
            .collect();
        let gone = gone
            .into_iter()
            .filter_map(|key| self.remove(key))
            .collect::<Vec<_>>();
        self.at = Some(snapshot.at);
        let put = snapshot
            .entries
            .into_iter()
            .filter_map(|entry| self.put(entry));
        gone.into_iter().chain(put.collect::<Vec<_>>()).collect()
    }

    /// Takes one commit, unless it is not newer than what is shown.
    pub fn apply(&mut self, batch: Batch) -> Vec<Difference> {
        if self.at.is_some_and(|at| batch.at <= at) {
            self.overtaken += 1;
            return Vec::new();
        }
        self.at = Some(batch.at);
        let changes = batch.changes.into_iter();
        let differences = changes.filter_map(|change| match change {
            Change::Put(entry) => self.put(entry),
            Change::Gone { key, .. } => self.remove(key),
        });
        differences.collect()
    }

    fn put(&mut self, entry: Entry) -> Option<Difference> {
        let before = self
            .records
            .get(&entry.key)
            .map(|kept| (kept.generation, kept.modified));
        if before.is_some_and(|(_, modified)| modified == entry.modified) {
            return None;
        }
        let record = match record::read(&entry.key, &entry.value) {
            Ok(record) => record,
            Err(unreadable) => {
                self.records.remove(&entry.key);
                return Some(Difference::Unreadable(unreadable));
            }
        };
        let kept = Kept {
            record,
            generation: entry.created,
            modified: entry.modified,
            lease: entry.lease,
        };
        self.records.insert(entry.key.clone(), kept);
        Some(match before {
            Some((generation, _)) if generation == entry.created => Difference::Changed(entry.key),
            _ => Difference::Appeared(entry.key),
        })
    }

    fn remove(&mut self, key: Key) -> Option<Difference> {
        self.records.remove(&key).map(|_| Difference::Gone(key))
    }
}
