//! Frames exactly as they were seen on the wire between the original server and its clients.

use std::sync::Arc;

use conference::{
    ConnectionId, EndReason, IceCredentials, IceServer, MediaOptions, Notification, Participant,
    Reply, Role, Signal, Stream, StreamId, Timestamp, TypeOfVideo,
};
use openvidu::rpc::Effect;
use serde_json::{Value, json};

use crate::harness::*;

fn camera() -> Stream {
    Stream {
        id: StreamId::new("str_CAM_Hjgk_con_Pother1234"),
        created_at: Timestamp(START + 1),
        options: MediaOptions {
            has_audio: true,
            has_video: true,
            audio_active: true,
            video_active: false,
            type_of_video: Some(TypeOfVideo::Camera),
            frame_rate: Some(30),
            video_dimensions: Some("{\"width\":640,\"height\":480}".into()),
        },
    }
}

fn camera_json() -> Value {
    json!({
        "id":"str_CAM_Hjgk_con_Pother1234","createdAt":START + 1,"hasAudio":true,"hasVideo":true,
        "audioActive":true,"videoActive":false,"typeOfVideo":"CAMERA","frameRate":30,
        "videoDimensions":"{\"width\":640,\"height\":480}","filter":{},
    })
}

#[test]
fn pong_has_no_session_id() {
    let mut peer = Peer::connected();
    let effects =
        peer.request(json!({"jsonrpc":"2.0","method":"ping","params":{"interval":5000},"id":0}));
    assert_eq!(
        sent(&effects),
        json!({"id":0,"result":{"value":"pong"},"jsonrpc":"2.0"})
    );
}

#[test]
fn join_asks_the_conference_with_the_address_of_the_socket() {
    let mut peer = Peer::connected();
    let effects = peer.request(join_frame(1));
    let [Effect::Join { join, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(join.session.as_str(), "TestSession");
    assert_eq!(
        join.token.as_str(),
        "wss://localhost:4443?sessionId=TestSession&token=tok_Maaa"
    );
    assert_eq!(join.client_data, "{\"name\":\"A\"}");
    assert_eq!(join.platform, "Chrome 156.0.0.0 (headless) on Linux 64-bit");
    assert_eq!(join.ip, "203.0.113.7");
}

#[test]
fn join_result_in_an_empty_session() {
    let mut peer = Peer::connected();
    assert_eq!(
        sent(&peer.join(1)),
        json!({"id":1,"jsonrpc":"2.0","result":{
            "id":CONNECTION,"createdAt":START + 5,"metadata":"{\"name\":\"A\"}","value":[],
            "session":"TestSession","version":"2.24.0","mediaServer":"mediasoup","videoSimulcast":false,
            "record":true,"role":"PUBLISHER","customIceServers":[{"url":"stun:192.0.2.1:40000"}],
            "sessionId":RPC_SESSION,
        }})
    );
}

#[test]
fn join_result_lists_who_is_there() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    let mut result = joined();
    let silent = Participant {
        connection: ConnectionId::new("con_Qsilent123"),
        created_at: Timestamp(START),
        metadata: "x%/%y".into(),
        stream: None,
    };
    let publishing = Participant {
        connection: ConnectionId::new("con_Pother1234"),
        stream: Some(camera()),
        ..silent.clone()
    };
    result.others = vec![silent, publishing];
    let frame = sent(&peer.reply(request, Ok(Reply::Joined(Box::new(result)))));
    assert_eq!(
        frame["result"]["value"],
        json!([
            {"id":"con_Qsilent123","createdAt":START,"metadata":"x%/%y"},
            {"id":"con_Pother1234","createdAt":START,"metadata":"x%/%y","streams":[camera_json()]},
        ])
    );
}

#[test]
fn version_is_the_clients_own_only_if_clients_can_compare_it() {
    for (sdk_version, told) in [
        (json!("2.32.2"), "2.32.2"),
        (json!("2.25.0-beta.1+x"), "2.25.0-beta.1+x"),
        (json!("2.32"), "2.32.1"),
        (json!("latest"), "2.32.1"),
        (json!("1.2.3-"), "2.32.1"),
        (json!("01.2.3"), "2.32.1"),
        (json!("1.2.3\" onload=x"), "2.32.1"),
        (json!(null), "2.32.1"),
        (json!({}), "2.32.1"),
    ] {
        let mut peer = Peer::connected();
        let mut frame = join_frame(1);
        frame["params"]["sdkVersion"] = sdk_version.clone();
        let request = request_of(&peer.request(frame));
        let reply = peer.reply(request, Ok(Reply::Joined(Box::new(joined()))));
        assert_eq!(sent(&reply)["result"]["version"], told, "for {sdk_version}");
    }
}

#[test]
fn shared_secrets_become_credentials_for_a_day() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    let mut result = joined();
    result.connection = ConnectionId::new("con_XXKabc1234");
    result.ice_servers = vec![IceServer {
        url: "turn:turn.example.com".into(),
        credentials: Some(IceCredentials::StaticAuthSecret("turnsecret".into())),
    }];
    let frame = sent(&peer.reply(request, Ok(Reply::Joined(Box::new(result)))));
    assert_eq!(
        frame["result"]["customIceServers"],
        json!([{
            "url":"turn:turn.example.com",
            "username":"1700086400:Kabc1234",
            "credential":"Ufk3JTiABv0ritFvwWxBw2D2Y54=",
        }])
    );
}

#[test]
fn refused_token() {
    let mut peer = Peer::connected();
    let request = request_of(&peer.request(join_frame(1)));
    let error = conference::Error::InvalidToken {
        session: conference::SessionId::new("S"),
        token: conference::Token::new("T"),
    };
    assert_eq!(
        sent(&peer.reply(request, Err(error))),
        json!({"id":1,"jsonrpc":"2.0","error":{
            "code":401,"message":"Unable to join session S. Token T is not valid. Code: 401",
        }})
    );
}

#[test]
fn results_of_operations() {
    let mut peer = Peer::joined();
    let results = [
        (Reply::Done, json!({})),
        (Reply::Offer("v=0".into()), json!({"sdpOffer":"v=0"})),
        (
            Reply::Published {
                stream: StreamId::new("str_CAM_A000_con_Kabc123456"),
                created_at: Timestamp(9),
                answer: "v=0".into(),
            },
            json!({"sdpAnswer":"v=0","id":"str_CAM_A000_con_Kabc123456","createdAt":9}),
        ),
    ];
    for (reply, mut expected) in results {
        let request =
            request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":"x"})));
        expected["sessionId"] = RPC_SESSION.into();
        assert_eq!(
            sent(&peer.reply(request, Ok(reply))),
            json!({"id":"x","result":expected,"jsonrpc":"2.0"})
        );
    }
}

#[test]
fn notifications() {
    let other = || ConnectionId::new("con_Pother1234");
    let stream = || StreamId::new("str_CAM_Hjgk_con_Pother1234");
    let signal = |to: &[&str], kind: Option<&str>, data: Option<&str>| {
        Arc::new(Signal {
            to: to.iter().map(|id| ConnectionId::new(*id)).collect(),
            kind: kind.map(Into::into),
            data: data.map(Into::into),
        })
    };
    let cases = [
        (
            Notification::ParticipantJoined {
                connection: other(),
                created_at: Timestamp(3),
                metadata: "m".into(),
            },
            "participantJoined",
            json!({"id":"con_Pother1234","createdAt":3,"metadata":"m"}),
        ),
        (
            Notification::ParticipantLeft {
                connection: other(),
                reason: EndReason::Disconnect,
            },
            "participantLeft",
            json!({"connectionId":"con_Pother1234","reason":"disconnect"}),
        ),
        (
            Notification::ParticipantPublished {
                connection: other(),
                stream: camera(),
            },
            "participantPublished",
            json!({"id":"con_Pother1234","streams":[camera_json()]}),
        ),
        (
            Notification::ParticipantUnpublished {
                connection: other(),
                reason: EndReason::Unpublish,
            },
            "participantUnpublished",
            json!({"connectionId":"con_Pother1234","reason":"unpublish"}),
        ),
        (
            Notification::ParticipantEvicted {
                connection: other(),
                reason: EndReason::ForceDisconnectByUser,
            },
            "participantEvicted",
            json!({"connectionId":"con_Pother1234","reason":"forceDisconnectByUser"}),
        ),
        (
            Notification::Signal {
                from: Some(other()),
                signal: signal(&[], Some("signal:chat"), Some("hi")),
            },
            "sendMessage",
            json!({"from":"con_Pother1234","type":"signal:chat","data":"hi"}),
        ),
        (
            Notification::Signal {
                from: None,
                signal: signal(&["con_A"], None, None),
            },
            "sendMessage",
            json!({}),
        ),
        (
            Notification::StreamPropertyChanged {
                connection: other(),
                stream: stream(),
                property: "videoDimensions",
                new_value: "\"{\\\"width\\\":1}\"".into(),
                reason: "deviceRotated".into(),
            },
            "streamPropertyChanged",
            json!({"connectionId":"con_Pother1234","streamId":"str_CAM_Hjgk_con_Pother1234",
                "property":"videoDimensions","newValue":"\"{\\\"width\\\":1}\"","reason":"deviceRotated"}),
        ),
        (
            Notification::RoleChanged(Role::Moderator),
            "connectionPropertyChanged",
            json!({"property":"role","newValue":"MODERATOR"}),
        ),
        (
            Notification::RecordChanged(false),
            "connectionPropertyChanged",
            json!({"property":"record","newValue":"false"}),
        ),
        (
            Notification::IceCandidate {
                owner: other(),
                endpoint: "con_A_str_CAM_Hjgk_con_Pother1234".into(),
                candidate: "candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host".into(),
                sdp_mid: "0".into(),
                sdp_m_line_index: 0,
            },
            "iceCandidate",
            json!({"senderConnectionId":"con_Pother1234","endpointName":"con_A_str_CAM_Hjgk_con_Pother1234",
                "candidate":"candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host","sdpMid":"0","sdpMLineIndex":0}),
        ),
        (
            Notification::ForciblyReconnectSubscriber {
                connection: other(),
                stream: stream(),
                offer: "v=0".into(),
            },
            "forciblyReconnectSubscriber",
            json!({"connectionId":"con_Pother1234","streamId":"str_CAM_Hjgk_con_Pother1234","sdpOffer":"v=0"}),
        ),
    ];
    let mut peer = Peer::joined();
    for (notification, method, params) in cases {
        assert_eq!(
            sent(&peer.notify(notification)),
            json!({"method":method,"params":params,"jsonrpc":"2.0"})
        );
    }
}

#[test]
fn audio_only_streams_say_nothing_of_video() {
    let mut stream = camera();
    stream.options = MediaOptions {
        has_video: false,
        type_of_video: None,
        frame_rate: None,
        video_dimensions: None,
        ..stream.options
    };
    let mut peer = Peer::joined();
    let frame = sent(&peer.notify(Notification::ParticipantPublished {
        connection: ConnectionId::new("con_Pother1234"),
        stream,
    }));
    let keys: Vec<&str> = frame["params"]["streams"][0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "audioActive",
            "createdAt",
            "filter",
            "hasAudio",
            "hasVideo",
            "id",
            "videoActive"
        ]
    );
}
