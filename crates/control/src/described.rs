//! Which version of its node's addresses the client of each peer connection knows of. After a change nodes say what
//! clients are to be told; those of an earlier version are the ones that may be left without a way to the node.

use std::collections::BTreeMap;

use cluster::{AttachmentId, NodeId};
use conference::TransportId;

use crate::control::Control;
use crate::input::{NewCandidates, Stage, TransportState};

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

    /// The client of this is told what the node is reached at in this version of its addresses.
    fn is_told(&mut self, transport: &TransportId, version: u64) {
        if let Some((_, told)) = self.by.get_mut(transport) {
            *told = version;
        }
    }

    /// The node says all that it carries, or is gone.
    pub(crate) fn forget(&mut self, node: &NodeId) {
        self.by.retain(|_, (of, _)| of != node);
    }
}

impl Control {
    /// A node is reached elsewhere, and the client of what it carries is to be told so.
    pub(crate) fn new_candidates(&mut self, attachment: AttachmentId, new: NewCandidates) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let leg = self.conference.leg_of(&new.transport);
        let session = leg.and_then(|leg| self.conference.session(&leg.session));
        let at = session.and_then(|session| session.node.as_ref());
        // Its word counts for its own sessions alone.
        if at.is_none_or(|at| at.as_str() != node.id().as_str()) {
            return;
        }
        let (transport, version) = (new.transport, new.addresses);
        self.described.is_told(&transport, version);
        let now = (!new.told.candidates.is_empty()).then_some(self.now.timestamp.0);
        self.failures.is_told(now, &transport, version);
        self.tell_conference(conference::Input::NewCandidates {
            transport,
            candidates: new.told,
        });
    }

    /// What a node carries whose client was told other addresses than it has now.
    pub fn outdated(&self, node: &NodeId) -> Vec<TransportId> {
        let Some(version) = self.cluster.node(node).map(|node| node.addresses().version) else {
            return Vec::new();
        };
        let described = self.described.by.iter();
        let outdated = described.filter(|(_, (of, with))| of == node && *with != version);
        outdated.map(|(transport, _)| transport.clone()).collect()
    }
}
