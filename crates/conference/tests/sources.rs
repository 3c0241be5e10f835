//! What nodes tell of the transports that feed streams.
#![allow(clippy::unwrap_used)]

mod room;

use conference::*;
use room::*;

const NOTHING: [&str; 0] = [];

fn elapsed(room: &mut Room, after_ms: u64) -> Vec<String> {
    room.now += after_ms;
    room.feed(Input::Elapsed)
}

/// The node made the new source, and its answer did not come in time.
#[test]
fn a_publisher_whose_repair_was_given_up_dials_when_the_node_gives_it_up_too() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    room.reconnect("A", "A");
    let late = MediaError::Unavailable("late".into());
    room.node_refuses("A.reconnect", late);
    assert_eq!(elapsed(&mut room, 30_000), NOTHING);
    let transport = transport("con_A/2");
    assert_eq!(room.feed(Input::SourceGone { transport }), NOTHING);
    assert_eq!(elapsed(&mut room, 2_000), ["A redials"]);
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}
