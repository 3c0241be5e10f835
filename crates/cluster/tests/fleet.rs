//! How many nodes there are: launches, schedules, autoscaling, operators.

mod world;

use std::time::Duration;

use cluster::autoscaling::Limits;
use cluster::schedule::{Bounds, Entry, Schedule, Wall, When};
use cluster::{
    AttachmentId, Command, Effect, Environment, Input, Load, MediaNodeStatus, NodeId, Policy,
    Refusal, SessionId, Settings, Source, State, Timer,
};
use world::*;

use MediaNodeStatus::*;

#[test]
fn what_is_counted_is_launched_at_once_and_only_once() {
    let mut world = launching(100);
    let effects = world.handle(policy(Policy {
        count: Some(100),
        ..Policy::default()
    }));
    assert_eq!(launched(&effects).len(), 100);
    assert_eq!(
        launched(&world.handle(Input::Tick)),
        [],
        "they are under way"
    );
    for (stream, id) in (1..).zip(launched(&effects)) {
        let effects = world.attach(stream, hello(id.as_str(), "boot", 1));
        assert_eq!(launched(&effects), []);
    }
    assert_eq!(world.cluster.health().serving, 100);
    assert_eq!(world.statuses_of("media_0"), [Launching, Running]);
}

#[test]
fn a_launch_that_fails_or_never_dials_in_is_retried_with_growing_pauses() {
    let mut world = launching(5);
    world.handle(policy(Policy {
        count: Some(1),
        ..Policy::default()
    }));
    let (timer, effects) = world.next();
    assert_eq!((timer, launched(&effects)), (Timer::LaunchOverdue, vec![]));
    assert_eq!(world.state("media_0"), Some(State::Failed));
    let why = world
        .cluster
        .why(world.now, &node("media_0"))
        .expect("shown");
    assert!(
        why.sentence.contains("did not dial in within 300s"),
        "{}",
        why.sentence
    );
    let mut pauses = Vec::new();
    for number in 1..9 {
        let before = world.now;
        let (timer, effects) = world.next();
        assert_eq!(timer, Timer::LaunchRetry);
        let id = node(&format!("media_{number}"));
        assert_eq!(launched(&effects), std::slice::from_ref(&id));
        pauses.push((world.now.0 - before.0) / 1_000);
        world.handle(Input::LaunchFailed {
            node: id,
            reason: "no quota".into(),
        });
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
}

#[test]
fn a_launch_that_was_given_up_is_adopted_when_it_is_wanted_and_ended_when_it_is_not() {
    for (count, expected) in [(2, State::Serving), (1, State::Terminating)] {
        let mut world = launching(5);
        world.handle(policy(Policy {
            count: Some(1),
            ..Policy::default()
        }));
        world.next();
        world.attach(1, hello("other", "boot", 1));
        world.handle(policy(Policy {
            count: Some(count),
            ..Policy::default()
        }));
        world.attach(2, hello("media_0", "boot", 1));
        assert_eq!(world.state("media_0"), Some(expected), "{count} wanted");
    }
}

#[test]
fn a_canceled_launch_is_won_back_or_ended_when_it_dials_in() {
    let mut world = launching(5);
    world.handle(policy(Policy {
        count: Some(2),
        ..Policy::default()
    }));
    world.handle(policy(Policy {
        count: Some(0),
        ..Policy::default()
    }));
    assert_eq!(world.state("media_0"), Some(State::Canceled));
    world.handle(policy(Policy {
        count: Some(1),
        ..Policy::default()
    }));
    assert_eq!(world.state("media_0"), Some(State::Launching));
    let effects = world.attach(1, hello("media_1", "boot", 1));
    assert!(
        effects.contains(&Effect::Terminate {
            node: node("media_1")
        }),
        "{effects:?}"
    );
    assert_eq!(
        world.statuses_of("media_1"),
        [Launching, Canceled, Terminating]
    );
}

#[test]
fn a_night_and_a_morning_happen_by_themselves() {
    let mut world = launching(5);
    let entry = |name: &str, time: &str, nodes, lead| Entry {
        name: name.into(),
        when: When::Weekly {
            weekdays: vec![],
            time: time.into(),
        },
        zone: "UTC".into(),
        wanted: Bounds::exactly(nodes),
        lead: Duration::from_secs(lead),
    };
    let schedule = Schedule::new(vec![
        entry("morning", "07:00", 2, 0),
        entry("night", "20:00", 0, 1800),
    ])
    .expect("valid");
    world.handle(Input::Wall(Wall(10 * 3_600_000)));
    let effects = world.handle(policy(Policy {
        schedule,
        ..Policy::default()
    }));
    for (stream, id) in (1..).zip(launched(&effects)) {
        world.attach(stream, hello(id.as_str(), "boot", 1));
    }
    let session = SessionId::new("late meeting");
    let busy = world
        .cluster
        .place(&session, None, None)
        .expect("a place")
        .node;
    assert_eq!(world.cluster.transitions(world.now, 2)[1].entry, "morning");

    let (timer, _) = world.next();
    assert_eq!(
        (timer, world.now.0),
        (Timer::ScheduleTransition, 34_200_000),
        "19:30"
    );
    assert_eq!(world.state(busy.as_str()), Some(State::WaitingIdle));
    let idle = if busy == node("media_0") {
        "media_1"
    } else {
        "media_0"
    };
    assert_eq!(world.state(idle), Some(State::Terminating));
    world.handle(Input::Gone { node: node(idle) });
    let (timer, effects) = world.next();
    assert_eq!(
        (timer, world.now.0),
        (Timer::DrainOver, 36_000_000),
        "20:00"
    );
    assert!(
        matches!(&effects[0], Effect::CloseSessions { sessions, .. } if sessions[..] == std::slice::from_ref(&session)[..])
    );
    world.handle(Input::SessionClosed { session });
    world.handle(Input::Gone { node: busy });
    assert_eq!(world.cluster.nodes().count(), 0);

    let (timer, effects) = world.next();
    assert_eq!(
        (timer, world.now.0),
        (Timer::ScheduleTransition, 75_600_000),
        "07:00"
    );
    assert_eq!(launched(&effects).len(), 2);
}

#[test]
fn an_operators_count_lasts_until_the_next_transition() {
    let mut world = launching(9);
    let schedule = Schedule::new(vec![Entry {
        name: "hourly".into(),
        when: When::Cron("0 * * * *".into()),
        zone: "UTC".into(),
        wanted: Bounds::exactly(1),
        lead: Duration::ZERO,
    }]);
    world.handle(Input::Wall(Wall(90 * 60_000)));
    world.handle(policy(Policy {
        schedule: schedule.expect("valid"),
        ..Policy::default()
    }));
    assert_eq!(launched(&world.command(Command::Count(3))).len(), 2);
    assert_eq!(world.cluster.wanted(world.now).source, Source::Operator);
    let (timer, _) = world.next();
    assert_eq!((timer, world.now.0), (Timer::LaunchOverdue, 300_000));
    world.now.0 = 30 * 60_000;
    world.handle(Input::Tick);
    let wanted = world.cluster.wanted(world.now);
    assert!(matches!(wanted.source, Source::Schedule(_)), "{wanted:?}");
    assert_eq!(wanted.bounds, Some(Bounds::exactly(1)));
}

#[test]
fn what_an_operator_drained_is_replaced_and_not_won_back() {
    let mut world = launching(9);
    let effects = world.handle(policy(Policy {
        count: Some(1),
        ..Policy::default()
    }));
    world.attach(1, hello(launched(&effects)[0].as_str(), "boot", 1));
    world.place(None, None).expect("a place");
    let effects = world.command(Command::Drain {
        node: node("media_0"),
        within: None,
    });
    assert_eq!(launched(&effects), [node("media_1")]);
    assert_eq!(world.state("media_0"), Some(State::WaitingIdle));
}

#[test]
fn one_more_is_one_more_also_where_a_number_is_wanted() {
    let mut world = launching(9);
    world.handle(policy(Policy {
        count: Some(1),
        ..Policy::default()
    }));
    assert_eq!(launched(&world.command(Command::Launch)), [node("media_1")]);
    assert_eq!(
        world.cluster.wanted(world.now).bounds,
        Some(Bounds::exactly(2))
    );
    assert_eq!(world.state("media_1"), Some(State::Launching));
    let effects = world.command(Command::Uncount);
    assert_eq!(launched(&effects), []);
    assert_eq!(world.state("media_1"), Some(State::Canceled));
}

#[test]
fn autoscaling_tells_its_event_before_the_statuses() {
    let mut world = launching(9);
    world.attach(1, hello("a", "boot", 1));
    let limits = Limits::standard();
    world.handle(policy(Policy {
        autoscaling: Some(limits),
        ..Policy::default()
    }));
    let load = Load {
        cpu_percent: 90.0,
        ..Load::default()
    };
    world.handle(Input::Load {
        attachment: AttachmentId(1),
        load,
    });
    let (timer, effects) = world.next();
    assert_eq!((timer, world.now.0), (Timer::AutoscalingDue, 30_000));
    let Effect::Autoscaling(event) = &effects[0] else {
        panic!("{effects:?}");
    };
    assert_eq!((event.launch.new_nodes, event.status.num_nodes), (1, 1));
    assert!(event.reason.contains("90.00 %"), "{}", event.reason);
    assert_eq!(launched(&effects), [node("media_0")]);
    assert_eq!(world.next().1, [], "the average is within the limits now");
}

fn launching(launches: u32) -> World {
    World::with(Settings {
        launches,
        ..Settings::default()
    })
}

fn policy(policy: Policy) -> Input {
    Input::Policy(Box::new(policy))
}

fn launched(effects: &[Effect]) -> Vec<NodeId> {
    let launches = effects.iter().filter_map(|effect| match effect {
        Effect::Launch { node } => Some(node.clone()),
        _ => None,
    });
    launches.collect()
}

#[test]
fn what_an_earlier_run_launched_counts_before_anything_is_launched() {
    let mut world = World::with(Settings {
        list_first: true,
        launches: 10,
        ..Settings::default()
    });
    let effects = world.handle(policy(Policy {
        count: Some(3),
        ..Policy::default()
    }));
    assert_eq!(launched(&effects), []);
    world.attach(1, hello("here", "boot", 1));
    let machine = Environment {
        id: Some("machine".to_owned()),
        ip: None,
    };
    let found = |id| Input::Launched {
        node: node(id),
        environment: machine.clone(),
    };
    // Of one that has dialled in already, and of one that is still to do so.
    assert_eq!(launched(&world.handle(found("here"))), []);
    assert_eq!(launched(&world.handle(found("coming"))), []);
    assert_eq!(world.state("here"), Some(State::Serving));
    assert_eq!(world.state("coming"), Some(State::Launching));
    let effects = world.handle(Input::Listed);
    assert_eq!(launched(&effects).len(), 1);
    assert_eq!(launched(&world.handle(Input::Tick)), []);
    // It fails like any other launch, and another one is made.
    world.handle(Input::LaunchFailed {
        node: node("coming"),
        reason: "its machine ended by itself".to_owned(),
    });
    let (timer, effects) = world.next();
    assert_eq!(timer, Timer::LaunchRetry);
    assert_eq!(launched(&effects).len(), 1);
}

#[test]
fn a_terminated_node_that_nobody_ends_is_told_that_it_is_over() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot", 1));
    assert_eq!(world.handle(Input::Gone { node: node("a") }), []);
    world.command(Command::Terminate(node("a")));
    let effects = world.handle(Input::Gone { node: node("a") });
    let refused = effects.iter().any(|effect| {
        matches!(effect, Effect::Refuse { attachment, refusal: Refusal::Terminated, .. } if attachment.0 == 1)
    });
    assert!(refused, "{effects:?}");
    assert_eq!(
        world.statuses_of("a"),
        [Launching, Running, Terminating, Terminated]
    );
    let effects = world.attach(2, hello("a", "boot", 1));
    assert!(
        matches!(effects[..], [Effect::Refuse { .. }]),
        "{effects:?}"
    );
}

#[test]
fn a_cluster_that_is_closed_lets_everything_go_and_launches_nothing() {
    let mut world = launching(10);
    world.handle(policy(Policy {
        count: Some(2),
        ..Policy::default()
    }));
    world.attach(1, hello("media_0", "boot", 1));
    let effects = world.handle(Input::Closing);
    assert_eq!(launched(&effects), []);
    assert!(effects.contains(&Effect::Terminate {
        node: node("media_0")
    }));
    assert_eq!(world.state("media_0"), Some(State::Terminating));
    assert_eq!(world.state("media_1"), Some(State::Canceled));
    let effects = world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert_eq!(launched(&effects), []);
    assert_eq!(
        world.statuses_of("media_0"),
        [Launching, Running, Terminating, Terminated]
    );
}
