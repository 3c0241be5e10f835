//! The engine of a single master: everything in one SQLite file beside it.
//!
//! One thread owns the file and the state. Requests reach it through a bounded queue; those that wait together share
//! one transaction of SQLite and one `fsync`, and are answered after it. The state in memory may run ahead of the file
//! within such a round, and is read anew from the file when the round fails.

mod file;
mod keeper;
mod open;
mod watch;

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::contract::{Store, Watch, check_ttl};
use crate::entry::{LeaseId, Rev, Snapshot};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::state::history::{History, HistoryBound};
use crate::transaction::{Guard, Op, Outcome, check};

pub use open::OpenError;

use keeper::{Keeper, Request};

/// After this a caller is told that there is no answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// Bounds of the engine.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much can be watched afterwards.
    pub history: HistoryBound,
    /// How many requests may wait; more are refused as [`StoreError::Unavailable`].
    pub queue: usize,
    /// How large the file may become, in bytes; then writes are refused as if the disk were full.
    pub most_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            history: HistoryBound::default(),
            queue: 4096,
            most_bytes: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// A [`Store`] in a file of this machine. Only one process can have it open. Dropping it waits until what is queued is
/// written and the file is closed.
#[derive(Debug)]
pub struct SqliteStore {
    queue: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

/// What watchers read. Only durable commits are ever in it.
#[derive(Debug)]
struct Shared {
    history: Mutex<History>,
    newest: tokio::sync::watch::Sender<Rev>,
}

impl Shared {
    fn history(&self) -> MutexGuard<'_, History> {
        // A panic between two statements of `History` leaves it usable: the worst is a batch that nobody can watch.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, rev: Rev) {
        self.newest.send_replace(rev);
    }
}

impl SqliteStore {
    /// Opens the file, or makes it, and begins to keep it. Every lease in it starts a whole new period.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do.
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let (queue, requests) = std::sync::mpsc::sync_channel(options.queue);
        let (keeper, shared) = Keeper::open(path, options, requests)?;
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || keeper.run())
            .map_err(OpenError::Thread)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            shared,
        })
    }

    /// Drops the history up to and including a revision, as the bounds of [`Options::history`] do by themselves.
    pub fn compact(&self, upto: Rev) {
        self.shared.history().compact(upto);
        self.shared.changed(upto);
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().expect("only Drop takes the queue");
        queue.try_send(request(reply)).map_err(refused)?;
        match tokio::time::timeout(DEADLINE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::Unknown("the store's thread ended".into())),
            Err(_) => Err(StoreError::Unknown(format!("no answer in {DEADLINE:?}"))),
        }
    }
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

fn refused(error: TrySendError<Request>) -> StoreError {
    StoreError::Unavailable(match error {
        TrySendError::Full(_) => "its queue is full; the disk may be too slow".into(),
        TrySendError::Disconnected(_) => "its thread has ended".into(),
    })
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the store's thread panicked; restart the master");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn grant(&self, ttl: Duration) -> Result<LeaseId, StoreError> {
        check_ttl(ttl)?;
        self.ask(|reply| Request::Grant { ttl, reply }).await
    }

    async fn renew(&self, lease: LeaseId) -> Result<(), StoreError> {
        self.ask(|reply| Request::Renew { lease, reply }).await
    }

    async fn revoke(&self, lease: LeaseId) -> Result<(), StoreError> {
        self.ask(|reply| Request::Revoke { lease, reply }).await
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot, StoreError> {
        let prefix = prefix.clone();
        self.ask(|reply| Request::List { prefix, reply }).await
    }

    async fn commit(&self, guards: Vec<Guard>, ops: Vec<Op>) -> Result<Outcome, StoreError> {
        check(&guards, &ops)?;
        self.ask(|reply| Request::Commit { guards, ops, reply })
            .await
    }

    fn watch(&self, prefix: &Prefix, after: Rev) -> Watch {
        watch::watch(&self.shared, prefix, after)
    }
}
