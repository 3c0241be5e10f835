//! A session to be rendered.

use std::collections::BTreeMap;

use conference::*;
use serde_json::Value;

pub fn properties() -> ConnectionProperties {
    ConnectionProperties {
        server_data: "SERVER_DATA".into(),
        role: Role::Moderator,
        record: true,
        kurento_options: None,
        ice_servers: Vec::new(),
    }
}

pub fn pending() -> Connection {
    Connection {
        id: ConnectionId::new("con_Pending123"),
        created_at: Timestamp(1_000),
        token: Token::new("wss://localhost:4443?sessionId=S&token=tok_P"),
        properties: properties(),
        active: None,
    }
}

pub fn active() -> Connection {
    let stream = StreamId::new("str_CAM_Hjgk_con_Active1234");
    let other = StreamId::new("str_MIC_Hjgk_con_Other12345");
    let unanswered = StreamId::new("str_SCR_Hjgk_con_Third12345");
    let subscriber = |established| Subscriber {
        created_at: Timestamp(4_000),
        transport: Some(TransportId::new("con_Active1234/1")),
        established,
    };
    Connection {
        id: ConnectionId::new("con_Active1234"),
        active: Some(Active {
            since: Timestamp(2_000),
            client_data: "CLIENT_DATA".into(),
            platform: "Chrome".into(),
            ip: "203.0.113.7".into(),
            publisher: Some(Publisher {
                stream,
                created_at: Timestamp(3_000),
                options: MediaOptions {
                    has_audio: true,
                    has_video: true,
                    audio_active: true,
                    video_active: false,
                    type_of_video: Some(TypeOfVideo::Camera),
                    frame_rate: Some(30),
                    video_dimensions: Some("{\"width\":640,\"height\":480}".into()),
                },
                transport: Some(TransportId::new("con_Active1234/0")),
            }),
            subscribers: BTreeMap::from([
                (other, subscriber(true)),
                (unanswered, subscriber(false)),
            ]),
        }),
        ..pending()
    }
}

pub fn session() -> Session {
    let connections = [pending(), active()];
    Session {
        id: SessionId::new("S"),
        created_at: Timestamp(500),
        properties: SessionProperties::default(),
        node: None,
        connections: connections
            .into_iter()
            .map(|connection| (connection.id.clone(), connection))
            .collect(),
        lately: Vec::new(),
    }
}

pub fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The keys of an object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}
