//! How many nodes a load asks for.

mod dice;

use cluster::autoscaling::{BadLimits, Event, Limits};
use cluster::plan::{Observed, Seen, Step, judge, plan};
use cluster::schedule::Bounds;
use cluster::{MediaNodeStatus, Moment, NodeId};
use dice::Dice;

use MediaNodeStatus::*;

#[test]
fn three_nodes_with_little_load_lose_both_launches_at_once() {
    let observed = nodes(&[
        (Running, 23.85, 1),
        (Launching, 0.0, 0),
        (Launching, 0.0, 0),
    ]);
    let (event, steps) = run(limits(1, 5), &observed).expect("a decision");
    assert_eq!(steps, [Step::Cancel(id(2)), Step::Cancel(id(1))]);
    assert_eq!(event.terminate.total, 2);
    assert_eq!(event.terminate.launching_nodes.len(), 2);
    assert_eq!(
        event.terminate.launching_nodes[0].status, Launching,
        "as it was before"
    );
    assert_eq!(event.status.num_nodes, 3);
    assert!((event.status.avg_load - 7.95).abs() < 1e-9);
    assert!(event.reason.contains("7.95 %"), "{}", event.reason);
}

#[test]
fn so_many_are_added_that_the_average_falls_below_the_maximum() {
    let observed = nodes(&[
        (Running, 100.0, 9),
        (Running, 95.0, 9),
        (WaitingIdleToTerminate, 90.0, 9),
        (Canceled, 0.0, 0),
    ]);
    let (event, steps) = run(limits(1, 9), &observed).expect("a decision");
    assert_eq!(event.status.total_load, 285.0);
    assert_eq!(
        steps,
        [
            Step::UnDrain(id(2)),
            Step::UnCancel(id(3)),
            Step::Launch(NodeId::new("new-0"))
        ],
        "285 / 5 is below 70, 285 / 4 is not"
    );
    assert_eq!((event.launch.total, event.launch.new_nodes), (3, 1));
    assert_eq!(event.launch.waiting_idle_to_terminate_nodes[0].id, id(2));
    assert_eq!(event.launch.canceled_nodes[0].id, id(3));
}

#[test]
fn the_limits_on_the_number_come_before_those_on_the_load() {
    let idle = nodes(&[(Running, 0.0, 0)]);
    assert_eq!(limits(3, 5).decide(&idle).map(|it| it.target), Some(3));
    let busy = nodes(&[(Running, 99.0, 9), (Running, 99.0, 9)]);
    assert_eq!(limits(0, 1).decide(&busy).map(|it| it.target), Some(1));
    assert_eq!(limits(1, 2).decide(&busy), None, "two are the maximum");
    assert_eq!(limits(1, 1).decide(&idle), None, "one is the minimum");
}

#[test]
fn an_average_within_the_limits_changes_nothing() {
    assert_eq!(limits(1, 5).decide(&nodes(&[(Running, 20.0, 1)])), None);
    assert_eq!(limits(1, 5).decide(&nodes(&[(Running, 70.0, 1)])), None);
}

#[test]
fn none_is_removed_whose_load_would_call_for_it_again() {
    let narrow = Limits {
        min_load: 60.0,
        ..limits(1, 5)
    };
    let observed = nodes(&[(Running, 55.0, 1), (Running, 55.0, 1)]);
    assert_eq!(narrow.decide(&observed), None, "one node would have 110 %");
}

#[test]
fn what_cannot_be_launched_here_is_still_asked_for_in_the_event() {
    let mut observed = nodes(&[(Running, 90.0, 1)]);
    observed.launchable = 0;
    let (event, steps) = run(limits(1, 5), &observed).expect("a decision");
    assert_eq!(steps, []);
    assert_eq!((event.launch.total, event.launch.new_nodes), (1, 1));
}

#[test]
fn loads_that_are_no_percentages_are_taken_for_the_nearest_that_is() {
    let observed = nodes(&[
        (Running, f64::NAN, 1),
        (Running, f64::INFINITY, 1),
        (Running, -7.0, 1),
    ]);
    assert_eq!(limits(3, 9).decide(&observed), None);
    let (event, _) = run(limits(4, 9), &observed).expect("below the minimum");
    assert_eq!(event.status.total_load, 100.0);
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    assert!(Limits::standard().validate().is_ok());
    assert!(matches!(
        limits(3, 2).validate(),
        Err(BadLimits::Nodes { .. })
    ));
    for (min_load, max_load) in [
        (70.0, 70.0),
        (80.0, 70.0),
        (-1.0, 70.0),
        (20.0, 101.0),
        (f64::NAN, 70.0),
    ] {
        let bad = Limits {
            min_load,
            max_load,
            ..limits(1, 2)
        };
        assert!(
            matches!(bad.validate(), Err(BadLimits::Load { .. })),
            "{bad:?}"
        );
    }
    let hasty = Limits {
        interval: std::time::Duration::from_millis(999),
        ..limits(1, 2)
    };
    assert!(matches!(hasty.validate(), Err(BadLimits::Interval(_))));
}

#[test]
fn a_steady_load_is_answered_in_one_direction_and_then_left_alone() {
    for seed in 0..5_000 {
        let dice = &mut Dice::new(seed);
        let minimum = dice.below(4);
        let min_load = f64::from(dice.below(60));
        let limits = Limits {
            min_load,
            max_load: min_load + 1.0 + f64::from(dice.below(40)),
            ..limits(minimum, minimum + dice.below(8))
        };
        let mut observed = random(dice);
        let mut directions = Vec::new();
        for round in 0..20 {
            let Some(decision) = limits.decide(&observed) else {
                break;
            };
            let count = observed.count();
            assert_ne!(decision.target, count, "seed {seed}");
            assert!(
                (limits.nodes.minimum..=limits.nodes.maximum).contains(&decision.target),
                "seed {seed}"
            );
            let by_number = !(limits.nodes.minimum..=limits.nodes.maximum).contains(&count);
            let planned = plan(&observed, Bounds::exactly(decision.target), keys(round));
            assert_eq!(
                judge(&observed, Bounds::exactly(decision.target), &planned),
                [],
                "seed {seed}"
            );
            if !by_number {
                directions.push(decision.target > count);
            }
            carry_out(&mut observed, &planned.steps);
        }
        assert_eq!(limits.decide(&observed), None, "seed {seed} never settles");
        assert!(
            directions.windows(2).all(|pair| pair[0] == pair[1]),
            "seed {seed} swings: {directions:?}"
        );
    }
}

fn random(dice: &mut Dice) -> Observed {
    let statuses = [
        Launching,
        Canceled,
        Running,
        Running,
        WaitingIdleToTerminate,
    ];
    let parts: Vec<(MediaNodeStatus, f64, u32)> = (0..dice.below(10))
        .map(|_| match statuses[dice.below(5) as usize] {
            status @ (Running | WaitingIdleToTerminate) => {
                (status, f64::from(dice.below(101)), 1 + dice.below(3))
            }
            status => (status, 0.0, 0),
        })
        .collect();
    nodes(&parts)
}

fn carry_out(observed: &mut Observed, steps: &[Step]) {
    for step in steps {
        let to = match step {
            Step::UnDrain(_) => Running,
            Step::UnCancel(_) | Step::Launch(_) => Launching,
            Step::Cancel(_) => Canceled,
            Step::Drain(_) => WaitingIdleToTerminate,
            Step::Terminate(_) => Terminated,
        };
        match observed
            .nodes
            .iter_mut()
            .find(|node| &node.id == step.node())
        {
            Some(node) => node.status = to,
            None => observed.nodes.push(Seen {
                id: step.node().clone(),
                ..node(0, (to, 0.0, 0))
            }),
        }
    }
}

fn run(limits: Limits, observed: &Observed) -> Option<(Event, Vec<Step>)> {
    let decision = limits.decide(observed)?;
    let planned = plan(observed, Bounds::exactly(decision.target), keys(0));
    Some((
        Event::new(limits, decision, observed, &planned),
        planned.steps,
    ))
}

fn limits(minimum: u32, maximum: u32) -> Limits {
    Limits {
        nodes: Bounds { minimum, maximum },
        ..Limits::standard()
    }
}

fn nodes(parts: &[(MediaNodeStatus, f64, u32)]) -> Observed {
    Observed {
        nodes: (0..)
            .zip(parts)
            .map(|(number, part)| node(number, *part))
            .collect(),
        launchable: 100,
    }
}

fn node(number: u64, (status, load, sessions): (MediaNodeStatus, f64, u32)) -> Seen {
    Seen {
        id: id(number),
        environment_id: None,
        ip: None,
        load,
        status,
        sessions,
        since: Moment(number),
        held: false,
    }
}

fn id(number: u64) -> NodeId {
    NodeId::new(format!("node-{number}"))
}

fn keys(round: usize) -> impl Iterator<Item = NodeId> {
    (0..).map(move |number| {
        NodeId::new(if round == 0 {
            format!("new-{number}")
        } else {
            format!("new-{round}-{number}")
        })
    })
}
