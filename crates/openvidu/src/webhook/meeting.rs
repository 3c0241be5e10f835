//! Events of sessions.

use conference::{Event, Happening, Leg, Presence, Signal, Timestamp};
use serde::Serialize;

use super::{EventName, Message};
use crate::stream::{reason_name, type_of_video_name};

/// What every event of a session begins with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfSession<'a, T> {
    timestamp: u64,
    session_id: &'a str,
    /// Tells sessions of the same id apart.
    unique_session_id: String,
    #[serde(flatten)]
    rest: T,
}

/// What events that end something end with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended<T> {
    #[serde(flatten)]
    what: T,
    start_time: u64,
    /// Whole seconds.
    duration: u64,
    reason: &'static str,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PresenceView<'a> {
    /// The same as the connection's id, and deprecated.
    participant_id: &'a str,
    connection_id: &'a str,
    location: &'static str,
    ip: &'a str,
    platform: &'a str,
    client_data: &'a str,
    server_data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LegView<'a> {
    stream_id: &'a str,
    participant_id: &'a str,
    connection_id: &'a str,
    connection: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiving_from: Option<&'a str>,
    #[serde(flatten)]
    video: Option<VideoView<'a>>,
    audio_enabled: bool,
    video_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoView<'a> {
    video_source: Option<&'static str>,
    video_framerate: Option<i64>,
    video_dimensions: Option<&'a str>,
}

#[derive(Serialize)]
struct SignalView<'a> {
    from: Option<&'a str>,
    to: Vec<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    data: Option<&'a str>,
}

/// The message that tells of what happened in a session.
pub fn of_meeting(event: &Event) -> Message {
    let at = event.at;
    match &event.what {
        Happening::SessionCreated => message(event, EventName::SessionCreated, Nothing {}),
        Happening::SessionDestroyed(reason) => {
            let ended = ended(Nothing {}, event.since, at, reason_name(*reason));
            message(event, EventName::SessionDestroyed, ended)
        }
        Happening::ParticipantJoined(who) => {
            message(event, EventName::ParticipantJoined, presence(who))
        }
        Happening::ParticipantLeft(who, reason) => {
            let ended = ended(presence(who), who.since, at, reason_name(*reason));
            message(event, EventName::ParticipantLeft, ended)
        }
        Happening::LegOpened(it) => message(event, EventName::WebrtcConnectionCreated, leg(it)),
        Happening::LegClosed(it, reason) => {
            let ended = ended(leg(it), it.since, at, reason_name(*reason));
            message(event, EventName::WebrtcConnectionDestroyed, ended)
        }
        Happening::SignalSent { from, to, signal } => {
            let view = SignalView {
                from: from.as_ref().map(|id| id.as_str()),
                to: to.iter().map(|id| id.as_str()).collect(),
                kind: kind(signal),
                data: signal.data.as_deref(),
            };
            message(event, EventName::SignalSent, view)
        }
    }
}

fn message(event: &Event, name: EventName, rest: impl Serialize) -> Message {
    let fields = OfSession {
        timestamp: event.at.0,
        session_id: event.session.as_str(),
        unique_session_id: format!("{}_{}", event.session, event.since.0),
        rest,
    };
    Message::new(name, &fields)
}

fn ended<T>(what: T, since: Timestamp, at: Timestamp, reason: &'static str) -> Ended<T> {
    Ended {
        what,
        start_time: since.0,
        duration: at.0.saturating_sub(since.0) / 1000,
        reason,
    }
}

fn presence(who: &Presence) -> PresenceView<'_> {
    PresenceView {
        participant_id: who.connection.as_str(),
        connection_id: who.connection.as_str(),
        location: "unknown",
        ip: &who.ip,
        platform: &who.platform,
        client_data: &who.client_data,
        server_data: &who.server_data,
    }
}

fn leg(leg: &Leg) -> LegView<'_> {
    let options = &leg.options;
    let receiving_from = leg.receiving_from.as_ref().map(|id| id.as_str());
    LegView {
        stream_id: leg.stream.as_str(),
        participant_id: leg.connection.as_str(),
        connection_id: leg.connection.as_str(),
        connection: match receiving_from {
            Some(_) => "INBOUND",
            None => "OUTBOUND",
        },
        receiving_from,
        video: options.has_video.then(|| VideoView {
            video_source: options.type_of_video.map(type_of_video_name),
            video_framerate: options.frame_rate,
            video_dimensions: options.video_dimensions.as_deref(),
        }),
        audio_enabled: options.has_audio,
        video_enabled: options.has_video,
    }
}

/// Applications name types without the prefix that clients need.
fn kind(signal: &Signal) -> Option<&str> {
    let kind = signal.kind.as_deref()?;
    Some(kind.strip_prefix("signal:").unwrap_or(kind))
}
