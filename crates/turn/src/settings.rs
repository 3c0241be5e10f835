//! Whom the server serves and where it relays to.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::credentials::Secret;

/// How many allocations there may be. What is over is refused: with 486 for one label, with 508 in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Per label of the user name. A browser makes one for each of its peer connections, ICE servers and interfaces.
    pub per_label: u32,
    /// In all.
    pub total: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            per_label: 256,
            total: 4096,
        }
    }
}

/// What may change at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Under any of these credentials are accepted: the current one and the previous one. Without any, only Binding is
    /// answered.
    pub secrets: Vec<Secret>,
    /// To these and from these data is relayed, and to and from nobody else.
    pub peers: BTreeSet<SocketAddr>,
    #[allow(missing_docs)]
    pub quotas: Quotas,
    /// What to add to our clock to get the master's, milliseconds.
    pub clock_offset_ms: i64,
}

impl Settings {
    /// Our time by the master's clock.
    pub(crate) fn master_time(&self, unix_ms: u64) -> u64 {
        unix_ms.saturating_add_signed(self.clock_offset_ms)
    }
}
