//! What watches are told when history is gone. It is gone for everybody, so each test has a store of its own.

use store::StoreError;
use tokio_stream::StreamExt as _;

use super::{Corner, PATIENCE, next};

pub async fn compacted_history_is_said(corner: Corner) {
    let mut revs = Vec::new();
    for i in 0..10 {
        revs.push(corner.apply(vec![corner.put("k", &i.to_string())]).await);
    }
    corner.subject.compact(revs[5]).await;
    let mut watch = corner.store.watch(&corner.under(""), revs[2]);
    let error = next(&mut watch).await.unwrap_err();
    let StoreError::Compacted { floor } = error else {
        panic!("{error:?}")
    };
    assert!(floor >= revs[5], "floor {floor}, compacted {}", revs[5]);
    let mut watch = corner.store.watch(&corner.under(""), floor.max(revs[5]));
    assert_eq!(next(&mut watch).await.unwrap().at, revs[6]);
}

pub async fn a_new_snapshot_helps_after_compaction(corner: Corner) {
    let first = corner.apply(vec![corner.put("old", "1")]).await;
    let last = corner
        .apply(vec![corner.put("k", "1"), corner.delete("old")])
        .await;
    corner.subject.compact(last).await;
    let mut watch = corner.store.watch(&corner.under(""), first - 1);
    let error = next(&mut watch).await.unwrap_err();
    assert!(matches!(error, StoreError::Compacted { .. }), "{error:?}");
    let snapshot = corner.store.list(&corner.under("")).await.unwrap();
    let keys: Vec<_> = snapshot.entries.iter().map(|e| e.key.clone()).collect();
    assert_eq!(keys, [corner.key("k")]);
    let mut watch = corner.store.watch(&corner.under(""), snapshot.at);
    let rev = corner.apply(vec![corner.put("k", "2")]).await;
    assert_eq!(next(&mut watch).await.unwrap().at, rev);
}

pub async fn ends_after_an_error(corner: Corner) {
    let first = corner.apply(vec![corner.put("k", "1")]).await;
    let last = corner.apply(vec![corner.put("k", "2")]).await;
    corner.subject.compact(last).await;
    let mut watch = corner.store.watch(&corner.under(""), first - 1);
    assert!(next(&mut watch).await.is_err());
    let end = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert_eq!(end, None);
}
