//! One seed from beginning to end.

use crate::bounds;
use crate::plan::Plan;
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

/// Runs a world.
pub fn plan(seed: u64, plan: &Plan, sabotage: Sabotage, aloud: bool) -> Ending {
    let mut world = World::new(seed, plan, sabotage, Trace::new(aloud));
    let mut steps = 0;
    let mut healed = None;
    let mut broken = None;
    while world
        .next_at()
        .is_some_and(|at| at <= plan.calm + bounds::MEDIA)
    {
        world.step();
        steps += 1;
        world.seen.clear();
        if world.calm && steps % 16 == 0 && world.unsettled().is_none() {
            healed = Some(world.now() - plan.calm);
            break;
        }
    }
    if healed.is_none() {
        broken = world.unsettled().map(|how| Broken {
            invariant: "liveness",
            how,
            at: world.now(),
        });
    }
    Ending {
        hash: world.trace.hash(),
        steps,
        lived: world.now(),
        healed,
        broken,
    }
}
