//! Two machines that take themselves for the same node: a disk was copied.

use super::Plan;
use crate::queue::Time;

use super::Fault;

impl Plan {
    /// One more machine, with the id of the first node, that starts then.
    #[must_use]
    pub fn with_twin(mut self, at: Time) -> Self {
        let mut twin = self.nodes[0].clone();
        twin.machine.latency += 1;
        self.nodes.push(twin);
        // Machines of persons are numbered after those of nodes.
        let first = self.nodes.len();
        for (_, fault) in &mut self.faults {
            renumber(fault, first);
        }
        self.faults
            .push((at, Fault::StartNode(self.nodes.len() - 1)));
        self.faults.sort_by_key(|(at, _)| *at);
        self
    }
}

fn renumber(fault: &mut Fault, first: usize) {
    let shift = |machine: &mut usize| *machine += usize::from(*machine >= first);
    match fault {
        Fault::Freeze(machine, _) | Fault::Reset(machine) | Fault::SetClock(machine, _) => {
            shift(machine);
        }
        Fault::Cut(from, to, _) => {
            shift(from);
            shift(to);
        }
        _ => {}
    }
}
