//! Invariant 9: Suspicion is not death: a node is taken for dead only when all signs of life have been gone for long
//! enough.

use std::collections::BTreeMap;

use cluster::LostReason;
use control::Notice;

use super::Invariant;
use crate::bounds;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Suspicion {
    /// When the master last had a link to each boot.
    parted: BTreeMap<String, Time>,
    started: Time,
}

impl Invariant for Suspicion {
    fn name(&self) -> &'static str {
        "9 suspicion is not death"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::MasterStarted => {
                self.started = world.now();
                self.parted.clear();
            }
            Seen::Admitted { boot, .. } => {
                self.parted.remove(boot.as_str());
            }
            Seen::LinkLost { boot } => {
                self.parted.insert(boot.clone(), world.now());
            }
            Seen::Logged(Notice::NodeLost { boot, reason, .. })
                if *reason == LostReason::SuspicionOver =>
            {
                let since = self.parted.get(boot.as_str()).copied();
                let since = since.unwrap_or(self.started);
                // Clocks may run up to 2 % too fast.
                if world.now() - since < bounds::SUSPICION * 97 / 100 {
                    let after = world.now() - since;
                    return Err(format!(
                        "{boot} was given up {after} ms after it was silent"
                    ));
                }
            }
            Seen::Logged(Notice::NodeLost { boot, reason, .. })
                if *reason == LostReason::Crashed =>
            {
                let lives = world.nodes.iter().any(|held| {
                    (held.process.as_ref()).is_some_and(|it| *it.boot == *boot.as_str())
                });
                if lives {
                    return Err(format!("{boot} was taken for crashed, and lives"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
