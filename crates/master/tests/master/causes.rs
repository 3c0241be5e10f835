//! From a transport that fails to the cause that an operator finds, today and after a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::BASE;
use diagnosis::{Dtls, Evidence, Outcome, Times};
use ledger::{Ledger, Options};
use link::proto::command::Command;
use link::proto::from_node::Message;
use link::proto::{self, TransportState};
use master::{Listen, Relay};
use serde_json::{Value, json};
use store::sqlite::SqliteStore;

use crate::browser::Browser;
use crate::http::basic;
use crate::node::Node;
use crate::stage::{SECRET, SOON, Stage};

fn ledger(directory: &Path) -> Arc<Ledger> {
    let opened = Ledger::open(&directory.join("ledger.db"), &Options::default());
    Arc::new(opened.expect("opened"))
}

async fn ask(stage: &Stage, method: &str, path: &str) -> Value {
    let secret = basic("OPENVIDUAPP", SECRET);
    let path = format!("{BASE}{path}");
    let answer = stage.client().request(method, &path, &secret, b"").await;
    assert!(
        (200..300).contains(&answer.status),
        "{path}: {}",
        answer.body
    );
    answer.json()
}

/// The answer, once it is so.
async fn until(stage: &Stage, path: &str, so: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let found = ask(stage, "GET", path).await;
            if so(&found) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(2 * SOON, asking).await;
    found.unwrap_or_else(|_| panic!("{path} in time"))
}

/// A relay of somebody's that has a secret of its own, by UDP.
async fn foreign_relay() -> (Stage, Node, String) {
    let free = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = free.local_addr().expect("its address");
    drop(free);
    let listen = Some(Listen {
        addr,
        required: true,
    });
    let stage = Stage::with(|config| {
        config.relay = Some(Relay {
            listen,
            ..Relay::default()
        });
    });
    let stage = stage.await;
    // It has its settings when there is somebody to relay to.
    let node = Node::start(&stage, "media_9", 1).await;
    stage.until_serving(1).await;
    (stage, node, format!("turn:{addr}?transport=udp"))
}

/// Somebody publishes, and his node gives up.
async fn fails(stage: &Stage, node: &mut Node) -> Browser {
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let mut ann = Browser::open(stage).await;
    ann.join("room", &token).await;
    let stream = ann.publish().await;
    let Command::Publish(publish) = node.command().await else {
        panic!("expected Publish")
    };
    node.say(Message::TransportChanged(proto::TransportChanged {
        state: Some(TransportState {
            transport_id: publish.transport_id,
            session_id: "room".into(),
            stream_id: stream,
            direction: proto::Direction::Publish.into(),
            stage: proto::Stage::Closed.into(),
            addresses_version: 1,
        }),
        reason: "ICE did not connect within 30 s".into(),
    }));
    ann
}

#[tokio::test]
async fn the_cause_of_a_failure_is_found_with_its_proof_after_a_restart() {
    let (_foreign, _its_node, url) = foreign_relay().await;
    let directory = tempfile::tempdir().expect("temporary directory");
    let server = openvidu::ice::server(&url, None, None, Some("not its secret"));
    let kept = ledger(directory.path());
    let stage = Stage::with(|config| {
        config.ice_servers = vec![server.expect("a server")];
        config.ledger = Some(kept);
    });
    let stage = stage.await;
    let mut node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    until(&stage, "/diagnosis", |found| {
        found["fleet"][0]["cause"] == json!("relay-secret")
    })
    .await;
    let ann = fails(&stage, &mut node).await;

    let one = |found: &Value| {
        found["transports"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    };
    let found = until(&stage, "/ice?cause=relay-secret", one).await;
    assert_eq!(
        found["transports"][0]["participant"],
        ann.connection.as_str()
    );
    assert!(!one(&ask(&stage, "GET", "/ice?cause=clock-skew").await));
    let secret = basic("OPENVIDUAPP", SECRET);
    let path = format!("{BASE}/metrics");
    let client = stage.client();
    let metrics = client.request("GET", &path, &secret, b"").await.body;
    for line in [
        "muster_failures_total{cause=\"relay-secret\"} 1\n",
        "muster_fleet_finding{cause=\"relay-secret\",",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }

    drop(node);
    let stage = stage.restarted_with(|config| {
        // The last handle of the earlier run writes what is left.
        config.ledger = None;
        config.ledger = Some(ledger(directory.path()));
    });
    let stage = stage.await;
    let found = until(&stage, "/ice?cause=relay-secret", one).await;
    let id = found["transports"][0]["id"].clone();
    let story = ask(&stage, "GET", &format!("/ice/{id}")).await;
    let first = &story["findings"][0];
    assert_eq!(first["cause"], "relay-secret");
    let proof = first["proof"].as_str().expect("a proof");
    assert!(proof.contains(&url) && proof.contains("401"), "{proof}");
    let remedy = first["remedy"]["text"].as_str().expect("a remedy");
    assert!(remedy.contains("static-auth-secret"), "{remedy}");
}

/// Nobody hears that its node gives it up: the ledger knows why, and the next run of the master finds both.
#[tokio::test]
async fn a_failure_that_a_restart_interrupts_is_taken_up_again() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let options = store::sqlite::Options::default();
    let kept = SqliteStore::open(&directory.path().join("store.db"), &options).expect("a store");
    let stage = Stage::with(|config| {
        config.store = Some(Arc::new(kept));
        config.ledger = Some(ledger(directory.path()));
    });
    let stage = stage.await;
    let mut node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.publish().await;
    let Command::Publish(publish) = node.command().await else {
        panic!("expected Publish")
    };
    let seen = Evidence {
        transport: publish.transport_id.clone(),
        session: "room".into(),
        outcome: Outcome::Failed,
        times: Times {
            nominated: Some(1),
            ..Times::default()
        },
        dtls: Dtls {
            wrong_fingerprint: true,
            ..Dtls::default()
        },
        ..Evidence::default()
    };
    node.say(Message::Evidence(proto::Evidence {
        evidence: serde_json::to_vec(&seen).expect("JSON"),
        ufrag: "frag".into(),
        ..proto::Evidence::default()
    }));
    until(&stage, "/ice?state=FAILED", |found| {
        found["transports"] != json!([])
    })
    .await;
    let carried = Arc::clone(&node.script.carried);
    carried
        .lock()
        .expect("lock")
        .remove(&publish.transport_id)
        .expect("carried");

    let stage = stage.restarted().await;
    let mut back = Browser::open(&stage).await;
    let params = json!({ "sessionId": ann.rpc_session, "reconnect": true });
    back.result("connect", params).await;
    let found = until(&stage, "/diagnosis", |found| found["failures"] != json!([]));
    let failure = found.await["failures"][0].clone();
    assert_eq!(failure["transport"], publish.transport_id.as_str());
    assert_eq!(failure["findings"][0]["cause"], "dtls-or-srtp", "{failure}");
}

#[tokio::test]
async fn strangers_are_kept_and_shown() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let kept = ledger(directory.path());
    let stage = Stage::with(|config| config.ledger = Some(kept)).await;
    let node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    let stranger = |ip: &str, checks| proto::Stranger {
        ip: ip.into(),
        unknown_user: checks,
        ufrag: "frag".into(),
        ..proto::Stranger::default()
    };
    node.say(Message::Strangers(proto::Strangers {
        seen: vec![stranger("203.0.113.9", 12), stranger("nonsense", 1)],
        others: 5,
        span: 10_000,
    }));
    let found = until(&stage, "/ice/strangers", |found| {
        found["strangers"]
            .as_array()
            .is_some_and(|all| all.len() == 2)
    });
    let found = found.await;
    let all = found["strangers"].as_array().expect("strangers");
    let one = all.iter().find(|it| it["address"] == "203.0.113.9");
    let one = one.expect("told of");
    assert_eq!(
        (&one["node"], &one["unknownUser"]),
        (&json!("media_1"), &json!(12))
    );
    let others = all.iter().find(|it| it["address"].is_null());
    assert_eq!(others.expect("told of")["unproven"], json!(5));
}
