//! `/openvidu/api/media-nodes`, against a master with fake nodes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::node::Node;
use crate::stage::{SOON, Stage};

const NODE: &str = "/media-nodes/media_1";

/// What a node looks like once `fits` says so.
async fn until(stage: &Stage, fits: impl Fn(u16, &Value) -> bool) -> Value {
    let look = async {
        loop {
            let response = stage.get(NODE).await;
            let body = response.json();
            if fits(response.status, &body) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, look).await.expect("in time")
}

#[tokio::test]
async fn nodes_are_listed_and_shown() {
    let (stage, _node) = Stage::with_node().await;
    let list = stage.get("/media-nodes").await.json();
    assert_eq!(list["numberOfElements"], 1);
    let node = stage.get(NODE).await.json();
    assert_eq!(list["content"][0], node);
    assert_eq!(node["id"], "media_1");
    assert_eq!(node["object"], "mediaNode");
    assert_eq!(node["ip"], "192.0.2.10");
    assert_eq!(node["uri"], "ws://192.0.2.10:8888/kurento");
    assert_eq!(node["connected"], true);
    assert_eq!(node["status"], "running");
    assert_eq!(node.get("disconnectionTime"), None);
    let launched = node["launchingTime"].as_u64().expect("a time");
    let connected = node["connectionTime"].as_u64().expect("a time");
    assert!(launched > 1_700_000_000_000 && connected >= launched);
    assert_eq!(stage.get("/media-nodes/media_9").await.status, 404);
    assert_eq!(stage.get("/media-nodes?sessions=perhaps").await.status, 400);
}

#[tokio::test]
async fn what_a_node_carries_is_shown_when_asked_for() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let _ann = stage.participant("room", "PUBLISHER").await;
    let path = format!("{NODE}?sessions=true&recordings=true&extra-info=true");
    let node = stage.get(&path).await.json();
    assert_eq!(
        node["sessions"][0],
        stage.get("/sessions/room").await.json()
    );
    assert_eq!(node["recordingIds"], json!([]));
    assert_eq!(node["broadcasts"], json!([]));
    assert!(node["kurentoInfo"].is_object());
}

#[tokio::test]
async fn a_node_that_is_away_says_since_when() {
    let (stage, node) = Stage::with_node().await;
    node.die();
    let node = until(&stage, |_, node| node["connected"] == false).await;
    assert_eq!(node["status"], "running");
    let lost = node["disconnectionTime"].as_u64().expect("a time");
    assert!(lost >= node["connectionTime"].as_u64().expect("a time"));
}

#[tokio::test]
async fn nodes_are_not_launched_without_a_provider() {
    let (stage, _node) = Stage::with_node().await;
    let status = async |body: Value| stage.post("/media-nodes", body).await.status;
    assert_eq!(status(json!({})).await, 501);
    assert_eq!(status(json!({"instanceType":"c5.xlarge"})).await, 501);
    assert_eq!(
        status(json!({"uri":"ws://192.0.2.10:8888/kurento"})).await,
        409
    );
    assert_eq!(
        status(json!({"uri":"ws://192.0.2.11:8888/kurento"})).await,
        404
    );
    assert_eq!(status(json!({"uri":5})).await, 400);
    let found = stage.client().api("PUT", "/media-nodes", None).await;
    assert_eq!(found.status, 200);
    assert_eq!(found.json(), json!({"numberOfElements":0,"content":[]}));
}

#[tokio::test]
async fn a_node_is_drained_and_won_back_by_patches() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let _ann = stage.participant("room", "PUBLISHER").await;
    let patch = async |status: &str| stage.patch(NODE, json!({ "status": status })).await;
    let drained = patch("waiting-idle-to-terminate").await;
    assert_eq!(drained.status, 200);
    assert_eq!(drained.json()["status"], "waiting-idle-to-terminate");
    assert_eq!(patch("waiting-idle-to-terminate").await.status, 204);
    let back = patch("running").await;
    assert_eq!(
        (back.status, &back.json()["status"]),
        (200, &json!("running"))
    );
    assert_eq!(patch("running").await.status, 204);
    for status in ["launching", "canceled", "failed", "terminated", "happy"] {
        assert_eq!(patch(status).await.status, 400, "{status}");
    }
    assert_eq!(stage.patch(NODE, json!({})).await.status, 400);
    let stranger = stage.patch("/media-nodes/media_9", json!({"status":"running"}));
    assert_eq!(stranger.await.status, 404);
    // An unknown node comes before a bad body.
    let stranger = stage.patch("/media-nodes/media_9", json!({}));
    assert_eq!(stranger.await.status, 404);
}

#[tokio::test]
async fn removal_follows_the_strategy() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let delete = async |query: &str| stage.delete(&format!("{NODE}{query}")).await.status;
    assert_eq!(delete("?deletion-strategy=some-day").await, 400);
    assert_eq!(delete("").await, 409);
    assert_eq!(delete("?deletion-strategy=if-no-sessions").await, 409);
    assert_eq!(delete("?deletion-strategy=when-no-sessions").await, 202);
    assert_eq!(
        delete("?deletion-strategy=when-no-sessions&wait=true").await,
        202
    );
    assert_eq!(
        stage.get(NODE).await.json()["status"],
        "waiting-idle-to-terminate"
    );
    assert_eq!(delete("?deletion-strategy=now").await, 200);
    ann.notified("participantEvicted").await;
    assert_eq!(stage.get("/sessions/room").await.status, 404);
    until(&stage, |status, node| {
        status == 404 || node["status"] == "terminating"
    })
    .await;
    assert_eq!(stage.delete("/media-nodes/media_9").await.status, 404);
}

#[tokio::test]
async fn an_empty_node_goes_at_once() {
    let (stage, _node) = Stage::with_node().await;
    assert_eq!(stage.delete(NODE).await.status, 204);
    until(&stage, |status, node| {
        status == 404 || node["status"] == "terminating"
    })
    .await;
    let _other = Node::start(&stage, "media_2", 1).await;
}

#[tokio::test]
async fn a_restart_from_afar_needs_somebody_to_carry_it_out() {
    let stage = Stage::new().await;
    assert_eq!(stage.post("/restart", json!({})).await.status, 501);
    assert_eq!(
        stage.post("/restart", json!({"HTTPS_PORT":1})).await.status,
        400
    );
}

#[tokio::test]
async fn a_restart_from_afar_hands_over_what_is_to_change() {
    use std::sync::{Arc, Mutex};
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    let stage = Stage::with(move |config| {
        config.administration.restart = Some(Arc::new(move |changes| {
            let wrong = changes.iter().any(|it| it.name == "OPENVIDU_UNHEARD_OF");
            heard.lock().expect("unpoisoned").extend(changes);
            if wrong {
                Err("OPENVIDU_UNHEARD_OF is not known".into())
            } else {
                Ok(())
            }
        }));
    })
    .await;
    let change = json!({"OPENVIDU_SESSIONS_GARBAGE_INTERVAL":60});
    assert_eq!(stage.post("/restart", change).await.status, 200);
    assert_eq!(asked.lock().expect("unpoisoned").len(), 1);
    let wrong = stage
        .post("/restart", json!({"OPENVIDU_UNHEARD_OF":1}))
        .await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.body.contains("is not known"), "{}", wrong.body);
}
