//! What the control task is told, and what it tells clients.

use ::control::{Control, Input, Now, Obeyed, Told};
use cluster::Illegal;
use conference::{Conference, ConnectionId, Error, Reply, ServerOperation};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{ClientNumber, Resume};
use tokio::sync::{mpsc, oneshot};

use super::clients::Doors;
use crate::socket::{Frame, Socket};

/// Answers a request of the application's server, with the conference as it is when the answer may be told. What the
/// answer names may be gone by then.
pub(crate) type Respond = Box<dyn FnOnce(&Conference, Result<Reply, Error>) + Send>;

/// Answers an operator's command.
pub(crate) type Report = Box<dyn FnOnce(Result<Obeyed, Illegal>) + Send>;

/// Looks at what there is.
pub(crate) type Look = Box<dyn FnOnce(&Control, Now) + Send>;

/// Said to the control task.
pub(crate) enum Message {
    /// An application asks.
    Server {
        operation: ServerOperation,
        respond: Respond,
    },
    /// An operator commands.
    Command {
        command: cluster::Command,
        report: Report,
    },
    /// How many nodes are wanted from now on; `None`: as the settings say.
    Policy {
        policy: Option<Box<cluster::Policy>>,
        report: Report,
    },
    /// Relay credentials are to be made under a new secret.
    RotateRelay { report: Report },
    /// Somebody wants to read.
    Look(Look),
    /// A client's task has started.
    Opened {
        client: ClientNumber,
        session: RpcSessionId,
        doors: Doors,
    },
    /// A client wants to go on as another RPC session, on this socket.
    Resume {
        from: ClientNumber,
        resume: Resume,
        socket: Socket,
    },
    /// A client's task is at its end.
    Ended { client: ClientNumber },
    /// Something happened that needs nothing of the task itself.
    Input(Input),
    /// Another master may lead, and why.
    Deposed { reason: String },
    /// The master is going down. Answered when that is written, and everybody has been told of it who is to be.
    Stop {
        departure: Departure,
        done: oneshot::Sender<()>,
    },
}

/// What becomes of sessions when a master goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// They end.
    Farewell,
    /// They wait for the next run.
    Interruption,
}

/// Said to a client's task.
#[derive(Debug)]
pub(crate) enum Event {
    Told(Told),
    /// Go on on this socket. Its frames come here already.
    Resumed {
        resume: Resume,
        socket: Socket,
    },
    /// Another client has the socket now; frames of it that came here belong there.
    HandedOver {
        frames: mpsc::Sender<Frame>,
    },
    /// There is no such RPC session; the socket stays.
    ResumeRefused {
        resume: Resume,
        socket: Socket,
    },
    /// It is that RPC session, of an earlier run of the master; the socket stays.
    Adopted {
        resume: Resume,
        socket: Socket,
        connection: ConnectionId,
    },
}
