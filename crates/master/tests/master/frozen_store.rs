//! A master whose store is a real etcd that stands still for a while: calls go on, nobody is put out, and what happened
//! meanwhile is written afterwards.

#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#[path = "../../../store/tests/etcd/mod.rs"]
mod etcd;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use store::Store;
use store::etcd::{EtcdStore, Options};

use crate::browser::Browser;
use crate::http::basic;
use crate::node::Node;
use crate::stage::{SECRET, SOON, Stage};

/// Three times as long as a node may be silent before it is taken for dead.
const FROZEN: Duration = cluster::SUSPICION.saturating_mul(3);

#[tokio::test]
async fn a_store_that_stands_still_expels_nobody_who_is_alive() {
    let Some(server) = etcd::own() else { return };
    let options = Options {
        endpoints: vec![server.endpoint().to_owned()],
        root: "muster/".into(),
    };
    let store: Arc<dyn Store> = Arc::new(EtcdStore::connect(options).await.expect("connected"));
    let stage = Stage::on(store).await;
    let mut node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let stream = ann.publish().await;
    node.command().await;

    server.freeze();
    let late = stage.participant("room", "SUBSCRIBER").await;
    ann.notified("participantJoined").await;
    tokio::time::sleep(FROZEN).await;
    let nodes = stage.get("/media-nodes").await.json();
    assert_eq!(nodes["content"][0]["status"], "running", "{nodes}");
    let shown = stage.get("/sessions/room").await.json();
    assert_eq!(shown["connections"]["numberOfElements"], 2, "{shown}");
    node.no_command().await;
    assert_ne!(
        problems(&stage).await,
        json!([]),
        "the store is said to be ill"
    );
    server.thaw();

    written(&stage).await;
    let stage = stage.restarted().await;
    let shown = stage.get("/sessions/room").await.json();
    assert_eq!(shown["connections"]["numberOfElements"], 2, "{shown}");
    for browser in [&ann, &late] {
        let mut back = Browser::open(&stage).await;
        let params = json!({ "sessionId": browser.rpc_session, "reconnect": true });
        let answer = back.result("connect", params).await;
        assert_eq!(answer["value"], "reconnection successful");
    }
    assert!(shown.to_string().contains(&stream), "{shown}");
}

/// Waits until the store is not among the problems any more.
async fn written(stage: &Stage) {
    let until = async {
        loop {
            if problems(stage).await == json!([]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(SOON * 4, until).await;
    in_time.expect("etcd took what had waited");
}

async fn problems(stage: &Stage) -> Value {
    let path = format!("{}/status", api::BASE);
    let secret = basic("OPENVIDUAPP", SECRET);
    let status = stage.client().request("GET", &path, &secret, b"").await;
    status.json()["problems"].clone()
}
