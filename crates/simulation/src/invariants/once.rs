//! Invariant 13: Unknown means once or never: what is asked again because its answer was lost takes effect once.
//!
//! A token joins once, whatever becomes of the answer; and the same session's id always names the same session.

use std::collections::{BTreeMap, BTreeSet};

use control::Notice;

use super::Invariant;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Once {
    joined: BTreeSet<String>,
    /// When the session of that id was made, by the master's word.
    made: BTreeMap<String, u64>,
}

impl Invariant for Once {
    fn name(&self) -> &'static str {
        "13 unknown means once or never"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Logged(Notice::Joined { connection, .. }) => {
                let first = self.joined.insert(connection.as_str().to_owned());
                if !first {
                    return Err(format!("{connection} joined twice"));
                }
            }
            Seen::Logged(Notice::SessionClosed { session, .. }) => {
                self.made.remove(session.as_str());
            }
            Seen::Acknowledged { session } => return self.same(world, session),
            _ => {}
        }
        Ok(())
    }
}

impl Once {
    fn same(&mut self, world: &World, session: &str) -> Result<(), String> {
        let Some(master) = world.master.as_ref().filter(|_| !world.storage.was_ill()) else {
            return Ok(());
        };
        let id = conference::SessionId::new(session);
        let found = master.control.conference().session(&id);
        let Some(at) = found.map(|session| session.created_at.0) else {
            return Ok(());
        };
        let before = *self.made.entry(session.to_owned()).or_insert(at);
        if before != at {
            return Err(format!("{session} was made at {before} and again at {at}"));
        }
        Ok(())
    }
}
