//! 15. Events and resources balance: when everybody has left, nothing is carried, kept or waited for any more.
//!
//! The order of events of one session is checked as it is told: nobody leaves who did not join, and nobody joins twice.

use std::collections::BTreeSet;

use control::Notice;

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Balance {
    present: BTreeSet<String>,
}

impl Invariant for Balance {
    fn name(&self) -> &'static str {
        "15 events and resources balance"
    }

    fn see(&mut self, _world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Logged(Notice::Joined { connection, .. }) => {
                self.present.insert(connection.as_str().to_owned());
            }
            Seen::Logged(Notice::Left(connection)) => {
                if !self.present.remove(connection.as_str()) {
                    return Err(format!("{connection} left and had not joined"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rest(&mut self, world: &World, stage: Stage) -> Result<(), String> {
        match stage {
            Stage::Healed => Ok(()),
            Stage::Empty => match world.unbalanced() {
                Some(left) => Err(left),
                None => Ok(()),
            },
        }
    }
}
