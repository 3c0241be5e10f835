//! Error codes of JSON-RPC replies. The one place where the conference's errors get them.

use conference::{Error, MediaError};

/// Missing or ill-typed parameter.
pub const PARAMETER: i64 = -1;
/// JSON-RPC 2.0: not JSON.
pub const PARSE: i64 = -32700;
/// JSON-RPC 2.0: JSON, but no request.
pub const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC 2.0: no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The RPC session to resume is not known.
pub const RECONNECTION: i64 = 40007;

pub const GENERIC: i64 = 999;
pub const SERVICE_NOT_ENABLED: i64 = 996;
/// A method was used before `joinRoom`.
pub const TRANSPORT: i64 = 803;
pub const FORCED_CODEC: i64 = 800;
pub const SIGNAL_TO: i64 = 601;
pub const SIGNAL_FORMAT: i64 = 600;
pub const FILTER_LISTENER_NOT_FOUND: i64 = 407;
pub const FILTER_NOT_APPLIED: i64 = 406;
pub const UNAUTHORIZED: i64 = 401;
pub const MEDIA_ENDPOINT: i64 = 303;
pub const MEDIA_SDP: i64 = 302;
pub const SESSION_CANNOT_BE_CREATED: i64 = 204;
pub const SESSION_NOT_FOUND: i64 = 202;
pub const USER_ALREADY_STREAMING: i64 = 106;
pub const USER_NOT_STREAMING: i64 = 105;
pub const EXISTING_USER: i64 = 104;
pub const USER_CLOSED: i64 = 103;
pub const USER_NOT_FOUND: i64 = 102;

/// The code of a conference's error.
pub fn of(error: &Error) -> i64 {
    match error {
        Error::SessionExists(_) | Error::Full { .. } => GENERIC,
        Error::ConnectionExists(_) => EXISTING_USER,
        Error::SessionNotFound(_) | Error::SessionNotActive(_) => SESSION_NOT_FOUND,
        Error::ConnectionNotFound { .. } | Error::UserNotFound(_) => USER_NOT_FOUND,
        Error::StreamNotFound(_) | Error::NotPublishing(_) => USER_NOT_STREAMING,
        Error::InvalidToken { .. } | Error::Unauthorized(_) => UNAUTHORIZED,
        Error::NoNode { .. } => SESSION_CANNOT_BE_CREATED,
        Error::AlreadyPublishing(_) => USER_ALREADY_STREAMING,
        Error::Media(MediaError::Sdp(_)) => MEDIA_SDP,
        Error::Media(MediaError::CodecImpossible(_)) => FORCED_CODEC,
        Error::Media(MediaError::Unknown(_) | MediaError::Unavailable(_)) => MEDIA_ENDPOINT,
        Error::SignalTo(_) => SIGNAL_TO,
        Error::ConnectionClosed(_) => USER_CLOSED,
    }
}
