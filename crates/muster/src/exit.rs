//! How the program ends, as its parent sees it.

use std::process::ExitCode;

/// The exit codes, documented in `muster --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// Stopped as asked.
    Stopped = 0,
    /// Something failed.
    Failed = 1,
    /// Settings are wrong; nothing was started.
    WrongSettings = 2,
    /// The master let this node go, or another process took over its id.
    Superseded = 3,
    /// No master and nobody to serve.
    Orphaned = 4,
    /// Another process uses the data directory.
    Occupied = 5,
    /// The master that was to be asked does not answer.
    Unreachable = 6,
    /// It answered, and something is not as it should be.
    Unhealthy = 7,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

impl Ending {
    /// What an exit code of this program says.
    pub fn of_code(code: i32) -> Option<Self> {
        [
            Self::Stopped,
            Self::Failed,
            Self::WrongSettings,
            Self::Superseded,
            Self::Orphaned,
            Self::Occupied,
            Self::Unreachable,
            Self::Unhealthy,
        ]
        .into_iter()
        .find(|ending| *ending as i32 == code)
    }

    /// For people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Stopped => "it was stopped",
            Self::Failed => "it failed; its own message is above",
            Self::WrongSettings => "its settings are wrong",
            Self::Superseded => "the master let it go, or another process took over its node id",
            Self::Orphaned => "it had no master and nobody to serve",
            Self::Occupied => "another process uses its data directory",
            Self::Unreachable => "it could not reach the master",
            Self::Unhealthy => "the cluster is not well",
        }
    }
}
