//! Invariant 6: One owner: no two masters have commands accepted in the same term, and terms rise.
//!
//! With one master at a time the owners are its runs.

use std::collections::BTreeMap;

use super::Invariant;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct Owner {
    /// Which run had which term.
    runs: BTreeMap<u64, u32>,
}

impl Invariant for Owner {
    fn name(&self) -> &'static str {
        "6 one owner"
    }

    fn see(&mut self, _world: &World, seen: &Seen) -> Result<(), String> {
        let Seen::Led { run, term } = seen else {
            return Ok(());
        };
        let last = self.runs.last_key_value();
        if let Some((highest, owner)) = last
            && (term < highest || (term == highest && owner != run))
        {
            return Err(format!(
                "run {run} leads under term {term}, run {owner} had {highest}"
            ));
        }
        self.runs.insert(*term, *run);
        Ok(())
    }
}
