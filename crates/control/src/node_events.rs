//! What happens to nodes, as applications are told.

use std::collections::BTreeMap;
use std::net::IpAddr;

use cluster::{Environment, MediaNodeStatus, NodeId, SessionId, autoscaling};
use conference::{ConnectionId, Timestamp};
use openvidu::rest;
use openvidu::webhook::{self, Message, NodeRef};

use crate::control::Control;
use crate::effect::Event;

/// Something that happened to a node, or to their number.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct NodeEvent {
    pub at: Timestamp,
    /// `None` for [`NodeHappening::Autoscaling`].
    pub node: Option<NodeShown>,
    pub what: NodeHappening,
}

/// A node, as it was when something happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NodeShown {
    pub id: NodeId,
    pub environment: Environment,
    pub ip: Option<IpAddr>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum NodeHappening {
    StatusChanged {
        old: Option<MediaNodeStatus>,
        new: MediaNodeStatus,
    },
    Crashed {
        /// What it carried.
        sessions: Vec<SessionId>,
        /// Who took part there.
        connections: Vec<ConnectionId>,
    },
    Recovered,
    Autoscaling(Box<autoscaling::Event>),
}

/// How nodes looked last; what is told of a dead one needs it.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    last: BTreeMap<NodeId, NodeShown>,
}

impl Control {
    pub(crate) fn node_event(&mut self, node: &NodeId, what: NodeHappening) {
        let shown = self.shown(node);
        let over = matches!(
            what,
            NodeHappening::StatusChanged {
                new: MediaNodeStatus::Terminated,
                ..
            }
        );
        if over && self.cluster.node(node).is_none() {
            self.looks.last.remove(node);
        } else {
            self.looks.last.insert(node.clone(), shown.clone());
        }
        self.event(Event::Node(NodeEvent {
            at: self.now.timestamp,
            node: Some(shown),
            what,
        }));
    }

    pub(crate) fn autoscaling(&mut self, event: Box<autoscaling::Event>) {
        self.event(Event::Node(NodeEvent {
            at: self.now.timestamp,
            node: None,
            what: NodeHappening::Autoscaling(event),
        }));
    }

    fn shown(&self, id: &NodeId) -> NodeShown {
        let present = self.cluster.node(id).map(|node| NodeShown {
            id: id.clone(),
            environment: node.environment().clone(),
            ip: rest::ip(node),
        });
        present
            .or_else(|| self.looks.last.get(id).cloned())
            .unwrap_or_else(|| NodeShown {
                id: id.clone(),
                environment: Environment::default(),
                ip: None,
            })
    }

    /// It looks so from now on, should it be gone when something is told of it.
    pub(crate) fn look_at(&mut self, id: &NodeId) {
        if self.cluster.node(id).is_some() {
            let shown = self.shown(id);
            self.looks.last.insert(id.clone(), shown);
        }
    }
}

pub(crate) fn message(event: &NodeEvent, cluster: &str) -> Message {
    let nobody = NodeShown {
        id: NodeId::new(""),
        environment: Environment::default(),
        ip: None,
    };
    let shown = event.node.as_ref().unwrap_or(&nobody);
    let node = NodeRef {
        id: &shown.id,
        environment: &shown.environment,
        ip: shown.ip,
        cluster,
    };
    match &event.what {
        NodeHappening::StatusChanged { old, new } => {
            webhook::node_status_changed(event.at, &node, *old, *new)
        }
        NodeHappening::Crashed { sessions, .. } => webhook::node_crashed(event.at, &node, sessions),
        NodeHappening::Recovered => webhook::node_recovered(event.at, &node),
        NodeHappening::Autoscaling(scaling) => webhook::autoscaling(event.at, cluster, scaling),
    }
}
