//! Frames that no client sends.

use openvidu::rpc::{Effect, MAX_FRAME};
use serde_json::{Value, json};

use crate::harness::*;

#[test]
fn malformed_frames_get_a_typed_error() {
    let long_id = "x".repeat(65);
    let cases = [
        ("", Value::Null, -32700),
        ("{", Value::Null, -32700),
        ("\u{0}", Value::Null, -32700),
        ("null", Value::Null, -32600),
        ("17", Value::Null, -32600),
        ("[]", Value::Null, -32600),
        (
            r#"[{"jsonrpc":"2.0","method":"ping","id":1}]"#,
            Value::Null,
            -32600,
        ),
        (r#"{"id":1}"#, json!(1), -32600),
        (r#"{"id":1,"method":7}"#, json!(1), -32600),
        (r#"{"id":1,"method":null}"#, json!(1), -32600),
        (r#"{"id":1,"method":"ping","params":[]}"#, json!(1), -32600),
        (r#"{"id":1,"method":"ping","params":"x"}"#, json!(1), -32600),
        (r#"{"id":{},"method":"ping"}"#, Value::Null, -32600),
        (r#"{"id":true,"method":"ping"}"#, Value::Null, -32600),
        (
            &format!(r#"{{"id":"{long_id}","method":"ping"}}"#),
            Value::Null,
            -32600,
        ),
    ];
    let mut peer = Peer::joined();
    let count = cases.len() as u64;
    for (frame, id, code) in cases {
        let answer = sent(&peer.text(frame));
        assert_eq!(answer["error"]["code"], code, "{frame}");
        assert_eq!(answer["id"], id, "{frame}");
    }
    assert_eq!(peer.client.counters().malformed, count);
    assert_eq!(
        peer.answer("echo", json!({}))["error"],
        Value::Null,
        "the client goes on"
    );
}

#[test]
fn frames_that_cannot_be_answered_are_counted_and_dropped() {
    let frames = [
        r#"{"jsonrpc":"2.0","method":"leaveRoom"}"#,
        r#"{"jsonrpc":"2.0","method":"leaveRoom","id":null}"#,
        r#"{"jsonrpc":"2.0","id":3,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""}}"#,
        "{}",
    ];
    let mut peer = Peer::joined();
    for frame in frames {
        assert!(peer.text(frame).is_empty(), "{frame}");
    }
    assert_eq!(peer.client.counters().unanswerable, frames.len() as u64);
}

#[test]
fn huge_frames_are_not_read() {
    let mut peer = Peer::joined();
    let frame = |bytes: usize| {
        let start = r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"x":""#;
        let end = r#""}}"#;
        format!(
            "{start}{}{end}",
            "x".repeat(bytes - start.len() - end.len())
        )
    };
    assert_eq!(sent(&peer.text(&frame(MAX_FRAME)))["error"], Value::Null);
    assert_eq!(
        sent(&peer.text(&frame(MAX_FRAME + 1)))["error"]["code"],
        -32600
    );
    assert_eq!(sent(&peer.text(&frame(2_000_000)))["error"]["code"], -32600);
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let mut peer = Peer::joined();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let frame = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(sent(&peer.text(&frame))["error"]["code"], -32700);
    }
    let message = "[".repeat(100_000);
    assert_eq!(
        peer.error_code("sendMessage", json!({"message":message})),
        600
    );
}

#[test]
fn unknown_methods_are_counted_and_not_echoed_at_length() {
    let mut peer = Peer::joined();
    let answer = peer.answer(&"m".repeat(100_000), json!({}));
    assert_eq!(answer["error"]["code"], -32601);
    assert!(answer["error"]["message"].as_str().unwrap().len() < 200);
    assert_eq!(peer.client.counters().unknown_methods, 1);
}

#[test]
fn ids_come_back_as_they_were() {
    let mut peer = Peer::connected();
    for id in [
        "0",
        "-1",
        "18446744073709551615",
        "1.5",
        "\"a\\\"b\"",
        "\"\"",
    ] {
        let frame = format!(r#"{{"jsonrpc":"2.0","method":"ping","id":{id}}}"#);
        assert_eq!(
            sent(&peer.text(&frame))["id"],
            serde_json::from_str::<Value>(id).unwrap()
        );
    }
}

/// Thousands may be in the session, and each of them gets a copy.
#[test]
fn what_everybody_gets_a_copy_of_is_short() {
    let long = "x".repeat(100_000);
    for (value, reason) in [(long.as_str(), "why"), ("mic", long.as_str())] {
        let code = Peer::joined().error_code(
            "streamPropertyChanged",
            json!({"streamId":"s","property":"audioTrack","newValue":{"label":value},"reason":reason}),
        );
        assert_eq!(code, -1);
    }
}

/// Every cut and every single-byte change of every frame that real clients send.
#[test]
fn mutilated_frames_never_panic_and_are_answered_at_most_once() {
    let originals = [
        join_frame(1).to_string(),
        json!({"jsonrpc":"2.0","method":"connect","params":{"sessionId":"x","reconnect":true},"id":2}).to_string(),
        json!({"jsonrpc":"2.0","method":"publishVideo","id":3,"params":{"sdpOffer":"v=0","doLoopback":false,
            "hasAudio":true,"hasVideo":true,"frameRate":30,"videoDimensions":"{\"width\":1}"}})
        .to_string(),
        json!({"jsonrpc":"2.0","method":"sendMessage","id":4,"params":{"message":"{\"to\":[\"a\"]}"}}).to_string(),
        json!({"jsonrpc":"2.0","method":"streamPropertyChanged","id":5,"params":{"streamId":"s",
            "property":"videoDimensions","newValue":"{\"width\":1}","reason":"r"}})
        .to_string(),
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for original in &originals {
        for at in 0..original.len() {
            try_frame(original.as_bytes()[..at].to_vec());
            for _ in 0..4 {
                let mut bytes = original.clone().into_bytes();
                bytes[at] = (random() & 0x7f) as u8;
                try_frame(bytes);
            }
        }
    }
}

fn try_frame(bytes: Vec<u8>) {
    let text = String::from_utf8(bytes).unwrap();
    for mut peer in [Peer::connected(), Peer::joined()] {
        let effects = peer.text(&text);
        assert!(effects.len() <= 1, "{text} made {effects:?}");
        assert!(!matches!(
            effects.first(),
            Some(Effect::Ended | Effect::Lost { .. } | Effect::Close { .. })
        ));
    }
}
