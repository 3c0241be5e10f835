//! From the node's evidence and the browser's report to what an operator reads.

use std::sync::Arc;

use api::BASE;
use diagnosis::{Direction, Evidence, Outcome};
use ledger::{Ledger, Options};
use link::proto;
use link::proto::command::Command;
use link::proto::from_node::Message;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::http::{Response, basic};
use crate::node::Node;
use crate::stage::{SECRET, SOON, Stage};

/// A master with a ledger, and a node that serves.
async fn stage() -> (Stage, Node, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("ledger.db");
    let ledger = Ledger::open(&path, &Options::default()).expect("opened");
    let stage = Stage::with(|config| config.ledger = Some(Arc::new(ledger))).await;
    let node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    (stage, node, directory)
}

async fn get(stage: &Stage, path: &str) -> Response {
    let secret = basic("OPENVIDUAPP", SECRET);
    let path = format!("{BASE}{path}");
    stage.client().request("GET", &path, &secret, b"").await
}

async fn until(stage: &Stage, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    let reading = async {
        loop {
            let answer = get(stage, path).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let value = answer.json();
            if done(&value) {
                return value;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, reading).await.expect("in time")
}

/// Somebody publishes; his transport's id.
async fn publisher(stage: &Stage, node: &mut Node) -> (Browser, String, String) {
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let mut ann = Browser::open(stage).await;
    ann.join("room", &token).await;
    ann.publish().await;
    let Command::Publish(publish) = node.command().await else {
        panic!("expected Publish")
    };
    (ann, token, publish.transport_id)
}

fn told(transport: &str, outcome: Outcome) -> Message {
    let evidence = Evidence {
        transport: transport.into(),
        session: "room".into(),
        // What a node says of others counts for nothing.
        node: "media_2".into(),
        connection: "con_other".into(),
        direction: Direction::Publish,
        outcome,
        reason: "ICE did not connect within 30 s".into(),
        ..Evidence::default()
    };
    Message::Evidence(proto::Evidence {
        evidence: serde_json::to_vec(&evidence).expect("JSON"),
        ufrag: "frag".into(),
        ..proto::Evidence::default()
    })
}

#[tokio::test]
async fn an_operator_reads_who_failed_where_and_how() {
    let (stage, mut node, _directory) = stage().await;
    let (ann, token, transport) = publisher(&stage, &mut node).await;
    let pending = until(&stage, "/ice?state=PENDING", |found| {
        found["transports"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    });
    let pending = pending.await;
    assert_eq!(
        pending["transports"][0]["participant"],
        ann.connection.as_str()
    );

    node.say(told(&transport, Outcome::Failed));
    let found = until(
        &stage,
        "/ice?state=failed&since=today&node=media_1",
        |found| {
            found["transports"]
                .as_array()
                .is_some_and(|all| all.len() == 1)
        },
    );
    let shown = found.await["transports"][0].clone();
    assert_eq!(shown["participant"], ann.connection.as_str());
    assert_eq!(shown["session"], "room");
    assert_eq!(
        (&shown["node"], &shown["boot"]),
        (&json!("media_1"), &json!("boot1"))
    );
    assert_eq!(shown["client"], "127.0.0.1");
    assert_eq!(shown["network"], "127.0.0.0/24");
    assert_eq!(shown["direction"], "publish");

    let report = json!({
        "token": token,
        "ufrag": "frag",
        "browser": {"iceState": "failed", "errors": [{"url": "stun:192.0.2.10:40100", "code": 701, "text": "timed out"}]},
    });
    let answer = post_report(&stage, &report.to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let found = until(&stage, "/ice?q=701+timed", |found| {
        found["transports"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    });
    let id = found.await["transports"][0]["id"].clone();
    let story = get(&stage, &format!("/ice/{id}")).await.json();
    assert_eq!(story["evidence"]["browser"]["errors"][0]["code"], 701);
    let servers = story["iceServers"].as_array().expect("servers");
    assert!(
        servers.contains(&json!("stun:192.0.2.10:40100")),
        "{servers:?}"
    );
}

async fn post_report(stage: &Stage, body: &str) -> Response {
    let path = format!("{BASE}/ice/reports");
    let client = stage.client();
    client.request("POST", &path, "", body.as_bytes()).await
}

#[tokio::test]
async fn reports_need_the_token_of_a_connection_and_are_bounded() {
    let (stage, mut node, _directory) = stage().await;
    let (_ann, token, _) = publisher(&stage, &mut node).await;
    let report = |token: &str| json!({"token": token, "ufrag": "frag", "browser": {}}).to_string();
    assert_eq!(post_report(&stage, &report(&token)).await.status, 204);
    let wrong = token.replace("tok_", "tok_x");
    for token in ["", "wss://localhost?sessionId=room&token=tok_A", &wrong] {
        assert_eq!(
            post_report(&stage, &report(token)).await.status,
            401,
            "{token}"
        );
    }
    assert_eq!(post_report(&stage, "{").await.status, 400);
    assert_eq!(post_report(&stage, &" ".repeat(20_000)).await.status, 413);
    let mut refused = false;
    for _ in 0..120 {
        refused |= post_report(&stage, "{").await.status == 429;
    }
    assert!(refused, "one address may not report as often as it likes");
}

#[tokio::test]
async fn a_nodes_malformed_evidence_harms_nobody() {
    let (stage, mut node, _directory) = stage().await;
    let (_ann, _, transport) = publisher(&stage, &mut node).await;
    for evidence in [&b""[..], b"{", b"[]", b"{}", &[b'x'; 70_000]] {
        node.say(Message::Evidence(proto::Evidence {
            evidence: evidence.to_vec(),
            ..proto::Evidence::default()
        }));
    }
    node.say(Message::Strangers(proto::Strangers {
        seen: vec![proto::Stranger {
            ip: "nonsense".into(),
            ..proto::Stranger::default()
        }],
        ..proto::Strangers::default()
    }));
    node.say(told(&transport, Outcome::Connected));
    until(&stage, "/ice?state=CONNECTED", |found| {
        found["transports"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    })
    .await;
}

/// What a relay did for the client with this label.
fn visit(label: &str, client: &str, what: proto::relay_visit::What) -> proto::RelayVisit {
    proto::RelayVisit {
        client: client.to_owned(),
        protocol: "udp".to_owned(),
        label: label.to_owned(),
        what: Some(what),
    }
}

#[tokio::test]
async fn what_relays_did_for_a_client_stands_beside_what_became_of_its_transport() {
    use proto::relay_visit::What;
    let (stage, mut node, _directory) = stage().await;
    let (ann, _, transport) = publisher(&stage, &mut node).await;
    let label = openvidu::ice::label(&ann.connection);
    let refused = proto::RelayRefusal {
        code: 403,
        peer: "192.0.2.99".into(),
    };
    let at = "198.51.100.7:5000";
    let visits = vec![
        visit(&label, at, What::Allocated("192.0.2.10:50000".into())),
        visit(&label, at, What::Permitted("192.0.2.10".into())),
        visit(&label, at, What::Refused(refused)),
        visit("somebody", at, What::Permitted("192.0.2.10".into())),
        // What cannot be read is left out.
        visit(&label, "nonsense", What::Permitted("192.0.2.10".into())),
        visit(&label, at, What::Allocated("nonsense".into())),
        visit(&"x".repeat(100), at, What::Permitted("192.0.2.10".into())),
        proto::RelayVisit::default(),
    ];
    node.say(Message::RelayVisits(proto::RelayVisits { visits }));
    node.say(told(&transport, Outcome::Failed));
    let found = until(&stage, "/ice?state=failed", |found| {
        let all = found["transports"].as_array();
        all.is_some_and(|all| all.len() == 1)
    });
    let id = found.await["transports"][0]["id"].clone();
    let story = get(&stage, &format!("/ice/{id}")).await.json();
    let [used] = &story["evidence"]["relays"].as_array().expect("relays")[..] else {
        panic!("expected one relay: {story}");
    };
    assert_eq!(used["relay"], "media_1");
    assert_eq!(
        (&used["allocations"], &used["permissions"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(used["relayed"], "192.0.2.10:50000");
    assert_eq!(used["errors"], json!({"403": 1}));
    assert_eq!(used["deniedPeers"], json!(["192.0.2.99"]));
}

#[tokio::test]
async fn wrong_questions_are_answered_with_what_was_expected() {
    let (stage, _node, _directory) = stage().await;
    for (query, hint) in [
        ("state=BROKEN", "FAILED"),
        ("network=nowhere", "203.0.113.0/24"),
        ("since=yesterday", "today"),
        ("limit=many", "limit"),
        ("colour=red", "colour"),
    ] {
        let answer = get(&stage, &format!("/ice?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains(hint), "{query}: {}", answer.body);
    }
    assert_eq!(get(&stage, "/ice/99").await.status, 404);
    assert_eq!(
        get(&stage, "/ice?session=nobody").await.json()["transports"],
        json!([])
    );
}
