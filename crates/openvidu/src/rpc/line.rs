//! Where frames to the client go: its WebSocket, or a bounded queue while it has none.

use std::collections::VecDeque;

use super::effect::SocketId;

/// How long a client without a WebSocket may take to come back, milliseconds.
pub const GRACE_MS: u64 = 10_000;

/// Most frames kept for a client without a WebSocket. More than a full session has
/// participants: closing it tells each of all that were evicted before.
pub const QUEUE_FRAMES: usize = 4096;

/// Most bytes kept for a client without a WebSocket.
pub const QUEUE_BYTES: usize = 4 << 20;

/// More frames came than are kept for a client without a WebSocket.
#[derive(Debug)]
pub(super) struct Overflow;

/// The way to the client.
#[derive(Debug)]
pub(super) enum Line {
    Attached { socket: SocketId, ip: String },
    Detached(Queue),
}

/// Frames that wait for the client's return.
#[derive(Debug, Default)]
pub(super) struct Queue {
    frames: VecDeque<String>,
    bytes: usize,
}

impl Line {
    pub fn socket(&self) -> Option<SocketId> {
        match self {
            Self::Attached { socket, .. } => Some(*socket),
            Self::Detached(_) => None,
        }
    }

    pub fn ip(&self) -> &str {
        match self {
            Self::Attached { ip, .. } => ip,
            Self::Detached(_) => "",
        }
    }

    /// Puts a new WebSocket on, and returns what waited for it and the WebSocket it replaces.
    pub fn attach(&mut self, socket: SocketId, ip: String) -> (VecDeque<String>, Option<SocketId>) {
        match std::mem::replace(self, Self::Attached { socket, ip }) {
            Self::Attached { socket, .. } => (VecDeque::new(), Some(socket)),
            Self::Detached(queue) => (queue.frames, None),
        }
    }

    pub fn detach(&mut self) {
        *self = Self::Detached(Queue::default());
    }
}

impl Queue {
    pub fn push(&mut self, frame: String) -> Result<(), Overflow> {
        if self.frames.len() >= QUEUE_FRAMES || self.bytes + frame.len() > QUEUE_BYTES {
            return Err(Overflow);
        }
        self.bytes += frame.len();
        self.frames.push_back(frame);
        Ok(())
    }
}
