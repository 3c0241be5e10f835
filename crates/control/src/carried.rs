//! Which transports this master has made on which node, so that what was said into a broken link can be said again.

use std::collections::{BTreeMap, BTreeSet};

use conference::{NodeId, TransportId};

/// What a transport should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Open,
    Closed,
}

/// Transports by node. Those that another master made are not in it, and are left alone.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    nodes: BTreeMap<NodeId, BTreeMap<TransportId, Wanted>>,
}

impl Carried {
    pub(crate) fn open(&mut self, node: &NodeId, transport: &TransportId) {
        self.nodes
            .entry(node.clone())
            .or_default()
            .insert(transport.clone(), Wanted::Open);
    }

    /// Kept until the node says that it is gone.
    pub(crate) fn close(&mut self, node: &NodeId, transport: &TransportId) {
        if let Some(wanted) = self
            .nodes
            .get_mut(node)
            .and_then(|transports| transports.get_mut(transport))
        {
            *wanted = Wanted::Closed;
        }
    }

    /// The node has removed it.
    pub(crate) fn gone(&mut self, node: &NodeId, transport: &TransportId) {
        if let Some(transports) = self.nodes.get_mut(node) {
            transports.remove(transport);
        }
    }

    /// The node is dead.
    pub(crate) fn lost(&mut self, node: &NodeId) {
        self.nodes.remove(node);
    }

    /// The node is back with these transports. Returns those that it should have closed.
    pub(crate) fn returned(
        &mut self,
        node: &NodeId,
        snapshot: &BTreeSet<TransportId>,
    ) -> Vec<TransportId> {
        let Some(transports) = self.nodes.get_mut(node) else {
            return Vec::new();
        };
        transports.retain(|transport, _| snapshot.contains(transport));
        transports
            .iter()
            .filter(|(_, wanted)| **wanted == Wanted::Closed)
            .map(|(id, _)| id.clone())
            .collect()
    }
}
