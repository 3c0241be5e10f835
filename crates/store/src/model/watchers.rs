//! Who watches, and what is under way to whom.

use std::collections::BTreeMap;

use super::{Moment, WatchId};
use crate::entry::{Batch, Rev};
use crate::error::StoreError;
use crate::key::Prefix;

#[derive(Debug)]
struct Watcher {
    prefix: Prefix,
    after: Rev,
    /// Nothing overtakes: what is sent next arrives no earlier.
    last_arrival: Moment,
    under_way: usize,
    /// An error is under way, and nothing is sent after it.
    ending: bool,
}

#[derive(Debug, Default)]
pub(super) struct Watchers(BTreeMap<WatchId, Watcher>);

impl Watchers {
    pub fn begin(&mut self, id: WatchId, prefix: Prefix, after: Rev) {
        let watcher = Watcher {
            prefix,
            after,
            last_arrival: Moment::ZERO,
            under_way: 0,
            ending: false,
        };
        self.0.insert(id, watcher);
    }

    pub fn end(&mut self, id: WatchId) {
        self.0.remove(&id);
    }

    /// Those that can still be sent something.
    pub fn all(&self) -> Vec<WatchId> {
        let sending = self.0.iter().filter(|(_, watcher)| !watcher.ending);
        sending.map(|(id, _)| *id).collect()
    }

    /// What it watches and how far it was sent; `None` when it can be sent nothing more.
    pub fn position(&self, id: WatchId) -> Option<(&Prefix, Rev)> {
        let watcher = self.0.get(&id).filter(|watcher| !watcher.ending)?;
        Some((&watcher.prefix, watcher.after))
    }

    pub fn seen(&mut self, id: WatchId, upto: Rev) {
        if let Some(watcher) = self.0.get_mut(&id) {
            watcher.after = upto;
        }
    }

    /// When what is sent now arrives, and what it has become: too much under way turns into `Compacted`.
    pub fn send(
        &mut self,
        id: WatchId,
        arrives: Moment,
        item: Result<Batch, StoreError>,
        most: usize,
    ) -> (Moment, Result<Batch, StoreError>) {
        let Some(watcher) = self.0.get_mut(&id) else {
            return (arrives, item);
        };
        watcher.last_arrival = watcher.last_arrival.max(arrives);
        let item = match item {
            Ok(batch) if watcher.under_way >= most => {
                Err(StoreError::Compacted { floor: batch.at })
            }
            item => item,
        };
        watcher.under_way += 1;
        watcher.ending = item.is_err();
        (watcher.last_arrival, item)
    }

    /// Whether anybody is there to hear what arrives.
    pub fn delivered(&mut self, id: WatchId, last: bool) -> bool {
        let Some(watcher) = self.0.get_mut(&id) else {
            return false;
        };
        watcher.under_way -= 1;
        if last {
            self.0.remove(&id);
        }
        true
    }
}
