//! Where a session goes.

use crate::cluster::Cluster;
use crate::ids::{BootId, Generation, NodeId, SessionId};
use crate::node::{Node, State};
use crate::rules::Rules;

/// What is balanced between nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Strategy {
    #[default]
    Streams,
    Connections,
    Sessions,
    Cpu,
    Memory,
}

/// Where a session was placed, and what a commit of it has to be guarded by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Place {
    pub node: NodeId,
    pub boot: BootId,
    /// Of the node's registration, where leases are in use.
    pub generation: Option<Generation>,
    /// Version of the addresses that clients are given.
    pub addresses: u64,
}

/// Why no node could take a session. The text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum NoPlace {
    #[error(
        "no media node is connected: start one with `muster node`, or look at its log for why it cannot attach"
    )]
    NoNodes,
    #[error("none of the {known} known media nodes is serving: {why}")]
    NoneServing { known: usize, why: String },
    #[error("media node {0} is not known")]
    UnknownNode(NodeId),
    #[error("media node {node} was asked for but is {state:?}, not Serving")]
    WantedNotServing { node: NodeId, state: State },
}

/// How many nodes are described to an operator; the rest is counted.
const DESCRIBED: usize = 10;

impl<R: Rules> Cluster<R> {
    /// Chooses the node for a session: the one that carries it already (even when it is suspect, for its media may be
    /// well), the one the application wants, or else the serving one with the least load. Said twice of a session it
    /// answers the same.
    pub fn place(
        &mut self,
        session: &SessionId,
        carried_by: Option<&NodeId>,
        wanted: Option<&NodeId>,
    ) -> Result<Place, NoPlace> {
        let known = self.sessions.get(session).filter(|_| R::PLACE_ONCE);
        let id = match (carried_by.or(known), wanted) {
            (Some(id), _) => id.clone(),
            (None, Some(id)) => self.wanted_node(id)?,
            (None, None) => self.least_loaded()?,
        };
        let unknown = || NoPlace::UnknownNode(id.clone());
        let node = self.nodes.get_mut(&id).ok_or_else(unknown)?;
        let boot = node.boot.as_ref().ok_or_else(unknown)?.id.clone();
        if node.sessions.insert(session.clone()) {
            node.placed[0] = node.placed[0].saturating_add(1);
            node.placed_ever += 1;
        }
        let place = Place {
            node: id.clone(),
            boot,
            generation: node.generation(),
            addresses: node.addresses.version,
        };
        let before = self.sessions.insert(session.clone(), id.clone());
        if let Some(before) = before.filter(|before| *before != id && R::PLACE_ONCE)
            && let Some(node) = self.nodes.get_mut(&before)
        {
            node.sessions.remove(session);
        }
        Ok(place)
    }

    /// The least loaded node that serves, other than this one.
    pub fn another(&self, than: &NodeId) -> Option<NodeId> {
        self.lightest(|node| node.id != *than)
    }

    fn wanted_node(&self, id: &NodeId) -> Result<NodeId, NoPlace> {
        let node = self
            .node(id)
            .ok_or_else(|| NoPlace::UnknownNode(id.clone()))?;
        match node.state() {
            _ if Self::takes_sessions(node) => Ok(id.clone()),
            state => Err(NoPlace::WantedNotServing {
                node: id.clone(),
                state,
            }),
        }
    }

    fn takes_sessions(node: &Node) -> bool {
        let attached = node.boot.is_some() && node.state() != State::Terminating;
        node.state() == State::Serving || attached && !R::SERVING_ONLY
    }

    fn least_loaded(&self) -> Result<NodeId, NoPlace> {
        self.lightest(|_| true)
            .ok_or_else(|| self.why_none_serves())
    }

    fn lightest(&self, among: impl Fn(&Node) -> bool) -> Option<NodeId> {
        let strategy = self.settings.strategy;
        self.nodes
            .values()
            .filter(|node| Self::takes_sessions(node) && among(node))
            .min_by(|a, b| {
                let load = burden(a, strategy).total_cmp(&burden(b, strategy));
                load.then_with(|| a.placed_ever.cmp(&b.placed_ever))
            })
            .map(|node| node.id.clone())
    }

    fn why_none_serves(&self) -> NoPlace {
        let known = self.nodes.len();
        if known == 0 {
            return NoPlace::NoNodes;
        }
        let described = self.nodes.values().take(DESCRIBED);
        let mut why: Vec<String> = described.map(|node| self.describe(node)).collect();
        if known > DESCRIBED {
            why.push(format!("and {} more", known - DESCRIBED));
        }
        NoPlace::NoneServing {
            known,
            why: why.join("; "),
        }
    }
}

/// Placements that a heartbeat may not show yet count as one stream, connection or percent each.
fn burden(node: &Node, strategy: Strategy) -> f64 {
    let fresh = f64::from(node.placed[0]) + f64::from(node.placed[1]);
    let load = &node.load;
    match strategy {
        Strategy::Streams => f64::from(load.streams) + fresh,
        Strategy::Connections => f64::from(load.connections) + fresh,
        Strategy::Sessions => node.sessions.len() as f64,
        Strategy::Cpu => load.cpu_percent + fresh,
        Strategy::Memory => load.memory_percent + fresh,
    }
}
