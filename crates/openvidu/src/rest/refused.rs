//! Errors of the API. The one place where they get their statuses.

use conference::{Error, Timestamp};
use serde_json::json;

/// A request that is answered with an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// What was expected and what came.
    pub message: String,
}

/// What was called: the same error has different statuses in different calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `POST /sessions`
    CreateSession,
    /// `GET` and `DELETE /sessions/{id}`
    Session,
    /// `POST /sessions/{id}/connection`
    CreateConnection,
    /// `GET /sessions/{id}/connection`
    ListConnections,
    /// `GET` and `DELETE /sessions/{id}/connection/{id}`
    Connection,
    /// `PATCH /sessions/{id}/connection/{id}`
    UpdateConnection,
    /// `DELETE /sessions/{id}/stream/{id}`
    Stream,
    /// `POST /signal`
    Signal,
    /// `POST /tokens`
    Token,
}

impl Refused {
    /// With any status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// 400.
    pub fn bad(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            message: message.into(),
        }
    }

    /// The conference's refusal of what `call` asked.
    pub fn by_conference(error: &Error, call: Call) -> Self {
        Self {
            status: status_of(error, call),
            message: error.to_string(),
        }
    }

    /// The error's body. `path` is the whole path of the request.
    pub fn body(&self, now: Timestamp, path: &str) -> String {
        json!({
            "timestamp": now.0,
            "status": self.status,
            "error": reason_phrase(self.status),
            "message": self.message,
            "path": path,
        })
        .to_string()
    }
}

/// The HTTP status of a conference's error.
pub fn status_of(error: &Error, call: Call) -> u16 {
    match error {
        // OpenVidu's oddity: a wrong session is a bad request where the path goes on behind the session and the
        // method is GET or DELETE.
        Error::SessionNotFound(_) => match call {
            Call::Connection | Call::Stream => 400,
            _ => 404,
        },
        Error::SessionExists(_) | Error::ConnectionExists(_) => 409,
        Error::ConnectionNotFound { .. }
        | Error::UserNotFound(_)
        | Error::StreamNotFound(_)
        | Error::NotPublishing(_) => 404,
        Error::SignalTo(_) | Error::SessionNotActive(_) => 406,
        Error::NoNode { .. } | Error::Full { .. } => 503,
        Error::InvalidToken { .. }
        | Error::Unauthorized(_)
        | Error::AlreadyPublishing(_)
        | Error::Media(_)
        | Error::ConnectionClosed(_) => 500,
    }
}

fn reason_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        413 => "Payload Too Large",
        422 => "Unprocessable Entity",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    }
}
