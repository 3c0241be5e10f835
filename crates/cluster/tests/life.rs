//! From a launch to the end: probes, signs of life, the mass brake, drains.

mod world;

use std::time::Duration;

use cluster::{
    AttachmentId, CloseReason, Cluster, Command, Effect, Failure, FailureKind, Gate, Generation,
    Illegal, Input, LostReason, MediaNodeStatus, Moment, Refusal, Revision, Rules, SessionId,
    Settings, State, Timer,
};
use world::*;

use MediaNodeStatus::*;

#[test]
fn a_node_serves_after_a_probe_of_this_boot_and_these_addresses() {
    let mut world = probing();
    let effects = world.attach(1, hello("a", "boot1", 100));
    assert!(
        effects.iter().any(|it| matches!(it, Effect::Probe { .. })),
        "{effects:?}"
    );
    assert_eq!(world.state("a"), Some(State::Probing));
    probed(&mut world, "a", "boot0", 1, true);
    probed(&mut world, "a", "boot1", 2, true);
    assert_eq!(world.state("a"), Some(State::Probing), "neither was asked");
    probed(&mut world, "a", "boot1", 1, true);
    assert_eq!(world.state("a"), Some(State::Serving));
    assert_eq!(world.statuses_of("a"), [Launching, Running]);

    world.handle(Input::Addresses {
        attachment: AttachmentId(1),
        addresses: addresses(2),
    });
    assert_eq!(world.state("a"), Some(State::Probing));
    probed(&mut world, "a", "boot1", 1, true);
    assert_eq!(world.state("a"), Some(State::Probing), "late");
    probed(&mut world, "a", "boot1", 2, true);
    assert_eq!(world.state("a"), Some(State::Serving));
    assert_eq!(
        world.statuses_of("a"),
        [Launching, Running],
        "to the outside it was running all the time"
    );
}

#[test]
fn trust_is_lost_after_several_failures_and_regained_by_one_success() {
    let mut world = probing();
    world.attach(1, hello("a", "boot1", 100));
    probed(&mut world, "a", "boot1", 1, true);
    for failures in 1..=3 {
        assert_eq!(
            world.state("a"),
            Some(State::Serving),
            "after {} failures",
            failures - 1
        );
        assert_eq!(world.next().0, Timer::ProbeDue);
        if failures == 2 {
            assert_eq!(
                world.next().0,
                Timer::ProbeUnanswered,
                "silence is a failure"
            );
        } else {
            probed(&mut world, "a", "boot1", 1, false);
        }
    }
    assert_eq!(world.state("a"), Some(State::Suspect));
    let why = world.cluster.why(world.now, &node("a")).expect("known");
    assert_eq!(why.sentence, "a is suspect: its probes fail");
    assert_eq!(
        world.next().0,
        Timer::ProbeDue,
        "and it is never dead for that alone"
    );
    probed(&mut world, "a", "boot1", 1, true);
    assert_eq!(world.state("a"), Some(State::Serving));
}

#[test]
fn only_when_all_signs_of_life_are_gone_is_a_node_dead() {
    let mut world = probing();
    world.attach(1, hello("a", "boot1", 100));
    probed(&mut world, "a", "boot1", 1, true);
    registered(&mut world, "a", "boot1", 1);
    world.place(None, None).expect("a place");
    let dies = |world: &World| {
        world
            .cluster
            .timers()
            .any(|it| it.timer == Timer::SuspicionOver)
    };

    world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert!(!dies(&world), "the link alone");
    world.handle(Input::LeaseLost {
        node: node("a"),
        generation: Generation(1),
        at: Revision(2),
    });
    assert!(!dies(&world), "link and lease");
    assert_eq!(world.state("a"), Some(State::Suspect));
    while world.state("a").is_some() {
        world.now = Moment(world.now.0 + 500);
        probed(&mut world, "a", "boot1", 1, false);
        let effects = world.handle(Input::Tick);
        if let Some(Effect::Lost {
            reason, sessions, ..
        }) = effects.first()
        {
            assert_eq!((*reason, sessions.len()), (LostReason::SuspicionOver, 1));
        }
    }
    assert!(world.now >= Moment(0) + cluster::SUSPICION);
    assert_eq!(
        world.statuses_of("a"),
        [Launching, Running, Terminating, Terminated]
    );
    let why = world
        .cluster
        .why(world.now, &node("a"))
        .expect("remembered");
    assert!(why.sentence.contains("signs of life"), "{}", why.sentence);
    let effects = world.attach(2, hello("a", "boot1", 100));
    assert!(
        effects.contains(&Effect::Recovered { node: node("a") }),
        "{effects:?}"
    );
    assert_eq!(
        world.state("a"),
        Some(State::Probing),
        "its old proof died with it"
    );
}

#[test]
fn late_news_of_a_lease_does_not_undo_newer_news() {
    let mut world = probing();
    world.attach(1, hello("a", "boot1", 100));
    probed(&mut world, "a", "boot1", 1, true);
    registered(&mut world, "a", "boot1", 1);
    registered(&mut world, "a", "boot1", 3);
    world.handle(Input::LeaseLost {
        node: node("a"),
        generation: Generation(1),
        at: Revision(2),
    });
    assert_eq!(world.state("a"), Some(State::Serving));
    let place = world
        .cluster
        .place(&SessionId::new("s"), None, None)
        .expect("a place");
    assert_eq!(
        place.generation,
        Some(Generation(3)),
        "what a commit is guarded by"
    );
}

#[test]
fn a_mass_of_suspects_is_nobodys_death() {
    let mut world = World::with(Settings::default());
    crowd(&mut world.cluster);
    let mut effects = Vec::new();
    for stream in 0..4 {
        effects.extend(world.handle(Input::Detached {
            attachment: AttachmentId(stream),
        }));
    }
    let pulled = effects
        .iter()
        .filter(|it| matches!(it, Effect::Brake { on: true }))
        .count();
    assert_eq!(pulled, 1);
    world.handle(Input::Store { answers: false });
    assert_eq!(
        world.cluster.next_deadline(),
        None,
        "as long as the store is silent"
    );
    world.now = Moment(60_000);
    assert_eq!(world.handle(Input::Tick), []);
    world.handle(Input::Store { answers: true });
    let deadline = world
        .cluster
        .next_deadline()
        .expect("the brake is released some time");
    assert_eq!(
        (deadline.timer, deadline.at),
        (Timer::BrakeOver, Moment(70_000))
    );
    assert_eq!(world.next().1, [Effect::Brake { on: false }]);
    let (timer, effects) = world.next();
    assert_eq!(timer, Timer::SuspicionOver);
    assert_eq!(effects.len(), 4, "{effects:?}");
}

#[test]
fn two_suspects_or_a_third_are_no_mass() {
    let mut world = World::with(Settings::default());
    crowd(&mut world.cluster);
    for stream in 0..2 {
        let effects = world.handle(Input::Detached {
            attachment: AttachmentId(stream),
        });
        assert!(!effects.contains(&Effect::Brake { on: true }));
    }
    world.now = Moment(5_001);
    let effects = world.handle(Input::Detached {
        attachment: AttachmentId(2),
    });
    assert!(
        !effects.contains(&Effect::Brake { on: true }),
        "the first two were long ago"
    );
}

#[test]
fn without_the_brake_a_mass_of_suspects_would_die() {
    #[derive(Clone, Debug, PartialEq)]
    struct Unbraked;
    impl Rules for Unbraked {
        const BRAKE: bool = false;
    }
    let mut cluster = Cluster::<Unbraked>::under_rules(Settings::default());
    crowd(&mut cluster);
    for stream in 0..4 {
        cluster.handle(
            Moment(0),
            Input::Detached {
                attachment: AttachmentId(stream),
            },
        );
    }
    cluster.handle(Moment(0), Input::Store { answers: false });
    let effects = cluster.handle(Moment(60_000), Input::Tick);
    let lost = effects
        .iter()
        .filter(|it| matches!(it, Effect::Lost { .. }))
        .count();
    assert_eq!(lost, 4);
}

#[test]
fn a_drained_node_takes_nothing_new_and_goes_with_its_last_session() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let session = SessionId::new("s");
    world.cluster.place(&session, None, None).expect("a place");
    world.command(Command::Drain {
        node: node("a"),
        within: None,
    });
    assert_eq!(world.state("a"), Some(State::WaitingIdle));
    world.place(None, None).expect_err("drained");
    assert_eq!(
        world.cluster.place(&session, None, None).map(|it| it.node),
        Ok(node("a")),
        "it stays"
    );

    world.command(Command::UnDrain(node("a")));
    assert_eq!(world.state("a"), Some(State::Serving));
    world.command(Command::Drain {
        node: node("a"),
        within: None,
    });
    let effects = world.handle(Input::SessionClosed { session });
    assert!(
        effects.contains(&Effect::Terminate { node: node("a") }),
        "{effects:?}"
    );
    let effects = world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert!(
        matches!(
            &effects[..],
            [Effect::Lost {
                reason: LostReason::Terminated,
                ..
            }]
        ),
        "{effects:?}"
    );
    let waiting = WaitingIdleToTerminate;
    assert_eq!(
        world.statuses_of("a"),
        [
            Launching,
            Running,
            waiting,
            Running,
            waiting,
            Terminating,
            Terminated
        ]
    );

    let effects = world.attach(2, hello("a", "boot1", 100));
    assert!(
        matches!(
            &effects[..],
            [Effect::Refuse {
                refusal: Refusal::Terminated,
                ..
            }]
        ),
        "{effects:?}"
    );
    world.attach(3, hello("a", "boot2", 200));
    assert_eq!(
        world.state("a"),
        Some(State::Serving),
        "a new process is welcome"
    );
}

#[test]
fn what_is_left_at_the_deadline_of_a_drain_is_closed_with_a_reason() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let session = SessionId::new("s");
    world.cluster.place(&session, None, None).expect("a place");
    let within = Some(Duration::from_secs(5));
    world.command(Command::Drain {
        node: node("a"),
        within,
    });
    let (timer, effects) = world.next();
    assert_eq!((timer, world.now), (Timer::DrainOver, Moment(5_000)));
    let closing = Effect::CloseSessions {
        node: node("a"),
        sessions: vec![session.clone()],
        reason: CloseReason::DrainOver,
    };
    assert_eq!(effects[0], closing);
    assert!(
        !effects.contains(&Effect::Terminate { node: node("a") }),
        "not before it is empty"
    );
    let (timer, effects) = world.next();
    assert_eq!(timer, Timer::TerminationOverdue);
    assert!(
        matches!(effects[0], Effect::CloseSessions { .. }),
        "said again: {effects:?}"
    );
    let effects = world.handle(Input::SessionClosed { session });
    assert_eq!(effects, [Effect::Terminate { node: node("a") }]);
    assert_eq!(
        world.next().1,
        [Effect::Terminate { node: node("a") }],
        "said again until it is gone"
    );
    world.handle(Input::Gone { node: node("a") });
    assert_eq!(world.state("a"), None);
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let now = world.now;
    let mut refused = |command| world.cluster.command(now, command).expect_err("impossible");
    assert_eq!(
        refused(Command::UnDrain(node("b"))),
        Illegal::UnknownNode(node("b"))
    );
    assert_eq!(
        refused(Command::UnDrain(node("a"))),
        Illegal::Already {
            node: node("a"),
            status: Running
        }
    );
    let cancel = refused(Command::Cancel(node("a")));
    assert_eq!(
        cancel.to_string(),
        "media node a is running; it cannot become canceled"
    );
    assert_eq!(refused(Command::Launch), Illegal::NoProvider);
}

#[test]
fn a_node_that_reboots_while_it_is_drained_serves_again() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.place(None, None).expect("a place");
    world.command(Command::Drain {
        node: node("a"),
        within: None,
    });
    world.attach(2, hello("a", "boot2", 200));
    assert_eq!(world.state("a"), Some(State::Serving));
}

fn crowd<R: Rules>(cluster: &mut Cluster<R>) {
    for number in 0..9_u64 {
        let hello = hello(&format!("n{number}"), "boot", 1);
        cluster.handle(
            Moment(0),
            Input::Hello {
                attachment: AttachmentId(number),
                hello,
            },
        );
    }
}

fn probing() -> World {
    World::with(Settings {
        gate: Gate::Probe,
        ..Settings::default()
    })
}

fn probed(world: &mut World, id: &str, boot: &str, version: u64, passed: bool) -> Vec<Effect> {
    let outcome = if passed {
        Ok(())
    } else {
        Err(Failure {
            kind: FailureKind::Silent,
            problem: "no answer".to_owned(),
        })
    };
    world.handle(Input::Probed {
        node: node(id),
        boot: cluster::BootId::new(boot),
        version,
        outcome,
    })
}

fn registered(world: &mut World, id: &str, boot: &str, at: u64) {
    world.handle(Input::Registered {
        node: node(id),
        boot: cluster::BootId::new(boot),
        generation: Generation(at),
        at: Revision(at),
    });
}
