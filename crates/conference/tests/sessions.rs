//! Beginning and end of sessions.

mod room;

use conference::*;
use room::*;

#[test]
fn sessions_are_named_by_the_application_or_the_server() {
    let mut room = Room::empty();
    assert_eq!(room.create_session("ses_A1"), ["create <- session ses_A1"]);
    let custom = || ServerOperation::CreateSession {
        fresh: session("ses_B2"),
        properties: SessionProperties {
            custom_session_id: Some("mine".into()),
            ..SessionProperties::default()
        },
    };
    assert_eq!(
        room.server("create", custom()),
        ["create#2 <- session mine"]
    );
    assert_eq!(
        room.server("create", custom()),
        ["create#3 <- error: session mine already exists"]
    );
    assert!(!room.has_session("ses_B2"));
}

#[test]
fn connections_need_a_session_and_an_id_of_their_own() {
    let mut room = Room::new();
    assert_eq!(
        room.create_connection(S, "A", Role::Publisher),
        ["connect <- connection A of S"]
    );
    assert_eq!(
        room.create_connection(S, "A", Role::Publisher),
        ["connect#2 <- error: connection con_A already exists"]
    );
    assert_eq!(
        room.create_connection("T", "B", Role::Publisher),
        ["connect#3 <- error: session T does not exist"]
    );
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        sessions: 2,
        connections_per_session: 1,
    };
    let mut room = Room::with(Conference::with_limits(limits));
    room.create_session(S);
    room.create_session("T");
    assert_eq!(
        room.create_session("U"),
        ["create#3 <- error: limit of 2 sessions is reached"]
    );
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(
        room.create_connection(S, "B", Role::Publisher),
        ["connect#2 <- error: limit of 1 connections of a session is reached"]
    );
    room.disconnect("A");
    assert_eq!(
        room.create_connection(S, "B", Role::Publisher),
        ["connect#3 <- connection B of S"]
    );
}

/// Everybody is evicted in turn, so that the last hears of all the others.
#[test]
fn closing_evicts_one_by_one() {
    let mut room = Room::of(&["A", "B", "C"]);
    room.create_connection(S, "P", Role::Publisher);
    room.on_air("A");
    room.watching("B", "A");
    assert_eq!(
        room.close_session(S),
        [
            "n1: close con_B/2",
            "n1: close con_A/1",
            "B hears left A: SessionClosedByServer",
            "C hears left A: SessionClosedByServer",
            "A hears evicted A: SessionClosedByServer",
            "A disconnected",
            "C hears left B: SessionClosedByServer",
            "B hears evicted B: SessionClosedByServer",
            "B disconnected",
            "S closed on n1: SessionClosedByServer",
            "C hears evicted C: SessionClosedByServer",
            "C disconnected",
            "close <- done",
        ]
    );
    assert_eq!(
        room.close_session(S),
        ["close#2 <- error: session S does not exist"]
    );
    assert!(room.conference.connection(&con("P")).is_none());
}

#[test]
fn a_session_that_nobody_joined_can_be_closed() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(
        room.close_session(S),
        ["S closed on -: SessionClosedByServer", "close <- done"]
    );
    assert_eq!(room.create_session(S), ["create#2 <- session S"]);
    assert_eq!(
        room.create_connection(S, "A", Role::Publisher),
        ["connect#2 <- connection A of S"],
        "the connection's id is free too"
    );
}

#[test]
fn a_dead_node_takes_its_sessions_with_it_and_is_told_nothing() {
    let mut room = Room::of(&["A", "B"]);
    room.create_session("T");
    room.enter_at("T", "X", Role::Publisher, "n2");
    room.on_air("A");
    room.watching("B", "A");
    room.publish("B");
    assert_eq!(
        room.node_lost("n1"),
        [
            "B hears left A: NodeCrashed",
            "A hears evicted A: NodeCrashed",
            "A disconnected",
            "B.publish <- error: connection con_B is closed",
            "S closed on n1: NodeCrashed",
            "B hears evicted B: NodeCrashed",
            "B disconnected",
        ]
    );
    assert!(room.has_session("T"));
    assert_eq!(room.create_session(S), ["create#3 <- session S"], "at once");
    assert_eq!(room.node_lost("n1"), Vec::<String>::new());
}

#[test]
fn stopping_evicts_everybody() {
    let mut room = Room::of(&["A"]);
    room.create_session("T");
    room.create_connection("T", "X", Role::Publisher);
    room.join("T", "X");
    assert_eq!(
        room.feed(Input::Stopping),
        [
            "S closed on n1: OpenviduServerStopped",
            "A hears evicted A: OpenviduServerStopped",
            "A disconnected",
            "X.join <- error: connection con_X is closed",
            "T closed on -: OpenviduServerStopped",
        ]
    );
    assert_eq!(room.conference.sessions().count(), 0);
}

#[test]
fn garbage_is_what_nobody_ever_joined() {
    let mut room = Room::new();
    room.create_session("joining");
    room.create_session("joined");
    room.create_connection(S, "A", Role::Publisher);
    room.create_connection("joining", "B", Role::Publisher);
    room.enter_at("joined", "C", Role::Publisher, "n1");
    room.join("joining", "B");
    room.now = 1000;
    room.create_session("young");
    room.now = 1500;
    let collect =
        |room: &mut Room, older_than_ms| room.feed(Input::CollectGarbage { older_than_ms });
    assert_eq!(collect(&mut room, 1500), Vec::<String>::new());
    assert!(room.has_session(S), "not older than that");
    assert_eq!(collect(&mut room, 1499), Vec::<String>::new(), "silently");
    assert!(!room.has_session(S));
    for kept in ["joining", "joined", "young"] {
        assert!(room.has_session(kept), "{kept}");
    }
    assert!(room.join(S, "A")[0].contains("session S does not exist"));
    assert_eq!(room.placed("B.join", "n1"), ["B.join <- joined as B []"]);
}
