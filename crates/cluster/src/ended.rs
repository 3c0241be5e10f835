//! Nodes that are gone: remembered for a while, so that a terminated boot does not come back and people can ask.

use std::collections::VecDeque;

use crate::effect::LostReason;
use crate::ids::{BootId, NodeId};

/// So many are remembered.
const REMEMBERED: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Endings {
    latest_last: VecDeque<Ending>,
}

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ending {
    pub(crate) node: NodeId,
    pub(crate) boot: BootId,
    pub(crate) reason: LostReason,
}

impl Endings {
    pub(crate) fn record(&mut self, ending: Ending) {
        self.latest_last.retain(|known| known.node != ending.node);
        if self.latest_last.len() >= REMEMBERED {
            self.latest_last.pop_front();
        }
        self.latest_last.push_back(ending);
    }

    /// The last boot of a node that is gone.
    pub(crate) fn of(&self, node: &NodeId) -> Option<&Ending> {
        self.latest_last.iter().find(|known| known.node == *node)
    }
}
