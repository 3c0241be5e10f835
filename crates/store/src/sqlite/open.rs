//! What can be wrong with the file.

use std::path::PathBuf;

/// Why the file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "{0} is in use by another process; only one master may have it: stop the other one, or give this one its own data directory"
    )]
    InUse(PathBuf),
    /// It is a database, but not of Muster.
    #[error("{0} is not a store of Muster; move it away or name another file")]
    Foreign(PathBuf),
    /// It was written by a later version.
    #[error(
        "{path} has format {found}, this program knows formats up to {known}; use the version that wrote it, or a later one"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The last one known here.
        known: i64,
    },
    /// The lock file beside it cannot be used.
    #[error("cannot lock {path}: {source}")]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite could not read or write it.
    #[error("cannot open the store {path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// No thread for it.
    #[error("cannot start the store's thread: {0}")]
    Thread(std::io::Error),
}
