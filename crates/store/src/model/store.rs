//! The model behind the asynchronous trait. Time goes by only by [`ModelStore::advance`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Faults, Model, Moment, Output, Reply, Request, Ticket, WatchId};
use crate::contract::{Store, Watch};
use crate::entry::{Batch, LeaseId, Rev, Snapshot};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::transaction::{Guard, Op, Outcome};

type Answer = Result<Reply, StoreError>;
type Item = Result<Batch, StoreError>;

struct World {
    model: Model,
    now: Moment,
    asking: BTreeMap<Ticket, oneshot::Sender<Answer>>,
    watching: BTreeMap<WatchId, mpsc::UnboundedSender<Item>>,
}

/// A [`Store`] in memory for tests. Calls are answered at once as long as nothing is delayed, otherwise when
/// [`ModelStore::advance`] reaches the answer.
#[derive(Clone)]
pub struct ModelStore(Arc<Mutex<World>>);

impl ModelStore {
    /// An empty store.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self(Arc::new(Mutex::new(World {
            model: Model::new(seed, faults),
            now: Moment::ZERO,
            asking: BTreeMap::new(),
            watching: BTreeMap::new(),
        })))
    }

    /// Lets time go by.
    pub fn advance(&self, time: Duration) {
        let mut world = self.world();
        world.now += time;
        world.deliver();
    }

    /// Does something to the model at its present moment: freezes it, changes its faults, looks at its truth.
    pub fn with<T>(&self, action: impl FnOnce(&mut Model, Moment) -> T) -> T {
        let mut world = self.world();
        let now = world.now;
        let result = action(&mut world.model, now);
        world.deliver();
        result
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: Request) -> Answer {
        let (sender, answer) = oneshot::channel();
        {
            let mut world = self.world();
            let now = world.now;
            let ticket = world.model.request(now, request);
            world.asking.insert(ticket, sender);
            world.deliver();
        }
        let gone = |_| Err(StoreError::Unknown("the model was dropped".into()));
        answer.await.unwrap_or_else(gone)
    }
}

impl World {
    fn deliver(&mut self) {
        while let Some(output) = self.model.poll(self.now) {
            match output {
                Output::Answer { ticket, result } => {
                    let asking = self.asking.remove(&ticket);
                    asking.map(|asking| asking.send(result));
                }
                Output::Watched { watch, item } => self.tell(watch, item),
            }
        }
    }

    fn tell(&mut self, watch: WatchId, item: Item) {
        let last = item.is_err();
        let heard = self
            .watching
            .get(&watch)
            .is_some_and(|watching| watching.send(item).is_ok());
        if last || !heard {
            self.watching.remove(&watch);
            self.model.unwatch(watch);
        }
    }
}

/// The kind of reply that a request of this model has; the model answers each in its kind.
macro_rules! reply {
    ($answer:expr, $kind:pat => $value:expr) => {
        match $answer? {
            $kind => Ok($value),
            other => unreachable!("answered {other:?}"),
        }
    };
}

#[async_trait]
impl Store for ModelStore {
    async fn grant(&self, ttl: Duration) -> Result<LeaseId, StoreError> {
        reply!(self.ask(Request::Grant { ttl }).await, Reply::Granted(lease) => lease)
    }

    async fn renew(&self, lease: LeaseId) -> Result<(), StoreError> {
        reply!(self.ask(Request::Renew { lease }).await, Reply::Renewed => ())
    }

    async fn revoke(&self, lease: LeaseId) -> Result<(), StoreError> {
        reply!(self.ask(Request::Revoke { lease }).await, Reply::Revoked => ())
    }

    async fn list(&self, prefix: &Prefix) -> Result<Snapshot, StoreError> {
        let prefix = prefix.clone();
        reply!(self.ask(Request::List { prefix }).await, Reply::Listed(snapshot) => snapshot)
    }

    async fn commit(&self, guards: Vec<Guard>, ops: Vec<Op>) -> Result<Outcome, StoreError> {
        let request = Request::Commit { guards, ops };
        reply!(self.ask(request).await, Reply::Committed(outcome) => outcome)
    }

    fn watch(&self, prefix: &Prefix, after: Rev) -> Watch {
        // Not a leak: a test lives briefly, and the embedded engine is where a slow watcher costs nothing.
        let (sender, items) = mpsc::unbounded_channel();
        let mut world = self.world();
        let now = world.now;
        let watch = world.model.watch(now, prefix, after);
        world.watching.insert(watch, sender);
        world.deliver();
        Box::pin(tokio_stream::wrappers::UnboundedReceiverStream::new(items))
    }
}
