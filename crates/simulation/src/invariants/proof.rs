//! Invariant 3: Proof before use: nothing is placed on a boot that no probe has reached at the addresses that it
//! announces.

use std::collections::BTreeSet;

use agent::Ask;
use cluster::NodeId;

use super::Invariant;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Proof {
    /// Boots and versions of their addresses that were really reached.
    proven: BTreeSet<(String, u64)>,
    /// Sessions and the boots that they are on.
    placed: BTreeSet<(String, String)>,
}

impl Invariant for Proof {
    fn name(&self) -> &'static str {
        "3 proof before use"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Proven { boot, version, .. } => {
                self.proven.insert((boot.as_str().to_owned(), *version));
                Ok(())
            }
            Seen::Obeyed {
                node,
                ask: Ask::Publish { session, .. } | Ask::Subscribe { session, .. },
                ..
            } => self.used(world, *node, session),
            Seen::Ticked => {
                self.note_placed(world);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Proof {
    /// A session that was placed on a boot while that was proven stays there when its addresses change.
    fn note_placed(&mut self, world: &World) {
        let Some(master) = &world.master else {
            return;
        };
        for session in master.control.conference().sessions() {
            let Some(id) = &session.node else {
                continue;
            };
            let node = master.control.cluster().node(&NodeId::new(id.as_str()));
            let Some((boot, node)) = node.and_then(|node| Some((node.boot()?, node))) else {
                continue;
            };
            let proven = (boot.id.to_string(), node.addresses().version);
            if self.proven.contains(&proven) {
                self.placed.insert((session.id.to_string(), proven.0));
            }
        }
    }

    fn used(&mut self, world: &World, node: usize, session: &str) -> Result<(), String> {
        let held = &world.nodes[node];
        let (Some(process), Some(master)) = (&held.process, &world.master) else {
            return Ok(());
        };
        let boot = process.boot.to_string();
        if !self.placed.insert((session.to_owned(), boot.clone())) {
            return Ok(());
        }
        let known = master
            .control
            .cluster()
            .node(&NodeId::new(held.id.as_str()));
        // A late command of a node that has been given up meanwhile; then any version will do.
        let version = known.map(|node| node.addresses().version);
        // Its addresses may have changed while the command was on its way.
        let recent = |reached: u64| version.is_none_or(|now| reached + 1 >= now);
        let reached = self
            .proven
            .iter()
            .any(|(of, version)| *of == boot && recent(*version));
        if reached {
            return Ok(());
        }
        Err(format!(
            "{session} is carried by {boot}, which nobody has reached"
        ))
    }
}
