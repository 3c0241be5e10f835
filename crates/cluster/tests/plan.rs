//! Plans: chosen in OpenVidu's order, found sound by the judge, and leading to what is wanted without swinging.

mod dice;

use std::collections::{BTreeMap, BTreeSet};

use cluster::plan::{Fault, Observed, Plan, Seen, Step, judge, plan};
use cluster::schedule::Bounds;
use cluster::{MediaNodeStatus, Moment, NodeId};
use dice::Dice;

use MediaNodeStatus::*;

const WORLDS: u64 = 5_000;

#[test]
fn nodes_are_won_back_before_any_is_launched() {
    let observed = Observed {
        nodes: vec![
            seen("draining", WaitingIdleToTerminate, 1, 3),
            seen("canceled-young", Canceled, 0, 9),
            seen("canceled-old", Canceled, 0, 2),
            seen("running", Running, 1, 1),
        ],
        launchable: 10,
    };
    let planned = plan(&observed, Bounds::exactly(5), keys(0));
    assert_eq!(
        planned.steps,
        [
            Step::UnDrain(id("draining")),
            Step::UnCancel(id("canceled-old")),
            Step::UnCancel(id("canceled-young")),
            Step::Launch(id("new-0")),
        ]
    );
}

#[test]
fn launches_are_canceled_before_running_nodes_go_and_the_idlest_goes_first() {
    let mut busy = seen("busy", Running, 3, 1);
    busy.load = 50.0;
    let observed = Observed {
        nodes: vec![
            busy,
            seen("idle", Running, 0, 1),
            seen("old", Launching, 0, 2),
            seen("young", Launching, 0, 3),
        ],
        launchable: 0,
    };
    let planned = plan(&observed, Bounds::exactly(0), keys(0));
    assert_eq!(
        planned.steps,
        [
            Step::Cancel(id("young")),
            Step::Cancel(id("old")),
            Step::Terminate(id("idle")),
            Step::Drain(id("busy")),
        ]
    );
}

#[test]
fn a_hundred_launches_are_one_plan() {
    let observed = Observed {
        nodes: Vec::new(),
        launchable: 100,
    };
    let planned = plan(&observed, Bounds::exactly(100), keys(0));
    let different: BTreeSet<&NodeId> = planned.steps.iter().map(Step::node).collect();
    assert_eq!((different.len(), planned.missing), (100, 0));
}

#[test]
fn what_may_not_be_launched_now_is_missing_and_said_so() {
    let observed = Observed {
        nodes: Vec::new(),
        launchable: 2,
    };
    let planned = plan(&observed, Bounds::exactly(5), keys(0));
    assert_eq!((planned.steps.len(), planned.missing), (2, 3));
}

#[test]
fn every_plan_of_every_world_is_sound() {
    for seed in 0..WORLDS {
        let (observed, wanted) = world(&mut Dice::new(seed));
        let planned = plan(&observed, wanted, keys(0));
        let faults = judge(&observed, wanted, &planned);
        assert_eq!(
            faults,
            [],
            "seed {seed}: {observed:#?} {wanted:?} {planned:#?}"
        );
    }
}

#[test]
fn every_world_comes_to_what_is_wanted_and_stays_there() {
    for seed in 0..WORLDS {
        let dice = &mut Dice::new(seed);
        let (mut observed, wanted) = world(dice);
        let mut directions: BTreeMap<NodeId, bool> = BTreeMap::new();
        let mut quiet = 0;
        for round in 0..200 {
            let planned = plan(&observed, wanted, keys(round * 1_000));
            for step in &planned.steps {
                let before = directions.insert(step.node().clone(), step.adds());
                assert_eq!(
                    before.unwrap_or(step.adds()),
                    step.adds(),
                    "seed {seed} swings at {step:?}"
                );
            }
            apply(&mut observed, &planned);
            let once = observed.clone();
            apply(&mut observed, &planned);
            assert_eq!(
                observed, once,
                "seed {seed}: a plan carried out twice does more than once"
            );
            quiet = if planned == Plan::default() {
                quiet + 1
            } else {
                0
            };
            let calm = !observed
                .nodes
                .iter()
                .any(|node| matches!(node.status, Launching | Canceled | WaitingIdleToTerminate));
            if quiet > 3 && calm {
                break;
            }
            let failed = |observed: &Observed| {
                observed
                    .nodes
                    .iter()
                    .filter(|node| node.status == Failed)
                    .count()
            };
            let before = failed(&observed);
            pass_time(&mut observed, dice);
            if failed(&observed) > before {
                // What was one too many may now be needed again.
                directions.clear();
            }
        }
        let count = observed.count();
        assert!(
            (wanted.minimum..=wanted.maximum).contains(&count),
            "seed {seed}: {count} nodes, wanted {wanted:?}"
        );
    }
}

#[test]
fn the_judge_is_not_blind() {
    let mut caught: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 0..WORLDS {
        let (observed, wanted) = world(&mut Dice::new(seed));
        let sound = plan(&observed, wanted, keys(0));
        for (name, spoiled, always) in spoil(&observed, &sound) {
            let faults = judge(&observed, wanted, &spoiled);
            assert!(
                !always || !faults.is_empty(),
                "seed {seed}: {name} was not seen: {spoiled:?}"
            );
            *caught.entry(name).or_default() += u32::from(!faults.is_empty());
        }
    }
    let names = [
        "twice",
        "one too few",
        "one launch too many",
        "stranger",
        "taken key",
        "other victim",
        "hasty end",
        "launch instead",
    ];
    for name in names {
        assert!(
            caught.get(name).is_some_and(|times| *times > 100),
            "{name}: {caught:?}"
        );
    }
}

#[test]
fn the_judge_names_what_is_wrong() {
    let observed = Observed {
        nodes: vec![seen("a", Running, 2, 1), seen("b", Terminating, 0, 1)],
        launchable: 0,
    };
    let steps = |steps: Vec<Step>| Plan { steps, missing: 0 };
    let faults = judge(
        &observed,
        Bounds::exactly(0),
        &steps(vec![Step::Terminate(id("a"))]),
    );
    assert_eq!(faults, [Fault::Occupied(id("a"))]);
    let faults = judge(
        &observed,
        Bounds::exactly(0),
        &steps(vec![Step::Drain(id("a")), Step::Drain(id("b"))]),
    );
    assert_eq!(
        faults,
        [Fault::Impossible(Step::Drain(id("b")), Terminating)]
    );
}

/// Plans that are wrong in one way each, and whether the fault must be seen in every world.
fn spoil(observed: &Observed, sound: &Plan) -> Vec<(&'static str, Plan, bool)> {
    let mut spoiled = Vec::new();
    let mut add = |name, always, change: &dyn Fn(&mut Plan) -> bool| {
        let mut other = sound.clone();
        if change(&mut other) {
            spoiled.push((name, other, always));
        }
    };
    add("twice", true, &|plan| {
        let first = plan.steps.first().cloned();
        plan.steps.extend(first.clone());
        first.is_some()
    });
    add("one too few", true, &|plan| plan.steps.pop().is_some());
    add("one launch too many", true, &|plan| {
        plan.steps.push(Step::Launch(id("surplus")));
        true
    });
    add("stranger", true, &|plan| {
        plan.steps.push(Step::Drain(id("stranger")));
        true
    });
    add("taken key", true, &|plan| {
        let taken = observed.nodes.iter().find(|node| node.status == Terminated);
        plan.steps
            .extend(taken.map(|node| Step::Launch(node.id.clone())));
        taken.is_some()
    });
    add("other victim", false, &|plan| {
        let mut running = observed.nodes.iter().filter(|node| node.status == Running);
        let other = running.rfind(|node| !plan.steps.iter().any(|step| step.node() == &node.id));
        match (plan.steps.last_mut(), other) {
            (Some(last @ (Step::Drain(_) | Step::Terminate(_))), Some(other)) => {
                *last = Step::Drain(other.id.clone());
                true
            }
            _ => false,
        }
    });
    add("hasty end", true, &|plan| match plan.steps.last_mut() {
        Some(last @ Step::Drain(_)) => {
            *last = Step::Terminate(last.node().clone());
            true
        }
        _ => false,
    });
    add(
        "launch instead",
        true,
        &|plan| match plan.steps.first_mut() {
            Some(first @ (Step::UnDrain(_) | Step::UnCancel(_))) => {
                *first = Step::Launch(id("surplus"));
                true
            }
            _ => false,
        },
    );
    spoiled
}

fn world(dice: &mut Dice) -> (Observed, Bounds) {
    let statuses = [
        Launching,
        Canceled,
        Failed,
        Running,
        Running,
        WaitingIdleToTerminate,
        Terminating,
        Terminated,
    ];
    let size = dice.below(12);
    let nodes = (0..size).map(|number| {
        let status = statuses[dice.below(8) as usize];
        let sessions = match status {
            Running => dice.below(3),
            WaitingIdleToTerminate => 1 + dice.below(3),
            _ => 0,
        };
        Seen {
            load: f64::from(dice.below(5) * 20),
            ..seen(
                &format!("node-{number}"),
                status,
                sessions,
                u64::from(dice.below(6)),
            )
        }
    });
    let nodes = nodes.collect();
    let minimum = dice.below(10);
    let wanted = Bounds {
        minimum,
        maximum: minimum + dice.below(4),
    };
    let launchable = dice.below(6);
    (Observed { nodes, launchable }, wanted)
}

/// What carrying out does, once or twice.
fn apply(observed: &mut Observed, plan: &Plan) {
    for step in &plan.steps {
        let to = match step {
            Step::UnDrain(_) => Running,
            Step::UnCancel(_) | Step::Launch(_) => Launching,
            Step::Cancel(_) => Canceled,
            Step::Drain(_) => WaitingIdleToTerminate,
            Step::Terminate(_) => Terminating,
        };
        match observed
            .nodes
            .iter_mut()
            .find(|node| &node.id == step.node())
        {
            Some(node) => node.status = to,
            None => observed.nodes.push(seen(step.node().as_str(), to, 0, 100)),
        }
    }
}

/// Launches come up or fail, sessions end, what is terminating goes; a launch is allowed again now and then.
fn pass_time(observed: &mut Observed, dice: &mut Dice) {
    for node in &mut observed.nodes {
        let lucky = dice.below(3) == 0;
        node.status = match node.status {
            Launching if lucky && dice.below(4) == 0 => Failed,
            Launching if lucky => Running,
            Canceled if lucky => Terminating,
            Terminating => Terminated,
            WaitingIdleToTerminate if lucky => {
                node.sessions = 0;
                Terminating
            }
            status => status,
        };
    }
    observed.launchable = 1 + dice.below(4);
}

fn seen(name: &str, status: MediaNodeStatus, sessions: u32, since: u64) -> Seen {
    Seen {
        id: id(name),
        environment_id: None,
        ip: None,
        load: 0.0,
        status,
        sessions,
        since: Moment(since),
        held: false,
    }
}

fn id(text: &str) -> NodeId {
    NodeId::new(text)
}

fn keys(from: u32) -> impl Iterator<Item = NodeId> {
    (from..).map(|number| NodeId::new(format!("new-{number}")))
}
