//! `POST /call/token`: what the call page asks instead of knowing the secret.
//!
//! `{"room":"…"}` makes the room when there is none and answers `{"token":"…"}`, which lets one person in as a
//! publisher. Rooms of the call page are sessions whose ids begin with `call~`, so that nobody gets a token for an
//! application's session here.

mod rate;

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use conference::{
    ConnectionProperties, Error, Reply, Role, ServerOperation, SessionId, SessionProperties,
};
use openvidu::id;
use serde_json::{Value, json};

use crate::app::App;
use crate::ask::GoingDown;
use crate::http::ClientIp;
use crate::random;

pub(crate) use rate::Rate;

/// What the ids of the call page's sessions begin with. Applications cannot name a session so: `~` is no character of a
/// `customSessionId`.
const PREFIX: &str = "call~";

/// Longest name of a room, characters.
const ROOM_CHARS: usize = 64;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "expected JSON with a `room` of 1 to {ROOM_CHARS} letters, digits, `-` and `_`, got {0}"
    )]
    Room(String),
    #[error("too many requests from your address; try again in a few seconds")]
    TooMany,
    #[error(transparent)]
    Conference(Error),
    #[error("the room was closed at this moment; try again")]
    Gone,
    #[error(transparent)]
    GoingDown(#[from] GoingDown),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Room(_) => StatusCode::BAD_REQUEST,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Conference(_) | Self::Gone | Self::GoingDown(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        (status, Json(json!({ "message": self.to_string() }))).into_response()
    }
}

pub(crate) async fn token(
    State(app): State<Arc<App>>,
    ClientIp(ip): ClientIp,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = async {
        let room = room(&body)?;
        if !app.call_page_rate.allows(ip, Instant::now()) {
            return Err(Refusal::TooMany);
        }
        create(&app, room, reached_by(&headers)).await
    };
    match asked.await {
        Ok(token) => Json(json!({ "token": token })).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Host and port by which the page was opened: on a network without names that is often an address which nobody
/// configured. Whoever lies here gets a token that leads himself astray.
fn reached_by(headers: &HeaderMap) -> Option<(String, u16)> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-[]:".contains(c);
    let usable = !host.host().is_empty() && host.host().chars().all(plain);
    usable.then(|| (host.host().to_owned(), host.port_u16().unwrap_or(443)))
}

fn room(body: &[u8]) -> Result<String, Refusal> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| Refusal::Room(error.to_string()))?;
    let room = value
        .get("room")
        .and_then(Value::as_str)
        .ok_or_else(|| Refusal::Room("none".to_owned()))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if room.is_empty() || room.len() > ROOM_CHARS || !room.chars().all(plain) {
        return Err(Refusal::Room(format!("{room:.80?}")));
    }
    Ok(room.to_owned())
}

async fn create(
    app: &App,
    room: String,
    reached_by: Option<(String, u16)>,
) -> Result<String, Refusal> {
    let session = SessionId::new(format!("{PREFIX}{room}"));
    let properties = SessionProperties {
        custom_session_id: Some(session.as_str().to_owned()),
        forced_video_codec: app.config.forced_video_codec,
        allow_transcoding: app.config.allow_transcoding,
        ..SessionProperties::default()
    };
    let create = ServerOperation::CreateSession {
        fresh: id::session_id(&random::draw()),
        properties,
    };
    match app
        .operate(create, |_, result: Result<Reply, Error>| result.map(drop))
        .await?
    {
        // Somebody is in the room already.
        Ok(()) | Err(Error::SessionExists(_)) => {}
        Err(error) => return Err(Refusal::Conference(error)),
    }
    let create = match reached_by {
        Some((host, port)) => app.new_connection_at(&host, port, session, publisher()),
        None => app.new_connection(session, publisher()),
    };
    let token = app.operate(create, |conference, result| {
        let Reply::Connection(session, connection) = result? else {
            return Ok(None);
        };
        let made = conference
            .session(&session)
            .and_then(|session| session.connections.get(&connection));
        Ok(made.map(|connection| connection.token.as_str().to_owned()))
    });
    token
        .await?
        .map_err(Refusal::Conference)?
        .ok_or(Refusal::Gone)
}

fn publisher() -> ConnectionProperties {
    ConnectionProperties {
        server_data: String::new(),
        role: Role::Publisher,
        record: true,
        kurento_options: None,
        ice_servers: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
