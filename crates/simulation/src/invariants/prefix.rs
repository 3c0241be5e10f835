//! Invariant 12: The view is a prefix of the truth: what the store holds is what the master knows, and a new master
//! begins with it.
//!
//! With one master and records that are written whole, the mirror is the master's own mind.

use std::collections::BTreeSet;

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Prefix;

impl Invariant for Prefix {
    fn name(&self) -> &'static str {
        "12 the view is a prefix of the truth"
    }

    fn see(&mut self, _world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Began { known, written } => same(known, written),
            Seen::Unreadable(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn rest(&mut self, world: &World, _stage: Stage) -> Result<(), String> {
        compare(world)
    }
}

fn compare(world: &World) -> Result<(), String> {
    match &world.master {
        Some(master) => same(&master.sessions(), &world.storage.names("sessions/")),
        None => Ok(()),
    }
}

fn same(known: &BTreeSet<String>, written: &BTreeSet<String>) -> Result<(), String> {
    if known != written {
        return Err(format!(
            "the master knows {known:?}, the store holds {written:?}"
        ));
    }
    Ok(())
}
