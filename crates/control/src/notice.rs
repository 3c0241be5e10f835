//! What an operator may want to read in the log.

use std::fmt;
use std::time::Duration;

use cluster::{BootId, LostReason, NodeId, State};
use conference::{
    ConnectionId, EndReason, LegOf, NotRestored, RequestId, SessionId, StreamId, TransportId,
};
use diagnosis::{Cause, Failure, Finding, Step};
use openvidu::rpc::ClientNumber;
use openvidu::webhook;

use crate::failures::Many;
use crate::node_settings::Skew;

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
    /// A node is reached elsewhere from now on.
    NodeAddresses {
        node: NodeId,
        version: u64,
        ips: Vec<std::net::IpAddr>,
        /// Why there are none.
        problem: String,
        /// What it carries that was described with others.
        outdated: usize,
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
    /// The ways that lead to a node have changed; whether for the worse.
    Ways {
        sentence: String,
        worse: bool,
    },
    /// Somebody found a path otherwise than before.
    Path {
        node: NodeId,
        change: reachability::Change,
    },
    /// No node was found for it.
    GivenUp(SessionId),
    /// After a restart.
    Restored {
        sessions: usize,
        participants: usize,
        nodes: usize,
    },
    NotRestored(NotRestored),
    /// Participants of an earlier run of the master who did not come back.
    NotReturned(usize),
    /// A node came back with other transports than the sessions want.
    Differs {
        node: NodeId,
        /// Closed.
        orphans: usize,
        /// Left to their clients to repair.
        missing: usize,
    },
    StoreSilent(String),
    StoreAnswers(Duration),
    /// It is too large for the store.
    NotWritable {
        key: String,
        bytes: usize,
    },
    SteppingDown(String),
    /// The application's server does not take what it is told, and the oldest is dropped.
    Untold(usize),
    PostRefused(webhook::Outcome),
    PostFailed(webhook::Outcome),
    Unanswered(RequestId),
    /// Somebody's media does not flow.
    Diagnosed(Box<Failure>),
    /// One of many failures, of which [`Notice::ManyFailed`] will tell.
    OneOfMany(Box<Notice>),
    /// What failures have in common that were too many to be told of one by one.
    ManyFailed(Box<Many>),
    /// What is done about it.
    Remedy {
        leg: LegOf,
        step: Step,
        cause: Cause,
        proof: String,
    },
    Healed {
        leg: LegOf,
        by: Option<(Cause, Step)>,
        after: Duration,
    },
    /// Of one that was given up.
    Attempt {
        leg: LegOf,
        step: Step,
    },
    /// Nothing is left that the master could do by itself.
    NotHealed {
        leg: LegOf,
        cause: Cause,
        remedy: String,
    },
    NotSent(String),
    Brake(bool),
    /// A node's clock is far from the master's, or not any more.
    Clock {
        node: NodeId,
        skew: Skew,
    },
    /// A node's relay has another secret than the master, or not any more.
    RelaySecret {
        node: NodeId,
        diverges: bool,
    },
    /// To this version.
    RelaySecretRotated(u64),
}

impl Notice {
    #[allow(missing_docs)]
    pub fn weight(&self) -> Weight {
        match self {
            Self::Transport { .. } | Self::NotSent(_) | Self::Path { .. } | Self::OneOfMany(_) => {
                Weight::Debug
            }
            Self::Ways { worse: true, .. } => Weight::Warning,
            Self::Ways { worse: false, .. }
            | Self::Joined { .. }
            | Self::Left(_)
            | Self::Published(_)
            | Self::SessionClosed { .. }
            | Self::NodeState { .. }
            | Self::NodeAddresses { .. }
            | Self::NodeBack(_)
            | Self::NodeLeaving { .. }
            | Self::Restored { .. }
            | Self::NotReturned(_)
            | Self::Differs { .. }
            | Self::StoreAnswers(_)
            | Self::RelaySecretRotated(_)
            | Self::RelaySecret {
                diverges: false, ..
            } => Weight::Info,
            Self::Clock { skew, .. } if !skew.is_large() => Weight::Info,
            Self::Remedy { .. } | Self::Healed { .. } | Self::Attempt { .. } => Weight::Info,
            Self::NodeLost { .. }
            | Self::NodeRefused(_)
            | Self::LinkLost { .. }
            | Self::ClosingLeftovers { .. }
            | Self::NoPlace(_)
            | Self::GivenUp(_)
            | Self::Unanswered(_)
            | Self::Diagnosed(_)
            | Self::ManyFailed(_)
            | Self::NotHealed { .. }
            | Self::StoreSilent(_)
            | Self::NotRestored(_)
            | Self::NotWritable { .. }
            | Self::SteppingDown(_)
            | Self::Untold(_)
            | Self::PostRefused(_)
            | Self::PostFailed(_)
            | Self::Brake(_)
            | Self::Clock { .. }
            | Self::RelaySecret { .. } => Weight::Warning,
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
            Self::Ways { sentence, .. } => f.write_str(sentence),
            Self::Path { node, change } => write!(
                f,
                "node {node}: {} from {} is {:?}",
                change.path, change.from, change.standing
            ),
            Self::NoPlace(reason) => write!(f, "no media node can take a session: {reason}"),
            Self::GivenUp(session) => write!(
                f,
                "session {session} lost its node and no other was found in time; it ends"
            ),
            Self::OneOfMany(one) => one.fmt(f),
            Self::ManyFailed(many) => many.fmt(f),
            Self::Diagnosed(_)
            | Self::Remedy { .. }
            | Self::Healed { .. }
            | Self::Attempt { .. }
            | Self::NotHealed { .. } => self.fmt_of_failures(f),
            of_the_master => of_the_master.fmt_of_the_master(f),
        }
    }
}

impl Notice {
    fn fmt_of_failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diagnosed(failure) => {
                let Failure {
                    connection,
                    stream,
                    node,
                    ..
                } = &**failure;
                write!(f, "{connection}: no media for {stream} on node {node}")?;
                if let Some(first) = failure.first() {
                    let Finding {
                        cause,
                        confidence,
                        proof,
                        remedy,
                        ..
                    } = first;
                    write!(
                        f,
                        ": {cause} ({confidence} %): {proof}; remedy: {}",
                        remedy.text
                    )?;
                }
                Ok(())
            }
            Self::Remedy {
                leg,
                step,
                cause,
                proof,
            } => write!(
                f,
                "{}: {} for {} because of {cause}: {proof}",
                leg.connection,
                step.code(),
                leg.stream
            ),
            Self::Healed { leg, by, after } => {
                write!(
                    f,
                    "{}: {} has media again after {after:?}",
                    leg.connection, leg.stream
                )?;
                match by {
                    Some((cause, step)) => write!(f, "; {} helped against {cause}", step.code()),
                    None => write!(f, ", by itself"),
                }
            }
            other => other.fmt_of_given_up(f),
        }
    }

    fn fmt_of_given_up(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt { leg, step } => write!(
                f,
                "{}: {} for {} is attempted once more",
                leg.connection,
                step.code(),
                leg.stream
            ),
            Self::NotHealed { leg, cause, remedy } => write!(
                f,
                "{}: nothing that could be done by itself brought media back for {}: {cause}; what is left: {remedy}; it is attempted again now and then",
                leg.connection, leg.stream
            ),
            of_addresses => of_addresses.fmt_of_addresses(f),
        }
    }

    fn fmt_of_addresses(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeAddresses {
                node,
                version,
                ips,
                problem,
                outdated,
            } => write!(
                f,
                "node {node} is reached at {ips:?} from now on (version {version}) {problem}; {outdated} of its peer \
                 connections were described with others"
            ),
            // Said by the others.
            _ => Ok(()),
        }
    }

    fn fmt_of_the_master(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Restored {
                sessions,
                participants,
                nodes,
            } => write!(
                f,
                "restored {sessions} sessions with {participants} participants on {nodes} nodes"
            ),
            Self::NotRestored(error) => write!(f, "{error}"),
            Self::NotReturned(count) => write!(
                f,
                "{count} participants did not come back after the restart in time"
            ),
            Self::Differs {
                node,
                orphans,
                missing,
            } => write!(
                f,
                "node {node} carries {orphans} transports that no session wants, which are closed, and lacks {missing}"
            ),
            Self::StoreSilent(reason) => write!(
                f,
                "the store does not write: {reason}; calls go on, and what changes is lost should the master end now"
            ),
            Self::StoreAnswers(after) => write!(f, "the store writes again, after {after:?}"),
            Self::NotWritable { key, bytes } => write!(
                f,
                "record {key} with {bytes} bytes is too large for the store; what it is about does not outlive this run \
                 of the master"
            ),
            Self::SteppingDown(reason) => write!(f, "this master does not lead any more: {reason}"),
            Self::Untold(count) => write!(
                f,
                "the webhook's server does not take what it is told; {count} messages are dropped"
            ),
            Self::PostRefused(outcome) => {
                write!(f, "the webhook's server refused a message: {outcome:?}")
            }
            Self::PostFailed(outcome) => write!(
                f,
                "the webhook's server did not take a message, which is tried again: {outcome:?}"
            ),
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
            of_relays => of_relays.fmt_of_relays(f),
        }
    }

    fn fmt_of_relays(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock { node, skew } if skew.is_large() => write!(
                f,
                "the clock of node {node} is {:.1} s {} this master's, and relay credentials are judged by the master's; set \
                 the clocks right (chrony, systemd-timesyncd)",
                std::time::Duration::from_millis(skew.ahead_ms.unsigned_abs()).as_secs_f64(),
                if skew.ahead_ms > 0 {
                    "ahead of"
                } else {
                    "behind"
                },
            ),
            Self::Clock { node, .. } => {
                write!(f, "the clock of node {node} agrees with this master's")
            }
            Self::RelaySecret {
                node,
                diverges: true,
            } => write!(
                f,
                "the relay of node {node} has another secret than this master and refuses its credentials; it is told again"
            ),
            Self::RelaySecret { node, .. } => {
                write!(f, "the relay of node {node} has this master's secret again")
            }
            Self::RelaySecretRotated(version) => {
                write!(
                    f,
                    "relay credentials are made under secret {version} from now on"
                )
            }
            of_addresses => of_addresses.fmt_of_addresses(f),
        }
    }
}
