//! What a cluster wants done.

use crate::ids::{AttachmentId, BootId, NodeId};
use crate::node::Status;

/// One thing to do. The shell carries the effects of one input out in the order given.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Effect {
    /// Welcome the node on this stream; commands to it go there from now on.
    Admit {
        attachment: AttachmentId,
        node: NodeId,
        boot: BootId,
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
    /// A node's status is another one now; for logs and events.
    Changed {
        node: NodeId,
        from: Option<Status>,
        to: Status,
    },
    /// The node is dead and all that it carried is gone. Comes before the `Admit` of a later boot.
    Lost {
        node: NodeId,
        boot: BootId,
        reason: LostReason,
    },
}

/// Why a node is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A later boot of the same node is known. This process must stop serving.
    Superseded,
}

/// How a node is known to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// Its link was down for [`SUSPICION`](crate::SUSPICION).
    SuspicionOver,
    /// It said that it was leaving, and left.
    Left,
    /// A later boot of the same node dialled in.
    Superseded,
}
