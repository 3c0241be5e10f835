//! Bodies of the REST API. What is accepted goes into a conference and is shown again, as JSON.
#![no_main]

use conference::{
    Conference, ConnectionId, Input, RequestId, ServerOperation, SessionId, Timestamp, Token,
};
use libfuzzer_sys::fuzz_target;
use openvidu::rest::{self, Flags, Refused, SessionDefaults};
use serde_json::Value;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

const ALL: Flags = Flags {
    pending_connections: true,
    web_rtc_stats: true,
};

fuzz_target!(|data: &[u8]| {
    let Some((what, body)) = data.split_first() else {
        return;
    };
    let outcome = match what % 8 {
        0 => session(body),
        1 => rest::parse_connection(body).map(connection),
        2 => rest::parse_token(body).map(|request| connection(request.properties)),
        3 => rest::parse_update(body).map(drop),
        5 => nodes(body),
        6 => rest::parse_status(body).map(drop),
        7 => rest::parse_restart(body).map(drop),
        _ => rest::parse_signal(body).map(drop),
    };
    if let Err(refused) = outcome {
        assert!((400..600).contains(&refused.status));
        json(&refused.body(NOW, "/openvidu/api/sessions"));
    }
});

fn nodes(body: &[u8]) -> Result<(), Refused> {
    let text = String::from_utf8_lossy(body);
    let (query, body) = text.split_once('\n').unwrap_or((&text, ""));
    rest::NodeFlags::of_query(query)?;
    rest::parse_removal(query)?;
    rest::parse_launch(query, body.as_bytes()).map(drop)
}

fn session(body: &[u8]) -> Result<(), Refused> {
    let properties = rest::parse_session(body, SessionDefaults::default())?;
    let fresh = SessionId::new("ses_Aabcdefghi");
    let id = properties.custom_session_id.clone();
    let id = id.map_or(fresh.clone(), SessionId::new);
    let mut conference = Conference::new();
    serve(
        &mut conference,
        ServerOperation::CreateSession { fresh, properties },
    );
    let session = conference.session(&id).expect("it was just made");
    json(&rest::render_session(session, ALL));
    Ok(())
}

fn connection(properties: conference::ConnectionProperties) {
    let id = SessionId::new("ses_Aabcdefghi");
    let mut conference = Conference::new();
    let session = ServerOperation::CreateSession {
        fresh: id.clone(),
        properties: conference::SessionProperties::default(),
    };
    serve(&mut conference, session);
    let connection = ServerOperation::CreateConnection {
        session: id.clone(),
        fresh: ConnectionId::new("con_Aabcdefghi"),
        token: Token::new("wss://localhost?sessionId=ses_Aabcdefghi&token=tok_A"),
        properties,
    };
    serve(&mut conference, connection);
    let session = conference.session(&id).expect("it was just made");
    let made = session
        .connections
        .values()
        .next()
        .expect("it was just made");
    json(&rest::render_session(session, ALL));
    json(&rest::render_connection(&id, made));
    json(&rest::render_token(&id, made));
}

fn serve(conference: &mut Conference, operation: ServerOperation) {
    let request = RequestId(1);
    conference.handle(NOW, Input::Server { request, operation });
}

fn json(text: &str) {
    let value: Result<Value, _> = serde_json::from_str(text);
    assert!(value.is_ok_and(|value| value.is_object()), "{text}");
}
