//! `/muster/api`: what is described is served.

use api::{BASE, DOCUMENT, Method, Operation};
use serde_json::{Value, json};

use crate::http::{Response, basic};
use crate::stage::{SECRET, Stage};

async fn ask(stage: &Stage, method: &str, path: &str, body: &str) -> Response {
    let secret = basic("OPENVIDUAPP", SECRET);
    let client = stage.client();
    let path = format!("{BASE}{path}");
    client
        .request(method, &path, &secret, body.as_bytes())
        .await
}

pub async fn get(stage: &Stage, path: &str) -> Value {
    let answer = ask(stage, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn every_operation_of_the_document_is_served_with_a_status_that_it_names() {
    let (stage, _node) = Stage::with_node().await;
    let document = stage.client().request("GET", DOCUMENT, "", b"").await;
    assert_eq!(document.status, 200, "for everybody");
    let document = document.json();
    for operation in Operation::ALL {
        let path = operation.path().replace("{id}", "media_1");
        let method = operation.method().as_str();
        let answer = ask(&stage, method, &path, "").await;
        let described = format!("{BASE}{}", operation.path());
        let described = &document["paths"][described][method.to_ascii_lowercase()];
        let status = answer.status.to_string();
        let named = described["responses"].get(&status);
        assert!(
            named.is_some(),
            "{method} {path} answers {status}: {}",
            answer.body
        );
        let written = named.and_then(|it| it.get("content")).is_some();
        assert_eq!(
            written,
            !answer.body.is_empty(),
            "{method} {path}: {}",
            answer.body
        );
        if answer.status >= 400 {
            assert_eq!(answer.json()["status"], answer.status);
        }
    }
}

#[tokio::test]
async fn nothing_is_told_without_the_secret() {
    let stage = Stage::new().await;
    let closed = Operation::ALL
        .iter()
        .filter(|operation| !operation.is_open());
    for operation in closed {
        let path = format!("{BASE}{}", operation.path());
        let method = operation.method().as_str();
        for secret in [String::new(), basic("OPENVIDUAPP", "wrong")] {
            let answer = stage.client().request(method, &path, &secret, b"").await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert!(answer.header("www-authenticate").is_some());
        }
    }
}

#[tokio::test]
async fn what_is_not_described_is_not_found() {
    let stage = Stage::new().await;
    for (method, path) in [("GET", "/nothing"), ("PUT", "/nodes"), ("GET", "")] {
        let answer = ask(&stage, method, path, "").await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.json()["status"], 404);
    }
    assert!(Operation::ALL.iter().any(|it| it.method() == Method::Put));
}

#[tokio::test]
async fn the_status_of_a_cluster_that_is_well_and_of_one_that_is_not() {
    let stage = Stage::new().await;
    let status = get(&stage, "/status").await;
    assert_eq!(status["health"], "down");
    assert_eq!(status["problems"], json!(["no media node takes sessions"]));
    assert_eq!(status["webhooks"], Value::Null);
    let _node = crate::node::Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let _ann = stage.participant("room", "PUBLISHER").await;
    let status = get(&stage, "/status").await;
    assert_eq!(status["health"], "up");
    assert_eq!(status["nodes"]["serving"], 1);
    assert_eq!(
        (&status["sessions"], &status["participants"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status["wanted"]["source"], "nobody");
}

#[tokio::test]
async fn nodes_are_drained_won_back_and_explained() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let _ann = stage.participant("room", "PUBLISHER").await;
    let node = async || get(&stage, "/nodes/media_1").await;
    let serving = node().await;
    assert_eq!(
        (&serving["state"], &serving["sessions"]),
        (&json!("serving"), &json!(1))
    );
    let status =
        async |method: &str, path: &str, body: &str| ask(&stage, method, path, body).await.status;
    assert_eq!(
        status("POST", "/nodes/media_1/drain", r#"{"withinSeconds":60}"#).await,
        202
    );
    assert_eq!(node().await["state"], "draining");
    let why = get(&stage, "/nodes/media_1/why").await;
    assert!(
        why["sentence"]
            .as_str()
            .expect("a sentence")
            .contains("drained"),
        "{why}"
    );
    assert!(
        why["evidence"].as_array().expect("facts").len() > 2,
        "{why}"
    );
    assert_eq!(
        status("POST", "/nodes/media_1/drain", "").await,
        409,
        "already"
    );
    assert_eq!(status("POST", "/nodes/media_1/undrain", "").await, 204);
    assert_eq!(node().await["state"], "serving");
    assert_eq!(status("POST", "/nodes/media_1/undrain", "").await, 409);
    assert_eq!(
        status("POST", "/nodes/media_1/drain", r#"{"within":1}"#).await,
        400
    );
    assert_eq!(status("DELETE", "/nodes/media_1?when=now", "").await, 400);
    for path in ["/nodes/media_9/drain", "/nodes/media_9/undrain"] {
        assert_eq!(status("POST", path, "").await, 404);
    }
    assert_eq!(status("GET", "/nodes/media_9/why", "").await, 404);
    assert_eq!(status("DELETE", "/nodes/media_9", "").await, 404);
    assert_eq!(status("DELETE", "/nodes/media_1", "").await, 202);
    assert_eq!(
        node().await["state"],
        "draining",
        "it goes with its last session"
    );
    assert_eq!(status("DELETE", "/nodes/media_1?now=true", "").await, 202);
    assert_eq!(get(&stage, "/status").await["sessions"], 0);
    assert_eq!(
        status("POST", "/nodes/media_1/undrain", "").await / 100,
        4,
        "no way back"
    );
}

#[tokio::test]
async fn launching_needs_a_provider() {
    let stage = Stage::new().await;
    let answer = ask(&stage, "POST", "/nodes", r#"{"count":2}"#).await;
    assert_eq!(answer.status, 501);
    assert!(answer.body.contains("muster node"), "{}", answer.body);
    for body in [r#"{"count":0}"#, r#"{"count":101}"#, r#"{"count":"x"}"#] {
        assert_eq!(ask(&stage, "POST", "/nodes", body).await.status, 400);
    }
}

#[tokio::test]
async fn a_schedule_is_set_shown_cleared_and_given_back_to_the_settings() {
    let stage = Stage::new().await;
    let body = r#"{"entries":[{"name":"always","cron":"* * * * *","zone":"Europe/Berlin","minimum":0,"maximum":2}]}"#;
    let set = ask(&stage, "PUT", "/schedule", body).await;
    assert_eq!(set.status, 200, "{}", set.body);
    let shown = get(&stage, "/schedule").await;
    assert_eq!(shown["entries"], set.json()["entries"]);
    assert_eq!(shown["inForce"]["entry"], "always");
    assert_eq!(shown["next"].as_array().expect("transitions").len(), 10);
    let wanted = &get(&stage, "/status").await["wanted"];
    assert_eq!(
        (&wanted["source"], &wanted["entry"]),
        (&json!("schedule"), &json!("always"))
    );
    let wrong = ask(
        &stage,
        "PUT",
        "/schedule",
        r#"{"entries":[{"name":"x","zone":"Mars","time":"7:00","nodes":1}]}"#,
    )
    .await;
    assert_eq!(wrong.status, 400);
    assert_eq!(
        get(&stage, "/schedule").await["entries"],
        shown["entries"],
        "the old one stays"
    );
    assert_eq!(ask(&stage, "DELETE", "/schedule", "").await.status, 204);
    let cleared = get(&stage, "/schedule").await;
    assert_eq!(
        cleared,
        json!({"entries":[],"inForce":null,"next":[],"set":true})
    );
    // The settings of this master have none either, but may have one from now on.
    let reset = ask(&stage, "POST", "/schedule/reset", "").await;
    assert_eq!((reset.status, &reset.json()["set"]), (200, &json!(false)));
}

#[tokio::test]
async fn an_operator_wants_a_number_and_takes_it_back() {
    let stage = Stage::new().await;
    let wanted = ask(&stage, "PUT", "/wanted", r#"{"nodes":0}"#).await;
    assert_eq!(wanted.status, 200);
    assert_eq!(wanted.json()["source"], "operator");
    assert_eq!(
        get(&stage, "/status").await["health"],
        "up",
        "none is wanted, none is there"
    );
    let back = ask(&stage, "DELETE", "/wanted", "").await;
    assert_eq!(
        (back.status, &back.json()["source"]),
        (200, &json!("nobody"))
    );
    assert_eq!(ask(&stage, "PUT", "/wanted", "{}").await.status, 400);
}

#[tokio::test]
async fn tokens_are_made_and_nodes_are_put_out() {
    let stage = Stage::with(|config| {
        config.administration.links = vec!["https://localhost:4442".into()];
    })
    .await;
    let _node = crate::node::Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    let made = ask(
        &stage,
        "POST",
        "/join-tokens",
        r#"{"validSeconds":60,"node":"media_2"}"#,
    )
    .await;
    assert_eq!(made.status, 200, "{}", made.body);
    let made = made.json();
    assert!(made["token"].as_str().expect("a token").len() > 40);
    assert!(made["expires"].as_u64().expect("a time") > 1_700_000_000_000);
    for body in [
        r#"{"validSeconds":0}"#,
        r#"{"validSeconds":99999999999}"#,
        r#"{"uses":1}"#,
    ] {
        assert_eq!(ask(&stage, "POST", "/join-tokens", body).await.status, 400);
    }
    let target = get(&stage, "/nodes/media_1/probe-target").await;
    assert_eq!(
        target["addresses"],
        get(&stage, "/nodes/media_1").await["addresses"]
    );
    assert!(!target["mediaPorts"].as_array().expect("ports").is_empty());
    assert_eq!(
        ask(&stage, "POST", "/nodes/media_1/revoke", "")
            .await
            .status,
        204
    );
    stage.until_serving(0).await;
    assert_eq!(get(&stage, "/nodes/media_1").await["connected"], false);
    let why = get(&stage, "/nodes/media_1/why").await;
    let sentence = why["sentence"].as_str().expect("a sentence");
    assert!(
        sentence.contains("it was revoked") && why["remedy"].to_string().contains("muster token"),
        "{why}"
    );
    let status = get(&stage, "/status").await;
    let problems = status["problems"].to_string();
    assert!(problems.contains("it was revoked"), "{problems}");
}
