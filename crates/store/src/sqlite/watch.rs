//! A watcher: a position in the shared history.

use std::sync::{Arc, Weak};

use super::Shared;
use crate::contract::Watch;
use crate::entry::{Batch, Rev};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::state::history::Found;

struct Watcher {
    /// Not kept alive by its watchers, so that they end with the store.
    shared: Weak<Shared>,
    newest: tokio::sync::watch::Receiver<Rev>,
    prefix: Prefix,
    after: Rev,
}

pub(super) fn watch(shared: &Arc<Shared>, prefix: &Prefix, after: Rev) -> Watch {
    let watcher = Watcher {
        shared: Arc::downgrade(shared),
        newest: shared.newest.subscribe(),
        prefix: prefix.clone(),
        after,
    };
    Box::pin(futures_util::stream::unfold(
        Some(watcher),
        |watcher| async {
            let mut watcher = watcher?;
            match watcher.next().await {
                Ok(batch) => Some((Ok(batch), Some(watcher))),
                Err(error) => Some((Err(error), None)),
            }
        },
    ))
}

impl Watcher {
    async fn next(&mut self) -> Result<Batch, StoreError> {
        loop {
            // Marked as seen before looking, so that a commit between looking and waiting wakes at once.
            self.newest.mark_unchanged();
            match self.look()? {
                Some(batch) => return Ok(batch),
                None if self.newest.changed().await.is_err() => return Err(closed()),
                None => {}
            }
        }
    }

    fn look(&mut self) -> Result<Option<Batch>, StoreError> {
        let shared = self.shared.upgrade().ok_or_else(closed)?;
        let found = shared.history().after(&self.prefix, self.after);
        match found {
            Found::Batch(batch) => {
                self.after = batch.at;
                Ok(Some(batch))
            }
            Found::Nothing(seen) => {
                self.after = seen;
                Ok(None)
            }
            Found::Compacted(floor) => Err(StoreError::Compacted { floor }),
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store was closed".into())
}
