//! One list of behaviours that every engine must show. The engine is a parameter, the list is not.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

pub mod commits;
pub mod compaction;
pub mod leases;
pub mod limits;
pub mod watches;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use store::{Batch, Entry, Guard, Key, LeaseId, Op, Outcome, Prefix, Rev, Store, Watch};
use tokio_stream::StreamExt as _;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An engine under test.
#[async_trait::async_trait]
pub trait Subject: Send + Sync + 'static {
    fn store(&self) -> Arc<dyn Store>;
    /// The shortest lease worth granting.
    fn ttl(&self) -> Duration;
    /// Lets time go by for the engine.
    async fn pass(&self, time: Duration);
    /// Drops history, as the engine does by itself when it has too much.
    async fn compact(&self, upto: Rev);
}

/// A store and a corner of it that nobody else uses.
pub struct Corner {
    pub subject: Arc<dyn Subject>,
    pub store: Arc<dyn Store>,
    root: String,
}

impl Corner {
    pub fn new(subject: Arc<dyn Subject>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            store: subject.store(),
            subject,
            root: format!("test/{}-{next}", std::process::id()),
        }
    }

    pub fn key(&self, name: &str) -> Key {
        Key::new(format!("{}/{name}", self.root)).unwrap()
    }

    pub fn under(&self, name: &str) -> Prefix {
        Prefix::new(format!("{}/{name}", self.root))
    }

    pub fn put(&self, name: &str, value: &str) -> Op {
        self.leased(name, value, None)
    }

    pub fn leased(&self, name: &str, value: &str, lease: Option<LeaseId>) -> Op {
        Op::Put {
            key: self.key(name),
            value: value.as_bytes().into(),
            lease,
        }
    }

    pub fn delete(&self, name: &str) -> Op {
        Op::Delete {
            key: self.key(name),
        }
    }

    pub fn absent(&self, name: &str) -> Guard {
        Guard::Absent(self.key(name))
    }

    pub async fn commit(&self, guards: Vec<Guard>, ops: Vec<Op>) -> Outcome {
        self.store.commit(guards, ops).await.unwrap()
    }

    /// Commits without guards.
    pub async fn apply(&self, ops: Vec<Op>) -> Rev {
        applied(self.commit(vec![], ops).await)
    }

    pub async fn read(&self, name: &str) -> Option<Entry> {
        store::read(&*self.store, &self.key(name)).await.unwrap().1
    }

    /// The names and values of everything in the corner.
    pub async fn all(&self) -> Vec<(String, String)> {
        let root = self.under("");
        let entries = self.store.list(&root).await.unwrap().entries;
        let pair = |e: Entry| {
            let name = root.rest(&e.key).unwrap().to_string();
            (name, String::from_utf8(e.value.to_vec()).unwrap())
        };
        entries.into_iter().map(pair).collect()
    }

    pub async fn names(&self) -> Vec<String> {
        self.all().await.into_iter().map(|(name, _)| name).collect()
    }

    /// Lets time go by until the entry is gone.
    pub async fn until_gone(&self, name: &str) {
        for _ in 0..200 {
            if self.read(name).await.is_none() {
                return;
            }
            self.subject.pass(self.subject.ttl() / 10).await;
        }
        panic!("{name} is still there after 20 times to live");
    }
}

pub fn applied(outcome: Outcome) -> Rev {
    match outcome {
        Outcome::Applied(rev) => rev,
        Outcome::Refused => panic!("refused"),
    }
}

/// The next batch, or the reason why there is none.
pub async fn next(watch: &mut Watch) -> Result<Batch, store::StoreError> {
    tokio::time::timeout(PATIENCE, watch.next())
        .await
        .expect("the watch is silent")
        .expect("the watch ended without a reason")
}

/// Makes a test of each behaviour. `$subject` is given the name of the behaviour's module and makes an
/// `Option<Arc<dyn Subject>>`: `None` where the engine is not to be had, which it has then said by itself. Behaviours
/// of `compaction` need a store that nobody else watches.
#[macro_export]
macro_rules! conformance {
    ($subject:path) => {
        $crate::conformance!($subject;
            commits: create_if_absent_has_one_winner_of_100, compare_and_swap_loses_no_update,
                commit_is_all_or_nothing, guard_on_another_key_fences_a_write,
                generation_changes_when_recreated_not_when_put, revision_zero_means_absent,
                what_changes_nothing_is_applied_and_seen_by_nobody, lists_are_in_order_and_within_the_prefix,
                a_list_shows_what_was_acknowledged, a_long_list_is_whole, values_are_any_bytes;
            leases: a_dead_lease_refuses_a_put, guards_come_before_a_dead_lease,
                expiry_removes_all_in_one_batch, a_renewed_lease_lives, renewal_may_be_said_twice,
                renewal_after_expiry_says_gone, revocation_is_immediate_and_whole,
                revocation_of_a_dead_lease_says_gone, a_put_without_lease_frees_the_key,
                a_key_follows_its_last_lease, a_deleted_key_leaves_its_lease, a_lease_without_keys_ends_quietly,
                one_lease_is_not_another;
            watches: continues_a_snapshot_without_gap_or_repetition, keeps_a_commit_whole,
                two_watchers_see_the_same, is_scoped_to_its_prefix, tells_generation_and_lease,
                tells_deletions, tells_the_past, a_slow_watcher_misses_nothing_or_is_told;
            compaction: compacted_history_is_said, a_new_snapshot_helps_after_compaction, ends_after_an_error;
            limits: a_key_changed_twice_is_misuse, too_many_ops_are_misuse, too_many_bytes_are_misuse,
                as_much_as_is_allowed_is_done, impossible_leases_are_misuse;
        );
    };
    ($subject:path; $($module:ident: $($behaviour:ident),+;)+) => {
        $(mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let subject: Option<std::sync::Arc<dyn $crate::conformance::Subject>> = $subject(stringify!($module)).await;
                if let Some(subject) = subject {
                    $crate::conformance::$module::$behaviour($crate::conformance::Corner::new(subject)).await;
                }
            })+
        })+
    };
}
