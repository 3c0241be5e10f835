//! Every method: what it asks the conference, or what it is answered.

use conference::{
    ClientOperation as Op, ConnectionId, Error, MediaError, MediaOptions, NoNode, Reply, SessionId,
    Signal, StreamChange, StreamId, StreamProperty, Token, TypeOfVideo,
};
use openvidu::rpc::{ClientNumber, Effect, MAX_OPEN_REQUESTS};
use serde_json::{Value, json};

use crate::harness::*;

const STREAM: &str = "str_CAM_Hjgk_con_Pother1234";

/// `(method, parameters that are all right)` of everything that needs a joined client.
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        ("leaveRoom", json!({})),
        ("publishVideo", publish_call()),
        ("unpublishVideo", json!({})),
        (
            "prepareReceiveVideoFrom",
            json!({"sender":STREAM,"reconnect":false}),
        ),
        (
            "receiveVideoFrom",
            json!({"sender":STREAM,"sdpAnswer":"v=0"}),
        ),
        ("unsubscribeFromVideo", json!({"sender":"con_Pother1234"})),
        (
            "onIceCandidate",
            json!({"endpointName":CONNECTION,"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0}),
        ),
        (
            "sendMessage",
            json!({"message":"{\"to\":[],\"data\":\"hi\",\"type\":\"signal:chat\"}"}),
        ),
        (
            "streamPropertyChanged",
            json!({"streamId":STREAM,"property":"audioActive","newValue":false,"reason":"publishAudio"}),
        ),
        ("forceDisconnect", json!({"connectionId":"con_Pother1234"})),
        ("forceUnpublish", json!({"streamId":STREAM})),
        (
            "reconnectStream",
            json!({"stream":STREAM,"sdpString":"v=0","forciblyReconnect":false}),
        ),
    ]
}

fn answered() -> [&'static str; 9] {
    [
        "echo",
        "videoData",
        "applyFilter",
        "removeFilter",
        "execFilterMethod",
        "addFilterEventListener",
        "removeFilterEventListener",
        "subscribeToSpeechToText",
        "unsubscribeFromSpeechToText",
    ]
}

fn publish_call() -> Value {
    json!({
        "sdpOffer":"v=0","doLoopback":false,"hasAudio":true,"hasVideo":true,"audioActive":true,"videoActive":false,
        "typeOfVideo":"CAMERA","frameRate":30,"videoDimensions":"{\"width\":640,\"height\":480}",
    })
}

#[test]
fn nothing_works_before_joining() {
    let mut peer = Peer::connected();
    for (method, params) in calls() {
        assert_eq!(peer.error_code(method, params), 803, "{method}");
    }
    for method in answered() {
        assert_eq!(peer.error_code(method, json!({})), 803, "{method}");
    }
    peer.request(join_frame(1));
    assert_eq!(peer.error_code("echo", json!({})), 803, "while joining");
}

#[test]
fn every_mandatory_parameter_is_missed_by_name() {
    let optional = [
        "audioActive",
        "videoActive",
        "typeOfVideo",
        "frameRate",
        "videoDimensions",
        "sdpMid",
        "sdpMLineIndex",
        "forciblyReconnect",
    ];
    for (method, params) in calls() {
        for key in params
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| !optional.contains(&key.as_str()))
        {
            for broken in [None, Some(Value::Null), Some(json!([])), Some(json!({}))] {
                if key == "newValue" && broken.as_ref().is_some_and(|v| !v.is_null()) {
                    continue;
                }
                let mut peer = Peer::joined();
                let mut params = params.clone();
                match broken {
                    None => params.as_object_mut().unwrap().remove(key),
                    Some(value) => params.as_object_mut().unwrap().insert(key.clone(), value),
                };
                let answer = peer.answer(method, params.clone());
                assert_eq!(answer["error"]["code"], -1, "{method} {params}: {answer}");
                let message = answer["error"]["message"].as_str().unwrap();
                assert!(
                    message.contains(&format!("'{key}'")) && message.contains(method),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn join_needs_all_five_parameters() {
    for key in ["session", "token", "secret", "platform", "metadata"] {
        let mut peer = Peer::connected();
        let mut frame = join_frame(1);
        frame["params"].as_object_mut().unwrap().remove(key);
        let answer = sent(&peer.request(frame));
        assert_eq!(answer["error"]["code"], -1, "{answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains(&format!("'{key}'"))
        );
    }
}

#[test]
fn texts_are_bounded() {
    let join = join_frame(1)["params"].clone();
    let candidate = json!({"endpointName":CONNECTION,"candidate":"candidate:1","sdpMid":"0"});
    for (method, params, key, most) in [
        ("joinRoom", &join, "metadata", 64 << 10),
        ("joinRoom", &join, "platform", 1 << 10),
        ("onIceCandidate", &candidate, "candidate", 8 << 10),
        ("onIceCandidate", &candidate, "sdpMid", 256),
    ] {
        let ask = |bytes| {
            let mut peer = match method {
                "joinRoom" => Peer::connected(),
                _ => Peer::joined(),
            };
            let mut params = params.clone();
            params[key] = "x".repeat(bytes).into();
            peer.request(json!({"jsonrpc":"2.0","method":method,"params":params,"id":42}))
        };
        let asked = ask(most);
        assert!(
            matches!(asked[..], [Effect::Join { .. } | Effect::Operation { .. }]),
            "{key}: {asked:?}"
        );
        let error = sent(&ask(most + 1))["error"].clone();
        assert_eq!(error["code"], -1, "{key}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("'{key}'")) && message.contains(&most.to_string()),
            "{message}"
        );
    }
}

#[test]
fn joining_with_a_secret_or_as_a_service_is_not_enabled() {
    for (key, value) in [
        ("secret", json!("MY_SECRET")),
        ("recorder", json!(true)),
        ("stt", json!(true)),
    ] {
        let mut peer = Peer::connected();
        let mut frame = join_frame(1);
        frame["params"][key] = value;
        assert_eq!(sent(&peer.request(frame))["error"]["code"], 996, "{key}");
    }
}

#[test]
fn joining_twice_is_refused() {
    let mut peer = Peer::joined();
    assert_eq!(sent(&peer.request(join_frame(2)))["error"]["code"], 104);
}

#[test]
fn publish() {
    let mut peer = Peer::joined();
    let Op::Publish {
        offer,
        options,
        nonce,
    } = peer.operation("publishVideo", publish_call())
    else {
        panic!();
    };
    assert_eq!((offer.as_str(), nonce.as_str()), ("v=0", "A000"));
    let expected = MediaOptions {
        has_audio: true,
        has_video: true,
        audio_active: true,
        video_active: false,
        type_of_video: Some(TypeOfVideo::Camera),
        frame_rate: Some(30),
        video_dimensions: Some("{\"width\":640,\"height\":480}".into()),
    };
    assert_eq!(options, expected);
    let Op::Publish { nonce, .. } = peer.operation("publishVideo", publish_call()) else {
        panic!();
    };
    assert_eq!(
        nonce, "A001",
        "a second stream of the connection has another id"
    );
}

#[test]
fn the_mobile_sdks_send_everything_as_strings() {
    let mut peer = Peer::joined();
    let params = json!({
        "sdpOffer":"v=0","doLoopback":"false","hasAudio":"true","hasVideo":"true","audioActive":"true",
        "videoActive":"false","typeOfVideo":"SCREEN","frameRate":"30.9","videoDimensions":"{}",
    });
    let Op::Publish { options, .. } = peer.operation("publishVideo", params) else {
        panic!();
    };
    assert!(
        options.has_audio && options.has_video && options.audio_active && !options.video_active
    );
    assert_eq!(
        (options.frame_rate, options.type_of_video),
        (Some(30), Some(TypeOfVideo::Screen))
    );
}

#[test]
fn audio_only_publish_says_nothing_of_video() {
    let mut peer = Peer::joined();
    let params = json!({
        "sdpOffer":"v=0","doLoopback":false,"hasAudio":true,"hasVideo":false,"videoActive":true,
        "typeOfVideo":"CAMERA","frameRate":30,
    });
    let Op::Publish { options, .. } = peer.operation("publishVideo", params) else {
        panic!();
    };
    assert!(options.audio_active, "active unless it says otherwise");
    assert!(!options.video_active);
    assert_eq!((options.type_of_video, options.frame_rate), (None, None));
}

#[test]
fn what_publishing_cannot_do_is_said() {
    let cases = [
        ("doLoopback", json!(true), 996),
        (
            "filter",
            json!({"type":"GStreamerFilter","options":{}}),
            406,
        ),
        ("typeOfVideo", json!("HOLOGRAM"), -1),
        (
            "videoDimensions",
            json!("not json, and others would parse it"),
            -1,
        ),
        ("videoDimensions", json!("[1]"), -1),
    ];
    for (key, value, code) in cases {
        let mut params = publish_call();
        params[key] = value;
        assert_eq!(
            Peer::joined().error_code("publishVideo", params),
            code,
            "{key}"
        );
    }
}

#[test]
fn receive() {
    let mut peer = Peer::joined();
    let op = peer.operation(
        "prepareReceiveVideoFrom",
        json!({"sender":STREAM,"reconnect":true}),
    );
    assert!(
        matches!(op, Op::PrepareReceive { stream, reconnect: true } if stream.as_str() == STREAM)
    );
    let op = peer.operation(
        "receiveVideoFrom",
        json!({"sender":STREAM,"sdpAnswer":"v=0"}),
    );
    assert!(
        matches!(op, Op::Receive { stream, answer } if stream.as_str() == STREAM && answer == "v=0")
    );
    let op = peer.operation("unsubscribeFromVideo", json!({"sender":"con_Pother1234"}));
    assert!(matches!(op, Op::Unsubscribe { sender } if sender.as_str() == "con_Pother1234"));
    assert_eq!(
        peer.error_code(
            "receiveVideoFrom",
            json!({"sender":STREAM,"sdpOffer":"v=0"})
        ),
        302,
        "subscribers do not offer"
    );
}

#[test]
fn reconnect() {
    for params in [
        json!({"stream":STREAM,"sdpString":"v=0"}),
        json!({"stream":STREAM,"sdpOffer":"v=0","forciblyReconnect":true}),
    ] {
        let op = Peer::joined().operation("reconnectStream", params);
        assert!(
            matches!(op, Op::Reconnect { stream, sdp } if stream.as_str() == STREAM && sdp == "v=0")
        );
    }
}

#[test]
fn candidates() {
    let mut peer = Peer::joined();
    let op = peer.operation(
        "onIceCandidate",
        json!({"endpointName":CONNECTION,"candidate":"","sdpMid":null,"sdpMLineIndex":null}),
    );
    let Op::Candidate {
        endpoint,
        candidate,
        sdp_mid,
    } = op
    else {
        panic!();
    };
    assert_eq!(
        (endpoint.as_str(), candidate.as_str(), sdp_mid),
        (CONNECTION, "", None)
    );
}

#[test]
fn moderation() {
    let mut peer = Peer::joined();
    let op = peer.operation("forceDisconnect", json!({"connectionId":"con_Pother1234"}));
    assert!(
        matches!(op, Op::ForceDisconnect { connection } if connection.as_str() == "con_Pother1234")
    );
    let op = peer.operation("forceUnpublish", json!({"streamId":STREAM}));
    assert!(matches!(op, Op::ForceUnpublish { stream } if stream.as_str() == STREAM));
}

#[test]
fn signals() {
    let cases = [
        (
            json!({"to":[],"data":"hi","type":"signal:chat"}),
            Signal {
                to: vec![],
                kind: Some("signal:chat".into()),
                data: Some("hi".into()),
            },
        ),
        (
            json!({"to":["con_A"],"type":"chat"}),
            Signal {
                to: vec![ConnectionId::new("con_A")],
                kind: Some("signal:chat".into()),
                data: None,
            },
        ),
        (
            json!({}),
            Signal {
                to: vec![],
                kind: None,
                data: None,
            },
        ),
    ];
    for (message, expected) in cases {
        let op = Peer::joined().operation("sendMessage", json!({"message":message.to_string()}));
        assert!(matches!(op, Op::Signal(signal) if signal == expected));
    }
}

#[test]
fn signals_that_are_none() {
    for (message, code) in [
        ("not json", 600),
        ("[]", 600),
        ("\"text\"", 600),
        ("{\"data\":{}}", 600),
        ("{\"type\":[]}", 600),
        ("{\"to\":\"con_A\"}", 601),
        ("{\"to\":[1]}", 601),
    ] {
        let answer = Peer::joined().answer("sendMessage", json!({"message":message}));
        assert_eq!(answer["error"]["code"], code, "{message}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .ends_with(&format!(". Code: {code}"))
        );
    }
}

#[test]
fn changed_streams_are_notified_as_the_json_text_of_the_value() {
    let dimensions = "{\"width\":480,\"height\":640}";
    let cases = [
        (
            "audioActive",
            json!(true),
            StreamProperty::AudioActive(true),
            "true",
        ),
        (
            "videoActive",
            json!(false),
            StreamProperty::VideoActive(false),
            "false",
        ),
        (
            "videoActive",
            json!("false"),
            StreamProperty::VideoActive(false),
            "false",
        ),
        (
            "videoDimensions",
            json!(dimensions),
            StreamProperty::VideoDimensions(dimensions.into()),
            "\"{\\\"width\\\":480,\\\"height\\\":640}\"",
        ),
        (
            "audioTrack",
            json!({"label":"mic"}),
            StreamProperty::AudioTrack,
            "{\"label\":\"mic\"}",
        ),
        (
            "videoTrack",
            json!({"label":"cam"}),
            StreamProperty::VideoTrack,
            "{\"label\":\"cam\"}",
        ),
    ];
    for (property, value, understood, notified) in cases {
        let op = Peer::joined().operation(
            "streamPropertyChanged",
            json!({"streamId":STREAM,"property":property,"newValue":value,"reason":"why"}),
        );
        let Op::ChangeStream {
            stream,
            change,
            reason,
        } = op
        else {
            panic!();
        };
        assert_eq!((stream, reason.as_str()), (StreamId::new(STREAM), "why"));
        assert_eq!(
            change,
            StreamChange {
                property: understood,
                new_value: notified.into()
            }
        );
    }
}

#[test]
fn changes_that_others_could_not_read_are_refused() {
    for (property, value) in [
        ("audioActive", json!("maybe")),
        ("videoDimensions", json!("nonsense")),
        ("videoDimensions", json!({"width":1})),
        ("filter", json!({})),
        ("colour", json!("blue")),
    ] {
        let code = Peer::joined().error_code(
            "streamPropertyChanged",
            json!({"streamId":STREAM,"property":property,"newValue":value,"reason":"why"}),
        );
        assert_eq!(code, -1, "{property}");
    }
}

#[test]
fn echo_ping_and_video_data_do_not_wait_for_a_publish() {
    let mut peer = Peer::joined();
    request_of(
        &peer.request(
            json!({"jsonrpc":"2.0","method":"publishVideo","params":publish_call(),"id":2}),
        ),
    );
    let done = json!({"sessionId":RPC_SESSION});
    assert_eq!(peer.answer("echo", json!({}))["result"], done);
    let data = json!({"height":480,"width":640,"videoActive":true,"audioActive":true});
    assert_eq!(peer.answer("videoData", data)["result"], done);
    assert_eq!(
        peer.answer("ping", json!({}))["result"],
        json!({"value":"pong"})
    );
}

#[test]
fn what_is_not_served_says_so() {
    for (method, code) in [
        ("applyFilter", 406),
        ("removeFilter", 406),
        ("execFilterMethod", 406),
        ("addFilterEventListener", 407),
        ("removeFilterEventListener", 407),
        ("subscribeToSpeechToText", 996),
        ("unsubscribeFromSpeechToText", 996),
        ("sessionStatus", 996),
        ("makeCoffee", -32601),
    ] {
        let answer = Peer::joined().answer(method, json!({}));
        assert_eq!(answer["error"]["code"], code, "{method}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .ends_with(&format!(". Code: {code}"))
        );
    }
}

#[test]
fn close_session_is_a_farewell() {
    let answer = Peer::joined().answer("closeSession", json!({}));
    assert_eq!(
        answer["result"],
        json!({"value":"bye","sessionId":RPC_SESSION})
    );
}

#[test]
fn errors_of_the_conference_have_the_codes_of_the_original() {
    let session = || SessionId::new("S");
    let connection = || ConnectionId::new("con_A");
    let media = |error: fn(String) -> MediaError| Error::Media(error("why".into()));
    let cases = [
        (Error::SessionNotFound(session()), 202),
        (
            Error::ConnectionNotFound {
                session: session(),
                connection: connection(),
            },
            102,
        ),
        (Error::UserNotFound(connection()), 102),
        (Error::StreamNotFound(StreamId::new(STREAM)), 105),
        (
            Error::InvalidToken {
                session: session(),
                token: Token::new("T"),
            },
            401,
        ),
        (
            Error::NoNode {
                session: session(),
                reason: NoNode("none serves".into()),
            },
            204,
        ),
        (
            Error::Unauthorized("Unable to publish video. The user does not have a valid token"),
            401,
        ),
        (Error::AlreadyPublishing(connection()), 106),
        (Error::NotPublishing(connection()), 105),
        (media(MediaError::Sdp), 302),
        (media(MediaError::CodecImpossible), 800),
        (media(MediaError::Unknown), 303),
        (media(MediaError::Unavailable), 303),
        (Error::SignalTo(connection()), 601),
        (Error::ConnectionClosed(connection()), 103),
    ];
    let mut peer = Peer::joined();
    for (error, code) in cases {
        let request =
            request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":3})));
        let answer = sent(&peer.reply(request, Err(error.clone())));
        assert_eq!(answer["error"]["code"], code, "{error:?}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.ends_with(&format!(". Code: {code}")), "{message}");
    }
}

#[test]
fn request_ids_name_their_asker_and_are_answered_once() {
    let mut peer = Peer::joined();
    let first =
        request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":3})));
    let second =
        request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":3})));
    assert_ne!(first, second);
    assert_eq!(ClientNumber::of(first), ClientNumber(7));
    assert_eq!(frames(&peer.reply(first, Ok(Reply::Done))).len(), 1);
    assert!(peer.reply(first, Ok(Reply::Done)).is_empty());
    assert_eq!(peer.client.counters().stale, 1);
}

#[test]
fn replies_go_out_in_the_order_of_the_conference() {
    let mut peer = Peer::joined();
    let first =
        request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":1})));
    let second =
        request_of(&peer.request(json!({"jsonrpc":"2.0","method":"unpublishVideo","id":2})));
    let mut effects = peer.reply(second, Ok(Reply::Done));
    effects.extend(peer.reply(first, Ok(Reply::Done)));
    let ids: Vec<Value> = frames(&effects)
        .iter()
        .map(|frame| frame["id"].clone())
        .collect();
    assert_eq!(ids, [2, 1]);
}

#[test]
fn open_requests_are_bounded() {
    let mut peer = Peer::joined();
    let frame = json!({"jsonrpc":"2.0","method":"unpublishVideo","id":3});
    let first = request_of(&peer.request(frame.clone()));
    for _ in 1..MAX_OPEN_REQUESTS {
        request_of(&peer.request(frame.clone()));
    }
    assert_eq!(sent(&peer.request(frame.clone()))["error"]["code"], 999);
    assert_eq!(peer.client.counters().refused_busy, 1);
    peer.reply(first, Ok(Reply::Done));
    request_of(&peer.request(frame));
}
