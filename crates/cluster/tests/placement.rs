//! Where sessions go.

mod world;

use cluster::{AttachmentId, Input, Load, NoPlace, State};
use world::*;

#[test]
fn no_node_is_an_error_that_says_what_to_do() {
    let mut world = World::new();
    let error = world.place(None, None).expect_err("there is no node");
    assert_eq!(error, NoPlace::NoNodes);
    assert!(error.to_string().contains("muster node"), "{error}");
}

#[test]
fn a_node_without_address_is_named_with_its_problem() {
    let mut world = World::new();
    world.attach(
        1,
        without_address(hello("a", "boot1", 100), "only loopback is up"),
    );
    let error = world
        .place(None, None)
        .expect_err("the node cannot be used");
    assert!(error.to_string().contains("only loopback is up"), "{error}");
}

#[test]
fn the_node_with_the_fewest_streams_is_taken() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    world.handle(Input::Load {
        attachment: AttachmentId(1),
        load: Load {
            streams: 5,
            ..Load::default()
        },
    });
    world.handle(Input::Load {
        attachment: AttachmentId(2),
        load: Load {
            streams: 4,
            ..Load::default()
        },
    });
    assert_eq!(world.place(None, None), Ok(node("b")));
}

#[test]
fn a_burst_between_two_heartbeats_is_spread() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    let mut at_a = 0;
    for _ in 0..10 {
        at_a += u32::from(world.place(None, None) == Ok(node("a")));
    }
    assert_eq!(at_a, 5);
}

#[test]
fn sessions_that_carry_no_streams_yet_are_spread_over_heartbeats_too() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    let mut at_a = 0;
    for _ in 0..10 {
        at_a += u32::from(world.place(None, None) == Ok(node("a")));
        world.handle(Input::Load {
            attachment: AttachmentId(1),
            load: Load::default(),
        });
        world.handle(Input::Load {
            attachment: AttachmentId(2),
            load: Load::default(),
        });
    }
    assert_eq!(at_a, 5);
}

#[test]
fn a_session_stays_where_it_is_even_when_that_node_is_suspect() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    world.handle(Input::Detached {
        attachment: AttachmentId(1),
    });
    assert_eq!(world.place(Some(&node("a")), None), Ok(node("a")));
    assert_eq!(
        world.place(None, None),
        Ok(node("b")),
        "nothing new goes to a suspect node"
    );
}

#[test]
fn the_node_that_was_asked_for_is_taken_or_refused_by_name() {
    let mut world = World::new();
    world.attach(1, hello("a", "boot1", 100));
    world.attach(2, hello("b", "boot1", 100));
    world.handle(Input::Leaving {
        attachment: AttachmentId(2),
    });
    assert_eq!(world.place(None, Some(&node("a"))), Ok(node("a")));
    assert_eq!(
        world.place(None, Some(&node("b"))),
        Err(NoPlace::WantedNotServing {
            node: node("b"),
            state: State::Terminating
        })
    );
    assert_eq!(
        world.place(None, Some(&node("c"))),
        Err(NoPlace::UnknownNode(node("c")))
    );
}
