//! What a client's machine wants done.

use conference::{ClientOperation, ConnectionId, Join, RequestId};

use super::frame::Id;
use crate::id::RpcSessionId;

/// One WebSocket, numbered by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// One [`Client`](super::Client), numbered by the shell from 1 on, never reused within a run of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNumber(pub u32);

impl ClientNumber {
    /// Whose request this is. Number 0 is nobody's: the shell's own requests.
    pub fn of(request: RequestId) -> Self {
        Self((request.0 >> 32) as u32)
    }

    pub(super) fn request(self, sequence: u32) -> RequestId {
        RequestId(u64::from(self.0) << 32 | u64::from(sequence))
    }
}

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Write a text frame.
    Send {
        #[allow(missing_docs)]
        socket: SocketId,
        #[allow(missing_docs)]
        text: String,
    },
    /// Close the WebSocket. The machine has forgotten it already; what it still reports is ignored.
    Close {
        #[allow(missing_docs)]
        socket: SocketId,
        /// RFC 6455 close code.
        code: u16,
        /// RFC 6455 close reason.
        reason: &'static str,
    },
    /// [`conference::Input::Join`]. Answer with [`Client::reply`](super::Client::reply).
    Join {
        #[allow(missing_docs)]
        request: RequestId,
        #[allow(missing_docs)]
        join: Join,
    },
    /// [`conference::Input::Client`]. Answer with [`Client::reply`](super::Client::reply).
    Operation {
        #[allow(missing_docs)]
        request: RequestId,
        #[allow(missing_docs)]
        connection: ConnectionId,
        #[allow(missing_docs)]
        operation: ClientOperation,
    },
    /// The client wants to go on as another RPC session; see the module's documentation.
    Resume(Resume),
    /// The grace is over: [`conference::Input::Lost`].
    Lost {
        #[allow(missing_docs)]
        connection: ConnectionId,
    },
    /// Nothing is left to do; drop the machine. Always the last effect.
    Ended,
}

/// A `connect` that names another RPC session than the one of the socket it came on.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The new WebSocket.
    pub socket: SocketId,
    /// Where it comes from.
    pub ip: String,
    /// The RPC session to go on with.
    pub session: RpcSessionId,
    pub(super) id: Id,
}
