//! What happens to a conference.

use crate::effect::MediaAnswer;
use crate::ids::*;
use crate::model::*;

/// One thing that happened. Ids that must be unguessable are drawn by the shell and handed in, because this crate
/// has no randomness.
#[derive(Clone, Debug)]
pub enum Input {
    /// The application's server asks (REST). Answered by exactly one [`Effect::Reply`](crate::Effect::Reply).
    Server {
        /// Carried back by the reply.
        request: RequestId,
        #[allow(missing_docs)]
        operation: ServerOperation,
    },
    /// A client asks to join (`joinRoom`). Answered by exactly one reply, after the shell was asked to place the
    /// session ([`Effect::Place`](crate::Effect::Place)).
    Join {
        /// Carried back by the reply.
        request: RequestId,
        #[allow(missing_docs)]
        join: Join,
    },
    /// The shell's answer to [`Effect::Place`](crate::Effect::Place). Without a node the join is refused, or, while the
    /// session itself waits for a node, held for as long as its client waits.
    Placed {
        /// The join that waits for it.
        request: RequestId,
        /// Where the session is carried, or that no node could take it.
        outcome: Result<Placement, NoNode>,
    },
    /// A joined client asks (any other JSON-RPC method). Answered by exactly one reply.
    Client {
        /// Carried back by the reply.
        request: RequestId,
        /// Who asks, as bound to its WebSocket by `joinRoom`.
        connection: ConnectionId,
        #[allow(missing_docs)]
        operation: ClientOperation,
    },
    /// A client's WebSocket is gone and its grace is over: `networkDisconnect`. Also to be said of a connection whose
    /// [`Joined`](crate::Joined) could not be delivered any more.
    Lost {
        #[allow(missing_docs)]
        connection: ConnectionId,
    },
    /// A participant's client has lost its WebSocket and has another one, or the master has gone down and is there again:
    /// what it was told lately may not have arrived.
    Resumed {
        #[allow(missing_docs)]
        connection: ConnectionId,
        /// What it was told before then has arrived.
        since: Timestamp,
    },
    /// A node answered a [`MediaCommand`](crate::MediaCommand) that carries a key, or never will.
    Media {
        /// The key of the command.
        key: RequestId,
        /// The node's answer.
        outcome: Result<MediaAnswer, MediaError>,
    },
    /// A node is dead, not merely silent. Nothing more is said to it.
    NodeLost {
        #[allow(missing_docs)]
        node: NodeId,
        /// What becomes of the sessions that it carried.
        remedy: Remedy,
    },
    /// A node answers commands again, after some were given up as unanswered. Its sessions were not lost.
    NodeBack {
        #[allow(missing_docs)]
        node: NodeId,
    },
    /// A node says that the media of this publishing transport flows. Nothing happens when it is not the current one of
    /// its stream.
    SourceUp {
        #[allow(missing_docs)]
        transport: TransportId,
    },
    /// A node has closed this publishing transport of its own accord, because nobody was there for too long, or does
    /// not know it. Its client can reach us, may have missed the answer to its repair, and is made to dial again a few
    /// times ([`Effect::Redial`](crate::Effect::Redial)) if media has flowed before. Nothing happens when it is not the
    /// current one of its stream.
    SourceGone {
        #[allow(missing_docs)]
        transport: TransportId,
    },
    /// The node of a peer connection is reached elsewhere than its client was told, and these are to be told, too. Nothing
    /// happens when the peer connection is not wanted any more.
    NewCandidates {
        #[allow(missing_docs)]
        transport: TransportId,
        #[allow(missing_docs)]
        candidates: NewCandidates,
    },
    /// A peer connection is found to be broken, and its client is to make another one for the stream that it sends or
    /// receives. Nothing happens when one is on its way already.
    Repair {
        #[allow(missing_docs)]
        connection: ConnectionId,
        #[allow(missing_docs)]
        stream: StreamId,
    },
    /// Take a session away from its node, which is alive: as with [`Remedy::Recover`], but its peer connections there
    /// are closed. Nothing happens to one that has no node.
    Move {
        #[allow(missing_docs)]
        session: SessionId,
    },
    /// Where a session goes that [`Effect::Rehouse`](crate::Effect::Rehouse) asked a place for. May be said at any time
    /// for any of [`Conference::homeless`](crate::Conference::homeless), and changes nothing for others.
    Rehoused {
        #[allow(missing_docs)]
        session: SessionId,
        /// One that may serve.
        node: NodeId,
    },
    /// No place was found in time: a session without a node ends with `nodeCrashed`. Changes nothing for others.
    GiveUp {
        #[allow(missing_docs)]
        session: SessionId,
    },
    /// It is as late as [`Conference::next_deadline`](crate::Conference::next_deadline) said.
    Elapsed,
    /// Time to remove sessions that nobody ever joined and that are older than `older_than_ms`.
    CollectGarbage {
        /// Threshold, milliseconds.
        older_than_ms: u64,
    },
    /// The server is going down: everybody is evicted with `openviduServerStopped`.
    Stopping,
}

/// ICE candidates of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCandidates {
    /// Of the m-section that they belong to.
    pub sdp_mid: String,
    /// Of the same m-section.
    pub sdp_m_line_index: u16,
    /// RFC 8839 candidate-attributes.
    pub candidates: Vec<String>,
}

/// What becomes of the sessions of a dead node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// They end, and everybody is evicted with `nodeCrashed`, as with OpenVidu.
    Evict,
    /// They stay, with everybody and all streams in them, and get another node
    /// ([`Effect::Rehouse`](crate::Effect::Rehouse)). Clients make new peer connections by themselves.
    Recover,
}

/// A request of the application's server.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ServerOperation {
    CreateSession {
        /// Used when the application asked for no id of its own.
        fresh: SessionId,
        properties: SessionProperties,
    },
    CloseSession {
        session: SessionId,
    },
    CreateConnection {
        session: SessionId,
        /// Used unless `server_data` is JSON with `openviduCustomConnectionId`.
        fresh: ConnectionId,
        token: Token,
        properties: ConnectionProperties,
    },
    /// `PATCH …/connection/{id}`: only what is present changes.
    UpdateConnection {
        session: SessionId,
        connection: ConnectionId,
        role: Option<Role>,
        record: Option<bool>,
    },
    ForceDisconnect {
        session: SessionId,
        connection: ConnectionId,
    },
    ForceUnpublish {
        session: SessionId,
        stream: StreamId,
    },
    Signal {
        session: SessionId,
        signal: Signal,
    },
}

/// A message to some or all participants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Empty means everybody.
    pub to: Vec<ConnectionId>,
    /// As it goes to the clients, with its `signal:` prefix.
    pub kind: Option<String>,
    #[allow(missing_docs)]
    pub data: Option<String>,
}

/// Parameters of `joinRoom`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Join {
    pub session: SessionId,
    pub token: Token,
    pub client_data: String,
    pub platform: String,
    pub ip: String,
}

/// Where a session is carried and what its clients need to reach it.
#[derive(Clone, Debug)]
pub struct Placement {
    #[allow(missing_docs)]
    pub node: NodeId,
    /// What a client gets whose connection has no ICE servers of its own: never empty, credentials fixed.
    pub ice_servers: Vec<IceServer>,
}

/// No node could take the session. The text says why, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoNode(pub String);

/// Why a node could not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaError {
    /// The SDP could not be read or used (error 302).
    Sdp(String),
    /// The forced codec is not in the offer (error 800).
    CodecImpossible(String),
    /// The node knows no such stream or transport (error 303).
    Unknown(String),
    /// The node is gone, overloaded, or did not answer in time (error 303).
    Unavailable(String),
}

impl MediaError {
    /// In words.
    pub fn reason(&self) -> &str {
        match self {
            Self::Sdp(reason)
            | Self::CodecImpossible(reason)
            | Self::Unknown(reason)
            | Self::Unavailable(reason) => reason,
        }
    }
}

/// A request of a joined client.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ClientOperation {
    Leave,
    Publish {
        offer: String,
        options: MediaOptions,
        /// Four characters, the first a letter; becomes part of the stream's id.
        nonce: String,
    },
    Unpublish,
    /// `prepareReceiveVideoFrom`: the server offers. With `reconnect` a new transport replaces the old one once
    /// [`Reconnect`](Self::Reconnect) brings the answer.
    PrepareReceive {
        stream: StreamId,
        reconnect: bool,
    },
    /// `receiveVideoFrom` with `sdpAnswer`.
    Receive {
        stream: StreamId,
        answer: String,
    },
    /// `reconnectStream` has one form for both; the core decides by the stream's owner: the publisher's own stream
    /// carries a new offer, any other stream the answer to the last `PrepareReceive`.
    Reconnect {
        stream: StreamId,
        sdp: String,
    },
    Unsubscribe {
        /// Whose stream.
        sender: ConnectionId,
    },
    /// `onIceCandidate`. Always answered with success, at once; what cannot be used is dropped.
    Candidate {
        /// Own connection id for the publisher's transport, the stream owner's for a subscriber's.
        endpoint: ConnectionId,
        candidate: String,
        sdp_mid: Option<String>,
    },
    Signal(Signal),
    ChangeStream {
        stream: StreamId,
        change: StreamChange,
        reason: String,
    },
    ForceDisconnect {
        connection: ConnectionId,
    },
    ForceUnpublish {
        stream: StreamId,
    },
}

/// `streamPropertyChanged` of a client: what changed, and the JSON text of `newValue` exactly as it must be
/// notified (`"true"`, or a JSON string inside a string for dimensions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamChange {
    #[allow(missing_docs)]
    pub property: StreamProperty,
    /// JSON text of the request's value.
    pub new_value: String,
}

/// The properties of a stream that a client may change, with the value as understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StreamProperty {
    AudioActive(bool),
    VideoActive(bool),
    /// JSON text of width and height.
    VideoDimensions(String),
    AudioTrack,
    VideoTrack,
}
