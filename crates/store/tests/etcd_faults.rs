//! What the etcd engine makes of an etcd that is too old, absent, frozen or killed.

#![cfg(feature = "etcd")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod etcd;

use std::time::{Duration, Instant};

use etcd::Server;
use store::etcd::{ConnectError, EtcdStore, Options};
use store::{Guard, Key, Op, Outcome, Prefix, Store, StoreError};
use tokio_stream::StreamExt as _;

fn options(endpoints: &[&str]) -> Options {
    Options {
        endpoints: endpoints.iter().map(ToString::to_string).collect(),
        root: "test/".into(),
    }
}

fn put(key: &str) -> (Vec<Guard>, Vec<Op>) {
    let key = Key::new(key).unwrap();
    let put = Op::Put {
        key: key.clone(),
        value: b"x"[..].into(),
        lease: None,
    };
    (vec![Guard::Absent(key)], vec![put])
}

#[tokio::test]
async fn an_old_etcd_is_refused_with_its_version() {
    let Some(program) = etcd::program("etcd-old") else {
        return;
    };
    let old = Server::start(&program);
    let Err(error) = EtcdStore::connect(options(&[old.endpoint()])).await else {
        panic!("an old etcd was taken")
    };
    let ConnectError::TooOld { endpoint, found } = &error else {
        panic!("{error}")
    };
    assert_eq!(endpoint, old.endpoint());
    assert!(
        error
            .to_string()
            .contains(&format!("version {found}; Muster needs 3.5.30")),
        "{error}"
    );
}

#[tokio::test]
async fn an_absent_etcd_is_said_to_be_so() {
    let result = EtcdStore::connect(options(&["http://127.0.0.1:1"])).await;
    let Err(error @ ConnectError::Unreachable { .. }) = result else {
        panic!("connected to nobody")
    };
    assert!(error.to_string().contains("http://127.0.0.1:1"), "{error}");
    let result = EtcdStore::connect(options(&[])).await;
    assert!(matches!(result, Err(ConnectError::Unreachable { .. })));
}

#[tokio::test]
async fn an_absent_member_does_not_matter_while_another_answers() {
    let Some(server) = etcd::own() else { return };
    let endpoints = options(&["http://127.0.0.1:1", server.endpoint()]);
    let store = EtcdStore::connect(endpoints).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(error) = store.list(&Prefix::new("")).await {
        assert!(Instant::now() < deadline, "{error}");
    }
}

#[tokio::test]
async fn a_frozen_etcd_holds_nobody() {
    let Some(server) = etcd::own() else { return };
    let store = EtcdStore::connect(options(&[server.endpoint()]))
        .await
        .unwrap();
    let at = store.list(&Prefix::new("")).await.unwrap().at;
    let mut watch = store.watch(&Prefix::new(""), at);
    // The watch must be open before the freeze, or its opening would be what times out.
    let (guards, ops) = put("before");
    store.commit(guards, ops).await.unwrap();
    watch.next().await.unwrap().unwrap();

    server.freeze();
    let (guards, ops) = put("during");
    let both = async { tokio::join!(store.commit(guards, ops), watch.next()) };
    let held = tokio::time::timeout(Duration::from_secs(15), both).await;
    let (commit, silence) = held.expect("a frozen member holds its clients");
    assert!(matches!(commit, Err(StoreError::Unknown(_))), "{commit:?}");
    assert!(
        matches!(silence, Some(Err(StoreError::Unknown(_)))),
        "{silence:?}"
    );

    server.thaw();
    let deadline = Instant::now() + Duration::from_secs(30);
    let (guards, ops) = put("after");
    loop {
        match store.commit(guards.clone(), ops.clone()).await {
            Ok(Outcome::Applied(_) | Outcome::Refused) => break,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
    let names = store.list(&Prefix::new("after")).await.unwrap().entries;
    assert_eq!(names.len(), 1);
}

#[tokio::test]
async fn a_killed_etcd_ends_watches_and_calls() {
    let Some(server) = etcd::own() else { return };
    let store = EtcdStore::connect(options(&[server.endpoint()]))
        .await
        .unwrap();
    let lease = store.grant(Duration::from_secs(60)).await.unwrap();
    let at = store.list(&Prefix::new("")).await.unwrap().at;
    let mut watch = store.watch(&Prefix::new(""), at);
    let (guards, ops) = put("before");
    store.commit(guards, ops).await.unwrap();
    watch.next().await.unwrap().unwrap();
    server.kill();
    let end = tokio::time::timeout(Duration::from_secs(15), watch.next()).await;
    assert!(
        matches!(end, Ok(Some(Err(StoreError::Unknown(_))))),
        "{end:?}"
    );
    let renewal = store.renew(lease).await;
    assert!(
        matches!(renewal, Err(StoreError::Unknown(_))),
        "a dead etcd is no ended lease: {renewal:?}"
    );
}
