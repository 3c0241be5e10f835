//! Invariant 15: Events and resources balance: when everybody has left, nothing is carried, kept or waited for any
//! more.
//!
//! Nobody leaves who did not join, and the application's server hears of every event, in order, again if need be. Not
//! where the store was ill.

use std::collections::BTreeSet;

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
            Seen::Posted {
                number,
                event,
                connection,
            } => self.posted(*number, event, connection.as_deref()),
            _ => Ok(()),
        }
    }

    fn rest(&mut self, world: &World, stage: Stage) -> Result<(), String> {
        match stage {
            Stage::Healed => Ok(()),
            Stage::Empty => match world.unbalanced() {
                Some(left) => Err(left),
                None => self.nobody_is_left(world),
            },
        }
    }
}

impl Balance {
    fn nobody_is_left(&self, world: &World) -> Result<(), String> {
        match self.present.first().filter(|_| !world.storage.was_ill()) {
            Some(of) => Err(format!("the application was not told that {of} left")),
            None => Ok(()),
        }
    }

    /// Again is allowed, a gap is not.
    fn posted(&mut self, number: u64, event: &str, of: Option<&str>) -> Result<(), String> {
        let last = self.posted;
        if last.is_some_and(|last| number <= last) {
            return Ok(());
        }
        self.posted = Some(number);
        // A master begins with a number of its own.
        let gap = |last: &u64| number > last + 1 && !number.is_multiple_of(1024);
        if let Some(last) = last.filter(gap) {
            return Err(format!("event {number}, {event}, was posted after {last}"));
        }
        match (event, of) {
            ("participantJoined", Some(of)) if !self.present.insert(of.to_owned()) => {
                Err(format!("{of} joined twice"))
            }
            ("participantLeft", Some(of)) if !self.present.remove(of) => {
                Err(format!("{of} left and had not joined"))
            }
            _ => Ok(()),
        }
    }
}
