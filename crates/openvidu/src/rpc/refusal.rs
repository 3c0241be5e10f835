//! A request that is answered with an error.

use super::code;

/// Code and message of an error reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: i64,
    pub message: String,
}

impl Refusal {
    /// One of OpenVidu's codes; its messages end with it.
    pub fn new(code: i64, message: impl AsRef<str>) -> Self {
        Self {
            code,
            message: format!("{}. Code: {code}", message.as_ref()),
        }
    }

    /// A parameter is missing or has the wrong type. The original's wording, without the Java class in front.
    pub fn parameter(method: &str, key: &str, expected: &str) -> Self {
        Self {
            code: code::PARAMETER,
            message: format!(
                "Request element '{key}' is missing in RPC method '{method}'. Expected {expected}"
            ),
        }
    }
}

impl From<&conference::Error> for Refusal {
    fn from(error: &conference::Error) -> Self {
        let message = match error {
            conference::Error::SessionNotFound(session) => {
                format!("Unable to join session. Session {session} cannot be found")
            }
            other => other.to_string(),
        };
        Self::new(code::of(error), message)
    }
}
