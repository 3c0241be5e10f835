//! What a conference wants done. The shell carries the effects of one input out in the order given.

use std::sync::Arc;

use crate::error::Error;
use crate::event::Event;
use crate::ids::*;
use crate::input::Signal;
use crate::model::*;

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Answers the request, exactly once per request.
    Reply {
        #[allow(missing_docs)]
        request: RequestId,
        #[allow(missing_docs)]
        result: Result<Reply, Error>,
    },
    /// Tells one active participant. Notifications and replies to one client are delivered in the order in which
    /// they were returned.
    Notify {
        #[allow(missing_docs)]
        to: ConnectionId,
        #[allow(missing_docs)]
        notification: Notification,
    },
    /// Decide which node carries this session and answer with [`Input::Placed`](crate::Input::Placed). Asked at
    /// every join; a session that has a node keeps it.
    Place {
        /// The join that waits.
        request: RequestId,
        #[allow(missing_docs)]
        session: SessionId,
        /// Where it is already, if anywhere.
        node: Option<NodeId>,
        /// Where the application wants it, if it said so.
        wanted: Option<NodeId>,
    },
    /// Find another node for a session that has lost its own, or is to leave it, and answer with
    /// [`Input::Rehoused`](crate::Input::Rehoused). Asked once; while none can take it the shell tries again by itself,
    /// and ends it with [`Input::GiveUp`](crate::Input::GiveUp) when that takes too long. Whatever the application asked
    /// for once, any node will do.
    Rehouse {
        #[allow(missing_docs)]
        session: SessionId,
        /// Where it was.
        from: NodeId,
    },
    /// Close this client's WebSocket, if it is open, without ending its RPC session. The client connects again and
    /// renews all peer connections that are not connected; stock clients whose repair failed do so only then.
    Redial {
        #[allow(missing_docs)]
        connection: ConnectionId,
    },
    /// Tell a node.
    Media {
        #[allow(missing_docs)]
        node: NodeId,
        #[allow(missing_docs)]
        command: MediaCommand,
    },
    /// This connection is over, and nothing names it again. Forget its binding to a WebSocket; the socket itself is closed by the client, or
    /// 10 s later.
    Disconnected {
        #[allow(missing_docs)]
        connection: ConnectionId,
    },
    /// The session is over, its id is free again.
    SessionClosed {
        #[allow(missing_docs)]
        session: SessionId,
        #[allow(missing_docs)]
        node: Option<NodeId>,
        #[allow(missing_docs)]
        reason: EndReason,
    },
    /// Tell the application's server, if it wants to hear of it.
    Event(Box<Event>),
}

/// What the asker gets.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Reply {
    /// `{}` of JSON-RPC, 204 of REST.
    Done,
    /// Rendered by REST.
    Session(SessionId),
    /// Rendered by REST.
    Connection(SessionId, ConnectionId),
    Joined(Box<Joined>),
    Published {
        stream: StreamId,
        created_at: Timestamp,
        answer: String,
    },
    /// `prepareReceiveVideoFrom`.
    Offer(String),
}

/// The result of `joinRoom`.
#[derive(Clone, Debug)]
pub struct Joined {
    #[allow(missing_docs)]
    pub connection: ConnectionId,
    #[allow(missing_docs)]
    pub session: SessionId,
    #[allow(missing_docs)]
    pub created_at: Timestamp,
    /// Client data and server data joined by `%/%`, see [`crate::metadata`].
    pub metadata: String,
    #[allow(missing_docs)]
    pub role: Role,
    #[allow(missing_docs)]
    pub record: bool,
    /// Never empty.
    pub ice_servers: Vec<IceServer>,
    /// Everybody who was there before.
    pub others: Vec<Participant>,
}

/// A participant as others see it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Participant {
    pub connection: ConnectionId,
    pub created_at: Timestamp,
    pub metadata: String,
    pub stream: Option<Stream>,
}

/// A stream as others see it.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Stream {
    pub id: StreamId,
    pub created_at: Timestamp,
    pub options: MediaOptions,
}

/// A message from the server to a client.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Notification {
    ParticipantJoined {
        connection: ConnectionId,
        created_at: Timestamp,
        metadata: String,
    },
    ParticipantLeft {
        connection: ConnectionId,
        reason: EndReason,
    },
    ParticipantPublished {
        connection: ConnectionId,
        stream: Stream,
    },
    ParticipantUnpublished {
        connection: ConnectionId,
        reason: EndReason,
    },
    ParticipantEvicted {
        connection: ConnectionId,
        reason: EndReason,
    },
    Signal {
        /// `None` for the application's server.
        from: Option<ConnectionId>,
        /// Its `to` is empty: who else hears it is nobody's business. All recipients share it, however large it is.
        signal: Arc<Signal>,
    },
    StreamPropertyChanged {
        connection: ConnectionId,
        stream: StreamId,
        property: &'static str,
        /// JSON text, sent as a string.
        new_value: String,
        reason: String,
    },
    RoleChanged(Role),
    RecordChanged(bool),
    /// The node of one of the client's peer connections is reached here, too. Told late or twice it does no harm.
    IceCandidate {
        /// Of the stream that the peer connection sends or receives.
        owner: ConnectionId,
        /// As OpenVidu names peer connections: the stream for its sender, `<connection>_<stream>` for a receiver.
        endpoint: String,
        candidate: String,
        sdp_mid: String,
        sdp_m_line_index: u16,
    },
    /// Asks the client to make a new subscriber from this offer.
    ForciblyReconnectSubscriber {
        connection: ConnectionId,
        stream: StreamId,
        offer: String,
    },
    /// What the client was to be offered for this stream by [`Notification::ForciblyReconnectSubscriber`] is void: it is not
    /// told any more, if it has not been told yet. There is no word for this in OpenVidu's protocol.
    OfferWithdrawn {
        stream: StreamId,
    },
}

/// Why something ended, with OpenVidu's names (`EndReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EndReason {
    Unsubscribe,
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
    AutomaticStop,
}

/// What a node is told. Every command names what it makes, so that saying it twice changes nothing. A `key` is the id
/// of the client's request that waits for it; the shell answers it with [`MediaError::Unavailable`] when the node does
/// not, well before the 10 s after which clients stop waiting.
///
/// [`MediaError::Unavailable`]: crate::MediaError::Unavailable
#[derive(Clone, Debug)]
pub enum MediaCommand {
    /// Answer the client's offer with a receiving transport that feeds `stream`. When the stream has a transport
    /// already, the new one replaces it and all subscribers stay.
    Publish {
        /// Answered by [`Input::Media`](crate::Input::Media) with [`MediaAnswer::Answer`].
        key: RequestId,
        #[allow(missing_docs)]
        session: SessionId,
        #[allow(missing_docs)]
        stream: StreamId,
        #[allow(missing_docs)]
        transport: TransportId,
        #[allow(missing_docs)]
        offer: String,
        #[allow(missing_docs)]
        forced_video_codec: ForcedVideoCodec,
    },
    /// Offer a sending transport for `stream`.
    Subscribe {
        /// Answered with [`MediaAnswer::Offer`].
        key: RequestId,
        #[allow(missing_docs)]
        session: SessionId,
        #[allow(missing_docs)]
        stream: StreamId,
        #[allow(missing_docs)]
        transport: TransportId,
        /// Which m-sections the offer must hold.
        audio: bool,
        #[allow(missing_docs)]
        video: bool,
    },
    /// The client's answer to the offer of `transport`.
    Accept {
        /// Answered with [`MediaAnswer::Accepted`].
        key: RequestId,
        #[allow(missing_docs)]
        transport: TransportId,
        #[allow(missing_docs)]
        answer: String,
    },
    /// A candidate of the client's. Not answered.
    Candidate {
        #[allow(missing_docs)]
        transport: TransportId,
        #[allow(missing_docs)]
        candidate: String,
        #[allow(missing_docs)]
        sdp_mid: Option<String>,
    },
    /// Close the transport and forget it. Not answered. Closing a stream's current publishing transport ends the
    /// stream on the node.
    Close {
        #[allow(missing_docs)]
        transport: TransportId,
    },
}

/// What a node answers.
#[derive(Clone, Debug)]
pub enum MediaAnswer {
    /// SDP answer to a publisher's offer.
    Answer(String),
    /// SDP offer for a subscriber.
    Offer(String),
    /// The subscriber's answer was taken.
    Accepted,
}
