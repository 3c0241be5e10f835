//! Failures of which nobody was told, or that an earlier run of the master had found.
//!
//! A node tells with each hello how each of its transports is, so what is without consent is found by that. What it has
//! given up it does not carry any more: that shows in what is missing, and why in what it told before, which the shell
//! looks up.

use std::collections::BTreeSet;

use cluster::NodeId;
use conference::{SessionId, TransportId};
use diagnosis::Evidence;

use crate::control::Control;
use crate::effect::Effect;
use crate::healing::PAUSE;

use super::tracked::Tracked;

/// So many are looked up at once.
const MOST: usize = 256;
/// Until its node tells more.
pub(super) const UNHEARD: &str = "its node gave it up while no master listened, or an earlier one";

impl Control {
    /// A node is there and carries only these.
    pub(crate) fn find_given_up(&mut self, node: &NodeId, carried: &BTreeSet<TransportId>) {
        let there = conference::NodeId::new(node.as_str());
        let described = self.conference.described_on(&there);
        let given_up: Vec<TransportId> = described
            .filter(|transport| !carried.contains(transport))
            .cloned()
            .collect();
        let failing: Vec<(SessionId, TransportId)> = given_up
            .iter()
            .filter_map(|transport| Some((self.was_given_up(node, transport)?, transport.clone())))
            .take(MOST)
            .collect();
        if !failing.is_empty() {
            self.out(Effect::Recall {
                transports: failing,
            });
        }
    }

    /// Returns the session, unless nobody misses it or its leg is being seen to.
    fn was_given_up(&mut self, node: &NodeId, transport: &TransportId) -> Option<SessionId> {
        let leg = self.conference.leg_of(transport)?;
        if self.failures.failing.contains_key(&leg) {
            return None;
        }
        let known = self.cluster.node(node);
        let tracked = self.failures.tracked.entry(transport.clone());
        let tracked = tracked.or_insert_with(|| Tracked::new(transport, leg.clone(), known));
        tracked.is_missing();
        let session = leg.session.clone();
        // Its client may have noticed long ago, and waited for a master.
        self.fails(transport, leg, UNHEARD, Some(PAUSE));
        self.failures.tracked.remove(transport);
        Some(session)
    }

    /// What was told of transports before.
    pub(crate) fn remember(&mut self, evidence: Vec<Evidence>) {
        let nodes: BTreeSet<NodeId> = evidence
            .iter()
            .map(|it| NodeId::new(it.node.as_str()))
            .collect();
        for evidence in evidence {
            self.failures.recent.learn(evidence);
        }
        for node in nodes {
            self.revise(&node);
        }
    }
}
