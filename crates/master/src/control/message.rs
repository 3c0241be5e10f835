//! What the control task is told, and what it tells clients.

use cluster::Cluster;
use conference::{
    ClientOperation, Conference, ConnectionId, Error, Join, Notification, Reply, RequestId,
    ServerOperation,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{ClientNumber, Resume};
use tokio::sync::{mpsc, oneshot};

use super::clients::Doors;
use crate::socket::{Frame, Socket};

/// Answers a request of the application's server, with the conference as it is right after the request.
pub(crate) type Respond = Box<dyn FnOnce(&Conference, Result<Reply, Error>) + Send>;

/// Looks at what there is.
pub(crate) type Look = Box<dyn FnOnce(&Conference, &Cluster) + Send>;

/// Said to the control task.
pub(crate) enum Message {
    /// An application asks.
    Server {
        operation: ServerOperation,
        respond: Respond,
    },
    /// Somebody wants to read.
    Look(Look),
    /// A client's task has started.
    Opened {
        client: ClientNumber,
        session: RpcSessionId,
        doors: Doors,
    },
    /// A client asks to join.
    Join { request: RequestId, join: Box<Join> },
    /// A joined client asks.
    Operation {
        request: RequestId,
        connection: ConnectionId,
        operation: ClientOperation,
    },
    /// A client wants to go on as another RPC session, on this socket.
    Resume {
        from: ClientNumber,
        resume: Resume,
        socket: Socket,
    },
    /// A client's grace is over.
    Lost { connection: ConnectionId },
    /// A client's task is at its end.
    Ended { client: ClientNumber },
    /// The master is going down. Answered when everybody has been told.
    Stop { done: oneshot::Sender<()> },
}

/// Said to a client's task.
#[derive(Debug)]
pub(crate) enum Event {
    Reply {
        request: RequestId,
        result: Result<Reply, Error>,
    },
    Notify(Notification),
    /// The connection is over.
    Disconnected,
    /// Go on on this socket. Its frames come here already.
    Resumed {
        resume: Resume,
        socket: Socket,
    },
    /// Another client has the socket now; frames of it that came here belong there.
    HandedOver {
        frames: mpsc::Sender<Frame>,
    },
    /// There is no such RPC session.
    ResumeRefused {
        resume: Resume,
        socket: Socket,
    },
    /// Say what is left to be said and end.
    Stop,
}
