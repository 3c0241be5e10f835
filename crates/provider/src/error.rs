//! Why a call to a provider failed.

use std::io;
use std::time::Duration;

use thiserror::Error;

/// Why a call failed; one name for each thing that somebody would do something else about.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum ProviderError {
    /// `static` launches and ends nothing.
    #[error(
        "nodes are started and ended by somebody else here and dial in by themselves: start one with the join token, or \
         configure a provider that launches"
    )]
    DialInOnly,
    /// The operator's command says that trying again is pointless.
    #[error("{command} refused (exit status {code}): {said}")]
    Refused {
        command: String,
        code: i32,
        said: String,
    },
    #[error("{command} cannot be started: {error}")]
    NotStarted { command: String, error: io::Error },
    #[error("{command} failed with {status}: {said}")]
    Failed {
        command: String,
        status: String,
        said: String,
    },
    /// It and its process group were killed.
    #[error(
        "{command} was killed because it, or something that holds its output open, was not done after {after:?}: {said}"
    )]
    TimedOut {
        command: String,
        after: Duration,
        said: String,
    },
    /// It and its process group were killed.
    #[error("{command} was killed because it wrote more than {limit} bytes to its output")]
    TooMuchOutput { command: String, limit: usize },
    /// It succeeded and wrote nothing, which is no answer, not even an empty list.
    #[error("{command} succeeded and wrote nothing; one JSON object is expected")]
    NoAnswer { command: String },
    /// The output begins as JSON and ends too early.
    #[error("{command} wrote half a JSON object: {detail}; it began with {began:?}")]
    HalfAnswer {
        command: String,
        detail: String,
        began: String,
    },
    /// The output is no JSON.
    #[error("{command} wrote something that is no JSON: {detail}; it began with {began:?}")]
    Garbage {
        command: String,
        detail: String,
        began: String,
    },
    /// The output is JSON, yet not the answer to what was asked.
    #[error("{command} answered something else than was asked: {detail}")]
    WrongAnswer { command: String, detail: String },
    /// Its pipes broke.
    #[error("{command} cannot be talked to: {error}")]
    Broken { command: String, error: io::Error },
    /// The directory in which processes are booked cannot be used.
    #[error("{path} cannot be used: {error}")]
    Files { path: String, error: io::Error },
    /// A process did not go although it was killed, or cannot be found although it runs.
    #[error("the process of launch {key} is still there: {detail}")]
    StillThere { key: String, detail: String },
    /// Everything is being stopped.
    #[error("everything is being stopped; nothing is launched any more")]
    Closed,
    /// The call took longer than the executor allows any call to take.
    #[error("the call was given up after {0:?}")]
    GivenUp(Duration),
    /// The provider has a defect.
    #[error("the provider failed in an unforeseen way: {0}")]
    Defect(String),
}

impl ProviderError {
    /// Whether saying the same again is pointless.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::DialInOnly | Self::Refused { .. } | Self::Closed)
    }
}
