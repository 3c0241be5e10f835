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
        let same = |known: &Ending| known.node == ending.node && known.boot == ending.boot;
        self.latest_last.retain(|known| !same(known));
        if self.latest_last.len() >= REMEMBERED {
            self.latest_last.pop_front();
        }
        self.latest_last.push_back(ending);
    }

    /// The last boot of a node that is gone.
    pub(crate) fn of(&self, node: &NodeId) -> Option<&Ending> {
        let mut latest_first = self.latest_last.iter().rev();
        latest_first.find(|known| known.node == *node)
    }

    /// Why this boot must not come back: it was replaced or terminated. One that was taken for dead may. Boots are not
    /// compared by their clocks here: a machine whose clock went back overnight is welcome.
    pub(crate) fn bars(&self, node: &NodeId, boot: &BootId) -> Option<LostReason> {
        let ending = |known: &&Ending| known.node == *node && known.boot == *boot;
        let reason = self.latest_last.iter().rev().find(ending)?.reason;
        matches!(reason, LostReason::Superseded | LostReason::Terminated).then_some(reason)
    }
}
