//! What must hold in every world, one file each. The numbers are those of the catalogue of promises; what needs several
//! masters is checked as far as it means something with one, and its file says so.

mod admission;
mod balance;
mod conserved;
mod death;
mod drain;
mod fleet;
mod legs;
mod once;
mod one_boot;
mod outlives;
mod owner;
mod prefix;
mod proof;
mod stale_address;
mod suspicion;
mod zombies;

use crate::run::Broken;
use crate::seen::Seen;
use crate::world::World;

/// How far the life of a world has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Everybody sees everybody, and has for a while.
    Healed,
    /// Everybody has left, for a while.
    Empty,
}

/// A promise. `Err` says how it was broken.
pub(crate) trait Invariant {
    /// Its number and name.
    fn name(&self) -> &'static str;

    /// Something happened.
    fn see(&mut self, _world: &World, _seen: &Seen) -> Result<(), String> {
        Ok(())
    }

    /// The world has come to a rest.
    fn rest(&mut self, _world: &World, _stage: Stage) -> Result<(), String> {
        Ok(())
    }
}

/// All of them.
pub struct Judge {
    invariants: Vec<Box<dyn Invariant>>,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            invariants: vec![
                Box::<admission::Admission>::default(),
                Box::<one_boot::OneBoot>::default(),
                Box::<proof::Proof>::default(),
                Box::<stale_address::StaleAddress>::default(),
                Box::<zombies::Zombies>::default(),
                Box::<owner::Owner>::default(),
                Box::<conserved::Conserved>::default(),
                Box::<drain::Drain>::default(),
                Box::<suspicion::Suspicion>::default(),
                Box::<death::Death>::default(),
                Box::<outlives::Outlives>::default(),
                Box::<prefix::Prefix>::default(),
                Box::<once::Once>::default(),
                Box::<legs::Legs>::default(),
                Box::<balance::Balance>::default(),
                Box::<fleet::Fleet>::default(),
            ],
        }
    }
}

impl Judge {
    /// Judges what was seen since the last time.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn look(&mut self, world: &mut World) -> Result<(), Broken> {
        if world.seen.is_empty() {
            return Ok(());
        }
        let seen = std::mem::take(&mut world.seen);
        for seen in &seen {
            for invariant in &mut self.invariants {
                let held = invariant.see(world, seen);
                held.map_err(|how| broken(world, invariant.name(), how))?;
            }
        }
        Ok(())
    }

    /// Judges a world at rest.
    ///
    /// # Errors
    /// The first promise that was broken.
    pub fn rest(&mut self, world: &World, stage: Stage) -> Result<(), Broken> {
        for invariant in &mut self.invariants {
            let held = invariant.rest(world, stage);
            held.map_err(|how| broken(world, invariant.name(), how))?;
        }
        Ok(())
    }
}

fn broken(world: &World, invariant: &'static str, how: String) -> Broken {
    Broken {
        invariant,
        how,
        at: world.now(),
    }
}
