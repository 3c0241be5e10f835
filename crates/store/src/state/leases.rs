//! Leases, when they end and what ends with them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::entry::LeaseId;
use crate::key::Key;

#[derive(Clone, Debug)]
struct Lease {
    ttl: Duration,
    ends: Duration,
    keys: BTreeSet<Key>,
}

/// All leases. Times are those of the one clock of whoever drives this.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leases {
    leases: BTreeMap<LeaseId, Lease>,
}

impl Leases {
    /// Begins one.
    pub fn begin(&mut self, id: LeaseId, ttl: Duration, now: Duration) {
        let lease = Lease {
            ttl,
            ends: now + ttl,
            keys: BTreeSet::new(),
        };
        self.leases.insert(id, lease);
    }

    /// Whether it has not been ended.
    pub fn live(&self, id: LeaseId) -> bool {
        self.leases.contains_key(&id)
    }

    /// Its whole time again; `false` when it is not there. One that is due but not yet ended can still be renewed,
    /// because its entries are still there: both go at the same moment.
    pub fn renew(&mut self, id: LeaseId, now: Duration) -> bool {
        let Some(lease) = self.leases.get_mut(&id) else {
            return false;
        };
        lease.ends = now + lease.ttl;
        true
    }

    /// The keys that end with it.
    pub fn keys(&self, id: LeaseId) -> Option<impl Iterator<Item = &Key>> {
        self.leases.get(&id).map(|lease| lease.keys.iter())
    }

    /// Forgets one.
    pub fn end(&mut self, id: LeaseId) {
        self.leases.remove(&id);
    }

    /// Notes that a key went from one lease to another.
    pub fn moved(&mut self, key: &Key, from: Option<LeaseId>, to: Option<LeaseId>) {
        if let Some(lease) = from.and_then(|id| self.leases.get_mut(&id)) {
            lease.keys.remove(key);
        }
        if let Some(lease) = to.and_then(|id| self.leases.get_mut(&id)) {
            lease.keys.insert(key.clone());
        }
    }

    /// Those whose time has come, by number.
    pub fn due(&self, now: Duration) -> Vec<LeaseId> {
        let due = self.leases.iter().filter(|(_, lease)| lease.ends <= now);
        due.map(|(id, _)| *id).collect()
    }

    /// When the next one ends.
    pub fn next_due(&self) -> Option<Duration> {
        self.leases.values().map(|lease| lease.ends).min()
    }

    /// Gives each this much more time.
    pub fn postpone(&mut self, by: Duration) {
        for lease in self.leases.values_mut() {
            lease.ends += by;
        }
    }
}
