//! Joining, publishing and receiving, from the WebSocket to the node and back.

use std::time::Duration;

use link::proto::command::Command;
use serde_json::json;

use crate::browser::{Browser, join_params, publish_params};
use crate::stage::{SOON, Stage};

#[tokio::test]
async fn one_publishes_and_another_receives() {
    let (stage, mut node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let stream = ann.publish().await;
    let Command::Publish(publish) = node.command().await else {
        panic!("expected Publish")
    };
    assert_eq!(
        (publish.session_id.as_str(), publish.stream_id.as_str()),
        ("room", stream.as_str())
    );
    assert_eq!(publish.offer, "v=0");

    let token = stage.token("room", "SUBSCRIBER").await;
    let mut bob = Browser::open(&stage).await;
    let joined = bob.join("room", &token).await;
    assert_eq!(joined["mediaServer"], "mediasoup");
    assert_eq!(joined["value"][0]["streams"][0]["id"], stream.as_str());
    assert_eq!(
        ann.notified("participantJoined").await["id"],
        bob.connection.as_str()
    );

    bob.receive(&stream).await;
    let Command::Subscribe(subscribe) = node.command().await else {
        panic!("expected Subscribe")
    };
    assert_eq!(
        (
            subscribe.stream_id.as_str(),
            subscribe.audio,
            subscribe.video
        ),
        (stream.as_str(), true, true)
    );
    let Command::Accept(accept) = node.command().await else {
        panic!("expected Accept")
    };
    assert_eq!(accept.transport_id, subscribe.transport_id);

    ann.result("unpublishVideo", json!({})).await;
    assert_eq!(
        bob.notified("participantUnpublished").await["reason"],
        "unpublish"
    );
    let closed = [node.command().await, node.command().await];
    for transport in [&publish.transport_id, &subscribe.transport_id] {
        let close =
            |c: &Command| matches!(c, Command::Close(close) if close.transport_id == *transport);
        assert!(closed.iter().any(close), "{transport} in {closed:?}");
    }

    ann.result("leaveRoom", json!({})).await;
    assert_eq!(
        bob.notified("participantLeft").await["reason"],
        "disconnect"
    );
}

#[tokio::test]
async fn clients_are_never_left_without_ice_servers() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let joined = Browser::open(&stage).await.join("room", &token).await;
    assert_eq!(
        joined["customIceServers"],
        json!([{ "url": "stun:192.0.2.10:40100" }, { "url": "stun:[2001:db8::10]:40100" }])
    );
}

#[tokio::test]
async fn a_token_is_good_once_and_only_for_its_session() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    stage.session("other").await;
    let token = stage.token("room", "PUBLISHER").await;
    let mut ann = Browser::open(&stage).await;
    for (session, token, code) in [
        ("other", token.as_str(), 401),
        ("room", "wss://localhost?token=no", 401),
        ("none", token.as_str(), 202),
    ] {
        let refused = ann.error("joinRoom", join_params(session, token)).await;
        assert_eq!(refused, code, "{session} {token}");
    }
    ann.join("room", &token).await;
    let mut thief = Browser::open(&stage).await;
    assert_eq!(
        thief.error("joinRoom", join_params("room", &token)).await,
        401
    );
}

#[tokio::test]
async fn without_a_node_nobody_can_join_yet() {
    let stage = Stage::new().await;
    assert_eq!(stage.get("/health").await.status, 503);
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let mut ann = Browser::open(&stage).await;
    assert_eq!(
        ann.error("joinRoom", join_params("room", &token)).await,
        204
    );
}

#[tokio::test]
async fn ping_echo_and_video_data_do_not_wait_for_a_publish() {
    let (stage, node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    node.mute(true);
    let publish = ann.send("publishVideo", publish_params()).await;
    let candidate = json!({ "endpointName": ann.connection, "candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0 });
    for (method, params) in [
        ("ping", json!({ "interval": 5000 })),
        ("echo", json!({})),
        (
            "videoData",
            json!({ "height": 1, "width": 1, "videoActive": true, "audioActive": true }),
        ),
        ("onIceCandidate", candidate),
    ] {
        let asked = tokio::time::Instant::now();
        ann.result(method, params).await;
        assert!(
            asked.elapsed() < Duration::from_secs(1),
            "{method} took {:?}",
            asked.elapsed()
        );
    }
    // A node that never answers is an error in the end, and no state that blocks the next attempt.
    let frame = ann.frame_within(Duration::from_secs(12)).await;
    assert_eq!(
        (frame["id"].clone(), frame["error"]["code"].clone()),
        (json!(publish), json!(303)),
        "{frame}"
    );
    node.mute(false);
    ann.publish().await;
}

#[tokio::test]
async fn only_one_publish_at_a_time_and_only_with_the_role() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.publish().await;
    let mut bob = stage.participant("room", "SUBSCRIBER").await;
    assert_eq!(bob.error("publishVideo", publish_params()).await, 401);
    assert_eq!(
        bob.error("forceDisconnect", json!({ "connectionId": ann.connection }))
            .await,
        401
    );
}

#[tokio::test]
async fn a_moderator_moderates() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let mut moderator = stage.participant("room", "MODERATOR").await;
    ann.notified("participantJoined").await;
    let stream = ann.publish().await;
    moderator.notified("participantPublished").await;
    moderator
        .result("forceUnpublish", json!({ "streamId": stream }))
        .await;
    assert_eq!(
        ann.notified("participantUnpublished").await["reason"],
        "forceUnpublishByUser"
    );
    moderator
        .result("forceDisconnect", json!({ "connectionId": ann.connection }))
        .await;
    assert_eq!(
        ann.notified("participantEvicted").await["reason"],
        "forceDisconnectByUser"
    );
}

#[tokio::test]
async fn a_connection_that_is_over_is_hung_up_after_ten_seconds() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.result("leaveRoom", json!({})).await;
    assert_eq!(ann.closed(Duration::from_secs(10) + SOON).await, Some(1000));
}
