//! Where a session goes.

use crate::cluster::Cluster;
use crate::ids::NodeId;
use crate::node::{Node, Status};

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
    #[error("media node {node} was asked for but is {status:?}, not Serving")]
    WantedNotServing { node: NodeId, status: Status },
}

impl Cluster {
    /// Chooses the node for a session: the one that carries it already (even when it is suspect, for its media may be
    /// well), the one the application wants, or else the serving one with the fewest streams.
    pub fn place(
        &mut self,
        carried_by: Option<&NodeId>,
        wanted: Option<&NodeId>,
    ) -> Result<NodeId, NoPlace> {
        if let Some(id) = carried_by {
            return match self.node(id) {
                Some(_) => Ok(id.clone()),
                None => Err(NoPlace::UnknownNode(id.clone())),
            };
        }
        let id = match wanted {
            Some(id) => self.wanted(id)?,
            None => self.least_loaded()?,
        };
        self.count_placement(&id);
        Ok(id)
    }

    fn wanted(&self, id: &NodeId) -> Result<NodeId, NoPlace> {
        let node = self
            .node(id)
            .ok_or_else(|| NoPlace::UnknownNode(id.clone()))?;
        match node.status() {
            Status::Serving => Ok(id.clone()),
            status => Err(NoPlace::WantedNotServing {
                node: id.clone(),
                status,
            }),
        }
    }

    fn least_loaded(&self) -> Result<NodeId, NoPlace> {
        self.nodes()
            .filter(|node| node.status() == Status::Serving)
            .min_by_key(|node| {
                (
                    u64::from(node.load.streams) + u64::from(node.placed_since_load),
                    node.placed_ever,
                )
            })
            .map(|node| node.id.clone())
            .ok_or_else(|| self.why_none_serves())
    }

    fn why_none_serves(&self) -> NoPlace {
        let why: Vec<String> = self.nodes().map(describe).collect();
        match why.len() {
            0 => NoPlace::NoNodes,
            known => NoPlace::NoneServing {
                known,
                why: why.join("; "),
            },
        }
    }
}

fn describe(node: &Node) -> String {
    match node.status() {
        Status::Unusable => format!(
            "{} has no usable address ({})",
            node.id, node.addresses.problem
        ),
        status => format!("{} is {status:?}", node.id),
    }
}
