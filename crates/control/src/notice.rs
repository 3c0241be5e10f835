//! What an operator may want to read in the log.

use std::fmt;

use cluster::{BootId, LostReason, NodeId, State};
use conference::{ConnectionId, EndReason, RequestId, SessionId, StreamId, TransportId};
use openvidu::rpc::ClientNumber;

/// How much attention something deserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Weight {
    Debug,
    Info,
    Warning,
}

/// One line of the log; `Display` is the line.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Notice {
    Joined {
        session: SessionId,
        connection: ConnectionId,
        client: ClientNumber,
    },
    Left(ConnectionId),
    Published(StreamId),
    SessionClosed {
        session: SessionId,
        reason: EndReason,
    },
    NodeState {
        node: NodeId,
        from: Option<State>,
        to: State,
    },
    NodeLost {
        node: NodeId,
        boot: BootId,
        reason: LostReason,
        sessions: usize,
    },
    NodeBack(NodeId),
    NodeRefused(String),
    NodeLeaving {
        node: NodeId,
        reason: String,
    },
    LinkLost {
        node: NodeId,
        reason: String,
    },
    Transport {
        node: NodeId,
        transport: TransportId,
        stage: crate::Stage,
        reason: String,
    },
    ClosingLeftovers {
        node: NodeId,
        sessions: usize,
    },
    NoPlace(String),
    Unanswered(RequestId),
    NotSent(String),
    Brake(bool),
}

impl Notice {
    #[allow(missing_docs)]
    pub fn weight(&self) -> Weight {
        match self {
            Self::Transport { .. } | Self::NotSent(_) => Weight::Debug,
            Self::Joined { .. }
            | Self::Left(_)
            | Self::Published(_)
            | Self::SessionClosed { .. }
            | Self::NodeState { .. }
            | Self::NodeBack(_)
            | Self::NodeLeaving { .. } => Weight::Info,
            Self::NodeLost { .. }
            | Self::NodeRefused(_)
            | Self::LinkLost { .. }
            | Self::ClosingLeftovers { .. }
            | Self::NoPlace(_)
            | Self::Unanswered(_)
            | Self::Brake(_) => Weight::Warning,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined {
                session,
                connection,
                client,
            } => write!(f, "{connection} joined {session} as client {}", client.0),
            Self::Left(connection) => write!(f, "{connection} is gone"),
            Self::Published(stream) => write!(f, "stream {stream} published"),
            Self::SessionClosed { session, reason } => {
                write!(f, "session {session} closed: {reason:?}")
            }
            Self::NodeState { node, from, to } => match from {
                Some(from) => write!(f, "node {node} is {to:?}, was {from:?}"),
                None => write!(f, "node {node} is {to:?}"),
            },
            Self::NodeLost {
                node,
                boot,
                reason,
                sessions,
            } => write!(
                f,
                "node {node}, boot {boot}, with {sessions} sessions is lost: {reason:?}"
            ),
            Self::NodeBack(node) => write!(f, "node {node}, which was lost, is back"),
            Self::NodeRefused(reason) => write!(f, "a node is refused: {reason}"),
            Self::NodeLeaving { node, reason } => write!(f, "node {node} is leaving: {reason}"),
            Self::LinkLost { node, reason } => write!(f, "link to node {node} lost: {reason}"),
            Self::Transport {
                node,
                transport,
                stage,
                reason,
            } => write!(f, "node {node}: {transport} is {stage:?}: {reason}"),
            Self::ClosingLeftovers { node, sessions } => {
                write!(f, "{sessions} sessions left on node {node} are closed")
            }
            Self::NoPlace(reason) => write!(f, "no media node can take a session: {reason}"),
            Self::Unanswered(key) => write!(
                f,
                "a media node did not answer command {} within its deadline",
                key.0
            ),
            Self::NotSent(reason) => write!(f, "a command was not sent: {reason}"),
            Self::Brake(true) => {
                f.write_str("mass brake: too many nodes look ill at once, nobody is taken for dead")
            }
            Self::Brake(false) => f.write_str("mass brake released"),
        }
    }
}
