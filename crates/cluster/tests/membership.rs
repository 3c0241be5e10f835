//! Who is admitted, who is suspect, who is dead, and when.

mod world;

use std::time::Duration;

use cluster::addresses::{Entry, Proof, Source};
use cluster::{
    AttachmentId, Effect, Health, Input, LostReason, Moment, NodeId, Refusal, SUSPICION, State,
    Timer,
};
use world::*;

#[test]
fn a_node_with_an_address_serves_at_once() {
    let mut world = World::new();
    let effects = world.attach(1, hello("a", "boot1", 100));
    assert!(
        matches!(
            &effects[0],
            Effect::Admit {
                attachment: AttachmentId(1),
                again: false,
                ..
            }
        ),
        "{effects:?}"
    );
    assert_eq!(
        effects[1],
        Effect::Changed {
            node: node("a"),
            from: None,
            to: State::Serving
        }
    );
    assert_eq!(world.cluster.health(), health(1, &[]));
}

#[test]
fn a_node_without_an_address_is_not_used_until_it_has_one() {
    let mut world = World::new();
    world.attach(
        1,
        without_address(hello("a", "boot1", 100), "only loopback is up"),
    );
    assert_eq!(world.state("a"), Some(State::Joining));
    assert_eq!(world.cluster.health(), health(0, &["a"]));

    let effects = world.handle(Input::Addresses {
        attachment: AttachmentId(1),
        addresses: addresses(2),
    });
    assert_eq!(
        effects,
        [Effect::Changed {
            node: node("a"),
            from: Some(State::Joining),
            to: State::Serving
        }]
    );
}

#[test]
fn an_older_version_of_the_addresses_changes_nothing() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.handle(Input::Addresses {
        attachment: AttachmentId(1),
        addresses: without_ips(1, "late"),
    });
    assert_eq!(world.state("a"), Some(State::Serving));
}

#[test]
fn losing_the_link_is_suspicion_and_coming_back_in_time_continues() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let effects = world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert_eq!(
        effects,
        [Effect::Changed {
            node: node("a"),
            from: Some(State::Serving),
            to: State::Suspect
        }]
    );
    let deadline = world
        .cluster
        .next_deadline()
        .expect("a suspect node has a deadline");
    assert_eq!(deadline.at, Moment(0) + SUSPICION);
    assert_eq!(deadline.timer, Timer::SuspicionOver);

    world.now = Moment(deadline.at.0 - 1);
    assert_eq!(world.handle(Input::Tick), []);
    let effects = world.attach(2, hello("a", "boot1", 100));
    assert!(
        matches!(&effects[0], Effect::Admit { again: true, .. }),
        "{effects:?}"
    );
    assert_eq!(world.cluster.next_deadline(), None);
    world.now = deadline.at;
    assert_eq!(world.handle(Input::Tick), []);
}

#[test]
fn a_suspect_node_that_stays_away_is_dead() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    world.now = Moment(0) + SUSPICION;
    let effects = world.handle(Input::Tick);
    assert_eq!(effects, [lost("a", "boot1", LostReason::SuspicionOver)]);
    assert_eq!(world.state("a"), None);
    assert_eq!(world.cluster.health(), health(0, &[]));
}

#[test]
fn a_node_that_says_goodbye_is_dead_without_a_grace() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.handle(Input::Leaving {
        attachment: AttachmentId(1),
    });
    assert_eq!(world.state("a"), Some(State::Terminating));
    let effects = world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert_eq!(effects, [lost("a", "boot1", LostReason::Left)]);
}

#[test]
fn a_later_boot_supersedes_and_what_the_older_one_carried_is_lost_first() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let effects = world.attach(2, hello("a", "boot2", 200));
    assert!(
        matches!(
            &effects[0],
            Effect::Refuse {
                attachment: AttachmentId(1),
                refusal: Refusal::Superseded,
                ..
            }
        ),
        "{effects:?}"
    );
    assert_eq!(effects[1], lost("a", "boot1", LostReason::Superseded));
    assert!(
        matches!(
            &effects[2],
            Effect::Admit {
                attachment: AttachmentId(2),
                again: false,
                ..
            }
        ),
        "{effects:?}"
    );

    assert_eq!(
        world.handle(Input::Detached {
            attachment: AttachmentId(1)
        }),
        [],
        "the older stream means nothing now"
    );
    assert_eq!(world.state("a"), Some(State::Serving));
}

#[test]
fn an_older_boot_is_refused() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot2", 200));
    let effects = world.attach(2, hello("a", "boot1", 100));
    assert!(
        matches!(
            &effects[..],
            [Effect::Refuse {
                attachment: AttachmentId(2),
                refusal: Refusal::Superseded,
                ..
            }]
        ),
        "{effects:?}"
    );
    assert_eq!(
        world.cluster.node(&node("a")).map(|n| n.attachment()),
        Some(Some(AttachmentId(1)))
    );
}

#[test]
fn of_two_boots_of_one_millisecond_one_wins_for_good() {
    let mut world = World::new();
    world.attach(1, hello("a", "x", 100));
    world.attach(2, hello("a", "y", 100));
    let effects = world.attach(3, hello("a", "x", 100));
    assert!(
        matches!(
            &effects[..],
            [Effect::Refuse {
                attachment: AttachmentId(3),
                ..
            }]
        ),
        "{effects:?}"
    );
}

#[test]
fn a_half_open_stream_is_dropped_when_the_same_boot_dials_again() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let effects = world.attach(2, hello("a", "boot1", 100));
    assert_eq!(
        effects[0],
        Effect::Drop {
            attachment: AttachmentId(1)
        }
    );
    assert!(
        matches!(
            &effects[1],
            Effect::Admit {
                attachment: AttachmentId(2),
                again: true,
                ..
            }
        ),
        "{effects:?}"
    );
    assert_eq!(
        world.handle(Input::Detached {
            attachment: AttachmentId(1)
        }),
        []
    );
    assert_eq!(world.state("a"), Some(State::Serving));
}

#[test]
fn health_names_the_nodes_that_are_not_connected() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    world.handle(Input::Detached {
        attachment: AttachmentId(2),
    });
    assert_eq!(world.cluster.health(), health(1, &["b"]));
}

fn health(serving: usize, troubled: &[&str]) -> Health {
    Health {
        serving,
        troubled: troubled.iter().map(|id| node(id)).collect(),
    }
}

fn lost(id: &str, boot: &str, reason: LostReason) -> Effect {
    Effect::Lost {
        node: NodeId::new(id),
        boot: cluster::BootId::new(boot),
        reason,
        sessions: Vec::new(),
    }
}

#[test]
fn more_that_is_known_of_the_same_addresses_is_taken_and_proves_nothing_anew() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    let mut more = addresses(1);
    more.remarks = vec!["metadata: expected one IP address, got an empty answer".to_owned()];
    more.entries = vec![Entry {
        ip: more.ips[0],
        source: Source::Stun,
        name: "stun.example.org:3478".to_owned(),
        local: None,
        found_ago: Duration::from_secs(9),
        confirmed_ago: Duration::from_secs(1),
        proof: Proof::Agreed,
        advertised: true,
    }];
    let effects = world.handle(Input::Addresses {
        attachment: AttachmentId(1),
        addresses: more,
    });
    assert_eq!(effects, [], "still serving, and not probed");
    let evidence = world
        .cluster
        .why(world.now, &node("a"))
        .expect("known")
        .evidence;
    let told = |text: &str| evidence.iter().any(|fact| fact.contains(text));
    assert!(
        told("stun stun.example.org:3478: independent sources agree on it"),
        "{evidence:?}"
    );
    assert!(told("got an empty answer"), "{evidence:?}");
}
