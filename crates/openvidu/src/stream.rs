//! Names of enumerations that both faces (JSON-RPC and REST) share, and the stream object.

use conference::{
    EndReason, ForcedVideoCodec, MediaMode, RecordingMode, Role, Stream, TypeOfVideo,
};
use serde::Serialize;

/// The object that tells a client of somebody's stream (`joinRoom` result, `participantPublished`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StreamView<'a> {
    id: &'a str,
    created_at: u64,
    has_audio: bool,
    has_video: bool,
    audio_active: bool,
    video_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_of_video: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_rate: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_dimensions: Option<&'a str>,
    filter: NoFilter,
}

/// `{}`: filters are not served.
#[derive(Serialize)]
pub(crate) struct NoFilter {}

impl<'a> From<&'a Stream> for StreamView<'a> {
    fn from(stream: &'a Stream) -> Self {
        let options = &stream.options;
        Self {
            id: stream.id.as_str(),
            created_at: stream.created_at.0,
            has_audio: options.has_audio,
            has_video: options.has_video,
            audio_active: options.audio_active,
            video_active: options.video_active,
            type_of_video: options.type_of_video.map(type_of_video_name),
            frame_rate: options.frame_rate,
            video_dimensions: options.video_dimensions.as_deref(),
            filter: NoFilter {},
        }
    }
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Subscriber => "SUBSCRIBER",
        Role::Publisher => "PUBLISHER",
        Role::Moderator => "MODERATOR",
    }
}

pub(crate) fn parse_role(name: &str) -> Option<Role> {
    [Role::Subscriber, Role::Publisher, Role::Moderator]
        .into_iter()
        .find(|role| role_name(*role) == name)
}

pub(crate) fn type_of_video_name(kind: TypeOfVideo) -> &'static str {
    match kind {
        TypeOfVideo::Camera => "CAMERA",
        TypeOfVideo::Screen => "SCREEN",
        TypeOfVideo::Custom => "CUSTOM",
        TypeOfVideo::Ipcam => "IPCAM",
    }
}

pub(crate) fn parse_type_of_video(name: &str) -> Option<TypeOfVideo> {
    [
        TypeOfVideo::Camera,
        TypeOfVideo::Screen,
        TypeOfVideo::Custom,
        TypeOfVideo::Ipcam,
    ]
    .into_iter()
    .find(|kind| type_of_video_name(*kind) == name)
}

pub(crate) fn media_mode_name(mode: MediaMode) -> &'static str {
    match mode {
        MediaMode::Routed => "ROUTED",
        MediaMode::Relayed => "RELAYED",
    }
}

pub(crate) fn parse_media_mode(name: &str) -> Option<MediaMode> {
    [MediaMode::Routed, MediaMode::Relayed]
        .into_iter()
        .find(|mode| media_mode_name(*mode) == name)
}

pub(crate) fn recording_mode_name(mode: RecordingMode) -> &'static str {
    match mode {
        RecordingMode::Manual => "MANUAL",
        RecordingMode::Always => "ALWAYS",
    }
}

pub(crate) fn parse_recording_mode(name: &str) -> Option<RecordingMode> {
    [RecordingMode::Manual, RecordingMode::Always]
        .into_iter()
        .find(|mode| recording_mode_name(*mode) == name)
}

pub(crate) fn codec_name(codec: ForcedVideoCodec) -> &'static str {
    match codec {
        ForcedVideoCodec::MediaServerPreferred => "MEDIA_SERVER_PREFERRED",
        ForcedVideoCodec::None => "NONE",
        ForcedVideoCodec::Vp8 => "VP8",
        ForcedVideoCodec::Vp9 => "VP9",
        ForcedVideoCodec::H264 => "H264",
    }
}

pub(crate) fn parse_codec(name: &str) -> Option<ForcedVideoCodec> {
    use ForcedVideoCodec::{H264, MediaServerPreferred, None, Vp8, Vp9};
    [MediaServerPreferred, None, Vp8, Vp9, H264]
        .into_iter()
        .find(|codec| codec_name(*codec) == name)
}

/// `signal:` in front, unless it is there already: clients fire the event named exactly like the received type.
pub(crate) fn signal_kind(kind: &str) -> String {
    if kind.starts_with("signal:") {
        kind.to_owned()
    } else {
        format!("signal:{kind}")
    }
}

/// OpenVidu's name of a reason.
pub(crate) fn reason_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Unsubscribe => "unsubscribe",
        EndReason::Unpublish => "unpublish",
        EndReason::Disconnect => "disconnect",
        EndReason::ForceUnpublishByUser => "forceUnpublishByUser",
        EndReason::ForceUnpublishByServer => "forceUnpublishByServer",
        EndReason::ForceDisconnectByUser => "forceDisconnectByUser",
        EndReason::ForceDisconnectByServer => "forceDisconnectByServer",
        EndReason::LastParticipantLeft => "lastParticipantLeft",
        EndReason::SessionClosedByServer => "sessionClosedByServer",
        EndReason::NetworkDisconnect => "networkDisconnect",
        EndReason::MediaServerDisconnect => "mediaServerDisconnect",
        EndReason::MediaServerReconnect => "mediaServerReconnect",
        EndReason::NodeCrashed => "nodeCrashed",
        EndReason::OpenviduServerStopped => "openviduServerStopped",
        EndReason::AutomaticStop => "automaticStop",
    }
}
