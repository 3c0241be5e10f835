//! The embedded engine and its file: restarts, strangers, bounds.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use store::sqlite::{OpenError, Options, SqliteStore};
use store::{Guard, HistoryBound, Key, LeaseId, Op, Outcome, Prefix, Rev, Store, StoreError, read};
use tokio_stream::StreamExt as _;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store.db")
    }

    fn open(&self) -> SqliteStore {
        self.open_with(&Options::default())
    }

    fn open_with(&self, options: &Options) -> SqliteStore {
        SqliteStore::open(&self.path(), options).unwrap()
    }

    fn refused(&self) -> OpenError {
        SqliteStore::open(&self.path(), &Options::default()).unwrap_err()
    }
}

fn put(name: &str, bytes: usize, lease: Option<LeaseId>) -> Op {
    Op::Put {
        key: Key::new(name).unwrap(),
        value: vec![b'x'; bytes].into(),
        lease,
    }
}

async fn apply(store: &SqliteStore, op: Op) -> Rev {
    match store.commit(vec![], vec![op]).await.unwrap() {
        Outcome::Applied(rev) => rev,
        Outcome::Refused => panic!("refused without guards"),
    }
}

fn all() -> Prefix {
    Prefix::new("")
}

#[tokio::test]
async fn a_restart_keeps_everything_but_history() {
    let place = Place::new();
    let store = place.open();
    let lease = store.grant(Duration::from_secs(60)).await.unwrap();
    let first = apply(&store, put("a", 10, Some(lease))).await;
    apply(&store, put("a", 20, Some(lease))).await;
    apply(&store, put("b", 10, None)).await;
    let before = store.list(&all()).await.unwrap();
    drop(store);

    let store = place.open();
    assert_eq!(store.list(&all()).await.unwrap(), before);
    let guard = Guard::Generation(Key::new("a").unwrap(), first);
    let fenced = store
        .commit(vec![guard], vec![put("c", 1, None)])
        .await
        .unwrap();
    assert_eq!(fenced, Outcome::Applied(before.at + 1), "revisions go on");
    let lost = store.watch(&all(), first).next().await.unwrap();
    assert_eq!(lost, Err(StoreError::Compacted { floor: before.at }));
    store.renew(lease).await.unwrap();
    store.revoke(lease).await.unwrap();
    assert_eq!(read(&store, &Key::new("a").unwrap()).await.unwrap().1, None);
}

#[tokio::test]
async fn a_restart_gives_leases_a_whole_new_period() {
    let place = Place::new();
    let ttl = Duration::from_millis(900);
    let store = place.open();
    let lease = store.grant(ttl).await.unwrap();
    let unused = store.grant(ttl).await.unwrap();
    apply(&store, put("a", 1, Some(lease))).await;
    tokio::time::sleep(ttl * 2 / 3).await;
    drop(store);
    let restarted = Instant::now();
    let store = place.open();
    store
        .renew(unused)
        .await
        .expect("a lease without keys survives too");
    while read(&store, &Key::new("a").unwrap())
        .await
        .unwrap()
        .1
        .is_some()
    {
        assert!(restarted.elapsed() < ttl * 20, "it never ends");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(
        restarted.elapsed() >= ttl,
        "ended after {:?}",
        restarted.elapsed()
    );
}

#[tokio::test]
async fn a_lease_number_is_never_used_again() {
    let place = Place::new();
    let mut last = LeaseId(0);
    for _ in 0..3 {
        let store = place.open();
        let lease = store.grant(Duration::from_secs(60)).await.unwrap();
        assert!(lease > last, "{lease} after {last}");
        store.revoke(lease).await.unwrap();
        last = lease;
    }
}

#[tokio::test]
async fn watches_end_with_the_store() {
    let place = Place::new();
    let store = place.open();
    let mut watch = store.watch(&all(), 0);
    let waiting = tokio::spawn(async move { (watch.next().await, watch.next().await) });
    tokio::task::yield_now().await;
    drop(store);
    let ended = tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(ended, (Some(Err(StoreError::Unavailable(_))), None)),
        "{ended:?}"
    );
}

#[test]
fn two_masters_cannot_have_one_file() {
    let place = Place::new();
    let first = place.open();
    let error = place.refused();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    drop(first);
    place.open();
}

#[test]
fn strangers_files_are_left_alone() {
    let place = Place::new();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other
        .execute_batch("CREATE TABLE precious (x); INSERT INTO precious VALUES (1)")
        .unwrap();
    drop(other);
    let before = std::fs::read(place.path()).unwrap();
    let error = place.refused();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
    assert_eq!(std::fs::read(place.path()).unwrap(), before);

    std::fs::write(
        place.path(),
        "no database at all, but long enough to look at ".repeat(20),
    )
    .unwrap();
    let error = place.refused();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    assert!(error.to_string().contains("store.db"), "{error}");
}

#[test]
fn files_of_later_versions_are_refused() {
    let place = Place::new();
    drop(place.open());
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    let error = place.refused();
    assert!(
        matches!(error, OpenError::Newer { found: 99, .. }),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let error =
        SqliteStore::open(Path::new("/nowhere/at/all/store.db"), &Options::default()).unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/at/all/store.db"),
        "{error}"
    );
}

#[tokio::test]
async fn a_slow_watcher_is_told_what_it_missed() {
    let place = Place::new();
    let options = Options {
        history: HistoryBound {
            batches: 10,
            bytes: usize::MAX,
        },
        ..Options::default()
    };
    let store = place.open_with(&options);
    let mut watch = store.watch(&all(), 0);
    for i in 0..50 {
        apply(&store, put(&format!("k{i}"), 1, None)).await;
    }
    assert_eq!(
        watch.next().await,
        Some(Err(StoreError::Compacted { floor: 40 }))
    );
    assert_eq!(watch.next().await, None);
    let mut watch = store.watch(&all(), 40);
    assert_eq!(watch.next().await.unwrap().unwrap().at, 41);
}

#[tokio::test]
async fn a_full_queue_refuses_and_does_nothing() {
    let place = Place::new();
    let store = place.open_with(&Options {
        queue: 4,
        ..Options::default()
    });
    let commits = (0..2_000).map(|i| store.commit(vec![], vec![put(&format!("k{i}"), 1, None)]));
    let mut commits: Vec<_> = commits.map(Box::pin).collect();
    let mut results = Vec::new();
    for commit in &mut commits {
        // Sends the request; the answer is waited for below.
        let first =
            std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx))).await;
        results.push(first);
    }
    let (mut done, mut refused) = (0, 0);
    for (commit, first) in commits.into_iter().zip(results) {
        let result = match first {
            std::task::Poll::Ready(result) => result,
            std::task::Poll::Pending => commit.await,
        };
        match result {
            Ok(_) => done += 1,
            Err(StoreError::Unavailable(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 0, "the queue was never full");
    assert_eq!(store.list(&all()).await.unwrap().entries.len(), done);
}

#[tokio::test]
async fn a_file_at_its_bound_refuses_and_takes_again_after_deletions() {
    let place = Place::new();
    let store = place.open_with(&Options {
        most_bytes: 1_000_000,
        ..Options::default()
    });
    let mut filled = 0;
    let error = loop {
        match store
            .commit(vec![], vec![put(&format!("k{filled}"), 20_000, None)])
            .await
        {
            Ok(_) => filled += 1,
            Err(error) => break error,
        }
        assert!(filled < 100, "the bound does not hold");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert_eq!(store.list(&all()).await.unwrap().entries.len(), filled);
    for i in 0..5 {
        let key = Key::new(format!("k{i}")).unwrap();
        apply(&store, Op::Delete { key }).await;
    }
    apply(&store, put("again", 20_000, None)).await;
}

/// Somebody wrote with a tool. The engine notices, takes the file for the truth, and lets watchers begin anew.
#[tokio::test]
async fn a_change_from_outside_is_noticed() {
    let place = Place::new();
    let store = place.open();
    let rev = apply(&store, put("a", 1, None)).await;
    let mut watch = store.watch(&all(), rev);
    let tool = rusqlite::Connection::open(place.path()).unwrap();
    tool.execute_batch("BEGIN; DELETE FROM entry; UPDATE counter SET value = value + 5 WHERE name = 'revision'; COMMIT")
        .unwrap();
    let refused = store.commit(vec![], vec![put("b", 1, None)]).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let snapshot = store.list(&all()).await.unwrap();
    assert_eq!((snapshot.at, snapshot.entries.len()), (rev + 5, 0));
    assert_eq!(
        watch.next().await,
        Some(Err(StoreError::Compacted { floor: rev + 5 }))
    );
    assert_eq!(apply(&store, put("b", 1, None)).await, rev + 6);
}
