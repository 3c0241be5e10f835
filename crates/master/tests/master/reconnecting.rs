//! WebSockets that break, and clients that come back or do not.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::stage::{SOON, Stage};

#[tokio::test]
async fn a_client_comes_back_and_hears_what_it_missed() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let ann = stage.participant("room", "PUBLISHER").await;
    let (connection, rpc_session) = (ann.connection.clone(), ann.rpc_session.clone());
    drop(ann);
    let bob = stage.participant("room", "PUBLISHER").await;

    let mut ann = Browser::open(&stage).await;
    let resumed = ann
        .result(
            "connect",
            json!({ "sessionId": rpc_session, "reconnect": true }),
        )
        .await;
    assert_eq!(
        resumed,
        json!({ "value": "reconnection successful", "sessionId": rpc_session })
    );
    assert_eq!(
        ann.notified("participantJoined").await["id"],
        bob.connection.as_str()
    );
    ann.result("ping", json!({ "interval": 5000 })).await;
    assert!(
        ann.publish().await.ends_with(&connection),
        "it is still the same participant"
    );
}

#[tokio::test]
async fn the_newest_socket_wins_over_a_half_open_one() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut old = stage.participant("room", "PUBLISHER").await;
    let mut new = Browser::open(&stage).await;
    new.result(
        "connect",
        json!({ "sessionId": old.rpc_session, "reconnect": true }),
    )
    .await;
    assert_eq!(old.closed(SOON).await, Some(1000));
    new.publish().await;
    // The end of the old socket is not the end of the client.
    drop(old);
    new.result("unpublishVideo", json!({})).await;
}

#[tokio::test]
async fn a_client_reconnects_as_often_as_it_must() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    for _ in 0..20 {
        let rpc_session = ann.rpc_session.clone();
        ann = Browser::open(&stage).await;
        ann.result(
            "connect",
            json!({ "sessionId": rpc_session, "reconnect": true }),
        )
        .await;
        assert_eq!(ann.rpc_session, rpc_session);
    }
    ann.publish().await;
}

#[tokio::test]
async fn nobody_resumes_a_session_that_there_is_not() {
    let stage = Stage::new().await;
    let mut ann = Browser::open(&stage).await;
    assert_eq!(
        ann.error(
            "connect",
            json!({ "sessionId": "abcdefghijklmnopqrstuvwxyz", "reconnect": true })
        )
        .await,
        40007
    );
    // The socket still serves.
    ann.result("ping", json!({ "interval": 5000 })).await;
}

#[tokio::test]
async fn a_client_that_stays_away_has_left() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let bob = stage.participant("room", "PUBLISHER").await;
    ann.notified("participantJoined").await;
    let (gone, rpc_session) = (bob.connection.clone(), bob.rpc_session.clone());
    drop(bob);
    let left = ann
        .notified_within("participantLeft", Duration::from_secs(10) + SOON)
        .await;
    assert_eq!(
        (left["connectionId"].clone(), left["reason"].clone()),
        (json!(gone), json!("networkDisconnect"))
    );

    let mut bob = Browser::open(&stage).await;
    assert_eq!(
        bob.error(
            "connect",
            json!({ "sessionId": rpc_session, "reconnect": true })
        )
        .await,
        40007
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_delays_nobody_and_is_closed() {
    let (stage, _node) = Stage::with_node().await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    let deaf = stage.participant("room", "SUBSCRIBER").await;
    ann.notified("participantJoined").await;
    // Up to 32 MB for a client that takes what fits into the buffers of the system.
    let data = "x".repeat(500_000);
    for _ in 0..64 {
        let message = json!({ "to": [deaf.connection], "data": data, "type": "signal:x" });
        let asked = tokio::time::Instant::now();
        let params = json!({ "message": message.to_string() });
        let answer = ann.call("sendMessage", params).await;
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        if answer["error"]["code"] == 601 {
            break;
        }
    }
    let left = ann
        .notified_within("participantLeft", Duration::from_secs(20) + SOON)
        .await;
    assert_eq!(left["reason"], "networkDisconnect");
}
