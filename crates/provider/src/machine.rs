//! What is launched, and what comes of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::ids::{ClusterId, LaunchKey, MachineId};

/// What a node needs to know at its start, and what is wished of its machine.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Spec {
    /// The node's own settings, as names and values of its environment (`MUSTER_…`). There are secrets among them.
    pub settings: BTreeMap<String, String>,
    /// What the machine should be like, in the provider's own words (for example `instanceType`).
    pub wishes: BTreeMap<String, String>,
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("settings", &self.settings.keys())
            .field("wishes", &self.wishes)
            .finish()
    }
}

/// One machine that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Launch {
    pub cluster: ClusterId,
    pub key: LaunchKey,
    pub spec: Arc<Spec>,
}

/// One machine that is there, or on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    #[allow(missing_docs)]
    pub id: MachineId,
    /// The launch that it came of, read from its tag.
    pub key: LaunchKey,
    /// Where it can be reached, for people. `None` while it has none.
    pub address: Option<IpAddr>,
}

/// A machine that ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Ended {
    pub key: LaunchKey,
    pub machine: MachineId,
    /// A sentence for the operator.
    pub reason: String,
    /// Launching the same again is pointless.
    pub is_final: bool,
}
