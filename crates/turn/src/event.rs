//! What happened to whom: for whoever keeps a ledger of clients.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use crate::counts::{Code, Method};
use crate::tuple::{Tuple, Via};

/// Events kept for whoever takes them.
const KEPT: usize = 4096;
/// Refusals noted per second: forgeries must not push out what is true.
const REFUSALS_PER_SECOND: u32 = 64;

/// Something that happened to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// By our clock.
    pub unix_ms: u64,
    /// Where the client is.
    pub client: SocketAddr,
    #[allow(missing_docs)]
    pub via: Via,
    /// Of its user name; empty where none was proven.
    pub label: Box<str>,
    #[allow(missing_docs)]
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It has an allocation.
    Allocated {
        /// What it was told of it.
        relayed: SocketAddr,
    },
    /// It may exchange data with this address (its listed ports).
    Permitted {
        #[allow(missing_docs)]
        peer: IpAddr,
    },
    /// It has a channel to this peer.
    Bound {
        #[allow(missing_docs)]
        peer: SocketAddr,
    },
    /// It was refused.
    Refused {
        #[allow(missing_docs)]
        method: Method,
        #[allow(missing_docs)]
        code: Code,
        /// Whom it wanted to reach, if that is why.
        peer: Option<SocketAddr>,
    },
    /// Its allocation is gone.
    Ended {
        #[allow(missing_docs)]
        why: Ended,
        /// Datagrams to peers.
        to_peers: u64,
        /// Datagrams from peers.
        to_client: u64,
    },
}

/// Why an allocation is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client asked for it.
    Asked,
    /// It was not refreshed in time.
    Expired,
    /// The client's connection ended.
    Disconnected,
}

/// The newest events.
#[derive(Debug, Default)]
pub struct Events {
    kept: VecDeque<Event>,
    second: u64,
    refusals: u32,
}

impl Events {
    /// Notes one. Returns whether another was lost for it.
    pub fn note(&mut self, unix_ms: u64, client: &Tuple, label: &str, what: What) -> bool {
        if matches!(what, What::Refused { .. }) {
            if self.second != unix_ms / 1000 {
                (self.second, self.refusals) = (unix_ms / 1000, 0);
            }
            self.refusals += 1;
            if self.refusals > REFUSALS_PER_SECOND {
                return true;
            }
        }
        let full = self.kept.len() == KEPT;
        if full {
            self.kept.pop_front();
        }
        self.kept.push_back(Event {
            unix_ms,
            client: client.remote,
            via: client.via,
            label: label.into(),
            what,
        });
        full
    }

    /// All that nobody has taken yet.
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.kept).into()
    }
}
