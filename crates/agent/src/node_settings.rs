//! How the master wants the node to work.
//!
//! The settings are a level, not an edge: each message is whole, and what came last counts. Those of a master that is
//! gone stay in force, since the node goes on without it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a master tells the node about how to work. Always whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// Grows with each change within a run of the master.
    pub version: u64,
    /// `None`: the relay answers Binding requests only.
    pub relay: Option<RelaySettings>,
    /// `HOST:PORT` of STUN servers that tell the node its public address.
    pub stun_servers: Vec<String>,
}

/// What the node's relay does for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelaySettings {
    /// Under which credentials may have been made, the newest first.
    pub secrets: Vec<RelaySecret>,
    /// What may be relayed to: the media sockets of the registered nodes, and nothing else.
    pub peers: Vec<SocketAddr>,
    /// Most allocations at a time for one user name; 0 for no limit.
    pub allocations_per_user: u32,
    /// Most allocations at a time; 0 for no limit.
    pub allocations: u32,
}

/// A key of time-limited credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct RelaySecret {
    /// Grows with each rotation.
    pub version: u64,
    /// Its text is the key.
    pub secret: Arc<str>,
}

impl fmt::Debug for RelaySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelaySecret")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Which settings the node works with, as the master is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Of the last that came on this connection and are in force; 0 before.
    pub version: u64,
    /// Of the newest relay secret in force; empty without one.
    pub relay_fingerprint: Vec<u8>,
}

/// What was told, what is in force, and by how much the master's clock is ahead.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    told: Option<Arc<NodeSettings>>,
    /// Of this connection.
    running: Running,
    clock_ahead_ms: i64,
}

impl Kept {
    /// Takes what a master says.
    pub(crate) fn take(&mut self, settings: NodeSettings) {
        self.told = Some(Arc::new(settings));
    }

    /// What is to be in force; `None` when no master has said anything in this boot.
    pub(crate) fn told(&self) -> Option<Arc<NodeSettings>> {
        self.told.clone()
    }

    /// True when the clock counts differently from now on.
    pub(crate) fn take_clock(&mut self, ahead_ms: i64) -> bool {
        std::mem::replace(&mut self.clock_ahead_ms, ahead_ms) != ahead_ms
    }

    pub(crate) fn clock_ahead_ms(&self) -> i64 {
        self.clock_ahead_ms
    }

    /// These are in force now. `None` when a later version was told meanwhile, or nobody needs to hear it.
    pub(crate) fn applied(&mut self, version: u64, fingerprint: Vec<u8>) -> Option<Running> {
        let current = self.told.as_ref().map(|told| told.version) == Some(version);
        let running = Running {
            version,
            relay_fingerprint: fingerprint,
        };
        (current && self.running != running).then(|| {
            self.running = running.clone();
            running
        })
    }

    /// Versions of another connection mean nothing on a new one.
    pub(crate) fn begin_connection(&mut self) -> Running {
        self.running.version = 0;
        self.running.clone()
    }
}
