//! Why a request was refused. Codes and HTTP statuses are given to these in the `openvidu` crate, in one place.

use crate::ids::*;
use crate::input::{MediaError, NoNode};

/// What went wrong, in the terms of a meeting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Error {
    #[error("session {0} already exists")]
    SessionExists(SessionId),
    #[error("session {0} does not exist")]
    SessionNotFound(SessionId),
    #[error("connection {connection} does not exist in session {session}")]
    ConnectionNotFound {
        session: SessionId,
        connection: ConnectionId,
    },
    /// Only possible with an id of the application's own choice. Ids are unique in the whole conference, because a
    /// client is known by its connection's id alone.
    #[error("connection {0} already exists")]
    ConnectionExists(ConnectionId),
    /// A limit of [`Conference`](crate::Conference) is reached; nothing was made.
    #[error("limit of {limit} {what} is reached")]
    Full {
        /// Plural noun.
        what: &'static str,
        limit: usize,
    },
    /// Somebody named a participant who is not there.
    #[error("user {0} does not exist")]
    UserNotFound(ConnectionId),
    #[error("stream {0} does not exist")]
    StreamNotFound(StreamId),
    /// The token is unknown, used, deleted, or of another session.
    #[error("Unable to join session {session}. Token {token} is not valid")]
    InvalidToken { session: SessionId, token: Token },
    #[error("session {session} cannot be placed on a media node: {}", reason.0)]
    NoNode { session: SessionId, reason: NoNode },
    /// The role does not allow it. The text names what was tried.
    #[error("{0}")]
    Unauthorized(&'static str),
    #[error("connection {0} is already publishing")]
    AlreadyPublishing(ConnectionId),
    #[error("connection {0} is not publishing")]
    NotPublishing(ConnectionId),
    #[error("media: {0:?}")]
    Media(MediaError),
    /// A signal names somebody who is not in the session.
    #[error("connection {0} of the signal's `to` is not in the session")]
    SignalTo(ConnectionId),
    /// The signal goes to a session that nobody has joined.
    #[error("session {0} has no participants")]
    SessionNotActive(SessionId),
    /// The client left, or was evicted, while its request was under way.
    #[error("connection {0} is closed")]
    ConnectionClosed(ConnectionId),
}
