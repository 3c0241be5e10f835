//! Leases. Time goes by as the engine under test lets it.

use store::{Change, Outcome, StoreError};

use super::{Corner, next};

pub async fn a_dead_lease_refuses_a_put(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    corner.store.revoke(lease).await.unwrap();
    let ops = vec![corner.put("a", "x"), corner.leased("b", "x", Some(lease))];
    let result = corner.store.commit(vec![], ops).await;
    assert_eq!(result, Err(StoreError::LeaseGone));
    assert!(corner.names().await.is_empty(), "did a part of it");
}

pub async fn guards_come_before_a_dead_lease(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    corner.store.revoke(lease).await.unwrap();
    corner.apply(vec![corner.put("a", "x")]).await;
    let put = corner.leased("b", "x", Some(lease));
    let result = corner
        .store
        .commit(vec![corner.absent("a")], vec![put])
        .await;
    assert_eq!(result, Ok(Outcome::Refused));
}

pub async fn expiry_removes_all_in_one_batch(corner: Corner) {
    let lease = Some(corner.store.grant(corner.subject.ttl()).await.unwrap());
    let ops = vec![
        corner.leased("b", "x", lease),
        corner.leased("a", "x", lease),
        corner.put("keep", "x"),
    ];
    let rev = corner.apply(ops).await;
    let mut watch = corner.store.watch(&corner.under(""), rev);
    corner.until_gone("a").await;
    let batch = next(&mut watch).await.unwrap();
    let gone = |name| Change::Gone {
        key: corner.key(name),
        at: batch.at,
    };
    assert_eq!(batch.changes.len(), 2, "{batch:?}");
    assert!(
        batch.changes.contains(&gone("a")) && batch.changes.contains(&gone("b")),
        "{batch:?}"
    );
    assert_eq!(corner.names().await, ["keep"]);
}

pub async fn a_renewed_lease_lives(corner: Corner) {
    let ttl = corner.subject.ttl();
    let lease = corner.store.grant(ttl).await.unwrap();
    corner
        .apply(vec![corner.leased("a", "x", Some(lease))])
        .await;
    for _ in 0..12 {
        corner.subject.pass(ttl / 4).await;
        corner.store.renew(lease).await.unwrap();
    }
    assert_eq!(corner.names().await, ["a"]);
    corner.until_gone("a").await;
}

pub async fn renewal_may_be_said_twice(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    let (a, b) = tokio::join!(corner.store.renew(lease), corner.store.renew(lease));
    assert_eq!((a, b), (Ok(()), Ok(())));
    corner
        .apply(vec![corner.leased("a", "x", Some(lease))])
        .await;
    corner.until_gone("a").await;
}

pub async fn renewal_after_expiry_says_gone(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    corner
        .apply(vec![corner.leased("a", "x", Some(lease))])
        .await;
    corner.until_gone("a").await;
    assert_eq!(corner.store.renew(lease).await, Err(StoreError::LeaseGone));
    assert_eq!(corner.store.renew(lease).await, Err(StoreError::LeaseGone));
}

pub async fn revocation_is_immediate_and_whole(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl() * 30).await.unwrap();
    let ops = vec![
        corner.leased("a", "x", Some(lease)),
        corner.leased("b", "x", Some(lease)),
    ];
    let rev = corner.apply(ops).await;
    let mut watch = corner.store.watch(&corner.under(""), rev);
    corner.store.revoke(lease).await.unwrap();
    assert!(corner.names().await.is_empty());
    let batch = next(&mut watch).await.unwrap();
    assert_eq!(batch.changes.len(), 2, "{batch:?}");
}

pub async fn revocation_of_a_dead_lease_says_gone(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    corner.store.revoke(lease).await.unwrap();
    assert_eq!(corner.store.revoke(lease).await, Err(StoreError::LeaseGone));
    assert_eq!(corner.store.renew(lease).await, Err(StoreError::LeaseGone));
}

pub async fn a_put_without_lease_frees_the_key(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl()).await.unwrap();
    corner
        .apply(vec![corner.leased("a", "x", Some(lease))])
        .await;
    corner.apply(vec![corner.put("a", "y")]).await;
    assert_eq!(corner.read("a").await.unwrap().lease, None);
    corner.store.revoke(lease).await.unwrap();
    assert_eq!(corner.names().await, ["a"]);
}

pub async fn a_key_follows_its_last_lease(corner: Corner) {
    let ttl = corner.subject.ttl() * 30;
    let first = corner.store.grant(ttl).await.unwrap();
    let second = corner.store.grant(ttl).await.unwrap();
    corner
        .apply(vec![corner.leased("a", "x", Some(first))])
        .await;
    corner
        .apply(vec![corner.leased("a", "x", Some(second))])
        .await;
    corner.store.revoke(first).await.unwrap();
    assert_eq!(corner.names().await, ["a"]);
    corner.store.revoke(second).await.unwrap();
    assert!(corner.names().await.is_empty());
}

pub async fn a_deleted_key_leaves_its_lease(corner: Corner) {
    let lease = corner.store.grant(corner.subject.ttl() * 30).await.unwrap();
    corner
        .apply(vec![corner.leased("a", "x", Some(lease))])
        .await;
    corner.apply(vec![corner.delete("a")]).await;
    corner.apply(vec![corner.put("a", "another's")]).await;
    corner.store.revoke(lease).await.unwrap();
    assert_eq!(corner.names().await, ["a"]);
}

pub async fn a_lease_without_keys_ends_quietly(corner: Corner) {
    let rev = corner.apply(vec![corner.put("a", "x")]).await;
    let mut watch = corner.store.watch(&corner.under(""), rev);
    let lease = corner.store.grant(corner.subject.ttl() * 30).await.unwrap();
    corner.store.revoke(lease).await.unwrap();
    let next_rev = corner.apply(vec![corner.put("a", "y")]).await;
    assert_eq!(next(&mut watch).await.unwrap().at, next_rev);
}

pub async fn one_lease_is_not_another(corner: Corner) {
    let ttl = corner.subject.ttl();
    let short = corner.store.grant(ttl).await.unwrap();
    let long = corner.store.grant(ttl * 60).await.unwrap();
    assert_ne!(short, long);
    let ops = vec![
        corner.leased("s", "x", Some(short)),
        corner.leased("l", "x", Some(long)),
    ];
    corner.apply(ops).await;
    corner.until_gone("s").await;
    assert_eq!(corner.names().await, ["l"]);
    corner.store.revoke(long).await.unwrap();
}
