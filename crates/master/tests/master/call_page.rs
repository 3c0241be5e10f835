//! The call page: its files, and its tokens without the secret.

use serde_json::json;

use crate::browser::Browser;
use crate::stage::Stage;

#[tokio::test]
async fn files_are_served_with_what_browsers_need_to_know() {
    let stage = Stage::new().await;
    let page = stage.client().request("GET", "/", "", b"").await;
    assert_eq!((page.status, page.body.as_str()), (200, "<!doctype html>"));
    assert_eq!(page.header("content-type"), Some("text/html"));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let script = stage
        .client()
        .request("GET", "/assets/call-1a2b.js", "", b"")
        .await;
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    let none = stage
        .client()
        .request("GET", "/assets/../../etc/passwd", "", b"")
        .await;
    assert_eq!(none.status, 404);
    assert_eq!(
        stage.client().request("POST", "/", "", b"").await.status,
        405
    );
}

#[tokio::test]
async fn a_token_lets_one_person_into_a_room() {
    let (stage, _node) = Stage::with_node().await;
    let body = json!({ "room": "blue", "nickname": "Ann" }).to_string();
    let mut people = Vec::new();
    for _ in 0..2 {
        let answer = stage
            .client()
            .request("POST", "/call/token", "", body.as_bytes())
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let token = answer.json()["token"].as_str().expect("token").to_owned();
        let mut browser = Browser::open(&stage).await;
        browser.join("call~blue", &token).await;
        people.push(browser);
    }
    people[0].notified("participantJoined").await;
    people[1].publish().await;
}

#[tokio::test]
async fn an_applications_session_is_out_of_its_reach() {
    let stage = Stage::new().await;
    stage.session("board").await;
    let body = json!({ "room": "board" }).to_string();
    let token = stage
        .client()
        .request("POST", "/call/token", "", body.as_bytes())
        .await
        .json();
    assert!(
        token["token"]
            .as_str()
            .expect("token")
            .contains("sessionId=call~board&"),
        "{token}"
    );
    let refused = stage
        .client()
        .request("POST", "/call/token", "", b"{\"room\":\"a/b\"}")
        .await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.json()["message"]
            .as_str()
            .expect("message")
            .contains("room"),
        "{refused:?}"
    );
}
