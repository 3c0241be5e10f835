//! A session without its participants.

use std::collections::BTreeMap;

use conference::{NodeId, Session, SessionId, SessionProperties, Timestamp};
use serde::{Deserialize, Serialize};

use super::{part, words};

words!(MediaMode: Routed, Relayed);
words!(RecordingMode: Manual, Always);
words!(ForcedVideoCodec: MediaServerPreferred, None, Vp8, Vp9, H264);

/// What was asked for, and the node that carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    id: String,
    /// Milliseconds since the Unix epoch.
    created_at: u64,
    node: Option<String>,
    custom_session_id: Option<String>,
    media_mode: MediaMode,
    recording_mode: RecordingMode,
    forced_video_codec: ForcedVideoCodec,
    allow_transcoding: bool,
    default_recording_properties: Option<String>,
    media_node: Option<String>,
}

impl SessionRecord {
    /// Where it lies.
    pub(crate) fn key(session: &SessionId) -> String {
        format!("sessions/{}", part(session.as_str()))
    }

    pub(crate) fn of(session: &Session) -> Self {
        let asked = &session.properties;
        Self {
            id: session.id.as_str().to_owned(),
            created_at: session.created_at.0,
            node: session.node.as_ref().map(|id| id.as_str().to_owned()),
            custom_session_id: asked.custom_session_id.clone(),
            media_mode: asked.media_mode.into(),
            recording_mode: asked.recording_mode.into(),
            forced_video_codec: asked.forced_video_codec.into(),
            allow_transcoding: asked.allow_transcoding,
            default_recording_properties: asked.default_recording_properties.clone(),
            media_node: asked.media_node.as_ref().map(|id| id.as_str().to_owned()),
        }
    }
}

impl From<SessionRecord> for Session {
    fn from(record: SessionRecord) -> Self {
        Self {
            id: SessionId::new(record.id),
            created_at: Timestamp(record.created_at),
            properties: SessionProperties {
                custom_session_id: record.custom_session_id,
                media_mode: record.media_mode.into(),
                recording_mode: record.recording_mode.into(),
                forced_video_codec: record.forced_video_codec.into(),
                allow_transcoding: record.allow_transcoding,
                default_recording_properties: record.default_recording_properties,
                media_node: record.media_node.map(NodeId::new),
            },
            node: record.node.map(NodeId::new),
            connections: BTreeMap::new(),
        }
    }
}
