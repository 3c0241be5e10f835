//! When a node is known to be dead, and when it only looks like it.

mod world;

use std::time::Duration;

use cluster::{
    AttachmentId, BootId, Cluster, Effect, Failure, FailureKind, Gate, Input, Known, LostReason,
    Moment, Purpose, SUSPICION, Settings, State,
};
use world::*;

const LINK: AttachmentId = AttachmentId(1);

fn settings() -> Settings {
    Settings {
        gate: Gate::Probe,
        ..Settings::default()
    }
}

/// Node `a` serves and carries a session.
fn serving() -> World {
    let mut world = World::with(settings());
    world.attach(1, hello("a", "boot1", 100));
    probed(&mut world, "a", None);
    world.place(None, None).expect("a place");
    world
}

fn probed(world: &mut World, id: &str, failure: Option<FailureKind>) -> Vec<Effect> {
    let problem = String::new();
    world.handle(Input::Probed {
        node: node(id),
        boot: BootId::new("boot1"),
        version: 1,
        outcome: failure.map_or(Ok(()), |kind| Err(Failure { kind, problem })),
    })
}

fn refused(world: &mut World) -> Vec<Effect> {
    probed(world, "a", Some(FailureKind::Refused))
}

fn silence(world: &mut World, silent: bool) -> Vec<Effect> {
    let attachment = LINK;
    world.handle(Input::Silence { attachment, silent })
}

fn cut(world: &mut World) -> Vec<Effect> {
    world.handle(Input::Detached { attachment: LINK })
}

fn gone(world: &mut World) -> Vec<Effect> {
    world.handle(Input::Gone { node: node("a") })
}

fn asks(effects: &[Effect]) -> bool {
    effects.iter().any(|it| matches!(it, Effect::Probe { .. }))
}

fn lost(effects: &[Effect]) -> Option<(LostReason, usize)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Lost {
            reason, sessions, ..
        } => Some((*reason, sessions.len())),
        _ => None,
    })
}

fn pass(world: &mut World, millis: u64) -> Vec<Effect> {
    world.now = Moment(world.now.0 + millis);
    world.handle(Input::Tick)
}

#[test]
fn a_node_without_link_that_is_refused_twice_is_dead_at_once() {
    let mut world = serving();
    assert!(asks(&cut(&mut world)), "at once");
    assert_eq!(lost(&refused(&mut world)), None, "one may be chance");
    assert_eq!(world.state("a"), Some(State::Suspect));
    assert!(asks(&pass(&mut world, 300)));
    assert_eq!(
        lost(&refused(&mut world)),
        Some((LostReason::Crashed, 1)),
        "{:?}",
        world.now
    );
    let why = world.cluster.why(world.now, &node("a"));
    let why = why.expect("remembered").sentence;
    assert!(why.contains("crashed"), "{why}");
    let effects = world.attach(2, hello("a", "boot1", 100));
    assert!(effects.contains(&Effect::Recovered { node: node("a") }));
}

#[test]
fn a_node_with_a_link_may_be_refused_for_ever() {
    let mut world = serving();
    for _ in 0..20 {
        pass(&mut world, 15_000);
        assert_eq!(lost(&refused(&mut world)), None);
    }
    assert_eq!(world.state("a"), Some(State::Suspect));
    cut(&mut world);
    assert_eq!(
        lost(&refused(&mut world)),
        None,
        "what was before the loss does not count"
    );
}

#[test]
fn refusals_count_in_a_row() {
    let mut world = serving();
    cut(&mut world);
    for between in [None, Some(FailureKind::Silent), Some(FailureKind::Other)] {
        refused(&mut world);
        pass(&mut world, 300);
        assert_eq!(lost(&probed(&mut world, "a", between)), None);
        pass(&mut world, 1_000);
    }
    refused(&mut world);
    world.attach(2, hello("a", "boot1", 100));
    world.handle(Input::Detached {
        attachment: AttachmentId(2),
    });
    assert_eq!(lost(&refused(&mut world)), None, "it was there in between");
}

#[test]
fn a_silent_link_is_suspicion_and_no_more() {
    let mut world = serving();
    pass(&mut world, 14_000);
    assert!(asks(&silence(&mut world, true)), "looked at once");
    assert_eq!(world.state("a"), Some(State::Suspect));
    world.place(None, None).expect_err("nothing new");
    probed(&mut world, "a", None);
    pass(&mut world, 60_000);
    assert_eq!(
        world.state("a"),
        Some(State::Suspect),
        "as long as it lasts"
    );
    silence(&mut world, false);
    assert_eq!(world.state("a"), Some(State::Serving));
}

#[test]
fn a_silent_link_and_refusals_are_death() {
    let mut world = serving();
    silence(&mut world, true);
    refused(&mut world);
    let effects = refused(&mut world);
    assert_eq!(lost(&effects), Some((LostReason::Crashed, 1)));
    assert!(
        effects.contains(&Effect::Drop { attachment: LINK }),
        "should it live, it dials again: {effects:?}"
    );
}

#[test]
fn what_was_refused_in_silence_is_forgotten_when_it_speaks() {
    let mut world = serving();
    silence(&mut world, true);
    refused(&mut world);
    silence(&mut world, false);
    silence(&mut world, true);
    assert_eq!(lost(&refused(&mut world)), None);
}

#[test]
fn probes_that_take_their_time_do_not_delay_the_end_of_suspicion() {
    let mut world = serving();
    pass(&mut world, 1_000);
    silence(&mut world, true);
    pass(&mut world, 2_300);
    cut(&mut world);
    let limit = Moment(1_000) + SUSPICION;
    loop {
        let deadline = world.cluster.next_deadline().expect("a timer runs");
        // The prober gives up after 1.5 s.
        world.now = deadline.at;
        let effects = world.handle(Input::Tick);
        if let Some((reason, _)) = lost(&effects) {
            assert_eq!((reason, world.now), (LostReason::SuspicionOver, limit));
            return;
        }
        if asks(&effects) {
            world.now = Moment(world.now.0 + 1_500).min(limit);
            probed(&mut world, "a", Some(FailureKind::Silent));
        }
    }
}

#[test]
fn a_probe_that_passes_without_link_is_a_sign_of_life() {
    let mut world = serving();
    cut(&mut world);
    pass(&mut world, 9_000);
    probed(&mut world, "a", None);
    for _ in 0..3 {
        probed(&mut world, "a", Some(FailureKind::Silent));
    }
    assert_eq!(lost(&pass(&mut world, 9_999)), None);
    let over = pass(&mut world, 1);
    assert_eq!(lost(&over), Some((LostReason::SuspicionOver, 1)));
}

#[test]
fn the_word_of_a_provider_counts_without_link() {
    let mut world = serving();
    cut(&mut world);
    assert_eq!(lost(&gone(&mut world)), Some((LostReason::Crashed, 1)));

    let mut world = serving();
    assert_eq!(lost(&gone(&mut world)), None, "it speaks");
    assert_eq!(world.state("a"), Some(State::Serving));
    pass(&mut world, 20);
    assert_eq!(
        lost(&cut(&mut world)),
        Some((LostReason::Crashed, 1)),
        "the word was first"
    );

    let mut world = serving();
    gone(&mut world);
    pass(&mut world, 10_001);
    assert_eq!(lost(&cut(&mut world)), None, "it was wrong, then");
}

#[test]
fn a_mass_is_nobodys_death_whatever_the_evidence() {
    let mut world = World::with(settings());
    let names = ["a", "b", "c", "d"];
    for (stream, id) in (1..).zip(names) {
        world.attach(stream, hello(id, "boot1", 100));
        probed(&mut world, id, None);
    }
    let mut effects = Vec::new();
    for stream in 1..=3 {
        effects.extend(world.handle(Input::Detached {
            attachment: AttachmentId(stream),
        }));
    }
    assert!(effects.contains(&Effect::Brake { on: true }));
    for id in names {
        for _ in 0..2 {
            let effects = probed(&mut world, id, Some(FailureKind::Refused));
            assert_eq!(lost(&effects), None);
        }
    }
    assert_eq!(lost(&gone(&mut world)), None);
    let released = pass(&mut world, 10_000);
    assert!(released.contains(&Effect::Brake { on: false }));
    let over = pass(&mut world, 0);
    assert_eq!(lost(&over), Some((LostReason::Crashed, 0)));
    assert_eq!(world.state("d"), Some(State::Serving), "its link is up");
}

#[test]
fn a_link_that_this_master_never_had_is_not_lost() {
    let mut cluster = Cluster::with(settings());
    let hello = hello("a", "boot1", 100);
    let known = Known {
        node: hello.node,
        boot: hello.boot,
        version: hello.version,
        addresses: hello.addresses,
        addresses_told: None,
        capacity: hello.capacity,
        environment: cluster::Environment::default(),
        served: true,
        purpose: Purpose::Stay,
        sessions: [cluster::SessionId::new("s")].into(),
    };
    cluster.handle(Moment(0), Input::Known(Box::new(known)));
    let mut world = World::with(settings());
    world.cluster = cluster;
    for _ in 0..5 {
        assert_eq!(lost(&refused(&mut world)), None);
        pass(&mut world, 300);
    }
    let rest = SUSPICION - Duration::from_millis(1_500);
    let over = pass(&mut world, u64::try_from(rest.as_millis()).expect("small"));
    assert_eq!(lost(&over), Some((LostReason::SuspicionOver, 1)));
}
