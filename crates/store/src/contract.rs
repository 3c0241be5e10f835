//! The promise that every engine keeps, and on which everything above relies.

use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use tokio_stream::Stream;

use crate::entry::{Batch, Entry, LeaseId, Rev, Snapshot};
use crate::error::{Misuse, StoreError};
use crate::key::{Key, Prefix};
use crate::transaction::{Guard, Op, Outcome};

/// The shortest time to live of a lease.
pub const SHORTEST_TTL: Duration = Duration::from_millis(100);

/// The longest time to live of a lease: a day.
pub const LONGEST_TTL: Duration = Duration::from_secs(24 * 3600);

/// Changes as they are committed. After an error it ends. Dropping it ends the watch.
pub type Watch = Pin<Box<dyn Stream<Item = Result<Batch, StoreError>> + Send>>;

/// Durable, watched, leased entries under one order.
///
/// Kept by every engine, checked by one suite (`tests/conformance`):
///
/// 1. **One order.** Each commit that changes something has a larger revision than all before it, and everything in
///    it has that one revision.
/// 2. **Durable before visible.** What was acknowledged, listed or watched survives a crash of the store.
/// 3. **Linearizable.** A list shows every commit that was acknowledged before the list began.
/// 4. **Whole.** A commit is done entirely or not at all, and reaches a watcher as one batch.
/// 5. **Nothing missed, nothing twice.** A watch after `Snapshot::at` continues that snapshot. Batches have growing
///    revisions. What a watcher was too slow for it is told by [`StoreError::Compacted`]; no queue grows for it.
/// 6. **Leases end together.** When a lease ends by time or revocation, all its entries go in one commit. Until then
///    it can be renewed, afterwards [`StoreError::LeaseGone`] is final. It lives at least its time after the last
///    acknowledged renewal, and may live longer: engines round up, and a store that was frozen or restarted gives
///    time back. Leases survive a restart of the store.
/// 7. **Guards come first.** A commit whose guards fail is [`Outcome::Refused`], even if it names a dead lease. Only [`Misuse`] is said before.
///
/// Dropping the future of a change leaves its outcome unknown. Every call has a deadline of the engine's own and ends
/// in [`StoreError::Unknown`] or [`StoreError::Unavailable`] when the store does not answer.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Begins a lease that ends `ttl` after its last renewal, or somewhat later.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] may leave a lease behind that nobody renews, so that it ends by itself.
    async fn grant(&self, ttl: Duration) -> Result<LeaseId, StoreError>;

    /// Gives the lease its whole time again. May be said twice.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when it has ended.
    async fn renew(&self, lease: LeaseId) -> Result<(), StoreError>;

    /// Ends the lease and all its entries, now.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when it has ended already.
    async fn revoke(&self, lease: LeaseId) -> Result<(), StoreError>;

    /// Every entry under the prefix.
    async fn list(&self, prefix: &Prefix) -> Result<Snapshot, StoreError>;

    /// Does all ops if all guards hold.
    ///
    /// # Errors
    /// [`StoreError::LeaseGone`] when an op names a lease that has ended; nothing was done then.
    async fn commit(&self, guards: Vec<Guard>, ops: Vec<Op>) -> Result<Outcome, StoreError>;

    /// Every change under the prefix with a revision above `after`, once, in order.
    fn watch(&self, prefix: &Prefix, after: Rev) -> Watch;
}

/// One entry, if it is there, and the revision at which that was so.
///
/// # Errors
/// As [`Store::list`].
pub async fn read(store: &dyn Store, key: &Key) -> Result<(Rev, Option<Entry>), StoreError> {
    let snapshot = store.list(&Prefix::new(key.as_str())).await?;
    let entry = snapshot.entries.into_iter().find(|entry| entry.key == *key);
    Ok((snapshot.at, entry))
}

/// Refuses times to live that some engine could not hold.
pub(crate) fn check_ttl(ttl: Duration) -> Result<(), Misuse> {
    if (SHORTEST_TTL..=LONGEST_TTL).contains(&ttl) {
        Ok(())
    } else {
        Err(Misuse::Ttl(ttl))
    }
}
