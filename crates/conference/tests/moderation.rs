//! What moderators and the application's server may do to participants.

mod room;

use conference::*;
use room::*;

fn with_moderator() -> Room {
    let mut room = Room::of(&["A", "B"]);
    room.enter_as("M", Role::Moderator);
    room
}

fn throw_out(room: &mut Room, by: &str, whom: &str) -> Vec<String> {
    let connection = con(whom);
    room.client(by, "throw", ClientOperation::ForceDisconnect { connection })
}

fn silence(room: &mut Room, by: &str, whom: &str) -> Vec<String> {
    let stream = cam(whom);
    room.client(by, "silence", ClientOperation::ForceUnpublish { stream })
}

#[test]
fn others_then_moderator_then_evicted() {
    let mut room = with_moderator();
    room.on_air("A");
    room.watching("B", "A");
    assert_eq!(
        throw_out(&mut room, "M", "A"),
        [
            "n1: close con_B/2",
            "n1: close con_A/1",
            "B hears left A: ForceDisconnectByUser",
            "M hears left A: ForceDisconnectByUser",
            "M.throw <- done",
            "A hears evicted A: ForceDisconnectByUser",
            "A disconnected",
        ]
    );
    assert_eq!(
        throw_out(&mut room, "M", "A"),
        ["M.throw#2 <- error: user con_A does not exist"]
    );
}

#[test]
fn a_moderator_can_throw_itself_out() {
    let mut room = Room::new();
    room.enter_as("M", Role::Moderator);
    assert_eq!(
        throw_out(&mut room, "M", "M"),
        [
            "S closed on n1: LastParticipantLeft",
            "M.throw <- done",
            "M hears evicted M: ForceDisconnectByUser",
            "M disconnected",
        ]
    );
}

#[test]
fn moderators_do_not_reach_pending_connections_or_other_sessions() {
    let mut room = with_moderator();
    room.create_connection(S, "P", Role::Publisher);
    assert_eq!(
        throw_out(&mut room, "M", "P"),
        ["M.throw <- error: user con_P does not exist"]
    );
    room.create_session("T");
    room.enter_at("T", "X", Role::Publisher, "n1");
    room.on_air("X");
    assert_eq!(
        throw_out(&mut room, "M", "X"),
        ["M.throw#2 <- error: user con_X does not exist"]
    );
    assert_eq!(
        silence(&mut room, "M", "X"),
        ["M.silence <- error: user con_X does not exist"]
    );
}

#[test]
fn only_moderators_may() {
    let mut room = with_moderator();
    room.on_air("B");
    assert_eq!(
        throw_out(&mut room, "A", "B"),
        ["A.throw <- error: Unable to force disconnect. The user does not have a valid token"]
    );
    assert_eq!(
        silence(&mut room, "A", "B"),
        ["A.silence <- error: Unable to force unpublish. The user does not have a valid token"]
    );
    room.update("A", Some(Role::Moderator), None);
    assert_eq!(
        silence(&mut room, "A", "B").last().map(String::as_str),
        Some("A.silence#2 <- done")
    );
}

#[test]
fn unpublished_by_a_moderator_all_hear_and_the_owner_too() {
    let mut room = with_moderator();
    room.on_air("A");
    room.watching("M", "A");
    assert_eq!(
        silence(&mut room, "M", "A"),
        [
            "n1: close con_M/2",
            "n1: close con_A/1",
            "A hears unpublished A: ForceUnpublishByUser",
            "B hears unpublished A: ForceUnpublishByUser",
            "M hears unpublished A: ForceUnpublishByUser",
            "M.silence <- done",
        ]
    );
    assert_eq!(
        silence(&mut room, "M", "A"),
        ["M.silence#2 <- error: connection con_A is not publishing"]
    );
}

#[test]
fn the_server_ends_a_stream() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    let end = |room: &mut Room| {
        let operation = ServerOperation::ForceUnpublish {
            session: session(S),
            stream: cam("A"),
        };
        room.server("end", operation)
    };
    assert_eq!(
        end(&mut room),
        [
            "n1: close con_A/1",
            "A hears unpublished A: ForceUnpublishByServer",
            "B hears unpublished A: ForceUnpublishByServer",
            "end <- done",
        ]
    );
    assert_eq!(
        end(&mut room),
        ["end#2 <- error: stream str_CAM_X123_con_A does not exist"]
    );
}

#[test]
fn the_server_disconnects_a_participant() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        room.disconnect("A"),
        [
            "B hears left A: ForceDisconnectByServer",
            "disconnect <- done",
            "A hears evicted A: ForceDisconnectByServer",
            "A disconnected",
        ]
    );
    assert_eq!(
        room.disconnect("B"),
        [
            "S closed on n1: LastParticipantLeft",
            "disconnect#2 <- done",
            "B hears evicted B: ForceDisconnectByServer",
            "B disconnected",
        ]
    );
    assert_eq!(
        room.disconnect("B"),
        ["disconnect#3 <- error: session S does not exist"]
    );
}

#[test]
fn the_server_takes_back_a_pending_connection() {
    let mut room = Room::of(&["A"]);
    room.create_connection(S, "B", Role::Publisher);
    assert_eq!(room.disconnect("B"), ["disconnect <- done"]);
    assert!(room.join(S, "B")[0].contains("is not valid"));
    assert_eq!(
        room.disconnect("B"),
        ["disconnect#2 <- error: connection con_B does not exist in session S"]
    );
}

#[test]
fn each_changed_property_is_told_once() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        room.update("A", Some(Role::Moderator), Some(false)),
        [
            "A hears role Moderator",
            "A hears record false",
            "update <- connection A of S",
        ]
    );
    assert_eq!(
        room.update("A", Some(Role::Moderator), Some(false)),
        ["update#2 <- connection A of S"],
        "nothing changed"
    );
    assert_eq!(
        room.update("A", None, None),
        ["update#3 <- connection A of S"]
    );
}

#[test]
fn a_pending_connection_changes_silently() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(
        room.update("A", Some(Role::Subscriber), None),
        ["update <- connection A of S"]
    );
    let (_, connection) = room.conference.connection(&con("A")).expect("pending");
    assert_eq!(connection.properties.role, Role::Subscriber);
    assert_eq!(
        room.update("B", None, None),
        ["update#2 <- error: connection con_B does not exist in session S"]
    );
}
