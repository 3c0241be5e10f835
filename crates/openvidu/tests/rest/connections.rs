//! Connections and legacy tokens: bodies and reference objects of OpenVidu's `restApiTest`.

use conference::{Connection, IceCredentials, IceServer, Role, SessionId};
use openvidu::rest::{
    ConnectionUpdate, Flags, parse_connection, parse_token, parse_update, render_connection,
    render_connections, render_token,
};
use serde_json::{Value, json};

use crate::state::*;

fn refusal(body: &str) -> String {
    let refused = parse_connection(body.as_bytes()).expect_err(body);
    assert_eq!(refused.status, 400, "{body}");
    refused.message
}

fn shown(connection: &Connection) -> Value {
    json_of(&render_connection(&SessionId::new("S"), connection))
}

#[test]
fn defaults() {
    for body in ["", "{}", r#"{"type":"WEBRTC"}"#] {
        let properties = parse_connection(body.as_bytes()).unwrap();
        assert_eq!(properties.role, Role::Publisher);
        assert_eq!(properties.server_data, "");
        assert!(
            properties.record
                && properties.kurento_options.is_none()
                && properties.ice_servers.is_empty()
        );
    }
}

#[test]
fn what_the_node_client_sends() {
    let body = r#"{"type":"WEBRTC","data":null,"record":null,"role":null,"kurentoOptions":null,"rtspUri":null,
        "adaptativeBitrate":null,"onlyPlayWithSubscribers":null,"networkCache":null,"customIceServers":null}"#;
    assert_eq!(parse_connection(body.as_bytes()), parse_connection(b""));
}

#[test]
fn everything_is_read_and_shown_again() {
    let body = r#"{"type":"WEBRTC","role":"MODERATOR","data":"SERVER_DATA","record":false,
        "kurentoOptions":{"videoMaxSendBandwidth":777,"allowedFilters":["GStreamerFilter"],"unknown":1},
        "customIceServers":[{"url":"turn:valid-domain.es","username":"user","credential":"pass"},
            {"url":"stun:valid-domain.es:1234","username":null}]}"#;
    let properties = parse_connection(body.as_bytes()).unwrap();
    assert_eq!(
        (properties.role, properties.record),
        (Role::Moderator, false)
    );
    let view = shown(&Connection {
        properties,
        ..pending()
    });
    assert_eq!(view["serverData"], "SERVER_DATA");
    assert_eq!(
        view["kurentoOptions"],
        json!({"videoMaxSendBandwidth":777,"allowedFilters":["GStreamerFilter"]})
    );
    assert_eq!(
        view["customIceServers"],
        json!([{"url":"turn:valid-domain.es","username":"user","credential":"pass"},{"url":"stun:valid-domain.es:1234"}])
    );
}

#[test]
fn wrong_bodies_are_refused_by_the_name_of_the_key() {
    for (body, key) in [
        (r#"{"type":false}"#, "type"),
        (r#"{"type":"NOT_EXISTS"}"#, "type"),
        (r#"{"type":"WEBRTC","role":123}"#, "role"),
        (r#"{"type":"WEBRTC","role":"NOT_EXISTS"}"#, "role"),
        (
            r#"{"type":"WEBRTC","role":"MODERATOR","data":true}"#,
            "data",
        ),
        (r#"{"record":"true"}"#, "record"),
        (r#"{"kurentoOptions":false}"#, "kurentoOptions"),
        (
            r#"{"kurentoOptions":{"allowedFilters":"NOT_EXISTS"}}"#,
            "allowedFilters",
        ),
        (
            r#"{"kurentoOptions":{"allowedFilters":[1]}}"#,
            "allowedFilters",
        ),
        (
            r#"{"kurentoOptions":{"videoMinRecvBandwidth":"1"}}"#,
            "videoMinRecvBandwidth",
        ),
        (r#"{"customIceServers":{}}"#, "customIceServers"),
        (r#"{"customIceServers":["stun:a.b"]}"#, "customIceServers"),
        (r#"{"customIceServers":[{}]}"#, "customIceServers"),
        (
            r#"{"customIceServers":[{"url":"bad-ice-server"}]}"#,
            "customIceServers",
        ),
        (
            r#"{"customIceServers":[{"url":"turn:bad-ice-server"}]}"#,
            "customIceServers",
        ),
        (
            r#"{"customIceServers":[{"url":"bad-prefix:bad-ice-server"}]}"#,
            "customIceServers",
        ),
        (r#"{"customIceServers":[{"url":7}]}"#, "url"),
    ] {
        let message = refusal(body);
        assert!(message.contains(&format!("'{key}'")), "{body}: {message}");
    }
}

#[test]
fn cameras_are_not_served() {
    let refused = parse_connection(br#"{"type":"IPCAM","rtspUri":"rtsp://x"}"#).unwrap_err();
    assert_eq!(refused.status, 501);
}

#[test]
fn a_pending_connection_has_exactly_the_keys_of_the_reference() {
    assert_eq!(
        shown(&pending()),
        json!({
            "id":"con_Pending123","object":"connection","type":"WEBRTC","status":"pending",
            "connectionId":"con_Pending123","sessionId":"S","createdAt":1000,"activeAt":null,"location":null,
            "ip":null,"platform":null,"token":"wss://localhost:4443?sessionId=S&token=tok_P",
            "serverData":"SERVER_DATA","record":true,"role":"MODERATOR","kurentoOptions":null,"rtspUri":null,
            "adaptativeBitrate":null,"onlyPlayWithSubscribers":null,"networkCache":null,"clientData":null,
            "publishers":null,"subscribers":null,"customIceServers":[],
        })
    );
}

#[test]
fn an_active_connection_has_the_same_keys_filled() {
    let view = shown(&active());
    assert_eq!(keys(&view), keys(&shown(&pending())));
    assert_eq!(view["status"], "active");
    assert_eq!(
        (view["createdAt"].clone(), view["activeAt"].clone()),
        (json!(1000), json!(2000))
    );
    assert_eq!(view["location"], "unknown");
    assert_eq!(view["ip"], "203.0.113.7");
    assert_eq!(view["platform"], "Chrome");
    assert_eq!(view["clientData"], "CLIENT_DATA");
    assert_eq!(
        view["publishers"],
        json!([{"createdAt":3000,"streamId":"str_CAM_Hjgk_con_Active1234","mediaOptions":{
            "hasAudio":true,"audioActive":true,"hasVideo":true,"videoActive":false,"typeOfVideo":"CAMERA",
            "frameRate":30,"videoDimensions":"{\"width\":640,\"height\":480}","filter":{},
        }}])
    );
    assert_eq!(
        view["subscribers"],
        json!([{"createdAt":4000,"streamId":"str_MIC_Hjgk_con_Other12345"}]),
        "only what the client has answered"
    );
}

#[test]
fn media_options_leave_out_what_is_not_there() {
    let mut connection = active();
    let options = &mut connection
        .active
        .as_mut()
        .unwrap()
        .publisher
        .as_mut()
        .unwrap()
        .options;
    options.has_video = false;
    assert_eq!(
        shown(&connection)["publishers"][0]["mediaOptions"],
        json!({"hasAudio":true,"audioActive":true,"hasVideo":false,"filter":{}})
    );
}

#[test]
fn a_shared_secret_is_shown_as_credentials_and_never_itself() {
    let mut connection = pending();
    connection.properties.ice_servers = vec![IceServer {
        url: "turn:a.example.com".into(),
        credentials: Some(IceCredentials::StaticAuthSecret("turnsecret".into())),
    }];
    let text = render_connection(&SessionId::new("S"), &connection);
    assert!(!text.contains("turnsecret"));
    let server = &json_of(&text)["customIceServers"][0];
    assert_eq!(keys(server), ["credential", "url", "username"]);
    assert_eq!(server["username"], "86401:nding123");
}

#[test]
fn lists_show_pending_connections_unless_told_otherwise() {
    let count = |flags| json_of(&render_connections(&session(), flags))["numberOfElements"].clone();
    assert_eq!(count(Flags::CONNECTIONS), 2);
    assert_eq!(
        count(
            Flags::CONNECTIONS
                .with_query("pendingConnections=false")
                .unwrap()
        ),
        1
    );
}

#[test]
fn stats_add_the_keys_that_the_sdks_read() {
    let flags = Flags::CONNECTIONS.with_query("webRtcStats=true").unwrap();
    let list = json_of(&render_connections(&session(), flags));
    let extra = [
        "clientIceCandidates",
        "events",
        "localCandidate",
        "localSdp",
        "remoteCandidate",
        "remoteSdp",
        "serverIceCandidates",
        "webrtcEndpointName",
    ];
    for kind in ["publishers", "subscribers"] {
        let item = &list["content"][0][kind][0];
        for key in extra {
            assert!(
                item.as_object().unwrap().contains_key(key),
                "{kind} {key}: {item}"
            );
        }
        assert!(item["events"].is_array() && item["serverIceCandidates"].is_array());
    }
    assert_eq!(
        list["content"][0]["publishers"][0]["webrtcEndpointName"],
        "con_Active1234/0"
    );
}

#[test]
fn updates() {
    let none = ConnectionUpdate::default();
    assert_eq!(parse_update(b""), Ok(none));
    assert_eq!(
        parse_update(br#"{"data":"OTHER_DATA","role":null}"#),
        Ok(none)
    );
    assert_eq!(
        parse_update(br#"{"role":"SUBSCRIBER","record":false}"#),
        Ok(ConnectionUpdate {
            role: Some(Role::Subscriber),
            record: Some(false)
        })
    );
    for body in [
        r#"{"role":false}"#,
        r#"{"record":123}"#,
        r#"{"role":"PUBLISHER","record":"WRONG"}"#,
        r#"{"role":"X"}"#,
    ] {
        assert_eq!(
            parse_update(body.as_bytes()).unwrap_err().status,
            400,
            "{body}"
        );
    }
}

#[test]
fn legacy_tokens() {
    let body =
        br#"{"session":"CUSTOM_SESSION_ID","role":"MODERATOR","data":"SERVER_DATA","record":false,
        "kurentoOptions":{"videoMaxSendBandwidth":777,"allowedFilters":["GStreamerFilter"]}}"#;
    let request = parse_token(body).unwrap();
    assert_eq!(request.session.as_str(), "CUSTOM_SESSION_ID");
    assert!(request.properties.record, "tokens cannot say otherwise");
    let connection = Connection {
        properties: request.properties,
        ..pending()
    };
    assert_eq!(
        json_of(&render_token(&request.session, &connection)),
        json!({
            "id":"wss://localhost:4443?sessionId=S&token=tok_P","token":"wss://localhost:4443?sessionId=S&token=tok_P",
            "connectionId":"con_Pending123","createdAt":1000,"session":"CUSTOM_SESSION_ID","role":"MODERATOR",
            "data":"SERVER_DATA","kurentoOptions":{"videoMaxSendBandwidth":777,"allowedFilters":["GStreamerFilter"]},
        })
    );
    assert!(!render_token(&request.session, &pending()).contains("kurentoOptions"));
}

#[test]
fn wrong_legacy_tokens() {
    for body in [
        "",
        "{}",
        r#"{"session":true}"#,
        r#"{"session":"CUSTOM_SESSION_ID","role":"NOT_EXISTS"}"#,
        r#"{"session":"CUSTOM_SESSION_ID","role":"MODERATOR","data":999}"#,
        r#"{"session":"CUSTOM_SESSION_ID","kurentoOptions":false}"#,
        r#"{"session":"CUSTOM_SESSION_ID","kurentoOptions":{"allowedFilters":"NOT_EXISTS"}}"#,
    ] {
        assert_eq!(
            parse_token(body.as_bytes()).unwrap_err().status,
            400,
            "{body}"
        );
    }
}
