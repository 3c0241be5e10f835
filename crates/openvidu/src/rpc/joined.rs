//! The result of `joinRoom`.

use conference::{Joined, Participant, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::ice::{IceServerView, views};
use crate::stream::{StreamView, role_name};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JoinedView<'a> {
    id: &'a str,
    created_at: u64,
    metadata: &'a str,
    value: Vec<ParticipantView<'a>>,
    session: &'a str,
    version: &'a str,
    /// Makes the client let the server offer subscriptions.
    media_server: &'static str,
    video_simulcast: bool,
    record: bool,
    role: &'static str,
    custom_ice_servers: Vec<IceServerView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParticipantView<'a> {
    id: &'a str,
    created_at: u64,
    metadata: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<[StreamView<'a>; 1]>,
}

/// Renders the result. `version` is what the client compares its own with; it must be semver.
pub(super) fn render(joined: &Joined, version: &str, now: Timestamp) -> Map<String, Value> {
    let view = JoinedView {
        id: joined.connection.as_str(),
        created_at: joined.created_at.0,
        metadata: &joined.metadata,
        value: joined.others.iter().map(participant).collect(),
        session: joined.session.as_str(),
        version,
        media_server: "mediasoup",
        video_simulcast: false,
        record: joined.record,
        role: role_name(joined.role),
        custom_ice_servers: views(&joined.ice_servers, now, joined.connection.as_str()),
    };
    match serde_json::to_value(view) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn participant(participant: &Participant) -> ParticipantView<'_> {
    ParticipantView {
        id: participant.connection.as_str(),
        created_at: participant.created_at.0,
        metadata: &participant.metadata,
        streams: participant
            .stream
            .as_ref()
            .map(|stream| [StreamView::from(stream)]),
    }
}

/// Whether the text is a version of semver 2.0 that every client can compare: three numbers, optionally followed by
/// `-` or `+` and identifiers.
pub(super) fn is_semver(text: &str) -> bool {
    let (core, rest) = match text.find(['-', '+']) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, "0"),
    };
    let number = |part: &str| {
        (1..=9).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    let identifier = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= 64
        && core.split('.').count() == 3
        && core.split('.').all(number)
        && rest.split(['.', '+']).all(identifier)
}
