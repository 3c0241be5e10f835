//! Random worlds around the pure core: a provider that fails, lags, doubles and answers late, nodes that never dial in,
//! machines that die, masters that crash. When the faults end, nothing is left that is not wanted, and whatever is
//! wanted and has not failed is there. `WORLDS` says how many to run.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[path = "worlds/random.rs"]
mod random;
#[path = "worlds/world.rs"]
mod world;

use world::{Finding, World};

const HOUR: u64 = 3_600_000;

fn run(seed: u64, lists: bool) -> (Vec<Finding>, u64) {
    let mut world = World::new(seed, lists);
    world.run_until(HOUR);
    world.end_faults();
    world.run_until(3 * HOUR);
    world.judge();
    (world.findings, world.trace)
}

#[test]
fn nothing_is_leaked_and_nothing_that_is_wanted_is_lost() {
    let seeds = std::env::var("WORLDS").map_or(60, |text| text.parse().unwrap());
    for seed in 0..seeds {
        let (findings, _) = run(seed, true);
        assert!(findings.is_empty(), "seed {seed}: {findings:?}");
    }
}

#[test]
fn one_seed_is_one_world() {
    for seed in 0..5 {
        assert_eq!(run(seed, true).1, run(seed, true).1);
    }
}

/// The judge can find a leak: without lists, what a failed call left behind is never seen again.
#[test]
fn without_lists_worlds_leak() {
    let leaking = (0..20).filter(|seed| {
        let (findings, _) = run(*seed, false);
        findings
            .iter()
            .any(|finding| matches!(finding, Finding::Leaked { .. }))
    });
    assert!(leaking.count() > 10);
}
