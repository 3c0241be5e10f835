//! The ways that lead to this node as the master judges them, and its looks at others.

use std::collections::BTreeSet;

use crate::effect::Effect;
use crate::message::Withheld;

/// Looks under way at once.
const MOST_LOOKS: usize = 8;

/// What the master said of ways.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    withheld: Vec<Withheld>,
    looking: BTreeSet<u64>,
}

impl Ways {
    /// A master that takes the node in knows better than an earlier one, and says so.
    pub(crate) fn anew(&mut self) -> Option<Effect> {
        let before = std::mem::take(&mut self.withheld);
        (!before.is_empty()).then(|| self.withhold())
    }

    pub(crate) fn set(&mut self, withheld: Vec<Withheld>) -> Effect {
        self.withheld = withheld;
        self.withhold()
    }

    /// As it is now.
    pub(crate) fn withhold(&self) -> Effect {
        Effect::Withhold(self.withheld.clone())
    }

    pub(crate) fn look(&mut self, number: u64) -> Effect {
        if self.looking.len() < MOST_LOOKS && self.looking.insert(number) {
            Effect::Look(number)
        } else {
            Effect::NoLook(number)
        }
    }

    pub(crate) fn look_over(&mut self, number: u64) {
        self.looking.remove(&number);
    }
}
