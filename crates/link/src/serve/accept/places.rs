//! The places of those who have not proved yet who they are. No address can have more than half of them, so that one
//! stranger alone does not keep nodes out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections on which nobody has proved yet who it is; further ones wait in the system's queue.
const UNPROVEN: usize = 256;

/// Of these from one address; further ones are closed.
const FROM_ONE: usize = UNPROVEN / 2;

type Taken = Arc<Mutex<BTreeMap<IpAddr, usize>>>;

/// All places.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Taken,
}

/// A place that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Free {
    permit: OwnedSemaphorePermit,
    taken: Taken,
}

/// A place, given back when this is dropped.
#[derive(Debug)]
pub(in crate::serve) struct Place {
    _permit: OwnedSemaphorePermit,
    taken: Taken,
    whose: IpAddr,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(UNPROVEN)),
            taken: Taken::default(),
        }
    }

    /// Waits until a place is free.
    pub(super) async fn free(&self) -> Option<Free> {
        let permit = self.free.clone().acquire_owned().await.ok()?;
        Some(Free {
            permit,
            taken: self.taken.clone(),
        })
    }
}

impl Free {
    /// `None` when the address has as many already as it may.
    pub(super) fn take(self, address: IpAddr) -> Option<Place> {
        let whose = one_who_has(address);
        let mut taken = lock(&self.taken);
        let count = taken.entry(whose).or_default();
        if *count >= FROM_ONE {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place {
            _permit: self.permit,
            taken: self.taken,
            whose,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.whose);
            }
        }
    }
}

/// A count cannot be left half changed.
fn lock(taken: &Taken) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever has an IPv6 address has the whole network of it.
fn one_who_has(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

#[cfg(test)]
mod tests;
