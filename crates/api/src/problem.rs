//! What is answered when something cannot be.

use serde::{Deserialize, Serialize};

/// Body of every answer whose status is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// A sentence: what was expected, what came, what to do.
    pub message: String,
}

impl Problem {
    #[allow(missing_docs)]
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<&cluster::Illegal> for Problem {
    fn from(illegal: &cluster::Illegal) -> Self {
        use cluster::Illegal;
        let status = match illegal {
            Illegal::UnknownNode(_) => 404,
            Illegal::Transition { .. } | Illegal::Already { .. } => 409,
            Illegal::NoProvider => 501,
        };
        Self::new(status, illegal.to_string())
    }
}

impl From<&cluster::schedule::BadEntry> for Problem {
    fn from(bad: &cluster::schedule::BadEntry) -> Self {
        Self::new(400, bad.to_string())
    }
}
