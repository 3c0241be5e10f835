//! Watches.

use std::sync::Arc;

use store::{Change, StoreError};

use super::{Corner, next};

pub async fn continues_a_snapshot_without_gap_or_repetition(corner: Corner) {
    let corner = Arc::new(corner);
    let writer = {
        let corner = Arc::clone(&corner);
        tokio::spawn(async move {
            for i in 0..200 {
                corner
                    .apply(vec![corner.put(&format!("{i:03}"), "x")])
                    .await;
            }
        })
    };
    while corner.names().await.len() < 20 {
        tokio::task::yield_now().await;
    }
    let snapshot = corner.store.list(&corner.under("")).await.unwrap();
    let mut watch = corner.store.watch(&corner.under(""), snapshot.at);
    let mut seen: Vec<_> = snapshot.entries.into_iter().map(|e| e.key).collect();
    let mut last = snapshot.at;
    while seen.len() < 200 {
        let batch = next(&mut watch).await.unwrap();
        assert!(batch.at > last, "{} after {last}", batch.at);
        last = batch.at;
        seen.extend(batch.changes.iter().map(|c| c.key().clone()));
    }
    writer.await.unwrap();
    let wanted: Vec<_> = (0..200).map(|i| corner.key(&format!("{i:03}"))).collect();
    assert_eq!(seen, wanted, "a gap, a repetition or disorder");
}

pub async fn keeps_a_commit_whole(corner: Corner) {
    let at = corner.store.list(&corner.under("")).await.unwrap().at;
    let mut watch = corner.store.watch(&corner.under(""), at);
    let mut revs = Vec::new();
    for i in 0..50 {
        let value = i.to_string();
        let ops = ["a", "b", "c"]
            .map(|name| corner.put(name, &value))
            .to_vec();
        revs.push(corner.apply(ops).await);
    }
    for rev in revs {
        let batch = next(&mut watch).await.unwrap();
        assert_eq!((batch.at, batch.changes.len()), (rev, 3), "{batch:?}");
    }
}

pub async fn two_watchers_see_the_same(corner: Corner) {
    let corner = Arc::new(corner);
    let at = corner.store.list(&corner.under("")).await.unwrap().at;
    let (mut a, mut b) = (
        corner.store.watch(&corner.under(""), at),
        corner.store.watch(&corner.under("k"), at),
    );
    let mut tasks = Vec::new();
    for task in 0..10 {
        let corner = Arc::clone(&corner);
        tasks.push(tokio::spawn(async move {
            for i in 0..10 {
                corner
                    .apply(vec![corner.put("k", &format!("{task}-{i}"))])
                    .await;
            }
        }));
    }
    for _ in 0..100 {
        assert_eq!(next(&mut a).await.unwrap(), next(&mut b).await.unwrap());
    }
    for task in tasks {
        task.await.unwrap();
    }
}

pub async fn is_scoped_to_its_prefix(corner: Corner) {
    let at = corner.store.list(&corner.under("a/")).await.unwrap().at;
    let mut watch = corner.store.watch(&corner.under("a/"), at);
    corner
        .apply(vec![corner.put("b/x", "1"), corner.put("a", "1")])
        .await;
    let rev = corner
        .apply(vec![corner.put("a/x", "1"), corner.put("b/y", "1")])
        .await;
    let batch = next(&mut watch).await.unwrap();
    assert_eq!((batch.at, batch.changes.len()), (rev, 1), "{batch:?}");
    assert_eq!(*batch.changes[0].key(), corner.key("a/x"));
}

pub async fn tells_generation_and_lease(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl() * 30).await.unwrap();
    let first = corner.apply(vec![corner.put("k", "1")]).await;
    let mut watch = corner.store.watch(&corner.under(""), first);
    corner
        .apply(vec![corner.leased("k", "2", Some(lease))])
        .await;
    let batch = next(&mut watch).await.unwrap();
    let entry = corner.read("k").await.unwrap();
    assert_eq!(entry.created, first);
    assert_eq!(entry.lease, Some(lease));
    assert_eq!(batch.changes, [Change::Put(entry)]);
    corner.store.revoke(lease).await.unwrap();
}

pub async fn tells_deletions(corner: Corner) {
    let rev = corner
        .apply(vec![corner.put("a", "1"), corner.put("b", "1")])
        .await;
    let mut watch = corner.store.watch(&corner.under(""), rev);
    let at = corner
        .apply(vec![corner.delete("a"), corner.put("c", "1")])
        .await;
    let batch = next(&mut watch).await.unwrap();
    assert_eq!(batch.changes.len(), 2, "{batch:?}");
    let gone = Change::Gone {
        key: corner.key("a"),
        at,
    };
    assert!(batch.changes.contains(&gone), "{batch:?}");
}

pub async fn tells_the_past(corner: Corner) {
    let before = corner.store.list(&corner.under("")).await.unwrap().at;
    let mut revs = Vec::new();
    for i in 0..20 {
        revs.push(corner.apply(vec![corner.put("k", &i.to_string())]).await);
    }
    for (i, after) in [(0, before), (7, revs[6])] {
        let mut watch = corner.store.watch(&corner.under(""), after);
        for rev in &revs[i..] {
            assert_eq!(next(&mut watch).await.unwrap().at, *rev);
        }
    }
}

/// Nothing is read from the watch until everything is written. What an engine does not keep for it must be said.
pub async fn a_slow_watcher_misses_nothing_or_is_told(corner: Corner) {
    let at = corner.store.list(&corner.under("")).await.unwrap().at;
    let mut watch = corner.store.watch(&corner.under(""), at);
    let value = "v".repeat(10_000);
    let mut revs = Vec::new();
    for _ in 0..300 {
        revs.push(corner.apply(vec![corner.put("k", &value)]).await);
    }
    for rev in revs {
        match next(&mut watch).await {
            Ok(batch) => assert_eq!(batch.at, rev, "missed something in silence"),
            Err(StoreError::Compacted { .. }) => return,
            Err(error) => panic!("{error:?}"),
        }
    }
}
