//! Invariant 15: Events and resources balance: when everybody has left, nothing is carried, kept or waited for any
//! more.
//!
//! Nobody leaves who did not join, and the application's server hears of every event, in order, again if need be. Not
//! where the store was ill.

use std::collections::BTreeSet;

use control::Notice;

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Balance {
    present: BTreeSet<String>,
    /// The number of the event that the application's server heard of last.
    posted: Option<u64>,
}

impl Invariant for Balance {
    fn name(&self) -> &'static str {
        "15 events and resources balance"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        if world.storage.was_ill() {
            return Ok(());
        }
        match seen {
            // Again is allowed, a gap is not.
            Seen::Posted { number, event } => {
                let last = self.posted.replace(*number);
                if let Some(last) = last.filter(|last| *number > last + 1) {
                    return Err(format!("event {number}, {event}, was posted after {last}"));
                }
            }
            Seen::Logged(Notice::Joined { connection, .. }) => {
                self.present.insert(connection.as_str().to_owned());
            }
            Seen::Logged(Notice::Left(connection)) if !self.present.remove(connection.as_str()) => {
                return Err(format!("{connection} left and had not joined"));
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
