//! A master that is killed and started again on the same store.

use std::sync::Arc;

use link::proto::command::Command;
use serde_json::{Value, json};
use store::Store;
use store::sqlite::{Options, SqliteStore};

use crate::browser::Browser;
use crate::node::{Node, Script};
use crate::stage::{SOON, Stage};

/// A store in a directory of its own, which must outlive it.
fn store() -> (tempfile::TempDir, Arc<dyn Store>) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&dir.path().join("store.db"), &Options::default());
    (dir, Arc::new(store.expect("a store")))
}

async fn come_back(stage: &Stage, browser: &Browser) -> Browser {
    let mut back = Browser::open(stage).await;
    let params = json!({ "sessionId": browser.rpc_session, "reconnect": true });
    let answer = back.result("connect", params).await;
    assert_eq!(answer["value"], "reconnection successful");
    assert_eq!(back.rpc_session, browser.rpc_session);
    back.connection.clone_from(&browser.connection);
    back
}

async fn sessions(stage: &Stage) -> Value {
    stage.get("/sessions").await.json()
}

#[tokio::test]
async fn a_call_survives_the_master() {
    let (_dir, store) = store();
    let stage = Stage::on(store).await;
    let mut node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let mut bob = stage.participant("room", "SUBSCRIBER").await;
    ann.notified("participantJoined").await;
    let stream = ann.publish().await;
    bob.notified("participantPublished").await;
    bob.receive(&stream).await;
    let unused = stage.token("room", "PUBLISHER").await;
    for _ in 0..3 {
        node.command().await;
    }
    let before = sessions(&stage).await;

    let stage = stage.restarted().await;
    assert_eq!(sessions(&stage).await, before, "before anybody came back");
    let mut ann = come_back(&stage, &ann).await;
    let mut bob = come_back(&stage, &bob).await;
    stage.until_serving(1).await;
    assert_eq!(sessions(&stage).await, before);

    node.no_command().await;
    let mut carl = Browser::open(&stage).await;
    let joined = carl.join("room", &unused).await;
    assert_eq!(joined["value"].as_array().expect("others").len(), 2);
    ann.notified("participantJoined").await;
    bob.notified("participantJoined").await;
    carl.receive(&stream).await;
    ann.result("unpublishVideo", json!({})).await;
    bob.notified("participantUnpublished").await;
    let again = ann.publish().await;
    assert_ne!(again, stream, "a stream's id never comes twice");
}

#[tokio::test]
async fn whoever_does_not_come_back_after_a_restart_has_left() {
    let (_dir, store) = store();
    let stage = Stage::on(store).await;
    let _node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let ann = stage.participant("room", "PUBLISHER").await;
    let bob = stage.participant("room", "PUBLISHER").await;

    let stage = stage.restarted().await;
    let mut ann = come_back(&stage, &ann).await;
    // Who comes back is told again who came shortly before.
    ann.notified("participantJoined").await;
    let left = ann
        .notified_within("participantLeft", control::RETURN + SOON)
        .await;
    assert_eq!(left["connectionId"], bob.connection.as_str());
    assert_eq!(left["reason"], "networkDisconnect");
    let mut late = Browser::open(&stage).await;
    let params = json!({ "sessionId": bob.rpc_session, "reconnect": true });
    assert_eq!(late.error("connect", params).await, 40007);
}

#[tokio::test]
async fn what_was_missed_between_two_returns_is_told() {
    let (_dir, store) = store();
    let stage = Stage::on(store).await;
    let _node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let ann = stage.participant("room", "PUBLISHER").await;
    let bob = stage.participant("room", "PUBLISHER").await;

    let stage = stage.restarted().await;
    let mut ann = come_back(&stage, &ann).await;
    let message = json!({ "to": [], "data": "while you were away", "type": "signal:x" });
    ann.result("sendMessage", json!({ "message": message.to_string() }))
        .await;
    let mut bob = come_back(&stage, &bob).await;
    assert_eq!(
        bob.notified("sendMessage").await["data"],
        "while you were away"
    );
}

#[tokio::test]
async fn what_the_node_lost_or_kept_meanwhile_is_set_right() {
    let (_dir, store) = store();
    let stage = Stage::on(store).await;
    let mut node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.publish().await;
    node.command().await;
    let orphan = link::proto::TransportState {
        transport_id: "con_Gone/1".into(),
        ..Default::default()
    };
    let carried = Arc::clone(&node.script.carried);
    carried
        .lock()
        .expect("lock")
        .insert("con_Gone/1".into(), orphan);

    let stage = stage.restarted().await;
    let Command::Close(close) = node.command().await else {
        panic!("expected Close")
    };
    assert_eq!(close.transport_id, "con_Gone/1");
    node.no_command().await;
    let mut ann = come_back(&stage, &ann).await;
    ann.result("ping", json!({ "interval": 5000 })).await;
}

#[tokio::test]
async fn a_node_that_died_with_the_master_is_replaced_and_its_sessions_stay() {
    let (_dir, store) = store();
    let stage = Stage::on(store).await;
    let node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let stream = ann.publish().await;
    let gone = node.die();

    let stage = stage.restarted().await;
    let mut ann = come_back(&stage, &ann).await;
    let mut other = Node::play(&stage, Script::new("media_2", 1));
    let repair = json!({ "stream": stream, "sdpString": "v=0" });
    // While the node may still come back the repair waits, then it fails; when there is another node its client is told
    // to come again.
    ann.send("reconnectStream", repair.clone()).await;
    assert_eq!(ann.closed(cluster::SUSPICION + SOON).await, Some(1000));
    let mut ann = come_back(&stage, &ann).await;
    ann.result("reconnectStream", repair).await;
    let Command::Publish(publish) = other.command().await else {
        panic!("expected Publish")
    };
    assert_eq!(publish.stream_id, stream);
    let shown = stage.get("/sessions/room").await.json();
    assert_eq!(shown["connections"]["numberOfElements"], 1, "{shown}");
    drop(gone);
}

/// As a service manager restarts it.
#[tokio::test]
async fn a_master_that_leaves_keeps_the_call_for_the_next_run() {
    let (_dir, store) = store();
    let stage = Stage::on(Arc::clone(&store)).await;
    let node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.publish().await;
    let before = sessions(&stage).await;
    stage.master.leave().await;
    assert_eq!(ann.closed(SOON).await, Some(1001), "nothing is said before");
    drop(node);

    let stage = Stage::on(store).await;
    assert_eq!(sessions(&stage).await, before);
    come_back(&stage, &ann).await;
}

#[tokio::test]
async fn a_stopped_master_leaves_nothing_behind() {
    let (_dir, store) = store();
    let stage = Stage::on(Arc::clone(&store)).await;
    let _node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let _ann = stage.participant("room", "PUBLISHER").await;
    stage.master.stop().await;

    let stage = Stage::on(store).await;
    assert_eq!(sessions(&stage).await["numberOfElements"], 0);
}

#[tokio::test]
async fn a_master_that_another_has_replaced_steps_down() {
    let (_dir, store) = store();
    let mut first = Stage::on(Arc::clone(&store)).await;
    let second = Stage::on(store).await;
    // What it would write is refused, and nobody hears that it was done.
    let answer = first
        .post("/sessions", json!({ "customSessionId": "late" }))
        .await;
    assert_eq!(answer.status, 503, "{answer:?}");
    let failure = tokio::time::timeout(SOON, first.master.failed()).await;
    let failure = failure.expect("in time").to_string();
    assert!(failure.starts_with("the master stepped down"), "{failure}");
    assert_eq!(sessions(&second).await["numberOfElements"], 0);
}
