//! A session that outlives its node, step by step. `recovery` tries all orders.
#![allow(clippy::unwrap_used)]

mod room;

use conference::*;
use room::*;

const NOTHING: [&str; 0] = [];

/// A and B publish and watch each other on `n1`, which is dead.
fn without_a_node() -> Room {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.on_air("B");
    room.watching("A", "B");
    room.watching("B", "A");
    assert_eq!(room.node_dies("n1"), ["rehouse S from n1"]);
    room
}

fn elapsed(room: &mut Room, after_ms: u64) -> Vec<String> {
    room.now += after_ms;
    room.feed(Input::Elapsed)
}

#[test]
fn everybody_and_every_stream_stays() {
    let mut room = without_a_node();
    let session = room.conference.session(&session(S)).unwrap();
    assert_eq!(session.node, None);
    assert_eq!(session.participants().count(), 2);
    let b = room.active("B");
    assert_eq!(b.publisher.as_ref().unwrap().transport, None);
    let subscriber = &b.subscribers[&cam("A")];
    assert_eq!(
        (subscriber.transport.clone(), subscriber.established),
        (None, true)
    );
    let told = room.told();
    assert!(
        told.iter()
            .all(|it| !matches!(it.what, Happening::LegClosed(..))),
        "the legs go on"
    );
    assert_eq!(room.conference.homeless().count(), 1);
    assert_eq!(room.rehoused(S, "n2"), NOTHING);
    assert_eq!(room.conference.homeless().count(), 0);
}

#[test]
fn what_was_asked_of_the_dead_node_is_answered() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.publish("B");
    room.prepare("B", "A", false);
    let gone = "the media node of the session is gone, and another is being found";
    assert_eq!(
        room.node_dies("n1"),
        [
            format!("B.publish <- error: media: Unavailable({gone:?})"),
            format!("B.prepare <- error: media: Unavailable({gone:?})"),
            "rehouse S from n1".to_owned(),
        ]
    );
}

/// Publishers first, whoever asked first: then offers name the codecs that are published.
#[test]
fn what_is_asked_meanwhile_waits_for_the_place() {
    let mut room = without_a_node();
    room.now = 100;
    assert_eq!(room.prepare("B", "A", true), NOTHING);
    assert_eq!(room.candidate("A", "A", "early"), ["A.candidate <- done"]);
    assert_eq!(room.reconnect("A", "A"), NOTHING);
    assert_eq!(
        room.rehoused(S, "n2"),
        [
            "n2: A.reconnect: publish str_CAM_X123_con_A on con_A/100: A's new sdp",
            "n2: candidate for con_A/100: early",
            "n2: B.prepare#2: subscribe str_CAM_X123_con_A on con_B/101 +audio +video",
        ]
    );
    assert_eq!(
        room.answer("A.reconnect"),
        ["A.reconnect <- published str_CAM_X123_con_A at 0: answer"],
        "B comes by itself"
    );
}

#[test]
fn a_subscriber_that_did_not_come_is_sent_an_offer() {
    let mut room = without_a_node();
    room.rehoused(S, "n2");
    room.now = 100;
    room.reconnect("A", "A");
    assert_eq!(
        room.answer("A.reconnect"),
        [
            "A.reconnect <- published str_CAM_X123_con_A at 0: answer",
            "n2: own#1: subscribe str_CAM_X123_con_A on con_B/101 +audio +video",
        ]
    );
    assert_eq!(room.own_offer(1), ["B hears reconnect str_CAM_X123_con_A"]);
    assert_eq!(
        room.reconnect("B", "A"),
        ["n2: B.reconnect: accept on con_B/101: B's new sdp"]
    );
    assert_eq!(room.accept("B.reconnect"), ["B.reconnect <- done"]);
    let subscriber = &room.active("B").subscribers[&cam("A")];
    assert_eq!(subscriber.transport, Some(transport("con_B/101")));
}

#[test]
fn a_subscriber_that_is_back_already_is_left_alone() {
    let mut room = without_a_node();
    room.rehoused(S, "n2");
    room.watching("B", "A");
    room.reconnect("A", "A");
    assert_eq!(
        room.answer("A.reconnect"),
        ["A.reconnect <- published str_CAM_X123_con_A at 0: answer"]
    );
}

/// A stock client that was repairing by itself takes the pushed offer up afterwards, and has thrown away what worked.
#[test]
fn the_answer_to_an_offer_that_is_no_more_brings_a_new_one() {
    let mut room = without_a_node();
    room.rehoused(S, "n2");
    room.reconnect("A", "A");
    room.answer("A.reconnect");
    room.own_offer(1);
    assert_eq!(
        room.prepare("B", "A", true),
        [
            "n2: close con_B/6",
            "n2: B.prepare#2: subscribe str_CAM_X123_con_A on con_B/7 +audio +video",
        ]
    );
    room.offer("B.prepare#2");
    room.reconnect("B", "A");
    room.accept("B.reconnect");
    let stale = room.reconnect("B", "A");
    assert!(stale[0].contains("no offer of stream"), "{stale:?}");
    assert_eq!(
        stale[1..],
        ["n2: own#2: subscribe str_CAM_X123_con_A on con_B/8 +audio +video"]
    );
    assert_eq!(room.own_offer(2), ["B hears reconnect str_CAM_X123_con_A"]);
    room.reconnect("B", "A");
    assert_eq!(
        room.accept("B.reconnect#3"),
        ["n2: close con_B/7", "B.reconnect#3 <- done"]
    );
}

#[test]
fn nobody_waits_for_a_place_longer_than_clients_do() {
    let mut room = without_a_node();
    room.now = 1_000;
    room.prepare("B", "A", true);
    room.reconnect("A", "A");
    assert_eq!(room.conference.next_deadline(), Some(Timestamp(8_000)));
    assert_eq!(elapsed(&mut room, 6_999), NOTHING);
    let late = "no media node could take the session in time";
    assert_eq!(
        elapsed(&mut room, 1),
        [
            format!("B.prepare#2 <- error: media: Unavailable({late:?})"),
            format!("A.reconnect <- error: media: Unavailable({late:?})"),
        ]
    );
    assert_eq!(room.conference.next_deadline(), None);
}

/// Stock clients do not try again by themselves, unless they lose their WebSocket while nothing is under way.
#[test]
fn a_publisher_that_came_too_early_is_told_to_dial_again() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    elapsed(&mut room, 7_000);
    room.prepare("A", "B", true);
    assert_eq!(
        room.rehoused(S, "n2"),
        ["n2: A.prepare#2: subscribe str_CAM_X123_con_B on con_A/7000 +audio +video"]
    );
    assert_eq!(elapsed(&mut room, 2_000), NOTHING, "its request is open");
    assert_eq!(room.offer("A.prepare#2").len(), 1, "it may answer");
    room.reconnect("A", "B");
    assert_eq!(room.accept("A.reconnect#2"), ["A.reconnect#2 <- done"]);
    assert_eq!(elapsed(&mut room, 100), ["A redials"]);
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}

#[test]
fn a_publisher_that_came_by_itself_need_not_dial() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    elapsed(&mut room, 7_000);
    room.rehoused(S, "n2");
    room.reconnect("A", "A");
    room.answer("A.reconnect#2");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}

#[test]
fn a_publisher_that_ended_its_stream_need_not_dial() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    elapsed(&mut room, 7_000);
    room.unpublish("A");
    room.rehoused(S, "n2");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}

#[test]
fn unpublishing_takes_back_what_is_held() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    assert_eq!(
        room.unpublish("A"),
        [
            "A.reconnect <- error: connection con_A is not publishing",
            "B hears unpublished A: Unpublish",
            "A.unpublish <- done",
        ]
    );
    assert_eq!(room.rehoused(S, "n2"), NOTHING);
}

#[test]
fn a_join_places_the_session_too() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    room.create_connection(S, "C", Role::Publisher);
    assert_eq!(room.join(S, "C"), ["place S for C.join, now -, wanted -"]);
    let effects = room.placed("C.join", "n2");
    assert!(effects[0].starts_with("C.join <- joined as C [A with"));
    assert_eq!(
        effects.last().unwrap(),
        "n2: A.reconnect: publish str_CAM_X123_con_A on con_A/5: A's new sdp"
    );
    assert_eq!(room.rehoused(S, "n3"), NOTHING, "it has a place");
    let session = room.conference.session(&session(S)).unwrap();
    assert_eq!(session.node, Some(node("n2")));
}

#[test]
fn a_join_waits_for_the_place_with_all_others() {
    let mut room = without_a_node();
    room.create_connection(S, "C", Role::Publisher);
    room.join(S, "C");
    assert_eq!(room.no_node("C.join"), NOTHING);
    assert_eq!(
        room.rehoused(S, "n2"),
        ["place S for C.join, now n2, wanted -"]
    );
    assert!(room.placed("C.join", "n2")[0].starts_with("C.join <- joined as C"));
}

#[test]
fn a_join_waits_no_longer_than_its_client_and_may_come_again() {
    let mut room = without_a_node();
    room.create_connection(S, "C", Role::Publisher);
    room.join(S, "C");
    room.no_node("C.join");
    assert_eq!(
        elapsed(&mut room, 7_000),
        ["C.join <- error: session S cannot be placed on a media node: all full"]
    );
    assert_eq!(room.join(S, "C"), ["place S for C.join#2, now -, wanted -"]);
}

/// The link to its node was down for a moment, in which it made its repair.
#[test]
fn a_publisher_whose_node_did_not_answer_dials_when_it_is_back() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    room.reconnect("A", "A");
    room.node_refuses("A.reconnect", MediaError::Unavailable("no link".into()));
    assert_eq!(elapsed(&mut room, 60_000), NOTHING, "nothing has changed");
    let node = node("n1");
    assert_eq!(room.feed(Input::NodeBack { node }), NOTHING);
    assert_eq!(elapsed(&mut room, 2_000), ["A redials"]);
}

fn gone(room: &mut Room, id: &str) -> Vec<String> {
    let transport = transport(id);
    room.feed(Input::SourceGone { transport })
}

fn up(room: &mut Room, id: &str) {
    let transport = transport(id);
    assert_eq!(room.feed(Input::SourceUp { transport }), NOTHING);
}

/// The answer to its repair came when it had stopped waiting for it.
#[test]
fn a_publisher_who_never_came_to_its_new_source_dials_again() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    up(&mut room, "con_A/1");
    room.reconnect("A", "A");
    room.answer("A.reconnect");
    assert_eq!(gone(&mut room, "con_A/1"), NOTHING);
    assert_eq!(elapsed(&mut room, 30_000), NOTHING, "it was replaced");
    assert_eq!(gone(&mut room, "con_A/2"), NOTHING);
    assert_eq!(elapsed(&mut room, 1_999), NOTHING, "it may be about to ask");
    assert_eq!(elapsed(&mut room, 1), ["A redials"]);
    room.reconnect("A", "A");
    room.answer("A.reconnect#2");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING, "it is repaired");
}

#[test]
fn a_publisher_who_repairs_in_time_is_left_alone() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    up(&mut room, "con_A/1");
    gone(&mut room, "con_A/1");
    room.reconnect("A", "A");
    gone(&mut room, "con_A/1");
    room.answer("A.reconnect");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}

#[test]
fn a_publisher_who_cannot_send_is_made_to_dial_a_few_times_at_most() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    gone(&mut room, "con_A/1");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING, "it never could");
    up(&mut room, "con_A/1");
    for _ in 0..3 {
        gone(&mut room, "con_A/1");
        assert_eq!(elapsed(&mut room, 2_000), ["A redials"]);
    }
    gone(&mut room, "con_A/1");
    assert_eq!(elapsed(&mut room, 60_000), NOTHING);
}

#[test]
fn a_publisher_of_before_a_restart_dials_again_too() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    let mut conference = Conference::new();
    let sessions = room.conference.sessions().cloned().collect();
    assert_eq!(conference.restore(sessions), Ok(()));
    let mut room = Room::with(conference);
    gone(&mut room, "con_A/1");
    assert_eq!(elapsed(&mut room, 2_000), ["A redials"]);
}

/// It asked whether we hear it, was not answered in time, and left it at that.
#[test]
fn a_publisher_who_does_not_come_to_the_new_node_dials_again() {
    let mut room = without_a_node();
    room.rehoused(S, "n2");
    room.reconnect("B", "B");
    room.answer("B.reconnect");
    room.own_offer(1);
    assert_eq!(elapsed(&mut room, 45_000), NOTHING);
    assert_eq!(elapsed(&mut room, 6_900), NOTHING, "it may be answering");
    assert_eq!(elapsed(&mut room, 100), ["A redials"]);
    assert_eq!(elapsed(&mut room, 100_000), NOTHING, "once");
}

/// It made its repair before its first peer connection had come about, and the node died then.
#[test]
fn a_refused_repair_of_what_never_was_is_made_up_for() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    room.offer("B.prepare");
    room.prepare("B", "A", true);
    let effects = room.node_dies("n1");
    assert!(
        effects[0].starts_with("B.prepare#2 <- error"),
        "{effects:?}"
    );
    room.rehoused(S, "n2");
    room.reconnect("A", "A");
    let effects = room.answer("A.reconnect");
    assert!(
        effects
            .last()
            .unwrap()
            .contains("subscribe str_CAM_X123_con_A on con_B/"),
        "{effects:?}"
    );
    let effects = room.own_offer(1);
    assert!(effects[0].starts_with("B hears"), "{effects:?}");
    room.reconnect("B", "A");
    room.accept("B.reconnect");
    assert!(room.active("B").subscribers[&cam("A")].established);
}

#[test]
fn a_repair_that_a_broken_link_refused_is_offered_when_the_node_is_back() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room.prepare("B", "A", true);
    room.node_refuses("B.prepare#2", MediaError::Unavailable("no link".into()));
    let n1 = node("n1");
    let effects = room.feed(Input::NodeBack { node: n1.clone() });
    assert_eq!(effects.len(), 1);
    assert!(effects[0].contains("subscribe"), "{effects:?}");
    room.own_offer(1);
    room.reconnect("B", "A");
    room.accept("B.reconnect");
    assert_eq!(room.feed(Input::NodeBack { node: n1 }), NOTHING);
}

#[test]
fn a_first_subscription_that_was_refused_is_left_to_its_client() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    room.node_refuses("B.prepare", MediaError::Unavailable("no link".into()));
    let node = node("n1");
    assert_eq!(room.feed(Input::NodeBack { node }), NOTHING);
}

#[test]
fn a_session_without_a_place_ends_when_it_is_given_up() {
    let mut room = without_a_node();
    room.reconnect("A", "A");
    let session = session(S);
    let effects = room.feed(Input::GiveUp { session });
    assert_eq!(
        effects,
        [
            "A.reconnect <- error: connection con_A is closed",
            "B hears left A: NodeCrashed",
            "A hears evicted A: NodeCrashed",
            "A disconnected",
            "S closed on -: NodeCrashed",
            "B hears evicted B: NodeCrashed",
            "B disconnected",
        ]
    );
}

#[test]
fn a_session_with_a_place_is_not_given_up() {
    let mut room = Room::of(&["A"]);
    let id = session(S);
    assert_eq!(room.feed(Input::GiveUp { session: id }), NOTHING);
    assert!(room.has_session(S));
}

/// As with the death of the node, but there is somebody to be told.
#[test]
fn a_session_is_moved_from_a_node_that_lives() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    let id = session(S);
    assert_eq!(
        room.feed(Input::Move { session: id }),
        [
            "n1: close con_A/1",
            "n1: close con_B/2",
            "rehouse S from n1",
        ]
    );
    assert_eq!(room.conference.homeless().count(), 1);
}

#[test]
fn sessions_on_other_nodes_hear_nothing() {
    let mut room = Room::of(&["A"]);
    room.create_session("T");
    room.enter_at("T", "B", Role::Publisher, "n2");
    assert_eq!(room.node_dies("n2"), ["rehouse T from n2"]);
    assert_eq!(room.conference.homeless().count(), 1);
}

#[test]
fn garbage_is_only_what_nobody_joined() {
    let mut room = without_a_node();
    room.now = 1_000_000;
    room.feed(Input::CollectGarbage { older_than_ms: 1 });
    assert!(room.has_session(S));
}

#[test]
fn a_session_that_was_being_placed_is_restored_so() {
    let room = without_a_node();
    let mut conference = Conference::new();
    let sessions = room.conference.sessions().cloned().collect();
    assert_eq!(conference.restore(sessions), Ok(()));
    assert_eq!(conference.homeless().count(), 1);
    let mut room = Room::with(conference);
    room.reconnect("A", "A");
    assert_eq!(room.rehoused(S, "n2").len(), 1);
}
