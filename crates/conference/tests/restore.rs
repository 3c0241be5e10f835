//! A master that was away and finds its sessions again.

#![allow(clippy::unwrap_used)]

mod room;

use conference::*;
use room::*;

const NOTHING: [&str; 0] = [];

/// A conference of a later master with the sessions of `room`, whose clock goes on.
fn after_a_restart(room: &Room) -> Room {
    let mut conference = Conference::new();
    let sessions = room.conference.sessions().cloned().collect();
    assert_eq!(conference.restore(sessions), Ok(()));
    assert_eq!(conference.check(), Ok(()));
    assert_eq!(conference.take_changed().len(), 0, "written down already");
    let mut room = Room::with(conference);
    room.now = 1_000;
    room
}

fn refused(room: &Room, change: impl FnOnce(&mut Session)) -> String {
    let mut session = room.conference.session(&session(S)).unwrap().clone();
    change(&mut session);
    let mut conference = Conference::new();
    let refused = conference.restore(vec![session]).unwrap_err();
    assert_eq!(conference.check(), Ok(()), "and left no trace");
    assert_eq!(conference.sessions().count(), 0);
    refused[0].to_string()
}

#[test]
fn a_call_goes_on() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    let mut room = after_a_restart(&room);
    assert_eq!(
        room.unpublish("A"),
        [
            "n1: close con_B/2",
            "n1: close con_A/1",
            "B hears unpublished A: Unpublish",
            "A.unpublish <- done",
        ]
    );
    room.leave("A");
    assert_eq!(
        room.leave("B"),
        [
            "S closed on n1: LastParticipantLeft",
            "B.leave <- done",
            "B disconnected",
        ]
    );
}

#[test]
fn tokens_that_were_not_used_are_good_and_used_ones_are_not() {
    let mut room = Room::of(&["A"]);
    room.create_connection(S, "B", Role::Publisher);
    room.create_connection(S, "C", Role::Publisher);
    room.join(S, "C");
    let mut room = after_a_restart(&room);
    assert_eq!(room.join(S, "B"), ["place S for B.join, now n1, wanted -"]);
    room.placed("B.join", "n1");
    assert_eq!(
        room.join(S, "C"),
        ["place S for C.join, now n1, wanted -"],
        "its join was under way"
    );
    assert!(room.join(S, "A")[0].contains("is not valid"));
}

#[test]
fn an_offer_can_still_be_answered() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    room.offer("B.prepare");
    let mut room = after_a_restart(&room);
    assert_eq!(
        room.receive("B", "A"),
        ["n1: B.receive: accept on con_B/2: B's answer"]
    );
    assert_eq!(room.accept("B.receive"), ["B.receive <- done"]);
}

/// What was on its way is an orphan on its node, and its client asks again.
#[test]
fn what_was_under_way_is_forgotten() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room.reconnect("A", "A");
    room.prepare("B", "A", true);
    let wanted = |room: &Room| room.conference.transports_on(&node("n1")).count();
    assert_eq!(wanted(&room), 4);
    let room = after_a_restart(&room);
    assert_eq!(wanted(&room), 2);
    assert_eq!(room.conference.open_requests().count(), 0);
}

/// The counter may have been ahead of the clock.
#[test]
fn transports_never_repeat() {
    let mut room = Room::of(&["A"]);
    room.now = 5_000;
    room.on_air("A");
    let mut room = after_a_restart(&room);
    assert_eq!(
        room.reconnect("A", "A"),
        ["n1: A.reconnect: publish str_CAM_X123_con_A on con_A/5001: A's new sdp"]
    );
}

#[test]
fn what_contradicts_itself_is_left_out_with_a_reason() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room.create_connection(S, "C", Role::Publisher);
    room.create_connection(S, "D", Role::Publisher);
    let told = |change: fn(&mut Session)| refused(&room, change);
    assert_eq!(
        told(|session| session.connections.retain(|id, _| *id == con("C"))),
        "session S is not restored: a session has a node only while it has participants"
    );
    assert_eq!(
        told(|session| {
            let a = session.connections.get_mut(&con("A")).unwrap();
            a.active.as_mut().unwrap().publisher = None;
        }),
        "session S is not restored: only streams of others that exist are received"
    );
    assert_eq!(
        told(|session| {
            let c = session.connections[&con("C")].token.clone();
            session.connections.get_mut(&con("D")).unwrap().token = c;
        }),
        "session S is not restored: two connections wait for the same token"
    );
    assert_eq!(
        told(|session| session.connections.get_mut(&con("C")).unwrap().id = con("E")),
        "session S is not restored: a connection is filed under the id of another"
    );
}

#[test]
fn one_bad_session_does_not_keep_the_others_out() {
    let mut room = Room::of(&["A"]);
    room.create_session("T");
    let mut sessions: Vec<Session> = room.conference.sessions().cloned().collect();
    sessions.insert(1, sessions[0].clone());
    let mut twin = sessions[0].clone();
    twin.id = session("U");
    sessions.insert(2, twin);
    let mut conference = Conference::new();
    let refused = conference.restore(sessions).unwrap_err();
    let told: Vec<String> = refused.iter().map(NotRestored::to_string).collect();
    assert_eq!(
        told,
        [
            "session S is not restored: another session has its id",
            "session U is not restored: another session has a connection of the same id",
        ]
    );
    assert_eq!(conference.sessions().count(), 2);
    assert_eq!(conference.check(), Ok(()));
}

#[test]
fn nothing_is_told() {
    let mut room = after_a_restart(&Room::of(&["A"]));
    assert_eq!(room.told(), []);
    assert_eq!(
        room.feed(Input::CollectGarbage { older_than_ms: 0 }),
        NOTHING
    );
    assert!(room.has_session(S));
}
