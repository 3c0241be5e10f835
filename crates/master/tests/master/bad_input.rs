//! What clients should not send.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::browser::{Browser, publish_params};
use crate::http::basic;
use crate::stage::{SECRET, SOON, Stage};

#[tokio::test]
async fn frames_of_two_megabytes_are_refused_and_the_client_stays() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let mut huge = publish_params();
    huge["sdpOffer"] = json!("x".repeat(2 << 20));
    ann.error("publishVideo", huge).await;
    ann.publish().await;
}

#[tokio::test]
async fn a_message_beyond_all_measure_closes_the_socket_and_nothing_else() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let rpc_session = ann.rpc_session.clone();
    ann.send_and_lose("x".repeat((4 << 20) + 1)).await;
    // The reset that follows may overtake the close frame.
    let code = ann.closed(SOON).await;
    assert!(matches!(code, Some(1009) | None), "{code:?}");

    let mut ann = Browser::open(&stage).await;
    let resume = json!({ "sessionId": rpc_session, "reconnect": true });
    ann.result("connect", resume).await;
    ann.publish().await;
}

#[tokio::test]
async fn nonsense_is_answered_or_dropped() {
    let stage = Stage::new().await;
    let mut ann = Browser::open(&stage).await;
    for text in [
        "",
        "{",
        "[]",
        "null",
        "7",
        "\"ping\"",
        "{\"jsonrpc\":\"2.0\"}",
        &"[".repeat(100_000),
    ] {
        ann.send_text(text.to_owned()).await;
    }
    ann.send_text(json!({ "jsonrpc": "2.0", "method": "ping" }).to_string())
        .await;
    let id = ann.send("ping", json!({ "interval": 5000 })).await;
    loop {
        let frame = ann.frame().await;
        if frame["id"] == json!(id) {
            assert_eq!(frame["result"]["value"], "pong");
            return;
        }
        assert!(frame["error"]["code"].is_i64(), "{frame}");
    }
}

#[tokio::test]
async fn methods_out_of_place_are_errors() {
    let (stage, _node) = Stage::with_node().await;
    let mut ann = Browser::open(&stage).await;
    assert_eq!(ann.error("publishVideo", publish_params()).await, 803);
    ann.error("noSuchMethod", json!({})).await;
    ann.error("joinRoom", json!({ "token": 7 })).await;
    ann.error("joinRoom", json!([])).await;
}

#[tokio::test]
async fn binary_frames_close_the_socket() {
    let stage = Stage::new().await;
    let mut ann = Browser::open(&stage).await;
    ann.send_message(Message::binary(vec![0; 16])).await;
    assert_eq!(ann.closed(SOON).await, Some(1003));
}

#[tokio::test]
async fn websocket_pings_are_answered() {
    let stage = Stage::new().await;
    let mut ann = Browser::open(&stage).await;
    ann.send_message(Message::Ping(vec![1, 2].into())).await;
    let pong = ann.message(SOON).await;
    assert!(
        matches!(&pong, Some(Message::Pong(bytes)) if bytes[..] == [1, 2]),
        "{pong:?}"
    );
}

#[tokio::test]
async fn bodies_are_bounded_and_must_be_json() {
    let stage = Stage::new().await;
    let auth = basic("OPENVIDUAPP", SECRET);
    let post = async |body: &[u8]| {
        stage
            .client()
            .request("POST", "/openvidu/api/sessions", &auth, body)
            .await
            .status
    };
    assert_eq!(post(b"{").await, 400);
    assert_eq!(post(b"[]").await, 400);
    assert_eq!(post(b"\xff\xfe").await, 400);
    assert_eq!(post(&vec![b' '; 2 << 20]).await, 413);
    assert_eq!(post(b"{}").await, 200);
}

#[tokio::test]
async fn the_websocket_path_wants_a_websocket() {
    let stage = Stage::new().await;
    let answer = stage
        .client()
        .request("GET", "/openvidu?sessionId=x", "", b"")
        .await;
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

#[tokio::test]
async fn whoever_says_nothing_is_cut_off() {
    let stage = Stage::new().await;
    let cut_off = async |begun: &str| {
        let mut stream = stage.connect().await;
        stream.write_all(begun.as_bytes()).await.expect("written");
        let mut said = Vec::new();
        let read = stream.read_to_end(&mut said);
        let cut = tokio::time::timeout(Duration::from_secs(15) + SOON, read).await;
        let _ = cut.expect("cut off in time");
    };
    tokio::join!(
        cut_off(""),
        cut_off("GET / HTTP/1.1\r\nhost: localhost\r\n")
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let stage = Stage::new().await;
    let mut stream = stage.connect().await;
    let head = "POST /call/token HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut said = [0; 12];
    let read = stream.read_exact(&mut said);
    let answered = tokio::time::timeout(Duration::from_secs(15) + SOON, read).await;
    answered.expect("answered in time").expect("read");
    assert_eq!(&said, b"HTTP/1.1 408");
}
