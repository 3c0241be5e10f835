//! Worlds whose nodes a provider launches: how many are wanted, and what goes wrong with machines and calls.

use std::time::Duration;

use cluster::Policy;
use cluster::autoscaling::Limits;
use cluster::schedule::{Bounds, Entry, Schedule, When};

use super::{Fault, NodePlan, Plan, StoreFault};
use crate::queue::Time;
use crate::random::Random;

/// Machines that there can be at once.
const RACK: usize = 8;

/// The generator of a fleet's plan; those of other worlds are not disturbed by it.
const PURPOSE: u64 = 7;

/// Who launches nodes, and how many are wanted.
#[derive(Clone, Debug)]
pub struct FleetPlan {
    /// In force until all is well.
    pub policy: Policy,
    /// Nodes that are wanted from then on.
    pub at_last: u32,
    /// Calls to the provider that go wrong before that, percent.
    pub trouble: u64,
}

impl Plan {
    /// The world of a seed in which nodes are launched.
    pub fn draw_fleet(seed: u64) -> Self {
        let mut random = Random::new(seed, PURPOSE);
        let persons = *random.pick(&[2, 3, 3, 4]);
        let sessions = random.between(1, 2) as usize;
        let mut plan = Self::of(super::machine(&mut random), RACK, persons, sessions);
        for node in &mut plan.nodes {
            node.machine = super::machine(&mut random);
        }
        plan.fleet = Some(FleetPlan {
            policy: policy(&mut random),
            at_last: random.between(1, 3) as u32,
            trouble: *random.pick(&[0, 0, 10, 30]),
        });
        plan.faults.push((0, Fault::StartMaster));
        for person in 0..persons {
            let at = random.between(0, 120_000);
            plan.faults.push((at, Fault::Arrive(person)));
        }
        let over = plan.trouble_fleet(&mut random);
        plan.calm = over + random.between(0, 60_000);
        plan.faults.push((plan.calm, Fault::Calm));
        plan.faults.sort_by_key(|(at, _)| *at);
        plan
    }

    /// A world in which nodes are launched and nothing goes wrong.
    pub fn quiet_fleet(nodes: u32, persons: usize) -> Self {
        let mut plan = Self::quiet(0, persons);
        let machine = plan.master;
        plan.nodes = (0..RACK)
            .map(|index| NodePlan {
                machine,
                id: format!("rack_{index}"),
            })
            .collect();
        plan.fleet = Some(FleetPlan {
            policy: count(nodes),
            at_last: nodes,
            trouble: 0,
        });
        plan.with([(120_000, Fault::Mute(0, false))])
    }

    fn trouble_fleet(&mut self, random: &mut Random) -> Time {
        let from = random.between(0, 180_000);
        let stretch = *random.pick(&[20_000, 120_000, 600_000]);
        let mut over = from;
        for _ in 0..*random.pick(&[0, 1, 2, 3, 4, 6]) {
            let at = from + random.between(0, stretch);
            over = over.max(self.fleet_episode(random, at));
        }
        over
    }

    fn fleet_episode(&mut self, random: &mut Random, at: Time) -> Time {
        let span = *random.pick(&[300, 5_000, 14_000, 45_000, 200_000]);
        let over = at + random.between(span / 2, span);
        let node = random.below(RACK as u64) as usize;
        let person = random.below(self.persons.len() as u64) as usize;
        let both = |on: Fault, off: Fault| vec![(at, on), (over, off)];
        let faults = match random.below(14) {
            0 | 1 => both(Fault::KillMaster, Fault::StartMaster),
            2 => both(Fault::StopMaster, Fault::StartMaster),
            3 => both(Fault::Freeze(0, true), Fault::Freeze(0, false)),
            4 | 5 => vec![(at, Fault::KillNode(node))],
            6 => vec![(at, Fault::EndMachine(node))],
            7 => both(
                Fault::Freeze(1 + node, true),
                Fault::Freeze(1 + node, false),
            ),
            8 => both(
                Fault::Cut(0, 1 + node, true),
                Fault::Cut(0, 1 + node, false),
            ),
            9 => vec![(at, Fault::Count(random.between(0, 4) as u32))],
            10 => both(
                Fault::Store(StoreFault::Stormy),
                Fault::Store(StoreFault::Well),
            ),
            11 => both(Fault::ClosePage(person), Fault::Arrive(person)),
            12 => vec![(at, Fault::Stray)],
            _ => both(Fault::Provider(false), Fault::Provider(true)),
        };
        self.faults.extend(faults);
        over
    }
}

/// Exactly so many.
pub(crate) fn count(nodes: u32) -> Policy {
    Policy {
        count: Some(nodes),
        ..Policy::default()
    }
}

fn policy(random: &mut Random) -> Policy {
    let nodes = Bounds {
        minimum: random.between(1, 2) as u32,
        maximum: random.between(2, 4) as u32,
    };
    match random.below(3) {
        0 => count(nodes.maximum),
        1 => Policy {
            autoscaling: Some(Limits {
                nodes,
                max_load: 60.0,
                min_load: 20.0,
                interval: Duration::from_secs(random.between(10, 60)),
            }),
            ..Policy::default()
        },
        _ => Policy {
            schedule: schedule(random, nodes),
            ..Policy::default()
        },
    }
}

/// A night and a morning of some minutes each.
fn schedule(random: &mut Random, nodes: Bounds) -> Schedule {
    let entry = |name: &str, minutes: &str, wanted: u32, lead: u64| Entry {
        name: name.to_owned(),
        when: When::Cron(format!("{minutes} * * * *")),
        zone: "UTC".to_owned(),
        wanted: Bounds::exactly(wanted),
        lead: Duration::from_secs(lead),
    };
    let lead = random.between(0, 60);
    let entries = vec![
        entry("morning", "*/6", nodes.maximum, 0),
        entry("night", "3-59/6", nodes.minimum, lead),
    ];
    Schedule::new(entries).expect("both entries name minutes, a zone and a number")
}
