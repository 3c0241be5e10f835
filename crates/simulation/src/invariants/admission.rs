//! Invariant 1: Admission, whatever the order: once faults stop, every node that is up serves in time, and a boot is
//! admitted once.

use std::collections::BTreeSet;

use control::Notice;

use super::Invariant;
use crate::bounds;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Admission {
    /// Of which run of the master, and which boot.
    admitted: BTreeSet<(u32, String)>,
    /// Since when all is calm and the master runs.
    calm: Option<Time>,
}

impl Invariant for Admission {
    fn name(&self) -> &'static str {
        "1 admission, whatever the order"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Admitted { boot, again, .. } if !again => {
                let first = self.admitted.insert((world.runs, boot.as_str().to_owned()));
                if !first {
                    return Err(format!("boot {boot} was admitted twice as a new one"));
                }
            }
            Seen::Logged(Notice::NodeLost { boot, .. }) => {
                // It was taken for dead; when it proves alive it is new to the master.
                self.admitted
                    .remove(&(world.runs, boot.as_str().to_owned()));
            }
            Seen::MasterStarted | Seen::MasterEnded => self.calm = world.calm.then(|| world.now()),
            Seen::Ticked if world.calm && world.fleet.is_none() => {
                let calm = *self.calm.get_or_insert(world.now());
                return self.in_time(world, calm);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Admission {
    fn in_time(&self, world: &World, calm: Time) -> Result<(), String> {
        let latest = world.nodes.iter().map(|held| held.up_since).max();
        if world.now() > calm.max(latest.unwrap_or(0)) + bounds::ADMIT
            && let Some(how) = world.unadmitted()
        {
            return Err(format!("{how}, {} ms after all was well", bounds::ADMIT));
        }
        Ok(())
    }
}
