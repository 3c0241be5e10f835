//! What a master wants done.

use std::sync::Arc;

use cluster::{Addresses, AttachmentId, BootId, Illegal, NodeId, Refusal, Term};
use conference::{
    ConnectionId, Error, MediaCommand, Notification, Reply, RequestId, SessionId, Timestamp,
    TransportId,
};
use openvidu::rpc::{ClientNumber, Resume};
use openvidu::webhook::Post;
use reachability::{Depth, Judgement, Path, Place, Relay};

use crate::input::Question;
use crate::node_events::NodeEvent;
use crate::node_settings::NodeSettings;
use crate::notice::Notice;

/// One thing to do. The shell carries the effects of one input out in the order given.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Effect {
    /// Answers [`Input::Server`](crate::Input::Server). What the reply names may be gone already when others asked
    /// meanwhile.
    Answer {
        question: Question,
        result: Result<Reply, Error>,
    },
    /// Answers [`Input::Command`](crate::Input::Command) and [`Input::Policy`](crate::Input::Policy).
    Obeyed {
        question: Question,
        result: Result<Obeyed, Illegal>,
    },
    /// Tells a client's machine. A shell that cannot gives the client up and says so with
    /// [`Input::Undelivered`](crate::Input::Undelivered).
    Tell { client: ClientNumber, told: Told },
    /// Passes the socket of `from` to the machine of `to`, with [`Client::resume`] and [`Client::handed_over`]. When
    /// `to` has ended meanwhile, `from` gets [`Client::resume_refused`].
    ///
    /// [`Client::resume`]: openvidu::rpc::Client::resume
    /// [`Client::handed_over`]: openvidu::rpc::Client::handed_over
    /// [`Client::resume_refused`]: openvidu::rpc::Client::resume_refused
    PassSocket {
        from: ClientNumber,
        to: ClientNumber,
        resume: Resume,
    },
    /// Lets the node on this stream in.
    Welcome {
        attachment: AttachmentId,
        node: NodeId,
        boot: BootId,
        term: Term,
        /// The same boot was known already.
        again: bool,
    },
    /// Tells the node that it is not wanted, and why, and closes the stream.
    Refuse {
        attachment: AttachmentId,
        refusal: Refusal,
        /// A sentence for the operator.
        reason: String,
    },
    /// Closes a stream of the link that a newer one has replaced.
    DropStream { attachment: AttachmentId },
    /// Tells a node. What cannot be sent comes back as [`Input::Unsent`](crate::Input::Unsent).
    Command {
        attachment: AttachmentId,
        /// `None`: not answered.
        key: Option<RequestId>,
        command: MediaCommand,
    },
    /// Tells a node how to work. One that did not take it is told again.
    Settings {
        attachment: AttachmentId,
        settings: Arc<NodeSettings>,
    },
    /// For a relay in the master's own process.
    OwnSettings(Arc<NodeSettings>),
    /// Draw a relay secret and answer with [`Input::RelaySecret`](crate::Input::RelaySecret).
    DrawRelaySecret,
    /// Ask the node what it has seen of a transport so far; it answers with [`Says::Evidence`](crate::Says::Evidence). What
    /// cannot be asked is left.
    WantEvidence {
        attachment: AttachmentId,
        transport: TransportId,
    },
    /// Look up what nodes have told of these transports, to an earlier run of the master as well, and answer with
    /// [`Input::Remembered`](crate::Input::Remembered). What cannot be looked up is left.
    Recall {
        /// Each with its session.
        transports: Vec<(SessionId, TransportId)>,
    },
    /// Have the node ask at once what it is reached at; what is new comes like any change of addresses.
    ResolveAddresses { attachment: AttachmentId },
    /// Have the media shard that carries this transport begin anew; what it gives up is told as closed.
    RestartShard {
        attachment: AttachmentId,
        transport: TransportId,
    },
    /// See whether clients could reach the node, and answer with [`Input::Probed`](crate::Input::Probed).
    Probe {
        node: NodeId,
        boot: BootId,
        addresses: Addresses,
    },
    /// Have the node on this stream look whether it reaches another one, and answer with
    /// [`Input::Looked`](crate::Input::Looked).
    Look {
        attachment: AttachmentId,
        from: NodeId,
        node: NodeId,
        place: Place,
        addresses: Addresses,
        /// Through which it is to be looked for, too.
        relays: Vec<Relay>,
        depth: Depth,
    },
    /// Tells the node which of its paths must not be handed out: all of them, in place of those that it was told before. A
    /// node that is let in withholds none.
    Withhold {
        attachment: AttachmentId,
        paths: Vec<Path>,
    },
    /// Start a machine for a node of this id, and tag it so. May be said twice.
    Launch { node: NodeId },
    /// Stop the machine of this node. May be said twice.
    Terminate { node: NodeId },
    /// Something has happened; for shells that want to see it. What is to be posted comes as [`Effect::Post`].
    Event(Event),
    /// Posts this to the application's server and answers with [`Input::Posted`](crate::Input::Posted). There is one at a
    /// time.
    Post(Post),
    /// Writes all of this or nothing, guarded by this master's leadership, and answers with
    /// [`Input::Committed`](crate::Input::Committed). There is one at a time.
    Commit { number: u64, writes: Vec<Write> },
    /// Another master leads. This one has to end without a word to anybody.
    StepDown { reason: String },
    /// Something for the log.
    Log(Notice),
    /// Everybody has been told that the master goes down, and what could be written within
    /// [`LAST_WORDS`](crate::LAST_WORDS) is written. Always the last effect.
    Stopped,
}

impl Effect {
    /// Whether it shows somebody outside what has changed.
    pub(crate) fn is_visible(&self) -> bool {
        matches!(
            self,
            Self::Answer { .. }
                | Self::Obeyed { .. }
                | Self::Tell { .. }
                | Self::PassSocket { .. }
                | Self::Event(_)
                | Self::Post(_)
        )
    }
}

/// A change of one key of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    #[allow(missing_docs)]
    pub key: String,
    /// `None` removes the key.
    pub value: Option<Vec<u8>>,
}

/// What is told to a client's machine.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Told {
    Reply {
        request: RequestId,
        result: Result<Reply, Error>,
    },
    Notify(Notification),
    /// Its connection is over.
    Disconnected,
    /// Close its WebSocket, if it has one; it comes back by itself.
    Redial,
    /// There is no such RPC session; its socket stays its own.
    ResumeRefused(Resume),
    /// The RPC session is of an earlier run of the master: the client is that one from now on, and its socket stays its
    /// own.
    Adopted {
        resume: Resume,
        connection: ConnectionId,
    },
    /// Say what is left to be said and end.
    Stop,
}

/// What an operator's wish came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obeyed {
    /// The id of the node that [`cluster::Command::Launch`] asked for.
    pub launched: Option<NodeId>,
}

/// The ways that lead to a node are others than before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ReachEvent {
    pub at: Timestamp,
    pub node: NodeId,
    pub judgement: Judgement,
}

/// What happened, for webhooks.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// In a session.
    Meeting(Box<conference::Event>),
    /// To a node, or to their number.
    Node(NodeEvent),
    /// Somebody's media did not flow, and why; told again when more is known, and when it flows again.
    Diagnosed(Box<diagnosis::Failure>),
    /// To the ways that lead to a node.
    Reach(Box<ReachEvent>),
    /// A boot of a node is over, and with it what it carried.
    Over {
        #[allow(missing_docs)]
        node: NodeId,
    },
    /// A node was told to make a transport and did not, or nobody knows that it did.
    Unmade {
        /// Which one.
        transport: TransportId,
        /// Why, as far as its client is told.
        reason: String,
    },
}
