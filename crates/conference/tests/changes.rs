//! Which sessions have to be written down again.

mod room;

use std::collections::BTreeSet;

use conference::*;
use room::*;

fn changed(room: &mut Room) -> Vec<String> {
    let changed: BTreeSet<SessionId> = room.conference.take_changed();
    changed.iter().map(SessionId::to_string).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn what_is_made_changed_or_ended_is_named_once() {
    let mut room = Room::of(&["A", "B"]);
    room.create_session("T");
    assert_eq!(changed(&mut room), ["S", "T"]);
    assert_eq!(changed(&mut room), NOTHING);
    room.on_air("A");
    assert_eq!(changed(&mut room), ["S"]);
    room.close_session(S);
    room.close_session("T");
    assert_eq!(changed(&mut room), ["S", "T"]);
}

/// Most of what happens in a call: it must not cost a write each.
#[test]
fn talk_and_candidates_change_nothing() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    changed(&mut room);
    room.candidate("A", "A", "udp");
    let signal = Signal {
        to: Vec::new(),
        kind: None,
        data: None,
    };
    room.client("A", "signal", ClientOperation::Signal(signal));
    assert_eq!(changed(&mut room), NOTHING);
}
