//! Which version of its node's addresses each peer connection was described with: after a change, those of an earlier
//! version are the ones whose clients may be left without a way to the node.

use std::collections::BTreeMap;

use cluster::NodeId;
use conference::TransportId;

use crate::control::Control;
use crate::input::{Stage, TransportState};

/// More than this is not remembered; no cluster carries so many.
const MOST: usize = 1 << 20;
/// Sessions whose id begins so are the master's own probes.
const PROBE: &str = "probe/";

/// What nodes said of what they carry.
#[derive(Debug, Default)]
pub(crate) struct Described {
    by: BTreeMap<TransportId, (NodeId, u64)>,
}

impl Described {
    /// A node says that it carries this, or no more.
    pub(crate) fn take(&mut self, node: &NodeId, state: &TransportState) {
        let over = state.stage == Stage::Closed;
        if over || state.addresses == 0 || state.session.as_str().starts_with(PROBE) {
            self.by.remove(&state.transport);
        } else if self.by.len() < MOST {
            let described = (node.clone(), state.addresses);
            self.by.insert(state.transport.clone(), described);
        }
    }

    /// The node says all that it carries, or is gone.
    pub(crate) fn forget(&mut self, node: &NodeId) {
        self.by.retain(|_, (of, _)| of != node);
    }
}

impl Control {
    /// What a node carries that was described with other addresses than it has now.
    pub fn outdated(&self, node: &NodeId) -> Vec<TransportId> {
        let Some(version) = self.cluster.node(node).map(|node| node.addresses().version) else {
            return Vec::new();
        };
        let described = self.described.by.iter();
        let outdated = described.filter(|(_, (of, with))| of == node && *with != version);
        outdated.map(|(transport, _)| transport.clone()).collect()
    }
}
