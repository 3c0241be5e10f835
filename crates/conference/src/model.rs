//! What a session holds. Everything here is readable by whoever renders it (REST, joinRoom) and changed only by
//! [`Conference`](crate::Conference).

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::*;
use crate::lately::Lately;

/// What a participant may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Receives only.
    Subscriber,
    /// Publishes and receives. The default.
    Publisher,
    /// May also disconnect others and end their streams.
    Moderator,
}

/// `mediaMode` of a session; stored and shown, both behave alike (as in OpenVidu).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MediaMode {
    #[default]
    Routed,
    Relayed,
}

/// `recordingMode` of a session; stored and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RecordingMode {
    #[default]
    Manual,
    Always,
}

/// `forcedVideoCodec` of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ForcedVideoCodec {
    /// Same as `None` here, as on OpenVidu's mediasoup.
    #[default]
    MediaServerPreferred,
    None,
    Vp8,
    Vp9,
    H264,
}

/// One ICE server as handed to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:…`, `turn:…` or `turns:…` (RFC 7064, RFC 7065), validated before it gets here.
    pub url: String,
    /// Both or neither.
    pub credentials: Option<IceCredentials>,
}

/// How a client proves itself to a TURN server. Its debug output does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub enum IceCredentials {
    /// A fixed pair.
    Fixed {
        /// TURN user name.
        username: String,
        /// TURN password.
        credential: String,
    },
    /// A shared secret from which a time-limited pair is made at connection time (TURN REST).
    StaticAuthSecret(String),
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed { .. } => "Fixed",
            Self::StaticAuthSecret(_) => "StaticAuthSecret",
        })
    }
}

/// What an application asked for when it created the session (`POST /sessions`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionProperties {
    /// The application's own id, validated; becomes the session's id.
    pub custom_session_id: Option<String>,
    #[allow(missing_docs)]
    pub media_mode: MediaMode,
    #[allow(missing_docs)]
    pub recording_mode: RecordingMode,
    #[allow(missing_docs)]
    pub forced_video_codec: ForcedVideoCodec,
    /// Stored and shown; Muster never transcodes.
    pub allow_transcoding: bool,
    /// `defaultRecordingProperties`, as validated JSON text; `None` for the defaults.
    pub default_recording_properties: Option<String>,
    /// The node asked for by `mediaNode.id`.
    pub media_node: Option<NodeId>,
}

/// What an application asked for when it created the connection (`POST …/connection`, type WEBRTC).
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionProperties {
    /// `data` of the request, `""` by default; becomes `serverData`.
    pub server_data: String,
    #[allow(missing_docs)]
    pub role: Role,
    /// Takes part in INDIVIDUAL recordings.
    pub record: bool,
    /// `kurentoOptions` as validated JSON text, shown again and not interpreted.
    pub kurento_options: Option<String>,
    /// The connection's own ICE servers; empty means the configured ones.
    pub ice_servers: Vec<IceServer>,
}

/// What a published stream says of itself (`mediaOptions` of REST, the stream object of JSON-RPC).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct MediaOptions {
    pub has_audio: bool,
    pub has_video: bool,
    pub audio_active: bool,
    pub video_active: bool,
    /// `None` for audio-only streams.
    pub type_of_video: Option<TypeOfVideo>,
    /// Frames per second, -1 when the client does not know.
    pub frame_rate: Option<i64>,
    /// JSON text such as `{"width":640,"height":480}`, kept as it came.
    pub video_dimensions: Option<String>,
}

/// `typeOfVideo` of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TypeOfVideo {
    Camera,
    Screen,
    Custom,
    /// `IPCAM`: not served yet, known because clients may send it.
    Ipcam,
}

/// A meeting.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    #[allow(missing_docs)]
    pub id: SessionId,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    #[allow(missing_docs)]
    pub properties: SessionProperties,
    /// The node that carries it, from the first join on.
    pub node: Option<NodeId>,
    /// Pending and active ones.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// What the others were told in the last minutes, oldest first, for those who come back and may have missed it.
    pub lately: Vec<Lately>,
}

/// One participant: pending from its creation by REST until its token is used, then active until it leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    #[allow(missing_docs)]
    pub id: ConnectionId,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    #[allow(missing_docs)]
    pub token: Token,
    #[allow(missing_docs)]
    pub properties: ConnectionProperties,
    /// `None` while pending.
    pub active: Option<Active>,
}

/// What exists only once the participant has joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Active {
    /// When it joined.
    pub since: Timestamp,
    /// Second argument of `Session.connect`.
    pub client_data: String,
    /// Browser and system, as the client reports them.
    pub platform: String,
    /// Where the WebSocket came from.
    pub ip: String,
    /// At most one stream per participant.
    pub publisher: Option<Publisher>,
    /// What it receives, by stream.
    pub subscribers: BTreeMap<StreamId, Subscriber>,
}

/// A stream that somebody publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Publisher {
    #[allow(missing_docs)]
    pub stream: StreamId,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    #[allow(missing_docs)]
    pub options: MediaOptions,
    /// The peer connection that carries it now; changes with every `reconnectStream`. `None` since its node was lost,
    /// until the publisher is back.
    pub transport: Option<TransportId>,
}

/// A stream that somebody receives.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscriber {
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    /// The peer connection that carries it now; changes with every `reconnectStream`. `None` since its node was lost,
    /// until the subscriber is back.
    pub transport: Option<TransportId>,
    /// False between the server's first offer and the client's answer.
    pub established: bool,
}
