//! What no engine takes.

use std::time::Duration;

use store::error::Misuse;
use store::transaction::{MOST_BYTES, MOST_OPS};
use store::{LONGEST_TTL, SHORTEST_TTL, StoreError};

use super::Corner;

pub async fn a_key_changed_twice_is_misuse(corner: Corner) {
    let ops = vec![
        corner.delete("a"),
        corner.put("b", "1"),
        corner.put("a", "2"),
    ];
    let result = corner.store.commit(vec![], ops).await;
    let misuse = Misuse::KeyTwice(corner.key("a"));
    assert_eq!(result, Err(StoreError::Misuse(misuse)));
    assert!(corner.names().await.is_empty());
}

pub async fn too_many_ops_are_misuse(corner: Corner) {
    let puts = |n| (0..n).map(|i| corner.put(&i.to_string(), "x")).collect();
    let result = corner.store.commit(vec![], puts(MOST_OPS + 1)).await;
    let misuse = Misuse::TooManyOps(MOST_OPS + 1);
    assert_eq!(result, Err(StoreError::Misuse(misuse.clone())));
    let guards = (0..=MOST_OPS)
        .map(|i| corner.absent(&i.to_string()))
        .collect();
    let result = corner.store.commit(guards, vec![]).await;
    assert_eq!(result, Err(StoreError::Misuse(misuse)));
}

pub async fn too_many_bytes_are_misuse(corner: Corner) {
    let half = "x".repeat(MOST_BYTES / 2);
    let ops = vec![
        corner.put("a", &half),
        corner.put("b", &half),
        corner.put("c", "x"),
    ];
    let result = corner.store.commit(vec![], ops).await;
    let misuse = Misuse::TooManyBytes(MOST_BYTES + 1);
    assert_eq!(result, Err(StoreError::Misuse(misuse)));
}

pub async fn as_much_as_is_allowed_is_done(corner: Corner) {
    let value = "x".repeat(MOST_BYTES / MOST_OPS);
    let name = |i: usize| format!("{i}{}", "n".repeat(400));
    let guards = (0..MOST_OPS).map(|i| corner.absent(&name(i))).collect();
    let puts = (0..MOST_OPS)
        .map(|i| corner.put(&name(i), &value))
        .collect();
    super::applied(corner.commit(guards, puts).await);
    assert_eq!(corner.names().await.len(), MOST_OPS);
}

pub async fn impossible_leases_are_misuse(corner: Corner) {
    let beside = Duration::from_millis(1);
    for ttl in [
        SHORTEST_TTL - beside,
        LONGEST_TTL + beside,
        Duration::ZERO,
        Duration::MAX,
    ] {
        let result = corner.store.grant(ttl).await;
        assert_eq!(result, Err(StoreError::Misuse(Misuse::Ttl(ttl))));
    }
}
