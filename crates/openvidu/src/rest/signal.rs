//! `POST /signal`.

use conference::{ConnectionId, SessionId, Signal};

use super::body::Body;
use super::refused::Refused;
use crate::stream::signal_kind;

/// A signal from the application's server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRequest {
    #[allow(missing_docs)]
    pub session: SessionId,
    /// With `signal:` put in front of its type if it was missing, as the documentation promises; the original does
    /// not, and its clients then fire an event of a name that nobody listens to.
    pub signal: Signal,
}

/// Body of `POST /signal`.
pub fn parse_signal(body: &[u8]) -> Result<SignalRequest, Refused> {
    let body = Body::parse(body)?;
    let session = body
        .text("session")?
        .ok_or_else(|| Refused::bad("\"session\" parameter is mandatory"))?;
    let to = body.texts("to")?.unwrap_or_default();
    Ok(SignalRequest {
        session: SessionId::new(session),
        signal: Signal {
            to: to.into_iter().map(ConnectionId::new).collect(),
            kind: body.text("type")?.map(|kind| signal_kind(&kind)),
            data: body.text("data")?,
        },
    })
}
