//! Invariant 16, of worlds in which nodes are launched: nothing is leaked and nothing is lacking. A healed world has as
//! many nodes as are wanted and a machine for each, and no machine is ended while sessions are on it.

use cluster::NodeId;

use super::{Invariant, Stage};
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Fleet;

impl Invariant for Fleet {
    fn name(&self) -> &'static str {
        "16 fleets are as wanted"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::MachineTold { node } => ended_empty(world, *node),
            _ => Ok(()),
        }
    }

    fn rest(&mut self, world: &World, stage: Stage) -> Result<(), String> {
        match stage {
            Stage::Healed => Ok(()),
            Stage::Empty => world.unfleeted().map_or(Ok(()), Err),
        }
    }
}

/// Looked at just after the process has gone, by what the master thinks of it.
fn ended_empty(world: &World, node: usize) -> Result<(), String> {
    let (Some(master), Some(fleet)) = (&world.master, &world.fleet) else {
        return Ok(());
    };
    let id = &world.nodes[node].id;
    // Of two machines of one launch the one that is ended may be the one that the master knows.
    let other = fleet.cloud.machines().any(|(_, it)| it.key.as_str() == id);
    let known = master.control.cluster().node(&NodeId::new(id.as_str()));
    match known.filter(|_| !other) {
        Some(known) if known.sessions().next().is_some() => {
            Err(format!("{id} was ended with sessions on it"))
        }
        _ => Ok(()),
    }
}
