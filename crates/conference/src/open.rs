//! The requests that wait for somebody else's answer.

use crate::ids::*;
use crate::input::{Join, NoNode};

/// What a client's request waits for. Each is answered exactly once: by that, or by what makes it impossible.
#[derive(Clone, Debug)]
pub(crate) enum Waiting {
    /// For the node's answer to a `Publish`.
    Publish(ConnectionId),
    /// For the node's answer to a `Subscribe`.
    Offer(ConnectionId, StreamId),
    /// For the node's answer to an `Accept`.
    Accept(ConnectionId, StreamId),
}

/// A join that waits for [`Input::Placed`](crate::Input::Placed).
#[derive(Debug)]
pub(crate) struct Joining {
    /// Whose token it brought. The token is out of the table until this is decided.
    pub connection: ConnectionId,
    pub join: Join,
    /// The node that the session already had when the question was put.
    pub asked_for: Option<NodeId>,
    /// Why there was no place. It waits for the one that the session is to get.
    pub waits: Option<NoNode>,
}
