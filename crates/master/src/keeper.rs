//! The store, under this master's leadership.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ::control::{Outcome, Write, records};
use store::leadership::{Campaign, Term, campaign};
use store::{
    Guard, Key, MasterRecord, Name, Op, Prefix, Registered, Registration, Registry, Store,
    StoreError,
};

/// How long a master leads on whose store is away. It only fences, and a later run ends it at once, so that there is no
/// hurry.
const LEASE: Duration = Duration::from_secs(60 * 60);

/// Between two renewals of the lease.
const RENEWAL: Duration = Duration::from_secs(3);

/// How often the name is asked for, while the run before it is cleared away.
const ATTEMPTS: usize = 3;

/// Why this process cannot be the master of this store.
#[derive(Debug, thiserror::Error)]
pub enum StoreProblem {
    /// Another leads.
    #[error(
        "another master ({0}) leads on this store: stop it, or give this one a store of its own"
    )]
    Led(String),
    /// The store does not answer.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// What is in it was written by another version, or by hand.
    #[error(transparent)]
    Unreadable(#[from] records::Unreadable),
}

/// What was found, and the way to write more.
pub(crate) struct Opened {
    pub(crate) keeper: Keeper,
    /// Every key that the master keeps, with its value.
    pub(crate) entries: Vec<(String, Vec<u8>)>,
}

/// Writes as the leader.
#[derive(Clone)]
pub(crate) struct Keeper {
    store: Arc<dyn Store>,
    registry: Registry<MasterRecord>,
    registration: Registration,
    term: Term,
}

impl Keeper {
    /// Becomes the leader, in place of an earlier run, and reads what is there.
    ///
    /// # Errors
    /// When another master leads, or the store cannot be read.
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        record: &MasterRecord,
    ) -> Result<Opened, StoreProblem> {
        let name = Name::new("master").expect("it has neither a slash nor a control character");
        let registry = Registry::new(Arc::clone(&store), LEASE);
        let registration = register(&registry, &name, record).await?;
        let term = match campaign(&*store, &name, &registration).await? {
            Campaign::Won(term) => term,
            Campaign::Lost { leader, .. } => {
                let leader = leader.map_or_else(|| "unknown".to_owned(), |it| it.master);
                return Err(StoreProblem::Led(leader));
            }
            Campaign::Fenced => return Err(StoreProblem::Led("a later one".to_owned())),
        };
        let keeper = Self {
            store,
            registry,
            registration,
            term,
        };
        let entries = keeper.read().await?;
        Ok(Opened { keeper, entries })
    }

    /// Goes with every command to a node; larger with every run of the master.
    pub(crate) fn term(&self) -> u64 {
        self.term.number()
    }

    async fn read(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = BTreeMap::new();
        for place in records::PLACES {
            let snapshot = self.store.list(&Prefix::new(place)).await?;
            found.extend(snapshot.entries.into_iter().map(|entry| {
                let key = entry.key.as_str().to_owned();
                (key, entry.value.to_vec())
            }));
        }
        Ok(found.into_iter().collect())
    }

    /// Writes all or nothing.
    pub(crate) async fn commit(&self, writes: Vec<Write>) -> Outcome {
        let ops: Result<Vec<Op>, _> = writes.into_iter().map(op).collect();
        let ops = match ops {
            Ok(ops) => ops,
            Err(error) => return Outcome::Failed(error.to_string()),
        };
        match self.store.commit(vec![self.guard()], ops).await {
            Ok(store::Outcome::Applied(_)) => Outcome::Applied,
            Ok(store::Outcome::Refused) => Outcome::Refused(DEPOSED.to_owned()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    fn guard(&self) -> Guard {
        self.term.guard()
    }

    /// Leads on until it is known that this master does not any more. Returns why.
    pub(crate) async fn lead(&self) -> String {
        loop {
            tokio::time::sleep(RENEWAL).await;
            // Commits tell of a store that is ill; the lease has time.
            if let Err(StoreError::LeaseGone) = self.registry.renew(&self.registration).await {
                return DEPOSED.to_owned();
            }
        }
    }

    /// Lets the next one lead at once.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.registry.leave(&self.registration).await {
            tracing::debug!(%error, "the leadership ends by itself");
        }
    }
}

const DEPOSED: &str = "its leadership in the store has ended, so another master may lead; this one stops, and can be \
                       started again";

/// Takes the name, also from an earlier run: the store belongs to one process at a time.
async fn register(
    registry: &Registry<MasterRecord>,
    name: &Name,
    record: &MasterRecord,
) -> Result<Registration, StoreProblem> {
    for _ in 0..ATTEMPTS {
        match registry.register(name, record).await? {
            Registered::As(registration) => return Ok(registration),
            Registered::Taken(holder) => registry.evict(name, &holder).await?,
            Registered::Fenced => break,
        }
    }
    Err(StoreProblem::Led("one that comes and goes".to_owned()))
}

fn op(write: Write) -> Result<Op, store::KeyError> {
    let key = Key::new(write.key)?;
    Ok(match write.value {
        Some(value) => Op::Put {
            key,
            value: value.into(),
            lease: None,
        },
        None => Op::Delete { key },
    })
}
