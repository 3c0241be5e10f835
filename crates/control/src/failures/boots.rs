//! When nodes were started, and who else said that he was one of them.

use std::collections::{BTreeMap, VecDeque};

use cluster::NodeId;
use diagnosis::Claim;

use crate::control::Control;

/// Remembered of each node.
const MOST: usize = 8;
/// Nodes of which something is remembered.
const MOST_NODES: usize = 4096;
/// Of the name of a master's boot, characters.
const LONGEST: usize = 64;

/// Bounded: the oldest go.
#[derive(Debug, Default)]
pub(crate) struct Boots {
    nodes: BTreeMap<NodeId, VecDeque<Start>>,
    /// Boot and term of the last other master that a node obeys, and when that was heard.
    other: Option<(String, u64, u64)>,
    /// Nodes that hung up on this master, for which one of which term, and when that was.
    hung_up: BTreeMap<NodeId, (String, u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    /// When the master heard of it.
    heard: u64,
    /// By the node's clock.
    started: u64,
    /// Another boot of this id was alive.
    claims: bool,
}

impl Control {
    /// The boot and the term of another master that a node obeyed when it last hung up on this one, and since when that is,
    /// milliseconds since the Unix epoch.
    pub fn hung_up(&self, node: &NodeId) -> Option<(&str, u64, u64)> {
        let known = self.failures.boots.hung_up(node);
        known.map(|(master, term, at)| (master.as_str(), *term, *at))
    }
}

impl Boots {
    /// A node of this id has come in another boot than before. `claims`: the one before was alive.
    pub fn came(&mut self, heard: u64, node: &NodeId, started: u64, claims: bool) {
        if self.nodes.len() >= MOST_NODES && !self.nodes.contains_key(node) {
            self.nodes.pop_first();
        }
        let starts = self.nodes.entry(node.clone()).or_default();
        if starts.len() == MOST {
            starts.pop_front();
        }
        starts.push_back(Start {
            heard,
            started,
            claims,
        });
    }

    /// A node obeys another master.
    pub fn led_by(&mut self, heard: u64, node: NodeId, master: String, term: u64) {
        let master: String = master.chars().take(LONGEST).collect();
        if self.hung_up.len() >= MOST_NODES && !self.hung_up.contains_key(&node) {
            self.hung_up.pop_first();
        }
        self.hung_up.insert(node, (master.clone(), term, heard));
        self.other = Some((master, term, heard));
    }

    /// Whom a node that hung up obeys, that one's term, and when that was heard.
    pub fn hung_up(&self, node: &NodeId) -> Option<&(String, u64, u64)> {
        self.hung_up.get(node)
    }

    /// Who leads this cluster, by the word of nodes and by our own.
    pub fn leaders(&self, own_term: u64, since: u64) -> Vec<Claim> {
        let other = self.other.iter().filter(|(_, _, heard)| *heard >= since);
        let mut claims: Vec<Claim> = other
            .map(|(master, term, heard)| Claim {
                master: master.clone(),
                term: *term,
                heard: Some(*heard),
                own: false,
            })
            .collect();
        claims.push(Claim {
            master: "of this process".to_owned(),
            term: own_term,
            heard: None,
            own: true,
        });
        claims
    }

    /// When it was started, by its own clock, as far as that was heard since then. A process that only claimed its id is
    /// another one.
    pub fn starts(&self, node: &NodeId, since: u64) -> Vec<u64> {
        let starts = self.since(node, since);
        starts
            .filter(|start| !start.claims)
            .map(|start| start.started)
            .collect()
    }

    /// How often somebody said that he was this node while it was alive.
    pub fn claims(&self, node: &NodeId, since: u64) -> u32 {
        let claims = self.since(node, since).filter(|start| start.claims).count();
        u32::try_from(claims).unwrap_or(u32::MAX)
    }

    fn since(&self, node: &NodeId, since: u64) -> impl Iterator<Item = &Start> {
        let starts = self.nodes.get(node).into_iter().flatten();
        starts.filter(move |start| start.heard >= since)
    }
}
