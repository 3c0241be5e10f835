//! Invariant 2: One id, one boot: of two processes that claim an id one is admitted, and the other hears why and
//! stops serving.

use std::collections::BTreeMap;

use super::Invariant;
use crate::bounds;
use crate::queue::Time;
use crate::seen::Seen;
use crate::world::World;

#[derive(Default)]
pub(super) struct OneBoot {
    /// Since when more than one process is attached under an id.
    doubled: BTreeMap<String, Time>,
}

impl Invariant for OneBoot {
    fn name(&self) -> &'static str {
        "2 one id, one boot"
    }

    fn see(&mut self, world: &World, seen: &Seen) -> Result<(), String> {
        if !matches!(seen, Seen::Ticked) {
            return Ok(());
        }
        let mut attached: BTreeMap<&str, usize> = BTreeMap::new();
        for held in &world.nodes {
            let talks = (held.process.as_ref()).is_some_and(|it| it.agent.is_attached());
            if talks && !world.network.is_frozen(held.host) {
                *attached.entry(&held.id).or_default() += 1;
            }
        }
        self.doubled
            .retain(|id, _| attached.get(id.as_str()).is_some_and(|count| *count > 1));
        for (id, _) in attached.iter().filter(|(_, count)| **count > 1) {
            let since = *(self.doubled)
                .entry((*id).to_owned())
                .or_insert_with(|| world.now());
            // Who was cut off hears of it when its line is found silent.
            if world.now() > since + bounds::YIELD {
                return Err(format!("two processes serve as {id}"));
            }
        }
        Ok(())
    }
}
