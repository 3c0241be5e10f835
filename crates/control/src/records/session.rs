//! A session without its participants.

use std::collections::BTreeMap;

use conference::{
    ConnectionId, Lately, News, NodeId, Session, SessionId, SessionProperties, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{part, words};

words!(MediaMode: Routed, Relayed);
words!(RecordingMode: Manual, Always);
words!(ForcedVideoCodec: MediaServerPreferred, None, Vp8, Vp9, H264);
words!(
    EndReason: Unsubscribe,
    Unpublish,
    Disconnect,
    ForceUnpublishByUser,
    ForceUnpublishByServer,
    ForceDisconnectByUser,
    ForceDisconnectByServer,
    LastParticipantLeft,
    SessionClosedByServer,
    NetworkDisconnect,
    MediaServerDisconnect,
    MediaServerReconnect,
    NodeCrashed,
    OpenviduServerStopped,
    AutomaticStop
);

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
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lately: Vec<LatelyRecord>,
}

/// What others were told of a participant, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LatelyRecord {
    at: u64,
    connection: String,
    news: NewsRecord,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NewsRecord {
    Joined,
    Left(EndReason),
    Published,
    Unpublished(EndReason),
    Changed,
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
            lately: session.lately.iter().map(LatelyRecord::of).collect(),
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
            lately: record.lately.into_iter().map(Into::into).collect(),
        }
    }
}

impl LatelyRecord {
    fn of(lately: &Lately) -> Self {
        Self {
            at: lately.at.0,
            connection: lately.connection.as_str().to_owned(),
            news: match lately.news {
                News::Joined => NewsRecord::Joined,
                News::Left(reason) => NewsRecord::Left(reason.into()),
                News::Published => NewsRecord::Published,
                News::Unpublished(reason) => NewsRecord::Unpublished(reason.into()),
                News::Changed => NewsRecord::Changed,
            },
        }
    }
}

impl From<LatelyRecord> for Lately {
    fn from(record: LatelyRecord) -> Self {
        Self {
            at: Timestamp(record.at),
            connection: ConnectionId::new(record.connection),
            news: match record.news {
                NewsRecord::Joined => News::Joined,
                NewsRecord::Left(reason) => News::Left(reason.into()),
                NewsRecord::Published => News::Published,
                NewsRecord::Unpublished(reason) => News::Unpublished(reason.into()),
                NewsRecord::Changed => News::Changed,
            },
        }
    }
}
