//! Invariant 10: Death is noticed: what a node carried that is really gone is elsewhere, or is being placed
//! elsewhere, in time.

use std::collections::BTreeMap;

use super::Invariant;
use crate::bounds;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

/// The brake holds everything up for the life of a lease after the store has answered; a master that was not there
/// itself gives its nodes time to come back.
const ALLOWANCE: Time = 30_000;

#[derive(Default)]
pub(super) struct Death {
    /// Since when the master is there and awake, and its store answers.
    awake: Time,
    /// When a process of each node last ran.
    alive: BTreeMap<String, Time>,
}

impl Invariant for Death {
    fn name(&self) -> &'static str {
        "10 death is noticed"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        let Some(master) = &world.master else {
            self.awake = world.now();
            return Ok(());
        };
        let frozen = world.network.is_frozen(crate::world::MASTER);
        // While the store is silent the brake holds, however long that is.
        let silent = master.control.store_is_silent();
        if frozen || silent || matches!(seen, Seen::MasterStarted) {
            self.awake = world.now();
        }
        if !matches!(seen, Seen::Ticked) {
            return Ok(());
        }
        for held in world.nodes.iter().filter(|held| held.process.is_some()) {
            self.alive.insert(held.id.clone(), world.now());
        }
        for session in master.control.conference().sessions() {
            let Some(node) = &session.node else {
                continue;
            };
            let seen = self.alive.entry(node.as_str().to_owned());
            let last = *seen.or_insert(world.now());
            if world.now() > last.max(self.awake) + bounds::DETECT + ALLOWANCE {
                let gone = world.now() - last;
                return Err(format!(
                    "{} is still on {node}, gone for {gone} ms",
                    session.id
                ));
            }
        }
        Ok(())
    }
}
