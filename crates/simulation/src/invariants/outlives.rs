//! Invariant 11: The data plane outlives the control plane: as long as only the master and its store have bad days,
//! nobody's media is interrupted.

use control::Notice;

use super::Invariant;
use crate::plan::Fault;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Outlives {
    /// Somebody else had a bad day too, or somebody decided to end something.
    blurred: bool,
    /// A node was out of the master's reach, which may take it for dead after a while.
    cut: bool,
}

impl Invariant for Outlives {
    fn name(&self) -> &'static str {
        "11 the data plane outlives the control plane"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Fault(fault) => {
                self.cut |= matches!(fault, Fault::Cut(..));
                self.blurred |= !is_of_control(fault, world.nodes.len());
                Ok(())
            }
            // What could not be written down before is not known any more.
            Seen::MasterStarted => {
                self.blurred |= world.storage.was_ill();
                Ok(())
            }
            // Another machine has its name.
            Seen::NodeYielded { .. } => {
                self.blurred = true;
                Ok(())
            }
            Seen::Logged(Notice::NodeLost { .. }) => {
                self.blurred |= self.cut;
                Ok(())
            }
            Seen::MediaLost { browser } if !self.blurred => Err(format!(
                "browser {browser} lost media in run {} of the master, though nothing happened to its node",
                world.runs
            )),
            _ => Ok(()),
        }
    }
}

/// Participants who cannot reach the master are put out after a while, so cuts count only between master and nodes.
fn is_of_control(fault: &Fault, nodes: usize) -> bool {
    match fault {
        Fault::StartMaster
        | Fault::KillMaster
        | Fault::PowerMaster(_)
        | Fault::Freeze(0, _)
        | Fault::Reset(_)
        | Fault::SetClock(..)
        | Fault::Store(_)
        | Fault::StartNode(_)
        | Fault::Arrive(_)
        | Fault::Mute(..)
        | Fault::Zombie(_)
        | Fault::Calm => true,
        Fault::Cut(0, other, _) | Fault::Cut(other, 0, _) => *other <= nodes,
        _ => false,
    }
}
