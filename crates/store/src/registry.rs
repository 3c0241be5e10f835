//! Who is here: records under leases, each registration with a generation that fences its writes.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::{Store, read};
use crate::entry::{Entry, LeaseId, Rev};
use crate::error::StoreError;
use crate::key::Key;
use crate::names::Name;
use crate::record::{self, Record};
use crate::transaction::{Guard, Op, Outcome};

/// How often a registration is tried while others come and go under the same name.
const ATTEMPTS: usize = 3;

/// A place in the registry, held by its lease. Every write of its holder carries [`Registration::guard`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The key of the record.
    pub key: Key,
    /// To be renewed well within its time.
    pub lease: LeaseId,
    /// The commit that made it.
    pub generation: Rev,
    /// The last commit in which the holder is known to have put the record.
    pub modified: Rev,
}

impl Registration {
    /// Holds as long as nobody else has registered and the lease has not ended.
    pub fn guard(&self) -> Guard {
        Guard::Generation(self.key.clone(), self.generation)
    }
}

/// Somebody's registration, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder<T> {
    /// What it says of itself; `None` when that cannot be read.
    pub record: Option<T>,
    /// Its generation.
    pub generation: Rev,
    /// With what it dies; `None` when it was written by hand.
    pub lease: Option<LeaseId>,
}

/// How an attempt to register ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered<T> {
    /// Done.
    As(Registration),
    /// The name is held. Whether the newcomer is the later boot is for the caller to judge, who may then
    /// [`Registry::evict`] the holder and try again.
    Taken(Holder<T>),
    /// Who registers on somebody's behalf is itself not registered any more.
    Fenced,
}

/// All registrations of one kind.
#[derive(Clone)]
pub struct Registry<T> {
    store: Arc<dyn Store>,
    ttl: Duration,
    fences: Vec<Guard>,
    kind: PhantomData<fn() -> T>,
}

impl<T: Record> Registry<T> {
    /// Registrations that end `ttl` after their last renewal.
    pub fn new(store: Arc<dyn Store>, ttl: Duration) -> Self {
        Self {
            store,
            ttl,
            fences: Vec::new(),
            kind: PhantomData,
        }
    }

    /// Writes only as long as this holds: the registration of the master who writes for nodes.
    #[must_use]
    pub fn fenced_by(mut self, fence: Guard) -> Self {
        self.fences.push(fence);
        self
    }

    /// Registers under a name that nobody holds.
    ///
    /// # Errors
    /// After [`StoreError::Unavailable`] it is certainly not registered. After [`StoreError::Unknown`] it may be until
    /// its lease ends, but nobody acts on that lease, and the next attempt says `Taken`.
    pub async fn register(&self, name: &Name, record: &T) -> Result<Registered<T>, StoreError> {
        let lease = self.store.grant(self.ttl).await?;
        let result = self.put(&T::key(name), record, lease).await;
        if !matches!(result, Ok(Registered::As(_))) {
            // Also makes sure that a put which is still under way comes to nothing.
            self.abandon(lease, &result).await?;
        }
        result
    }

    /// Ends a holder's lease, and with it everything of that boot in one commit. A lease is never used twice, so this
    /// can never hit a later registration.
    ///
    /// # Errors
    /// As [`Store::revoke`]; that it had ended already is no error.
    pub async fn evict(&self, name: &Name, holder: &Holder<T>) -> Result<(), StoreError> {
        let Some(lease) = holder.lease else {
            let key = T::key(name);
            let guard = Guard::Generation(key.clone(), holder.generation);
            return self
                .store
                .commit(vec![guard], vec![Op::Delete { key }])
                .await
                .map(drop);
        };
        match self.store.revoke(lease).await {
            Ok(()) | Err(StoreError::LeaseGone) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts the record anew, in the same generation. `false` when the registration has ended.
    ///
    /// # Errors
    /// As [`Store::commit`]. After [`StoreError::Unknown`] it can be said again, also with another record: an earlier
    /// one that is still under way cannot overtake it.
    pub async fn update(
        &self,
        registration: &mut Registration,
        record: &T,
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let key = registration.key.clone();
            let put = Op::Put {
                key: key.clone(),
                value: record::write(record),
                lease: Some(registration.lease),
            };
            // The generation alone would let an overtaken update undo a later one.
            let guards = self.guards(Guard::Unchanged(key.clone(), registration.modified));
            match self.store.commit(guards, vec![put]).await {
                Ok(Outcome::Applied(rev)) => {
                    registration.modified = rev;
                    return Ok(true);
                }
                Ok(Outcome::Refused) => {}
                Err(StoreError::LeaseGone) => return Ok(false),
                Err(error) => return Err(error),
            }
            match read(&*self.store, &key).await?.1 {
                Some(entry)
                    if entry.created == registration.generation
                        && entry.modified != registration.modified =>
                {
                    registration.modified = entry.modified;
                }
                _ => return Ok(false),
            }
        }
        Err(StoreError::Unavailable(format!(
            "{} was put {ATTEMPTS} times meanwhile",
            registration.key
        )))
    }

    /// Stays for another period.
    ///
    /// # Errors
    /// As [`Store::renew`].
    pub async fn renew(&self, registration: &Registration) -> Result<(), StoreError> {
        self.store.renew(registration.lease).await
    }

    /// Leaves, and takes everything under the lease along.
    ///
    /// # Errors
    /// As [`Store::revoke`]; that it had ended already is no error.
    pub async fn leave(&self, registration: &Registration) -> Result<(), StoreError> {
        match self.store.revoke(registration.lease).await {
            Err(StoreError::LeaseGone) => Ok(()),
            result => result,
        }
    }

    async fn put(
        &self,
        key: &Key,
        record: &T,
        lease: LeaseId,
    ) -> Result<Registered<T>, StoreError> {
        for _ in 0..ATTEMPTS {
            let put = Op::Put {
                key: key.clone(),
                value: record::write(record),
                lease: Some(lease),
            };
            let guards = self.guards(Guard::Absent(key.clone()));
            let committed = self.store.commit(guards, vec![put]).await;
            if let Ok(Outcome::Applied(generation)) = committed {
                return Ok(registered(key, lease, generation, generation));
            }
            if let Err(
                error
                @ (StoreError::LeaseGone | StoreError::Unavailable(_) | StoreError::Misuse(_)),
            ) = committed
            {
                return Err(error);
            }
            // Refused or unknown: what is there tells. When that cannot be read, an unknown put stays unknown, whatever
            // the reading failed with.
            let there = match (read(&*self.store, key).await, &committed) {
                (Err(_), Err(unknown)) => return Err(unknown.clone()),
                (there, _) => there?.1,
            };
            match there {
                Some(entry) if entry.lease == Some(lease) => {
                    return Ok(registered(key, lease, entry.created, entry.modified));
                }
                Some(entry) => return Ok(Registered::Taken(holder(&entry))),
                None => drop(committed?),
            }
            if !self.unfenced().await? {
                return Ok(Registered::Fenced);
            }
        }
        Err(StoreError::Unavailable(format!(
            "{key} changed hands {ATTEMPTS} times meanwhile"
        )))
    }

    /// Ends the lease of an attempt that came to nothing.
    async fn abandon(
        &self,
        lease: LeaseId,
        result: &Result<Registered<T>, StoreError>,
    ) -> Result<(), StoreError> {
        match self.store.revoke(lease).await {
            Ok(()) | Err(StoreError::LeaseGone)
                if matches!(result, Err(StoreError::Unknown(_))) =>
            {
                Err(StoreError::Unavailable(
                    "the attempt was taken back, since its outcome was not known".into(),
                ))
            }
            // Nobody renews the lease, so it ends by itself.
            _ => Ok(()),
        }
    }

    /// Whether all fences still hold.
    async fn unfenced(&self) -> Result<bool, StoreError> {
        let outcome = self.store.commit(self.fences.clone(), vec![]).await?;
        Ok(outcome != Outcome::Refused)
    }

    fn guards(&self, first: Guard) -> Vec<Guard> {
        std::iter::once(first)
            .chain(self.fences.iter().cloned())
            .collect()
    }
}

fn registered<T>(key: &Key, lease: LeaseId, generation: Rev, modified: Rev) -> Registered<T> {
    Registered::As(Registration {
        key: key.clone(),
        lease,
        generation,
        modified,
    })
}

fn holder<T: Record>(entry: &Entry) -> Holder<T> {
    Holder {
        record: record::read(&entry.key, &entry.value).ok(),
        generation: entry.created,
        lease: entry.lease,
    }
}
