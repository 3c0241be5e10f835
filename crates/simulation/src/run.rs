//! One seed from beginning to end.

use crate::bounds;
use crate::invariants::{Judge, Stage};
use crate::plan::{Fault, Plan};
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::trace::Trace;
use crate::world::World;

/// How a world ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Of the whole trace.
    pub hash: u64,
    /// How many things happened.
    pub steps: u64,
    /// How long it lived, milliseconds of its own.
    pub lived: Time,
    /// How long it took to be well after it was healed, milliseconds of its own.
    pub healed: Option<Time>,
    /// Times that a browser was not told something, for which nothing makes up.
    pub missed: u32,
    /// Pages that had to be reloaded, because the clients' library had hung itself up.
    pub reloads: u32,
    /// What was wrong: which invariant, and how.
    pub broken: Option<Broken>,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its number and name.
    pub invariant: &'static str,
    /// What was seen.
    pub how: String,
    /// When, milliseconds of the world.
    pub at: Time,
}

/// Runs the world of a seed.
pub fn seed(seed: u64, aloud: bool) -> Ending {
    plan(seed, &Plan::draw(seed), Sabotage::None, aloud)
}

/// Runs the world of a seed in which nodes are launched.
pub fn fleet(seed: u64, aloud: bool) -> Ending {
    plan(seed, &Plan::draw_fleet(seed), Sabotage::None, aloud)
}

/// Runs a world.
pub fn plan(seed: u64, plan: &Plan, sabotage: Sabotage, aloud: bool) -> Ending {
    let mut run = Run {
        world: World::new(seed, plan, sabotage, Trace::new(aloud)),
        judge: Judge::default(),
        steps: 0,
        healed: None,
    };
    let broken = run.live(plan.calm).err();
    Ending {
        hash: run.world.trace.hash(),
        steps: run.steps,
        lived: run.world.now(),
        healed: run.healed,
        reloads: (run.world.browsers.iter())
            .map(|browser| browser.tally.reloads)
            .sum(),
        missed: (run.world.browsers.iter())
            .map(|browser| browser.tally.missed)
            .sum(),
        broken,
    }
}

struct Run {
    world: World,
    judge: Judge,
    steps: u64,
    healed: Option<Time>,
}

impl Run {
    /// The bad days, the healing, a while of being well, and the end.
    fn live(&mut self, calm: Time) -> Result<(), Broken> {
        self.until(calm, |_| false)?;
        let well = |world: &World| world.unsettled().is_none();
        let launched = self.world.fleet.is_some();
        let bound = |usual| if launched { bounds::FLEET } else { usual };
        if !self.until(calm + bound(bounds::MEDIA), well)? {
            if let Some(how) = self.world.unfleeted() {
                return Err(self.broken("16 fleets are as wanted", how));
            }
            let how = self.world.unsettled().unwrap_or_default();
            return Err(self.broken("14 one participant, one leg: everybody sees everybody", how));
        }
        self.healed = Some(self.world.now() - calm);
        self.until(self.world.now() + bounds::LINGER, |_| false)?;
        if let Some(how) = self.world.disturbed() {
            return Err(self.broken("14 one participant, one leg: and goes on to", how));
        }
        self.judge.rest(&self.world, Stage::Healed)?;
        self.world.fault(Fault::Farewell);
        let empty = |world: &World| world.unbalanced().is_none();
        self.until(self.world.now() + bound(bounds::BALANCE), empty)?;
        self.judge.rest(&self.world, Stage::Empty)
    }

    /// Goes on until then, or until it is so; says whether it was so.
    fn until(&mut self, end: Time, so: impl Fn(&World) -> bool) -> Result<bool, Broken> {
        while self.world.next_at().is_some_and(|at| at <= end) {
            self.world.step();
            self.steps += 1;
            let ticked = self
                .world
                .seen
                .iter()
                .any(|it| matches!(it, crate::seen::Seen::Ticked));
            self.judge.look(&mut self.world)?;
            if ticked && so(&self.world) {
                return Ok(true);
            }
        }
        Ok(so(&self.world))
    }

    fn broken(&self, invariant: &'static str, how: String) -> Broken {
        Broken {
            invariant,
            how,
            at: self.world.now(),
        }
    }
}
