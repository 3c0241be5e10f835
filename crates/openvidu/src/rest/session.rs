//! Sessions: `POST /sessions` and how a session is shown.

use conference::{ForcedVideoCodec, NodeId, Session, SessionProperties};
use serde::Serialize;
use serde_json::Value;

use super::body::Body;
use super::connection::{ConnectionsView, connections};
use super::flags::Flags;
use super::recording;
use super::refused::Refused;
use crate::stream::{
    codec_name, media_mode_name, parse_codec, parse_media_mode, parse_recording_mode,
    recording_mode_name,
};

/// What sessions get that do not ask for something else, from the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionDefaults {
    /// `OPENVIDU_STREAMS_FORCED_VIDEO_CODEC`
    pub forced_video_codec: ForcedVideoCodec,
    /// `OPENVIDU_STREAMS_ALLOW_TRANSCODING`
    pub allow_transcoding: bool,
}

/// Body of `POST /sessions`.
pub fn parse_session(body: &[u8], defaults: SessionDefaults) -> Result<SessionProperties, Refused> {
    let body = Body::parse(body)?;
    Ok(SessionProperties {
        custom_session_id: custom_session_id(&body)?,
        media_mode: body
            .choice("mediaMode", parse_media_mode, "ROUTED, RELAYED")?
            .unwrap_or_default(),
        recording_mode: body
            .choice("recordingMode", parse_recording_mode, "MANUAL, ALWAYS")?
            .unwrap_or_default(),
        forced_video_codec: body
            .choice(
                "forcedVideoCodec",
                parse_codec,
                "MEDIA_SERVER_PREFERRED, NONE, VP8, VP9, H264",
            )?
            .unwrap_or(defaults.forced_video_codec),
        allow_transcoding: body
            .flag("allowTranscoding")?
            .unwrap_or(defaults.allow_transcoding),
        default_recording_properties: recording::parse(&body)?,
        media_node: media_node(&body)?,
    })
}

fn custom_session_id(body: &Body) -> Result<Option<String>, Refused> {
    let Some(id) = body.text("customSessionId")?.filter(|id| !id.is_empty()) else {
        return Ok(None);
    };
    if id
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    {
        Ok(Some(id))
    } else {
        Err(Refused::bad(format!(
            "Parameter 'customSessionId' is wrong. Must be an alphanumeric string [a-zA-Z0-9_-], not '{id}'"
        )))
    }
}

fn media_node(body: &Body) -> Result<Option<NodeId>, Refused> {
    let Some(node) = body.object("mediaNode")? else {
        return Ok(None);
    };
    match node.text("id")? {
        Some(id) => Ok(Some(NodeId::new(id))),
        None => Err(Refused::bad(
            "Error in parameter 'mediaNode'. Property 'id' not found",
        )),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::rest) struct SessionView<'a> {
    id: &'a str,
    object: &'static str,
    session_id: &'a str,
    created_at: u64,
    recording: bool,
    broadcasting: bool,
    media_mode: &'static str,
    recording_mode: &'static str,
    default_recording_properties: Value,
    custom_session_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_node: Option<NodeView<'a>>,
    connections: ConnectionsView<'a>,
    forced_video_codec: &'static str,
    allow_transcoding: bool,
}

#[derive(Serialize)]
struct NodeView<'a> {
    id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionsView<'a> {
    number_of_elements: usize,
    content: Vec<SessionView<'a>>,
}

/// One session.
pub fn render_session(session: &Session, flags: Flags) -> String {
    serde_json::to_string(&session_view(session, flags)).unwrap_or_default()
}

/// `GET /sessions`.
pub fn render_sessions<'a>(
    sessions: impl IntoIterator<Item = &'a Session>,
    flags: Flags,
) -> String {
    let content: Vec<_> = sessions
        .into_iter()
        .map(|session| session_view(session, flags))
        .collect();
    let sessions = SessionsView {
        number_of_elements: content.len(),
        content,
    };
    serde_json::to_string(&sessions).unwrap_or_default()
}

pub(in crate::rest) fn session_view(session: &Session, flags: Flags) -> SessionView<'_> {
    let properties = &session.properties;
    let recording = properties.default_recording_properties.as_deref();
    SessionView {
        id: session.id.as_str(),
        object: "session",
        session_id: session.id.as_str(),
        created_at: session.created_at.0,
        recording: false,
        broadcasting: false,
        media_mode: media_mode_name(properties.media_mode),
        recording_mode: recording_mode_name(properties.recording_mode),
        default_recording_properties: recording
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_else(recording::defaults),
        custom_session_id: properties.custom_session_id.as_deref().unwrap_or_default(),
        media_node: properties
            .media_node
            .as_ref()
            .map(|node| NodeView { id: node.as_str() }),
        connections: connections(session, flags),
        forced_video_codec: codec_name(properties.forced_video_codec),
        allow_transcoding: properties.allow_transcoding,
    }
}
