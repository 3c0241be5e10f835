//! What a cluster wants done.

use crate::addresses::Addresses;
use crate::autoscaling;
use crate::ids::{AttachmentId, BootId, NodeId, SessionId, Term};
use crate::node::State;
use crate::status::MediaNodeStatus;

/// One thing to do. The shell carries the effects of one input out in the order given.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Effect {
    /// Welcome the node on this stream; commands to it go there from now on, under this term.
    Admit {
        attachment: AttachmentId,
        node: NodeId,
        boot: BootId,
        term: Term,
        /// The same boot was known already, and goes on with what it carries.
        again: bool,
    },
    /// Tell the node that it is not wanted, and why, and close the stream.
    Refuse {
        attachment: AttachmentId,
        refusal: Refusal,
        /// A sentence for the operator.
        reason: String,
    },
    /// Close a stream that the same boot has replaced by a newer one.
    Drop { attachment: AttachmentId },
    /// A node's state is another one now; for logs.
    Changed {
        node: NodeId,
        from: Option<State>,
        to: State,
    },
    /// The event `mediaNodeStatusChanged`.
    StatusChanged {
        node: NodeId,
        old: Option<MediaNodeStatus>,
        new: MediaNodeStatus,
    },
    /// See whether clients could reach the node, and answer with [`Input::Probed`](crate::Input::Probed).
    Probe {
        node: NodeId,
        boot: BootId,
        addresses: Addresses,
    },
    /// The node is dead and all that it carried is gone. Comes before the `Admit` of a later boot.
    Lost {
        node: NodeId,
        boot: BootId,
        reason: LostReason,
        /// What it carried: each is to be recovered elsewhere or closed.
        sessions: Vec<SessionId>,
    },
    /// A node that was lost by a crash is back, as the same or another boot.
    Recovered { node: NodeId },
    /// Close these sessions, with an event each; the node has to go. Said again until they are.
    CloseSessions {
        node: NodeId,
        sessions: Vec<SessionId>,
        reason: CloseReason,
    },
    /// Start a machine for a node of this id, and tag it so. May be said twice.
    Launch { node: NodeId },
    /// Stop the machine of this node. May be said twice.
    Terminate { node: NodeId },
    /// The event `autoscaling`.
    Autoscaling(Box<autoscaling::Event>),
    /// Too many nodes became suspect at once: the store or this master is ill, and nobody is taken for dead until
    /// this is released.
    Brake { on: bool },
}

/// Why a node is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A later boot of the same node is known. This process must stop serving.
    Superseded,
    /// This boot was terminated.
    Terminated,
}

/// How a node is known to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LostReason {
    /// All signs of life were gone for [`SUSPICION`](crate::SUSPICION).
    SuspicionOver,
    /// Its process is known to have ended: no link, and nobody listens at its ports, or its provider says so.
    Crashed,
    /// It said that it was leaving, and left.
    Left,
    /// A later boot of the same node dialled in.
    Superseded,
    /// It was terminated as asked.
    Terminated,
}

impl LostReason {
    /// Whether nobody meant it to go: the event `nodeCrashed`.
    pub fn is_crash(self) -> bool {
        // A process that is meant to end says so, also when it is started again at once.
        matches!(self, Self::SuspicionOver | Self::Crashed | Self::Superseded)
    }
}

/// Why sessions are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The node was drained and its deadline has passed.
    DrainOver,
    /// The node is terminated at once.
    Terminated,
}
