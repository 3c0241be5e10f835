//! How participants go, and in which order everybody hears of it.

mod room;

use conference::*;
use room::*;

#[test]
fn the_others_hear_before_the_leaver_is_answered() {
    let mut room = Room::of(&["A", "B", "C"]);
    room.on_air("A");
    room.on_air("B");
    room.watching("B", "A");
    room.watching("A", "B");
    assert_eq!(
        room.leave("A"),
        [
            "n1: close con_B/3",
            "n1: close con_A/1",
            "n1: close con_A/4",
            "B hears left A: Disconnect",
            "C hears left A: Disconnect",
            "A.leave <- done",
            "A disconnected",
        ]
    );
    assert!(room.active("B").subscribers.is_empty());
    assert!(room.active("B").publisher.is_some());
    assert_eq!(
        room.leave("A"),
        ["A.leave#2 <- error: connection con_A is closed"]
    );
}

/// A client that creates the same session upon the answer must succeed.
#[test]
fn the_session_is_over_before_the_last_leaver_is_answered() {
    let mut room = Room::of(&["A"]);
    room.create_connection(S, "B", Role::Publisher);
    room.create_connection(S, "C", Role::Publisher);
    room.join(S, "C");
    assert_eq!(
        room.leave("A"),
        [
            "C.join <- error: connection con_C is closed",
            "S closed on n1: LastParticipantLeft",
            "A.leave <- done",
            "A disconnected",
        ]
    );
    assert_eq!(room.create_session(S), ["create#2 <- session S"]);
    assert!(
        room.join(S, "B")[0].contains("is not valid"),
        "tokens die with their session"
    );
}

#[test]
fn a_lost_network_says_so() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(
        room.lose("A"),
        [
            "n1: close con_A/1",
            "B hears left A: NetworkDisconnect",
            "A disconnected",
        ]
    );
    assert_eq!(
        room.lose("B"),
        ["S closed on n1: LastParticipantLeft", "B disconnected"]
    );
    assert_eq!(room.lose("B"), Vec::<String>::new());
}

#[test]
fn requests_on_their_way_are_answered_before_the_end() {
    let mut room = Room::of(&["A", "B", "C"]);
    room.on_air("B");
    room.on_air("C");
    room.publish("A");
    room.prepare("A", "B", false);
    room.prepare("A", "C", false);
    room.offer("A.prepare#2");
    room.receive("A", "C");
    let closed = "error: connection con_A is closed";
    assert_eq!(
        room.leave("A"),
        [
            "n1: close con_A/3",
            &format!("A.publish <- {closed}"),
            "n1: close con_A/4",
            &format!("A.prepare <- {closed}"),
            "n1: close con_A/5",
            &format!("A.receive <- {closed}"),
            "B hears left A: Disconnect",
            "C hears left A: Disconnect",
            "A.leave <- done",
            "A disconnected",
        ]
    );
    assert_eq!(room.conference.open_requests().count(), 0);
}

#[test]
fn those_who_wait_for_a_leavers_stream_are_answered() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    assert_eq!(
        room.lose("A"),
        [
            "n1: close con_B/2",
            "B.prepare <- error: connection con_A is not publishing",
            "n1: close con_A/1",
            "B hears left A: NetworkDisconnect",
            "A disconnected",
        ]
    );
}

#[test]
fn a_connection_id_can_come_again_with_transports_of_its_own() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.leave("A");
    room.enter("A");
    assert_eq!(
        room.publish("A"),
        ["n1: A.publish#2: publish str_CAM_X123_con_A on con_A/2: A's offer"]
    );
}
