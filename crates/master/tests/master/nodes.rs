//! Nodes that come, break, return, and die.

use std::time::Duration;

use link::proto::command::Command;
use link::proto::refused::Cause;
use serde_json::json;

use crate::node::{Node, Script};
use crate::stage::{SOON, Stage};

#[tokio::test]
async fn a_revoked_node_is_told_and_serves_nobody() {
    let (stage, mut node) = Stage::with_node().await;
    let now = link::trust::seconds(std::time::SystemTime::now());
    let revoked = stage.trust.revocations.revoke("media_1", now);
    revoked.expect("kept");
    assert_eq!(node.refused().await, Cause::Revoked);
}

#[tokio::test]
async fn a_node_that_cannot_say_who_it_is_is_refused() {
    let stage = Stage::new().await;
    for (node, ip) in [
        ("", "192.0.2.1"),
        ("no spaces", "192.0.2.1"),
        ("media_1", "localhost"),
    ] {
        let mut script = Script::new(node, 1);
        script.ips = vec![ip.into()];
        assert_eq!(
            Node::play(&stage, script).refused().await,
            Cause::Malformed,
            "{node} {ip}"
        );
    }
}

#[tokio::test]
async fn a_node_without_an_address_serves_nobody() {
    let stage = Stage::new().await;
    let mut script = Script::new("media_1", 1);
    script.ips.clear();
    let _node = Node::play(&stage, script);
    let health = async {
        loop {
            let health = stage.get("/health").await.json();
            if health["disconnectedMediaNodes"] == json!(["media_1"]) {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let health = tokio::time::timeout(SOON, health).await.expect("attached");
    assert_eq!(health["status"], "DOWN");
}

#[tokio::test]
async fn a_short_break_of_the_link_touches_nobody_and_loses_no_command() {
    let (stage, mut node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let mut bob = stage.participant("room", "SUBSCRIBER").await;
    ann.notified("participantJoined").await;
    let stream = ann.publish().await;
    bob.notified("participantPublished").await;
    bob.receive(&stream).await;
    for _ in 0..3 {
        node.command().await;
    }

    let script = node.die();
    stage.until_serving(0).await;
    // Said into the break.
    bob.result("unsubscribeFromVideo", json!({ "sender": ann.connection }))
        .await;
    let mut node = Node::play(&stage, script);
    stage.until_serving(1).await;

    let Command::Close(close) = node.command().await else {
        panic!("expected Close")
    };
    assert!(close.transport_id.starts_with(&bob.connection), "{close:?}");
    node.no_command().await;
    bob.receive(&stream).await;
    ann.result("unpublishVideo", json!({})).await;
    assert_eq!(
        bob.notified("participantUnpublished").await["reason"],
        "unpublish"
    );
}

#[tokio::test]
async fn what_no_session_wants_is_closed() {
    let stage = Stage::new().await;
    let script = Script::new("media_1", 1);
    let old = link::proto::TransportState {
        transport_id: "con_Old/1".into(),
        ..Default::default()
    };
    script
        .carried
        .lock()
        .expect("lock")
        .insert("con_Old/1".into(), old);
    let mut node = Node::play(&stage, script);
    let Command::Close(close) = node.command().await else {
        panic!("expected Close")
    };
    assert_eq!(close.transport_id, "con_Old/1");
}

#[tokio::test]
async fn a_request_under_way_fails_when_the_link_breaks() {
    let (stage, node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    node.mute(true);
    let publish = ann
        .send("publishVideo", crate::browser::publish_params())
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    node.die();
    let answer = ann.answer(publish).await;
    assert_eq!(answer["error"]["code"], 303, "{answer}");
}

#[tokio::test]
async fn a_node_that_stays_away_is_dead_and_its_sessions_end() {
    let stage = Stage::evicting().await;
    let node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    node.die();
    let evicted = ann
        .notified_within("participantEvicted", cluster::SUSPICION + SOON)
        .await;
    assert_eq!(evicted["reason"], "nodeCrashed");
    assert_eq!(stage.get("/sessions/room").await.status, 404);
    // The same id can be made again at once.
    stage.session("room").await;
}

#[tokio::test]
async fn a_later_boot_supersedes_and_the_older_is_told() {
    let stage = Stage::evicting().await;
    let mut old = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let new = Node::start(&stage, "media_1", 2).await;
    assert_eq!(old.refused().await, Cause::Superseded);
    assert_eq!(
        ann.notified("participantEvicted").await["reason"],
        "nodeCrashed"
    );
    stage.until_serving(1).await;
    stage.session("room").await;
    stage.participant("room", "PUBLISHER").await.publish().await;
    drop(new);
}

#[tokio::test]
async fn sessions_are_spread_over_nodes() {
    let (stage, mut first) = Stage::with_node().await;
    let mut second = Node::start(&stage, "media_2", 1).await;
    let both = async {
        while stage.get("/health").await.json()["status"] != "UP" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, both).await.expect("both serve");
    // Its attachment may be later than the health of the first.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for room in ["one", "two"] {
        stage.session(room).await;
        stage.participant(room, "PUBLISHER").await.publish().await;
    }
    first.command().await;
    second.command().await;
}
