//! 10. Death is noticed: what a node carried that is really gone is elsewhere, or is being placed elsewhere, in time.

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
    /// Since when the master is there and awake.
    awake: Time,
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
        if world.network.is_frozen(crate::world::MASTER) || matches!(seen, Seen::MasterStarted) {
            self.awake = world.now();
        }
        if !matches!(seen, Seen::Ticked) {
            return Ok(());
        }
        for held in world.nodes.iter().filter(|held| held.process.is_none()) {
            let since = held.down_since.max(self.awake);
            if held.boots == 0 || world.now() < since + bounds::DETECT + ALLOWANCE {
                continue;
            }
            let running = world
                .nodes
                .iter()
                .any(|it| it.id == held.id && it.process.is_some());
            let left = master.control.conference().sessions().find(|session| {
                (session.node.as_ref()).is_some_and(|node| node.as_str() == held.id)
            });
            if let Some(session) = left.filter(|_| !running) {
                let gone = world.now() - held.down_since;
                return Err(format!(
                    "{} is still on {}, gone for {gone} ms",
                    session.id, held.id
                ));
            }
        }
        Ok(())
    }
}
