//! Invariant 8: Drain loses nothing: nothing new is placed on a draining node, and what is left is closed at the
//! deadline, aloud.

use std::collections::{BTreeMap, BTreeSet};

use agent::Ask;
use cluster::{NodeId, State};

use super::Invariant;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

/// Commands that were on their way, and a last closing that is said again.
const CROSSING: Time = 5_000;
/// From the deadline to the end of the machine.
const GONE: Time = 90_000;

#[derive(Default)]
pub(super) struct Drain {
    placed: BTreeSet<(String, String)>,
    /// Since when a node is on its way out.
    going: BTreeMap<String, Time>,
    terminating: BTreeMap<String, Time>,
}

impl Invariant for Drain {
    fn name(&self) -> &'static str {
        "8 drain loses nothing"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Ticked => self.notice(world),
            Seen::Obeyed {
                node,
                ask: Ask::Publish { session, .. } | Ask::Subscribe { session, .. },
                ..
            } => self.used(world, *node, session),
            _ => Ok(()),
        }
    }
}

impl Drain {
    fn notice(&mut self, world: &World) -> Result<(), String> {
        let Some(master) = &world.master else {
            self.going.clear();
            self.terminating.clear();
            return Ok(());
        };
        let now = world.now();
        let state = |id: &str| {
            let node = master.control.cluster().node(&NodeId::new(id));
            node.map(cluster::Node::state)
        };
        let leaves = |state| matches!(state, State::WaitingIdle | State::Terminating);
        self.going.retain(|id, _| state(id).is_some_and(leaves));
        self.terminating
            .retain(|id, _| state(id) == Some(State::Terminating));
        for node in master.control.cluster().nodes() {
            let id = node.id().as_str();
            if leaves(node.state()) {
                let known = self.going.insert(id.to_owned(), now);
                match (known, node.boot()) {
                    (Some(since), _) => drop(self.going.insert(id.to_owned(), since)),
                    // What it has may still have to be told to it.
                    (None, Some(boot)) => {
                        let boot = boot.id.as_str();
                        let has = node
                            .sessions()
                            .map(|it| (it.as_str().to_owned(), boot.to_owned()));
                        self.placed.extend(has);
                    }
                    (None, None) => {}
                }
            }
            if node.state() == State::Terminating {
                let since = *self.terminating.entry(id.to_owned()).or_insert(now);
                if now > since + GONE
                    && world.fleet.is_none()
                    && !world.network.is_frozen(crate::world::MASTER)
                {
                    return Err(format!("{id} is still on its way out after {GONE} ms"));
                }
            }
        }
        Ok(())
    }

    fn used(&mut self, world: &World, node: usize, session: &str) -> Result<(), String> {
        let held = &world.nodes[node];
        let Some(process) = &held.process else {
            return Ok(());
        };
        let new = self
            .placed
            .insert((session.to_owned(), process.boot.to_string()));
        let known = (world.master.as_ref()).and_then(|master| {
            master
                .control
                .cluster()
                .node(&NodeId::new(held.id.as_str()))
        });
        let going = known.is_some_and(|it| it.state() != State::Serving);
        let since = self.going.get(&held.id).filter(|_| going);
        match since.filter(|since| new && world.now() > **since + CROSSING) {
            Some(_) => Err(format!(
                "{session} was placed on {}, which is going",
                held.id
            )),
            None => Ok(()),
        }
    }
}
