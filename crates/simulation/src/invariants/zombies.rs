//! Invariant 5: Zombies cannot write: a node does nothing for a master of an old term, or in another boot's place.
//!
//! With one master the zombie is its own past: commands of an earlier run that arrive late. That what an earlier run
//! still had under way at the store comes to nothing is seen by 12.

use std::collections::BTreeMap;

use agent::Ask;

use super::Invariant;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Zombies {
    /// What each node was last told, under which term, as which boot.
    last: BTreeMap<usize, (u64, String)>,
}

impl Invariant for Zombies {
    fn name(&self) -> &'static str {
        "5 zombies cannot write"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Commanded { node, term, boot } => {
                self.last.insert(*node, (*term, boot.clone()));
            }
            Seen::Obeyed { node, ask, highest } => {
                // What was owed is said again without a command.
                let Some((term, boot)) = self.last.get(node).filter(|_| ask.is_answered()) else {
                    return Ok(());
                };
                let own = (world.nodes[*node].process.as_ref()).map(|it| it.boot.to_string());
                if term < highest || own.as_ref().is_some_and(|own| own != boot) {
                    let what = short(ask);
                    return Err(format!("{own:?} obeyed {what} of term {term} to {boot}"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn short(ask: &Ask) -> &'static str {
    match ask {
        Ask::Publish { .. } => "Publish",
        Ask::Subscribe { .. } => "Subscribe",
        Ask::Accept { .. } => "Accept",
        Ask::Candidate { .. } => "Candidate",
        Ask::Close { .. } => "Close",
    }
}
