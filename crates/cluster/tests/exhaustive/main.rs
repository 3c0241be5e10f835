//! Every order of events within bounds: nodes that boot, crash, lose their link, change address and lose their lease,
//! news that overtakes news, sessions, drains. Timers run out whenever they run, so no span of time is relied on.
//!
//! The invariants are those of the plan of this house: 1 admission, 2 one boot, 3 proof before use, 4 no stale address,
//! 5 zombies, 6 one owner, 8 drain, 9 suspicion, 12 a prefix of the truth. Each planted fault must be found.

mod model;
mod rules;
mod world;

use cluster::{Rules, Sound};
use model::{Bounds, Model};
use stateright::{Checker, Model as _};

#[test]
fn a_sound_cluster_keeps_every_invariant() {
    for (name, bounds) in small() {
        assert_sound(name, bounds);
    }
}

/// Run by `make model`.
#[test]
#[ignore = "takes minutes"]
fn a_sound_cluster_keeps_every_invariant_in_a_larger_world() {
    for (name, bounds) in large() {
        assert_sound(name, bounds);
    }
}

#[test]
fn every_planted_fault_is_found() {
    let missed: Vec<&str> = rules::all()
        .into_iter()
        .filter_map(|found| found())
        .collect();
    assert_eq!(missed, [""; 0], "planted faults that no property noticed");
}

fn small() -> Vec<(&'static str, Bounds)> {
    vec![
        (
            "two boots",
            Bounds {
                boots: 2,
                crashes: 1,
                cuts: 1,
                ..Bounds::none()
            },
        ),
        (
            "addresses",
            Bounds {
                boots: 1,
                addresses: 1,
                sessions: 1,
                cuts: 1,
                ..Bounds::none()
            },
        ),
        (
            "leases",
            Bounds {
                boots: 1,
                expiries: 1,
                crashes: 1,
                cuts: 1,
                leases: true,
                ..Bounds::none()
            },
        ),
        (
            "news that overtakes news",
            Bounds {
                expiries: 2,
                crashes: 1,
                leases: true,
                ..Bounds::none()
            },
        ),
        (
            "sessions",
            Bounds {
                boots: 2,
                crashes: 1,
                sessions: 1,
                ..Bounds::none()
            },
        ),
        (
            "drain",
            Bounds {
                boots: 1,
                cuts: 1,
                sessions: 1,
                drains: 2,
                ..Bounds::none()
            },
        ),
        (
            "two nodes",
            Bounds {
                nodes: 2,
                boots: 1,
                crashes: 1,
                sessions: 1,
                drains: 1,
                ..Bounds::none()
            },
        ),
        (
            "refusals and cuts",
            Bounds {
                boots: 2,
                crashes: 1,
                cuts: 1,
                rejections: 2,
                ..Bounds::none()
            },
        ),
        (
            "refusals of a node that is heard",
            Bounds {
                crashes: 1,
                sessions: 1,
                rejections: 3,
                ..Bounds::none()
            },
        ),
        (
            "refusals and silence",
            Bounds {
                crashes: 1,
                cuts: 1,
                rejections: 2,
                hushes: 2,
                ..Bounds::none()
            },
        ),
        (
            "a provider that is wrong once",
            Bounds {
                boots: 2,
                crashes: 1,
                sessions: 1,
                lies: 1,
                ..Bounds::none()
            },
        ),
        (
            "leases and boots",
            Bounds {
                boots: 2,
                crashes: 1,
                expiries: 1,
                leases: true,
                ..Bounds::none()
            },
        ),
        (
            "leases, cuts and sessions",
            Bounds {
                cuts: 1,
                expiries: 2,
                sessions: 1,
                leases: true,
                ..Bounds::none()
            },
        ),
    ]
}

fn large() -> Vec<(&'static str, Bounds)> {
    let none = Bounds::none();
    vec![
        (
            "two nodes, refusals, silence and cuts",
            Bounds {
                nodes: 2,
                crashes: 1,
                cuts: 1,
                rejections: 2,
                hushes: 1,
                ..none
            },
        ),
        (
            "refusals, addresses and sessions",
            Bounds {
                cuts: 1,
                addresses: 1,
                sessions: 1,
                rejections: 2,
                ..none
            },
        ),
        (
            "three boots",
            Bounds {
                boots: 3,
                crashes: 3,
                cuts: 1,
                ..none
            },
        ),
        (
            "addresses and boots",
            Bounds {
                boots: 2,
                crashes: 1,
                addresses: 2,
                sessions: 1,
                ..none
            },
        ),
        (
            "drains and boots",
            Bounds {
                boots: 2,
                crashes: 2,
                cuts: 1,
                sessions: 1,
                drains: 2,
                ..none
            },
        ),
        (
            "two nodes",
            Bounds {
                nodes: 2,
                crashes: 1,
                cuts: 1,
                sessions: 1,
                drains: 1,
                ..none
            },
        ),
        (
            "two sessions",
            Bounds {
                nodes: 2,
                crashes: 1,
                sessions: 2,
                drains: 2,
                ..none
            },
        ),
        (
            "two nodes with leases",
            Bounds {
                nodes: 2,
                crashes: 1,
                expiries: 1,
                leases: true,
                ..none
            },
        ),
    ]
}

fn assert_sound(name: &str, bounds: Bounds) {
    let checker = Model::<Sound>::new(bounds)
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    println!("{name}: {} states", checker.unique_state_count());
    checker.assert_properties();
}

/// The rule's name when no property noticed that it was broken.
fn hunt<R: Rules + std::hash::Hash + Send + Sync + 'static>(
    name: &'static str,
    bounds: Bounds,
) -> Option<&'static str> {
    let checker = Model::<R>::new(bounds).checker().threads(2);
    let checker = checker
        .finish_when(stateright::HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let found: Vec<&str> = checker
        .discoveries()
        .into_keys()
        .filter(|property| !property.starts_with("sometimes"))
        .collect();
    println!("{name}: {found:?}");
    found.is_empty().then_some(name)
}
