//! Bodies that no application sends.

use openvidu::rest::{
    SessionDefaults, parse_connection, parse_session, parse_signal, parse_token, parse_update,
};

/// The statuses with which a body is refused by every parser; 200 where it is taken.
fn statuses(body: &[u8]) -> [u16; 5] {
    [
        parse_session(body, SessionDefaults::default())
            .err()
            .map_or(200, |refused| refused.status),
        parse_connection(body)
            .err()
            .map_or(200, |refused| refused.status),
        parse_update(body)
            .err()
            .map_or(200, |refused| refused.status),
        parse_signal(body)
            .err()
            .map_or(200, |refused| refused.status),
        parse_token(body)
            .err()
            .map_or(200, |refused| refused.status),
    ]
}

#[test]
fn what_is_no_object_is_a_bad_request_everywhere() {
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(100_000);
    for body in [
        b"{".as_slice(),
        b"[]",
        b"null",
        b"\xff\xfe",
        b"\0",
        deep.as_bytes(),
        deep_object.as_bytes(),
        b"{\"a\":1}x",
    ] {
        assert_eq!(statuses(body), [400; 5]);
    }
}

#[test]
fn any_value_under_any_key_is_taken_or_refused() {
    let keys = [
        "session",
        "to",
        "type",
        "data",
        "role",
        "record",
        "kurentoOptions",
        "customIceServers",
        "mediaMode",
        "recordingMode",
        "customSessionId",
        "forcedVideoCodec",
        "allowTranscoding",
        "defaultRecordingProperties",
        "mediaNode",
    ];
    let inner = [
        "url",
        "id",
        "frameRate",
        "shmSize",
        "allowedFilters",
        "videoMaxRecvBandwidth",
        "resolution",
        "name",
    ];
    let scalars = [
        "null",
        "true",
        "-1",
        "1e308",
        "18446744073709551616",
        "0.5",
        "\"\"",
        "\"x\"",
        "[]",
        "{}",
        "[null]",
        "[[]]",
    ];
    for key in keys {
        for scalar in scalars {
            check(&format!(r#"{{"{key}":{scalar}}}"#));
            for nested in inner {
                check(&format!(r#"{{"{key}":{{"{nested}":{scalar}}}}}"#));
                check(&format!(r#"{{"{key}":[{{"{nested}":{scalar}}}]}}"#));
            }
        }
    }
}

fn check(body: &str) {
    for status in statuses(body.as_bytes()) {
        assert!(matches!(status, 200 | 400), "{body}: {status}");
    }
}
