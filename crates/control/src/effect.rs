//! What a master wants done.

use cluster::{
    Addresses, AttachmentId, BootId, Environment, Illegal, MediaNodeStatus, NodeId, Refusal,
    SessionId, Term, autoscaling,
};
use conference::{ConnectionId, Error, MediaCommand, Notification, Reply, RequestId, Timestamp};
use openvidu::rpc::{ClientNumber, Resume};

use crate::input::Question;
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
    /// See whether clients could reach the node, and answer with [`Input::Probed`](crate::Input::Probed).
    Probe {
        node: NodeId,
        boot: BootId,
        addresses: Addresses,
    },
    /// Start a machine for a node of this id, and tag it so. May be said twice.
    Launch { node: NodeId },
    /// Stop the machine of this node. May be said twice.
    Terminate { node: NodeId },
    /// Something that applications may want to hear of.
    Event(Event),
    /// Something for the log.
    Log(Notice),
    /// Everybody has been told that the master goes down. Always the last effect.
    Stopped,
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
    /// There is no such RPC session; its socket stays its own.
    ResumeRefused(Resume),
    /// Say what is left to be said and end.
    Stop,
}

/// What an operator's wish came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obeyed {
    /// The id of the node that [`cluster::Command::Launch`] asked for.
    pub launched: Option<NodeId>,
}

/// What happened, for webhooks.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// In a session.
    Meeting(Box<conference::Event>),
    /// To a node, and when.
    Node(Timestamp, NodeEvent),
}

/// What happened to a node.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum NodeEvent {
    /// `mediaNodeStatusChanged`
    StatusChanged {
        node: NodeId,
        environment: Environment,
        old: Option<MediaNodeStatus>,
        new: MediaNodeStatus,
    },
    /// `autoscaling`
    Autoscaling(Box<autoscaling::Event>),
    /// `nodeCrashed`
    Crashed {
        node: NodeId,
        environment: Environment,
        /// What it carried.
        sessions: Vec<SessionId>,
        /// Who took part there.
        connections: Vec<ConnectionId>,
    },
    /// `nodeRecovered`
    Recovered {
        node: NodeId,
        environment: Environment,
    },
}
