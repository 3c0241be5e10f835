//! Whether the client is in a session.

use conference::ConnectionId;

use super::Client;
use crate::rpc::code;
use crate::rpc::refusal::Refusal;

/// Where the client stands.
#[derive(Debug)]
pub(super) enum Membership {
    /// It has not joined, or its join was refused.
    Outside,
    /// `joinRoom` is under way.
    Joining,
    #[allow(missing_docs)]
    Joined(ConnectionId),
    /// `joinRoom` is under way and the client did not come back in time: should it succeed, the connection is lost
    /// at once.
    Abandoned,
    /// It left or was evicted.
    Over,
}

impl Client {
    /// The connection, or the refusal of a method that needs one.
    pub(super) fn joined(&self, method: &str) -> Result<&ConnectionId, Refusal> {
        match &self.membership {
            Membership::Joined(connection) => Ok(connection),
            _ => Err(Refusal::new(
                code::TRANSPORT,
                format!(
                    "No connection found for this client when trying to execute method '{method}'. \
                     Method 'Session.connect()' must be the first operation called in any session"
                ),
            )),
        }
    }
}
