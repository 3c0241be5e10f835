//! What it takes to look through a relay.

use std::fmt;

use crate::path::{Path, Protocol};

/// A relay that clients of a node may be told of.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    /// Through it, to the node.
    pub path: Path,
    /// Name or address, without brackets.
    pub host: String,
    #[allow(missing_docs)]
    pub port: u16,
    /// By which it is reached.
    pub protocol: Protocol,
    /// What to prove oneself with (RFC 8489 section 9.2).
    pub username: String,
    #[allow(missing_docs)]
    pub credential: String,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
