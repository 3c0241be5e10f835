//! What the embedded engine and the model have in common: entries, leases and revisions, without any I/O.
//!
//! A change is first planned, then made durable by whoever drives this, then applied.

pub(crate) mod clock;
pub(crate) mod history;
pub(crate) mod leases;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use crate::entry::{Batch, Change, Entry, LeaseId, Rev, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, Prefix};
use crate::transaction::{Guard, Op};
use leases::Leases;

/// All entries and leases at the newest revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    rev: Rev,
    entries: BTreeMap<Key, Entry>,
    leases: Leases,
    last_lease: i64,
}

impl State {
    /// A state as it was kept: `leases` are given their whole time again, since nobody knows who lives.
    pub fn restored(
        rev: Rev,
        last_lease: i64,
        leases: impl IntoIterator<Item = (LeaseId, Duration)>,
        entries: impl IntoIterator<Item = Entry>,
        now: Duration,
    ) -> Self {
        let mut state = Self {
            rev,
            last_lease,
            ..Self::default()
        };
        for (lease, ttl) in leases {
            state.leases.begin(lease, ttl, now);
        }
        for entry in entries {
            state.put(entry);
        }
        state
    }

    /// The newest revision.
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// Every entry under the prefix.
    pub fn list(&self, prefix: &Prefix) -> Snapshot {
        let entries = self
            .entries
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(key, _)| prefix.covers(key))
            .map(|(_, entry)| entry.clone())
            .collect();
        Snapshot {
            at: self.rev,
            entries,
        }
    }

    /// Whether every guard holds.
    pub fn holds(&self, guards: &[Guard]) -> bool {
        guards.iter().all(|guard| match guard {
            Guard::Absent(key) => !self.entries.contains_key(key),
            Guard::Unchanged(key, rev) => self.entries.get(key).map_or(0, |e| e.modified) == *rev,
            Guard::Generation(key, rev) => self.entries.get(key).map_or(0, |e| e.created) == *rev,
        })
    }

    /// What the ops would change; `None` when that is nothing.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when one names a lease that is not there.
    pub fn plan(&self, ops: Vec<Op>) -> Result<Option<Batch>, StoreError> {
        let at = self.rev + 1;
        let mut changes = Vec::with_capacity(ops.len());
        for op in ops {
            match op {
                Op::Put { key, value, lease } => {
                    if lease.is_some_and(|lease| !self.leases.live(lease)) {
                        return Err(StoreError::LeaseGone);
                    }
                    let created = self.entries.get(&key).map_or(at, |e| e.created);
                    changes.push(Change::Put(Entry {
                        key,
                        value,
                        created,
                        modified: at,
                        lease,
                    }));
                }
                Op::Delete { key } if self.entries.contains_key(&key) => {
                    changes.push(Change::Gone { key, at });
                }
                Op::Delete { .. } => {}
            }
        }
        Ok((!changes.is_empty()).then_some(Batch { at, changes }))
    }

    /// What the end of a lease would change; `None` when it holds no entries.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when it is not there.
    pub fn plan_end(&self, lease: LeaseId) -> Result<Option<Batch>, StoreError> {
        let keys = self.leases.keys(lease).ok_or(StoreError::LeaseGone)?;
        let at = self.rev + 1;
        let changes: Vec<_> = keys
            .map(|key| Change::Gone {
                key: key.clone(),
                at,
            })
            .collect();
        Ok((!changes.is_empty()).then_some(Batch { at, changes }))
    }

    /// Makes a planned batch so. It must have been planned on this very state.
    pub fn apply(&mut self, batch: &Batch) {
        debug_assert_eq!(batch.at, self.rev + 1, "planned on another state");
        for change in &batch.changes {
            match change {
                Change::Put(entry) => self.put(entry.clone()),
                Change::Gone { key, .. } => self.remove(key),
            }
        }
        self.rev = batch.at;
    }

    /// Begins a lease under a number that was never used.
    pub fn grant(&mut self, ttl: Duration, now: Duration) -> LeaseId {
        self.last_lease += 1;
        let lease = LeaseId(self.last_lease);
        self.leases.begin(lease, ttl, now);
        lease
    }

    /// Gives a lease its whole time again.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when it is not there.
    pub fn renew(&mut self, lease: LeaseId, now: Duration) -> Result<(), StoreError> {
        if self.leases.renew(lease, now) {
            Ok(())
        } else {
            Err(StoreError::LeaseGone)
        }
    }

    /// Forgets a lease whose entries are gone.
    pub fn end(&mut self, lease: LeaseId) {
        self.leases.end(lease);
    }

    /// Leases whose time has come.
    pub fn due(&self, now: Duration) -> Vec<LeaseId> {
        self.leases.due(now)
    }

    /// When the next lease ends.
    pub fn next_due(&self) -> Option<Duration> {
        self.leases.next_due()
    }

    /// Gives every lease this much more time.
    pub fn postpone(&mut self, by: Duration) {
        self.leases.postpone(by);
    }

    fn put(&mut self, entry: Entry) {
        let before = self.entries.get(&entry.key).and_then(|e| e.lease);
        self.leases.moved(&entry.key, before, entry.lease);
        self.entries.insert(entry.key.clone(), entry);
    }

    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.leases.moved(key, entry.lease, None);
        }
    }
}
