//! JSON-RPC 2.0 over WebSocket, as openvidu-browser speaks it.
//!
//! One [`Client`] is one *RPC session*: the server's identity of a client, which outlives its WebSocket by a grace of
//! ten seconds and can be resumed on a new one. The shell owns one task (or table entry) per client:
//!
//! 1. WebSocket accepted → [`Client::new`] with a fresh [`Identity`], [`Client::attach`].
//! 2. Every frame → [`Client::text`]; the WebSocket is gone → [`Client::detached`].
//! 3. The conference's `Reply` → [`Client::reply`]; its `Notify` → [`Client::notify`]; its `Disconnected` →
//!    [`Client::disconnected`]. In the order in which the conference returned them.
//! 4. [`Client::next_timeout`] says when to call [`Client::timeout`].
//! 5. All of these return [`Effect`]s, to be carried out in order.
//!
//! **Request ids.** A client makes its own [`conference::RequestId`]s: its [`ClientNumber`] in the upper half, a
//! sequence in the lower. [`ClientNumber::of`] finds the asker of any reply without a table; number 0 is kept for the
//! shell's own requests (REST).
//!
//! **Connections.** The shell learns which connection a client has become from the `Reply::Joined` that it carries to
//! that client, and binds it before it carries out the next effect.
//!
//! **Resuming.** A reconnecting client opens a new WebSocket, which gets a fresh `Client`, and sends `connect` with
//! the id of its RPC session: [`Effect::Resume`]. The shell looks that id up among its clients. Found: the socket and
//! the [`Resume`] go to [`Client::resume`] of the old one, and the fresh one gets [`Client::handed_over`]. Not found:
//! [`Client::resume_refused`] of the fresh one answers 40007.
//!
//! **Time.** `now` must never go backwards; take a wall-clock reading at start and add a monotonic clock to it.

mod client;
mod code;
mod deadlines;
mod effect;
mod frame;
mod joined;
mod line;
mod methods;
mod notification;
mod params;
mod refusal;

pub use client::{Client, Counters, Identity, Settings};
pub use deadlines::Deadline;
pub use effect::{ClientNumber, Effect, Resume, SocketId};
pub use line::{GRACE_MS, QUEUE_BYTES, QUEUE_FRAMES};

/// Longest frame that is read, bytes. The original accepts as much.
pub const MAX_FRAME: usize = 1_000_000;

/// Most requests of one client that may be under way. A client that joins a room of a hundred publishers sends a few
/// requests and a dozen candidates for each at once.
pub const MAX_OPEN_REQUESTS: usize = 2048;
