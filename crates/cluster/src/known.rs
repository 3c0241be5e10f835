//! What is written down of a node, and a node as it was written down in an earlier run of the master.

use std::collections::BTreeSet;

use crate::addresses::Addresses;
use crate::cluster::Cluster;
use crate::effect::Effect;
use crate::ids::{Moment, NodeId, SessionId};
use crate::input::{Boot, Capacity, Environment};
use crate::node::{Intent, Link, Node};
use crate::rules::Rules;

/// A node that has dialled in, as far as it outlives a run of the master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    #[allow(missing_docs)]
    pub node: NodeId,
    #[allow(missing_docs)]
    pub boot: Boot,
    /// Of its program.
    pub version: String,
    #[allow(missing_docs)]
    pub addresses: Addresses,
    /// When the ages in them were told.
    pub addresses_told: Option<Moment>,
    #[allow(missing_docs)]
    pub capacity: Capacity,
    #[allow(missing_docs)]
    pub environment: Environment,
    /// It has served in this boot.
    pub served: bool,
    #[allow(missing_docs)]
    pub purpose: Purpose,
    /// What it carries; empty in [`Node::known`], because sessions know their nodes.
    pub sessions: BTreeSet<SessionId>,
}

/// What is to become of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    #[allow(missing_docs)]
    Stay,
    #[allow(missing_docs)]
    Drain {
        /// What is left is closed then.
        until: Moment,
        /// Only an operator wins it back.
        by_operator: bool,
    },
    #[allow(missing_docs)]
    Terminate,
}

impl Node {
    /// What has to be written down of it; `None` as long as it has not dialled in.
    pub fn known(&self) -> Option<Known> {
        Some(Known {
            node: self.id.clone(),
            boot: self.boot.clone()?,
            version: self.version.clone(),
            addresses: self.addresses.clone(),
            addresses_told: self.addresses_told,
            capacity: self.capacity,
            environment: self.environment.clone(),
            served: self.served,
            purpose: match self.intent {
                Intent::Drain { until, by_operator } => Purpose::Drain { until, by_operator },
                Intent::Terminate { .. } | Intent::Cancel { .. } => Purpose::Terminate,
                Intent::Stay | Intent::Launch { .. } | Intent::Fail { .. } => Purpose::Stay,
            },
            sessions: BTreeSet::new(),
        })
    }
}

impl<R: Rules> Cluster<R> {
    /// No change is told: whoever had to hear of this node heard of it in its earlier life. It has the whole of
    /// [`Settings::suspicion`](crate::Settings::suspicion) to dial in. That all nodes are away at once says nothing about
    /// them here, so the brake is not pulled.
    pub(crate) fn known(&mut self, now: Moment, known: Known, out: &mut Vec<Effect>) {
        if self.nodes.contains_key(&known.node) {
            return;
        }
        let intent = match known.purpose {
            Purpose::Stay => Intent::Stay,
            Purpose::Drain { until, by_operator } => Intent::Drain { until, by_operator },
            Purpose::Terminate => self.termination(now),
        };
        let id = known.node.clone();
        let mut node = Node::new(id.clone(), now, intent);
        node.boot = Some(known.boot);
        node.version = known.version;
        node.addresses = known.addresses;
        node.addresses_told = known.addresses_told;
        node.capacity = known.capacity;
        node.environment = known.environment;
        node.served = known.served;
        node.link = Link::Down(now);
        node.suspect_since = known.served.then_some(now);
        for session in &known.sessions {
            self.sessions.insert(session.clone(), id.clone());
        }
        node.sessions = known.sessions;
        let state = node.derive_state(self.proven(&node));
        node.told = Some((state, node.derive_status(state)));
        self.nodes.insert(id.clone(), node);
        self.settle_probe(now, &id, out);
        self.desire.stale = true;
    }
}
