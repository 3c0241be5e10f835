//! One WebSocket: frames in and out, bounded both ways, and deadlines for a peer that does not read.

mod backlog;

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use openvidu::rpc::{QUEUE_FRAMES, SocketId};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use backlog::{Backlog, Held};

pub(crate) use backlog::Total;

/// Longest message that is read at all. `openvidu` answers what is longer than its own bound with an error; what is
/// longer than this closes the socket.
pub(crate) const MESSAGE_BYTES: usize = 4 << 20;

/// Frames that may wait to be written. What a client without a socket has missed must fit.
const WAITING_FRAMES: usize = 2 * QUEUE_FRAMES;

/// How long one frame may take to go into the system's buffer.
const WRITE: Duration = Duration::from_secs(10);

/// How long the peer may take to answer a close.
const CLOSE: Duration = Duration::from_secs(2);

/// Something that came from a WebSocket.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) socket: SocketId,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    Text(Utf8Bytes),
    /// Nothing comes after this.
    Gone,
}

/// The end of a WebSocket that a client's task holds. Dropping it closes the WebSocket once all is written.
#[derive(Debug)]
pub(crate) struct Socket {
    id: SocketId,
    out: mpsc::Sender<Out>,
    backlog: Backlog,
    frames: watch::Sender<mpsc::Sender<Frame>>,
}

#[derive(Debug)]
enum Out {
    Text(String, Held),
    Close { code: u16, reason: &'static str },
}

/// More waits to be written than is kept, or the peer is gone.
#[derive(Debug)]
pub(crate) struct Unwritable;

impl Socket {
    pub(crate) fn id(&self) -> SocketId {
        self.id
    }

    /// From now on frames go there.
    pub(crate) fn redirect(&self, frames: mpsc::Sender<Frame>) {
        self.frames.send_replace(frames);
    }

    pub(crate) fn send(&self, text: String) -> Result<(), Unwritable> {
        let held = self.backlog.hold(text.len()).ok_or(Unwritable)?;
        self.out
            .try_send(Out::Text(text, held))
            .map_err(|_| Unwritable)
    }

    /// Closes after what was sent before.
    pub(crate) fn close(self, code: u16, reason: &'static str) {
        // A full queue loses the code: the WebSocket is closed by the drop.
        let _ = self.out.try_send(Out::Close { code, reason });
    }
}

/// Makes a held end, and the task's end of it.
pub(crate) fn pair(id: SocketId, frames: mpsc::Sender<Frame>, backlog: Total) -> (Socket, Pump) {
    let (out, waiting) = mpsc::channel(WAITING_FRAMES);
    let (frames, route) = watch::channel(frames);
    let socket = Socket {
        id,
        out,
        backlog: Backlog::new(backlog),
        frames,
    };
    let pump = Pump {
        id,
        out: waiting,
        route,
    };
    (socket, pump)
}

/// Moves frames between a WebSocket and whoever holds its [`Socket`].
pub(crate) struct Pump {
    id: SocketId,
    out: mpsc::Receiver<Out>,
    route: watch::Receiver<mpsc::Sender<Frame>>,
}

impl Pump {
    /// Runs until the WebSocket is closed by either side.
    pub(crate) async fn run(mut self, mut ws: WebSocket) {
        let ending = loop {
            tokio::select! {
                message = ws.recv() => match message {
                    Some(Ok(Message::Text(text))) => {
                        if self.forward(Content::Text(text)).await.is_err() {
                            break Ending::Close(CloseFrame { code: GOING_AWAY, reason: Utf8Bytes::default() });
                        }
                    }
                    Some(Ok(Message::Close(_))) | None => break Ending::Gone,
                    Some(Ok(Message::Binary(_))) => {
                        break Ending::Close(CloseFrame { code: UNSUPPORTED, reason: "Expected text frames".into() });
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Err(error)) => break broken(&error),
                },
                out = self.out.recv() => if let Some(ending) = self.write(&mut ws, out).await {
                    break ending;
                },
            }
        };
        // Whoever resumes onto this socket from here on must find it unwritable.
        self.out.close();
        // The client's task must know at once, not after the courtesies below.
        let _ = self.forward(Content::Gone).await;
        if let Ending::Close(frame) = ending {
            close(&mut ws, frame).await;
        }
    }

    async fn forward(&mut self, content: Content) -> Result<(), Unwritable> {
        let mut frame = Frame {
            socket: self.id,
            content,
        };
        loop {
            let inbox = self.route.borrow_and_update().clone();
            match inbox.send(frame).await {
                Ok(()) => return Ok(()),
                Err(refused) if self.route.has_changed().unwrap_or(false) => frame = refused.0,
                Err(_) => return Err(Unwritable),
            }
        }
    }

    /// Writes one frame; says when that was the last.
    async fn write(&mut self, ws: &mut WebSocket, out: Option<Out>) -> Option<Ending> {
        // What is being written still counts as waiting.
        let (text, _held) = match out {
            Some(Out::Text(text, held)) => (text, held),
            Some(Out::Close { code, reason }) => {
                return Some(Ending::Close(CloseFrame {
                    code,
                    reason: reason.into(),
                }));
            }
            None => {
                return Some(Ending::Close(CloseFrame {
                    code: GOING_AWAY,
                    reason: Utf8Bytes::default(),
                }));
            }
        };
        match timeout(WRITE, ws.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) | Err(_) => Some(Ending::Gone),
        }
    }
}

#[cfg(test)]
impl Pump {
    /// Takes what nobody has written yet.
    pub(crate) fn waiting(&mut self) -> Vec<String> {
        let texts = std::iter::from_fn(|| self.out.try_recv().ok()).filter_map(|out| match out {
            Out::Text(text, _) => Some(text),
            Out::Close { .. } => None,
        });
        texts.collect()
    }
}

/// How it ends.
enum Ending {
    /// Nothing can be said any more.
    Gone,
    Close(CloseFrame),
}

// RFC 6455, section 7.4.1.
const GOING_AWAY: u16 = 1001;
const PROTOCOL: u16 = 1002;
const UNSUPPORTED: u16 = 1003;
const TOO_BIG: u16 = 1009;

fn broken(error: &axum::Error) -> Ending {
    // The library's error types are behind axum's; their texts are all that tells them apart.
    let text = error.to_string();
    if text.contains("too long") || text.contains("Space limit") {
        return Ending::Close(CloseFrame {
            code: TOO_BIG,
            reason: "Expected messages of at most 4 MiB".into(),
        });
    }
    if text.contains("protocol error") || text.contains("UTF-8") || text.contains("Utf8") {
        return Ending::Close(CloseFrame {
            code: PROTOCOL,
            reason: Utf8Bytes::default(),
        });
    }
    Ending::Gone
}

async fn close(ws: &mut WebSocket, frame: CloseFrame) {
    let courtesy = async {
        if ws.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(message)) = ws.recv().await {
                if matches!(message, Message::Close(_)) {
                    break;
                }
            }
        }
    };
    // A peer that does not answer is cut off all the same.
    let _ = timeout(CLOSE, courtesy).await;
}
