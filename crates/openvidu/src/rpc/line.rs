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
    frames: VecDeque<Frame>,
    bytes: usize,
}

/// What is told to a client.
#[derive(Debug)]
pub(super) struct Frame {
    pub text: String,
    /// The stream for which it brings an offer that may become void.
    pub offers: Option<String>,
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self { text, offers: None }
    }
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
    pub fn attach(&mut self, socket: SocketId, ip: String) -> (VecDeque<Frame>, Option<SocketId>) {
        match std::mem::replace(self, Self::Attached { socket, ip }) {
            Self::Attached { socket, .. } => (VecDeque::new(), Some(socket)),
            Self::Detached(queue) => (queue.frames, None),
        }
    }

    /// Drops the offer for this stream that waits.
    pub fn withdraw(&mut self, stream: &str) {
        if let Self::Detached(queue) = self {
            let kept = |frame: &Frame| frame.offers.as_deref() != Some(stream);
            queue.frames.retain(kept);
            queue.bytes = queue.frames.iter().map(|frame| frame.text.len()).sum();
        }
    }

    /// What waits is half of what may.
    pub fn is_filling(&self) -> bool {
        match self {
            Self::Attached { .. } => false,
            Self::Detached(queue) => {
                queue.frames.len() >= QUEUE_FRAMES / 2 || queue.bytes >= QUEUE_BYTES / 2
            }
        }
    }

    pub fn detach(&mut self) {
        *self = Self::Detached(Queue::default());
    }
}

impl Queue {
    pub fn push(&mut self, frame: Frame) -> Result<(), Overflow> {
        if self.frames.len() >= QUEUE_FRAMES || self.bytes + frame.text.len() > QUEUE_BYTES {
            return Err(Overflow);
        }
        self.bytes += frame.text.len();
        self.frames.push_back(frame);
        Ok(())
    }
}
