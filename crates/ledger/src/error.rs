//! What can go wrong.

use std::path::PathBuf;

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// SQLite could not read or write it.
    #[error("cannot use the ledger {path}: {source}; check the disk of the data directory")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// No thread for it.
    #[error("cannot start the ledger's thread: {0}")]
    Thread(std::io::Error),
}

/// A filter that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// Not a state.
    #[error("expected a state of PENDING, CONNECTED, DISCONNECTED, FAILED or ENDED, got {0:.40?}")]
    State(String),
    /// Not a network.
    #[error("expected an address or a network as in 203.0.113.0/24 or 2001:db8::/32, got {0:.60?}")]
    Network(String),
}
