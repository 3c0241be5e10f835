//! REST: statuses, who may call, and what a call does.

use serde_json::json;

use crate::browser::Browser;
use crate::http::basic;
use crate::stage::{SECRET, Stage};

#[tokio::test]
async fn only_the_secret_opens_the_api() {
    let stage = Stage::new().await;
    let wrong = [
        "".to_owned(),
        basic("OPENVIDUAPP", "no"),
        basic("root", SECRET),
        "authorization: Basic !\r\n".into(),
    ];
    for headers in &wrong {
        let answer = stage
            .client()
            .request("GET", "/openvidu/api/sessions", headers, b"")
            .await;
        assert_eq!(answer.status, 401, "{headers}");
        assert_eq!(answer.json()["path"], "/openvidu/api/sessions");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(stage.get("/sessions").await.status, 200);
}

#[tokio::test]
async fn the_public_paths_need_no_secret() {
    let stage = Stage::new().await;
    let url = stage
        .client()
        .request("GET", "/openvidu/api/config/openvidu-publicurl", "", b"")
        .await;
    let port = stage.master.https_addr().port();
    assert_eq!(
        (url.status, url.body),
        (200, format!("https://localhost:{port}/"))
    );
    let accepted = stage
        .client()
        .request("GET", "/openvidu/accept-certificate", "", b"")
        .await;
    assert_eq!(accepted.status, 200);
}

#[tokio::test]
async fn a_browser_may_ask_before_it_calls() {
    let stage = Stage::new().await;
    let asked = "origin: https://app.test\r\naccess-control-request-method: PATCH\r\n\
                 access-control-request-headers: authorization,content-type\r\n";
    let answer = stage
        .client()
        .request("OPTIONS", "/openvidu/api/sessions/x", asked, b"")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(
        answer.header("access-control-allow-headers"),
        Some("authorization,content-type")
    );
    assert!(
        answer
            .header("access-control-allow-methods")
            .expect("methods")
            .contains("PATCH")
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_forbidden_and_modules_that_are_off_are_named() {
    let stage = Stage::new().await;
    for (method, path, status) in [
        ("DELETE", "/sessions", 403),
        ("POST", "/recordings/stop", 403),
        ("DELETE", "/recordings", 403),
        ("GET", "/nothing", 403),
        ("GET", "/config/nothing", 403),
        ("GET", "/recordings", 501),
        ("POST", "/recordings/start", 501),
    ] {
        let answer = stage.client().api(method, path, None).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.json()["status"], status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_session_from_creation_to_its_end() {
    let stage = Stage::new().await;
    let fresh = stage.client().api("POST", "/sessions", None).await;
    assert_eq!(fresh.status, 200);
    assert!(
        fresh.json()["id"].as_str().expect("id").starts_with("ses_"),
        "{fresh:?}"
    );

    stage.session("room").await;
    assert_eq!(
        stage
            .post("/sessions", json!({ "customSessionId": "room" }))
            .await
            .status,
        409
    );
    assert_eq!(
        stage
            .post("/sessions", json!({ "customSessionId": "no spaces" }))
            .await
            .status,
        400
    );
    assert_eq!(stage.get("/sessions").await.json()["numberOfElements"], 2);
    assert_eq!(
        stage.get("/sessions/room").await.json()["sessionId"],
        "room"
    );
    assert_eq!(stage.get("/sessions/none").await.status, 404);
    assert_eq!(stage.delete("/sessions/room").await.status, 204);
    assert_eq!(stage.delete("/sessions/room").await.status, 404);
}

#[tokio::test]
async fn a_pending_connection_from_creation_to_its_end() {
    let stage = Stage::new().await;
    // Missing sessions are told before bad bodies, and with OpenVidu's odd statuses.
    assert_eq!(
        stage
            .post("/sessions/none/connection", json!({ "role": 7 }))
            .await
            .status,
        404
    );
    assert_eq!(stage.get("/sessions/none/connection").await.status, 404);
    assert_eq!(
        stage.get("/sessions/none/connection/con_x").await.status,
        400
    );
    assert_eq!(
        stage.delete("/sessions/none/connection/con_x").await.status,
        400
    );
    assert_eq!(
        stage.delete("/sessions/none/stream/str_x").await.status,
        400
    );

    stage.session("room").await;
    assert_eq!(
        stage
            .post("/sessions/room/connection", json!({ "role": "KING" }))
            .await
            .status,
        400
    );
    let made = stage
        .post("/sessions/room/connection", json!({ "data": "server" }))
        .await
        .json();
    let port = stage.master.https_addr().port();
    let token = made["token"].as_str().expect("token");
    assert!(
        token.starts_with(&format!("wss://localhost:{port}?sessionId=room&token=tok_")),
        "{token}"
    );
    let path = format!(
        "/sessions/room/connection/{}",
        made["id"].as_str().expect("id")
    );
    assert_eq!(stage.get(&path).await.json(), made);
    let patched = stage.patch(&path, json!({ "role": "MODERATOR" })).await;
    assert_eq!(
        (patched.status, patched.json()["role"].clone()),
        (200, json!("MODERATOR"))
    );

    // Pending ones are hidden in a session and shown in the list of connections, unless asked otherwise.
    assert_eq!(
        stage.get("/sessions/room").await.json()["connections"]["numberOfElements"],
        0
    );
    let shown = stage.get("/sessions/room?pendingConnections=true").await;
    assert_eq!(shown.json()["connections"]["numberOfElements"], 1);
    assert_eq!(
        stage.get("/sessions/room/connection").await.json()["numberOfElements"],
        1
    );

    assert_eq!(stage.delete(&path).await.status, 204);
    assert_eq!(stage.delete(&path).await.status, 404);
    assert_eq!(
        stage.delete("/sessions/room/stream/str_x").await.status,
        404
    );
}

#[tokio::test]
async fn an_application_may_choose_the_connections_id() {
    let stage = Stage::new().await;
    stage.session("room").await;
    let wanted = json!({ "data": "{\"openviduCustomConnectionId\":\"ann\"}" });
    let made = stage.post("/sessions/room/connection", wanted).await;
    assert_eq!(made.json()["id"], "con_ann");
}

#[tokio::test]
async fn tokens_of_the_old_way() {
    let stage = Stage::new().await;
    assert_eq!(stage.post("/tokens", json!({})).await.status, 400);
    assert_eq!(
        stage
            .post("/tokens", json!({ "session": "none" }))
            .await
            .status,
        404
    );
    stage.session("room").await;
    let made = stage.post("/tokens", json!({ "session": "room" })).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.json()["id"], made.json()["token"]);
}

#[tokio::test]
async fn signals_reach_those_they_are_for() {
    let (stage, _node) = Stage::with_node().await;
    assert_eq!(stage.post("/signal", json!({})).await.status, 400);
    assert_eq!(
        stage
            .post("/signal", json!({ "session": "none" }))
            .await
            .status,
        404
    );
    stage.session("room").await;
    assert_eq!(
        stage
            .post("/signal", json!({ "session": "room" }))
            .await
            .status,
        406
    );

    let mut ann = stage.participant("room", "PUBLISHER").await;
    let signal =
        json!({ "session": "room", "to": [ann.connection], "type": "news", "data": "hello" });
    assert_eq!(stage.post("/signal", signal).await.status, 200);
    let got = ann.notified("sendMessage").await;
    assert_eq!(
        (got["type"].clone(), got["data"].clone()),
        (json!("signal:news"), json!("hello"))
    );
    assert!(got.get("from").is_none(), "{got}");
    let stranger = json!({ "session": "room", "to": ["con_nobody"] });
    assert_eq!(stage.post("/signal", stranger).await.status, 406);
}

#[tokio::test]
async fn the_configuration_has_typed_values() {
    let stage = Stage::new().await;
    let config = stage.get("/config").await.json();
    assert_eq!(config["HTTPS_PORT"], stage.master.https_addr().port());
    assert_eq!(config["OPENVIDU_RECORDING"], false);
    assert_eq!(config["OPENVIDU_SESSIONS_GARBAGE_THRESHOLD"], 3600);
    assert_eq!(
        stage.get("/config/openvidu-version").await.body,
        config["VERSION"].as_str().expect("version")
    );
}

#[tokio::test]
async fn roles_change_and_participants_are_put_out() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let mut bob = stage.participant("room", "SUBSCRIBER").await;
    ann.notified("participantJoined").await;

    let path = format!("/sessions/room/connection/{}", bob.connection);
    assert_eq!(
        stage
            .patch(&path, json!({ "role": "PUBLISHER" }))
            .await
            .status,
        200
    );
    assert_eq!(
        bob.notified("connectionPropertyChanged").await["newValue"],
        "PUBLISHER"
    );
    bob.publish().await;
    ann.notified("participantPublished").await;

    let shown = stage.get(&path).await.json();
    assert_eq!(
        (shown["status"].clone(), shown["ip"].clone()),
        (json!("active"), json!("127.0.0.1"))
    );
    assert_eq!(shown["publishers"].as_array().map(Vec::len), Some(1));

    assert_eq!(stage.delete(&path).await.status, 204);
    let left = ann.notified("participantLeft").await;
    assert_eq!(
        (left["connectionId"].clone(), left["reason"].clone()),
        (json!(bob.connection), json!("forceDisconnectByServer"))
    );
    assert_eq!(
        bob.notified("participantEvicted").await["reason"],
        "forceDisconnectByServer"
    );

    assert_eq!(stage.delete("/sessions/room").await.status, 204);
    assert_eq!(
        ann.notified("participantEvicted").await["reason"],
        "sessionClosedByServer"
    );
}

#[tokio::test]
async fn everybody_is_told_when_the_server_stops() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann: Browser = stage.participant("room", "PUBLISHER").await;
    let Stage { master, .. } = stage;
    let stopped = tokio::spawn(master.stop());
    assert_eq!(
        ann.notified("participantEvicted").await["reason"],
        "openviduServerStopped"
    );
    ann.closed(crate::stage::SOON).await;
    drop(ann);
    stopped.await.expect("stopped");
}
