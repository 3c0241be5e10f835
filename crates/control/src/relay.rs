//! The secret under which relay credentials are made: versioned, current and previous.
//!
//! The master draws it once and keeps it in the store. After a rotation relays accept both; what is issued is made
//! under the older one for [`SETTLE`] longer, so that no client comes to a relay before the new secret does.

use std::fmt;
use std::time::Duration;

use conference::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ice::OwnRelay;

/// How long relays have to take a new secret in before anything is issued under it.
pub const SETTLE: Duration = Duration::from_secs(5);

/// What a relay secret may be replaced by at the earliest, or credentials that clients hold stop counting too soon.
pub const SHORTEST_ROTATION: Duration = Duration::from_secs(24 * 3600);

/// A secret as the shell drew it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnSecret {
    /// Its text is the key.
    pub secret: String,
    /// Tells it apart without showing it; made by the link.
    pub fingerprint: Vec<u8>,
}

impl fmt::Debug for DrawnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawnSecret")
    }
}

/// A secret in its place in the order of rotations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelaySecret {
    /// Grows with each rotation.
    pub version: u64,
    #[allow(missing_docs)]
    pub drawn: DrawnSecret,
}

/// How relays are used.
#[derive(Clone, Debug)]
pub struct RelayRules {
    /// Used when the store has none yet: drawn at each start.
    pub first: DrawnSecret,
    /// Those in the master itself.
    pub own: OwnRelay,
    /// How often a new secret is drawn. Zero: only when an operator wants it.
    pub rotate_every: Duration,
    /// Most allocations at a time for one user name; 0 for no limit.
    pub allocations_per_user: u32,
    /// Most allocations at a time in one relay; 0 for no limit.
    pub allocations: u32,
}

/// The secrets that count, and since when. As written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Secrets {
    newest: RelaySecret,
    previous: Option<RelaySecret>,
    /// Of the newest, milliseconds since the Unix epoch.
    since_ms: u64,
}

impl Secrets {
    pub(crate) const KEY: &str = "relay";

    pub(crate) fn first(drawn: DrawnSecret, now: Timestamp) -> Self {
        Self {
            newest: RelaySecret { version: 1, drawn },
            previous: None,
            since_ms: now.0,
        }
    }

    pub(crate) fn rotate(&mut self, drawn: DrawnSecret, now: Timestamp) {
        let version = self.newest.version + 1;
        let newest = RelaySecret { version, drawn };
        self.previous = Some(std::mem::replace(&mut self.newest, newest));
        self.since_ms = now.0;
    }

    /// What relays accept, the newest first.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &RelaySecret> {
        std::iter::once(&self.newest).chain(&self.previous)
    }

    pub(crate) fn newest(&self) -> &RelaySecret {
        &self.newest
    }

    /// Under which credentials are made now.
    pub(crate) fn issuing(&self, now: Timestamp) -> &RelaySecret {
        match &self.previous {
            Some(previous) if now.0 < self.since_ms.saturating_add(millis(SETTLE)) => previous,
            _ => &self.newest,
        }
    }

    /// When the next is due.
    pub(crate) fn rotation_due(&self, every: Duration) -> Option<Timestamp> {
        let due = Timestamp(self.since_ms.saturating_add(millis(every)));
        (!every.is_zero()).then_some(due)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
