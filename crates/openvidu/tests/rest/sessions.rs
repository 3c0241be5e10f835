//! `POST /sessions` and Session objects. The accepted and refused bodies and the reference object are those of
//! OpenVidu's `restApiTest`.

use conference::{ForcedVideoCodec, MediaMode, NodeId, RecordingMode, SessionProperties};
use openvidu::rest::{Flags, SessionDefaults, parse_session, render_session, render_sessions};
use serde_json::{Value, json};

use crate::state::*;

fn parse(body: &str) -> SessionProperties {
    parse_session(body.as_bytes(), SessionDefaults::default()).unwrap()
}

fn refusal(body: &str) -> String {
    let refused = parse_session(body.as_bytes(), SessionDefaults::default()).expect_err(body);
    assert_eq!(refused.status, 400);
    refused.message
}

#[test]
fn empty_bodies_mean_defaults() {
    for body in ["", "  ", "{}", "{\"unknown\":1}"] {
        assert_eq!(parse(body), SessionProperties::default());
    }
}

#[test]
fn nulls_are_absent() {
    let body = r#"{"mediaMode":null,"recordingMode":null,"customSessionId":null,"defaultRecordingProperties":null,
        "mediaNode":null,"forcedVideoCodec":null,"allowTranscoding":null}"#;
    assert_eq!(parse(body), SessionProperties::default());
    assert_eq!(
        parse(r#"{"customSessionId":""}"#),
        SessionProperties::default()
    );
}

#[test]
fn everything_is_read() {
    let properties = parse(
        r#"{"mediaMode":"RELAYED","recordingMode":"ALWAYS","customSessionId":"My_Session-1","forcedVideoCodec":"H264",
        "allowTranscoding":true,"mediaNode":{"id":"media_1"},
        "defaultRecordingProperties":{"outputMode":"INDIVIDUAL","name":"n~1","ignoreFailedStreams":true}}"#,
    );
    assert_eq!(properties.media_mode, MediaMode::Relayed);
    assert_eq!(properties.recording_mode, RecordingMode::Always);
    assert_eq!(
        properties.custom_session_id.as_deref(),
        Some("My_Session-1")
    );
    assert_eq!(properties.forced_video_codec, ForcedVideoCodec::H264);
    assert!(properties.allow_transcoding);
    assert_eq!(properties.media_node, Some(NodeId::new("media_1")));
    assert_eq!(
        json_of(&properties.default_recording_properties.unwrap()),
        json!({"name":"n~1","hasAudio":true,"hasVideo":true,"outputMode":"INDIVIDUAL","ignoreFailedStreams":true})
    );
}

#[test]
fn configured_defaults_apply_where_nothing_is_asked() {
    let defaults = SessionDefaults {
        forced_video_codec: ForcedVideoCodec::Vp8,
        allow_transcoding: true,
    };
    let properties = parse_session(b"{}", defaults).unwrap();
    assert_eq!(
        (properties.forced_video_codec, properties.allow_transcoding),
        (ForcedVideoCodec::Vp8, true)
    );
    let properties = parse_session(
        br#"{"forcedVideoCodec":"NONE","allowTranscoding":false}"#,
        defaults,
    )
    .unwrap();
    assert_eq!(
        (properties.forced_video_codec, properties.allow_transcoding),
        (ForcedVideoCodec::None, false)
    );
}

#[test]
fn wrong_bodies_are_refused_by_the_name_of_the_key() {
    for (body, key) in [
        (r#"{"mediaMode":"NOT_EXISTS"}"#, "mediaMode"),
        (
            r#"{"mediaMode":"ROUTED","recordingMode":false}"#,
            "recordingMode",
        ),
        (
            r#"{"mediaMode":"ROUTED","recordingMode":"ALWAYS","customSessionId":999}"#,
            "customSessionId",
        ),
        (
            r#"{"mediaMode":"ROUTED","recordingMode":"NOT_EXISTS"}"#,
            "recordingMode",
        ),
        (
            r#"{"recordingMode":"ALWAYS","defaultRecordingProperties":"STR"}"#,
            "defaultRecordingProperties",
        ),
        (
            r#"{"defaultRecordingProperties":{"outputMode":"NOT_EXISTS"}}"#,
            "outputMode",
        ),
        (
            r#"{"defaultRecordingProperties":{"outputMode":"COMPOSED","recordingLayout":"NOT_EXISTS"}}"#,
            "recordingLayout",
        ),
        (
            r#"{"defaultRecordingProperties":{"resolution":999}}"#,
            "resolution",
        ),
        (
            r#"{"defaultRecordingProperties":{"resolution":"99x1080"}}"#,
            "resolution",
        ),
        (
            r#"{"defaultRecordingProperties":{"resolution":"1920x2000"}}"#,
            "resolution",
        ),
        (
            r#"{"defaultRecordingProperties":{"frameRate":true}}"#,
            "frameRate",
        ),
        (
            r#"{"defaultRecordingProperties":{"frameRate":0}}"#,
            "frameRate",
        ),
        (
            r#"{"defaultRecordingProperties":{"frameRate":121}}"#,
            "frameRate",
        ),
        (
            r#"{"defaultRecordingProperties":{"shmSize":1024}}"#,
            "shmSize",
        ),
        (
            r#"{"defaultRecordingProperties":{"hasAudio":false,"hasVideo":false}}"#,
            "hasAudio",
        ),
        (
            r#"{"defaultRecordingProperties":{"name":"notalphanumeric@"}}"#,
            "name",
        ),
        (r#"{"customSessionId":"with space"}"#, "customSessionId"),
        (r#"{"customSessionId":"é"}"#, "customSessionId"),
        (r#"{"customSessionId":"../x"}"#, "customSessionId"),
        (r#"{"forcedVideoCodec":"H265"}"#, "forcedVideoCodec"),
        (r#"{"allowTranscoding":"true"}"#, "allowTranscoding"),
        (r#"{"mediaNode":"media_1"}"#, "mediaNode"),
        (r#"{"mediaNode":{}}"#, "mediaNode"),
        (r#"{"mediaNode":{"id":1}}"#, "id"),
    ] {
        let message = refusal(body);
        assert!(message.contains(&format!("'{key}'")), "{body}: {message}");
    }
    for body in ["[]", "1", "{", "\"x\"", "{'mediaMode': 'ROUTED'}"] {
        refusal(body);
    }
}

#[test]
fn a_session_has_exactly_the_keys_of_the_reference() {
    let mut session = session();
    session.connections.clear();
    assert_eq!(
        json_of(&render_session(&session, Flags::SESSION)),
        json!({
            "id":"S","object":"session","sessionId":"S","createdAt":500,"mediaMode":"ROUTED","recordingMode":"MANUAL",
            "defaultRecordingProperties":{"hasVideo":true,"frameRate":25,"hasAudio":true,"shmSize":536_870_912,
                "name":"","outputMode":"COMPOSED","resolution":"1280x720","recordingLayout":"BEST_FIT"},
            "customSessionId":"","connections":{"numberOfElements":0,"content":[]},"recording":false,
            "broadcasting":false,"forcedVideoCodec":"MEDIA_SERVER_PREFERRED","allowTranscoding":false,
        })
    );
}

#[test]
fn recording_defaults_show_what_applies_to_their_mode() {
    let cases = [
        (
            r#"{"outputMode":"COMPOSED","hasVideo":false}"#,
            vec!["hasAudio", "hasVideo", "name", "outputMode"],
        ),
        (
            r#"{"outputMode":"INDIVIDUAL"}"#,
            vec![
                "hasAudio",
                "hasVideo",
                "ignoreFailedStreams",
                "name",
                "outputMode",
            ],
        ),
        (
            r#"{"recordingLayout":"CUSTOM"}"#,
            vec![
                "customLayout",
                "frameRate",
                "hasAudio",
                "hasVideo",
                "name",
                "outputMode",
                "recordingLayout",
                "resolution",
                "shmSize",
            ],
        ),
    ];
    for (recording, expected) in cases {
        let mut session = session();
        session.properties = parse(&format!(r#"{{"defaultRecordingProperties":{recording}}}"#));
        let view = json_of(&render_session(&session, Flags::SESSION));
        assert_eq!(
            keys(&view["defaultRecordingProperties"]),
            expected,
            "{recording}"
        );
    }
}

#[test]
fn what_was_asked_for_is_shown() {
    let mut session = session();
    session.properties =
        parse(r#"{"customSessionId":"S","forcedVideoCodec":"VP9","mediaNode":{"id":"media_1"}}"#);
    let view = json_of(&render_session(&session, Flags::SESSION));
    assert_eq!(view["customSessionId"], "S");
    assert_eq!(view["forcedVideoCodec"], "VP9");
    assert_eq!(view["mediaNode"], json!({"id":"media_1"}));
}

#[test]
fn pending_connections_are_hidden_unless_asked_for() {
    let ids = |flags| -> Vec<Value> {
        let view = json_of(&render_session(&session(), flags));
        let content = view["connections"]["content"].as_array().unwrap().clone();
        assert_eq!(view["connections"]["numberOfElements"], content.len());
        content
            .iter()
            .map(|connection| connection["id"].clone())
            .collect()
    };
    assert_eq!(ids(Flags::SESSION), ["con_Active1234"]);
    let all = Flags::SESSION
        .with_query("pendingConnections=true")
        .unwrap();
    assert_eq!(ids(all), ["con_Active1234", "con_Pending123"]);
}

#[test]
fn lists_count_their_elements() {
    assert_eq!(
        json_of(&render_sessions([], Flags::SESSION)),
        json!({"numberOfElements":0,"content":[]})
    );
    let session = session();
    let list = json_of(&render_sessions([&session], Flags::SESSION));
    assert_eq!(list["numberOfElements"], 1);
    assert_eq!(
        list["content"][0],
        json_of(&render_session(&session, Flags::SESSION))
    );
}

#[test]
fn flags_of_queries() {
    let parse = |query| Flags::SESSION.with_query(query);
    let both = Flags {
        pending_connections: true,
        web_rtc_stats: true,
    };
    assert_eq!(parse(""), Ok(Flags::SESSION));
    assert_eq!(
        parse("x=1&pendingConnections=true&webRtcStats=TRUE"),
        Ok(both)
    );
    assert_eq!(parse("pendingConnections=&webRtcStats"), Ok(Flags::SESSION));
    assert!(parse("webRtcStats=perhaps").is_err());
    let none = Flags::CONNECTIONS
        .with_query("pendingConnections=false")
        .unwrap();
    assert!(!none.pending_connections);
}
