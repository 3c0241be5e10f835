//! Events of sessions. The numbers of members are those that OpenVidu's `webhookTest` counts.

use std::sync::Arc;

use conference::*;
use openvidu::webhook::of_meeting;
use serde_json::{Value, json};

use crate::json_of;

fn told(what: Happening) -> Value {
    json_of(&of_meeting(&Event {
        at: Timestamp(65_999),
        session: SessionId::new("S"),
        since: Timestamp(1_000),
        what,
    }))
}

fn con(name: &str) -> ConnectionId {
    ConnectionId::new(format!("con_{name}"))
}

fn presence() -> Presence {
    Presence {
        connection: con("A"),
        since: Timestamp(5_000),
        ip: "203.0.113.7".into(),
        platform: "Chrome".into(),
        client_data: "C".into(),
        server_data: "D".into(),
    }
}

fn leg(receiving_from: Option<ConnectionId>) -> Leg {
    Leg {
        connection: con("A"),
        stream: StreamId::new("str_CAM_X123_con_A"),
        since: Timestamp(6_000),
        receiving_from,
        options: MediaOptions {
            has_audio: true,
            has_video: true,
            audio_active: false,
            video_active: true,
            type_of_video: Some(TypeOfVideo::Screen),
            frame_rate: Some(30),
            video_dimensions: Some(r#"{"width":640,"height":480}"#.into()),
        },
    }
}

/// `fields` with what every event of the session has.
fn with_common(event: &str, fields: Value) -> Value {
    let mut all = json!({
        "event": event, "timestamp": 65_999, "sessionId": "S", "uniqueSessionId": "S_1000",
    });
    let fields = fields.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(fields);
    all
}

fn members(value: &Value) -> usize {
    value.as_object().unwrap().len()
}

#[test]
fn sessions() {
    let created = told(Happening::SessionCreated);
    assert_eq!(created, with_common("sessionCreated", json!({})));
    assert_eq!(members(&created), 4);
    let destroyed = told(Happening::SessionDestroyed(EndReason::LastParticipantLeft));
    assert_eq!(
        destroyed,
        with_common(
            "sessionDestroyed",
            json!({"startTime":1_000,"duration":64,"reason":"lastParticipantLeft"})
        )
    );
    assert_eq!(members(&destroyed), 7);
}

#[test]
fn participants() {
    let who = json!({
        "participantId":"con_A","connectionId":"con_A","location":"unknown","ip":"203.0.113.7","platform":"Chrome",
        "clientData":"C","serverData":"D",
    });
    let joined = told(Happening::ParticipantJoined(presence()));
    assert_eq!(joined, with_common("participantJoined", who.clone()));
    assert_eq!(members(&joined), 11);
    let left = told(Happening::ParticipantLeft(
        presence(),
        EndReason::NodeCrashed,
    ));
    let mut expected = with_common("participantLeft", who);
    let end = json!({"startTime":5_000,"duration":60,"reason":"nodeCrashed"});
    let end = end.as_object().unwrap().clone();
    expected.as_object_mut().unwrap().extend(end);
    assert_eq!(left, expected);
    assert_eq!(members(&left), 14);
}

#[test]
fn published_streams() {
    let created = told(Happening::LegOpened(leg(None)));
    assert_eq!(
        created,
        with_common(
            "webrtcConnectionCreated",
            json!({
                "streamId":"str_CAM_X123_con_A","participantId":"con_A","connectionId":"con_A","connection":"OUTBOUND",
                "videoSource":"SCREEN","videoFramerate":30,"videoDimensions":"{\"width\":640,\"height\":480}",
                "audioEnabled":true,"videoEnabled":true,
            })
        )
    );
    assert_eq!(members(&created), 13);
    let destroyed = told(Happening::LegClosed(
        leg(None),
        EndReason::ForceUnpublishByUser,
    ));
    assert_eq!(destroyed["event"], "webrtcConnectionDestroyed");
    assert_eq!(destroyed["startTime"], 6_000);
    assert_eq!(destroyed["duration"], 59);
    assert_eq!(destroyed["reason"], "forceUnpublishByUser");
    assert_eq!(members(&destroyed), 16);
}

#[test]
fn received_streams() {
    let created = told(Happening::LegOpened(leg(Some(con("B")))));
    assert_eq!(created["connection"], "INBOUND");
    assert_eq!(created["receivingFrom"], "con_B");
    assert_eq!(members(&created), 14);
    let destroyed = told(Happening::LegClosed(
        leg(Some(con("B"))),
        EndReason::Unsubscribe,
    ));
    assert_eq!(destroyed["reason"], "unsubscribe");
    assert_eq!(members(&destroyed), 17);
}

#[test]
fn sound_alone_has_no_video_fields() {
    let mut sound = leg(None);
    sound.options.has_video = false;
    let created = told(Happening::LegOpened(sound));
    assert_eq!(members(&created), 10);
    assert_eq!(created["videoEnabled"], false);
    assert_eq!(created.get("videoSource"), None);
}

#[test]
fn signals() {
    let sent = |from: Option<ConnectionId>, kind: Option<&str>| {
        told(Happening::SignalSent {
            from,
            to: vec![con("A"), con("B")],
            signal: Arc::new(Signal {
                to: Vec::new(),
                kind: kind.map(str::to_owned),
                data: Some("hello".into()),
            }),
        })
    };
    let by_client = sent(Some(con("A")), Some("signal:chat"));
    assert_eq!(
        by_client,
        with_common(
            "signalSent",
            json!({"from":"con_A","to":["con_A","con_B"],"type":"chat","data":"hello"})
        )
    );
    assert_eq!(members(&by_client), 8);
    let by_server = sent(None, None);
    assert_eq!(by_server["from"], Value::Null);
    assert_eq!(by_server["type"], Value::Null);
    assert_eq!(members(&by_server), 8);
}
