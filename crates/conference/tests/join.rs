//! From token to participant.

mod room;

use conference::*;
use room::*;

#[test]
fn first_join_fixes_the_node_and_the_second_is_announced() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(room.join(S, "A"), ["place S for A.join, now -, wanted -"]);
    assert_eq!(room.placed("A.join", "n1"), ["A.join <- joined as A []"]);

    room.create_connection(S, "B", Role::Publisher);
    assert_eq!(room.join(S, "B"), ["place S for B.join, now n1, wanted -"]);
    assert_eq!(
        room.placed("B.join", "n1"),
        ["B.join <- joined as B [A]", "A hears joined B: I am B"]
    );
}

#[test]
fn joined_tells_all_a_client_needs() {
    let mut room = Room::new();
    room.now = 700;
    let properties = ConnectionProperties {
        server_data: "from server".into(),
        role: Role::Moderator,
        record: false,
        ..plain_connection()
    };
    room.create_connection_with(S, "A", properties);
    room.now = 800;
    room.join(S, "A");
    let joined = joined(&mut room, "A.join", "n1");
    assert_eq!(
        joined.created_at,
        Timestamp(800),
        "when it joined, not when it was created"
    );
    assert_eq!(joined.metadata, "I am A%/%from server");
    assert_eq!((joined.role, joined.record), (Role::Moderator, false));
    assert_eq!(joined.session, session(S));
    assert_eq!(joined.ice_servers, [stun("n1")], "those of the placement");
    let active = room.active("A");
    assert_eq!(
        (active.platform.as_str(), active.ip.as_str()),
        ("Test", "192.0.2.1")
    );
}

#[test]
fn own_ice_servers_come_before_those_of_the_placement() {
    let mut room = Room::new();
    let own = IceServer {
        url: "turn:example.org".into(),
        credentials: Some(IceCredentials::StaticAuthSecret("secret".into())),
    };
    let properties = ConnectionProperties {
        ice_servers: vec![own.clone()],
        ..plain_connection()
    };
    room.create_connection_with(S, "A", properties);
    room.join(S, "A");
    assert_eq!(joined(&mut room, "A.join", "n1").ice_servers, [own]);
}

#[test]
fn others_are_listed_with_streams_in_order_of_arrival() {
    let mut room = Room::new();
    room.now = 10;
    room.enter("Z");
    room.now = 20;
    room.enter("A");
    room.on_air("A");
    room.create_connection(S, "M", Role::Subscriber);
    room.join(S, "M");
    assert_eq!(
        room.placed("M.join", "n1"),
        [
            "M.join <- joined as M [Z, A with str_CAM_X123_con_A]",
            "Z hears joined M: I am M",
            "A hears joined M: I am M",
        ]
    );
}

#[test]
fn token_is_good_for_one_join_only() {
    let mut room = Room::of(&["A"]);
    assert_eq!(room.join(S, "A"), [invalid("A.join#2", "S", "A")]);
}

#[test]
fn token_is_reserved_while_its_join_is_placed() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    room.join(S, "A");
    assert_eq!(room.join(S, "A"), [invalid("A.join#2", "S", "A")]);
    assert_eq!(room.placed("A.join", "n1"), ["A.join <- joined as A []"]);
}

#[test]
fn token_of_another_session_is_refused_and_stays_good() {
    let mut room = Room::new();
    room.create_session("T");
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(room.join("T", "A"), [invalid("A.join", "T", "A")]);
    assert_eq!(room.join(S, "A"), ["place S for A.join#2, now -, wanted -"]);
}

#[test]
fn unknown_token_and_unknown_session_are_refused() {
    let mut room = Room::new();
    assert_eq!(room.join(S, "A"), [invalid("A.join", "S", "A")]);
    assert_eq!(
        room.join("T", "A"),
        ["A.join#2 <- error: session T does not exist"]
    );
}

#[test]
fn without_a_node_the_token_can_be_used_again() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    room.join(S, "A");
    assert_eq!(
        room.no_node("A.join"),
        ["A.join <- error: session S cannot be placed on a media node: all full"]
    );
    assert_eq!(room.join(S, "A"), ["place S for A.join#2, now -, wanted -"]);
    assert_eq!(
        room.placed("A.join#2", "n1"),
        ["A.join#2 <- joined as A []"]
    );
}

#[test]
fn a_placement_overtaken_by_another_is_asked_for_again() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    room.create_connection(S, "B", Role::Publisher);
    room.join(S, "A");
    room.join(S, "B");
    room.placed("A.join", "n1");
    assert_eq!(
        room.placed("B.join", "n2"),
        ["place S for B.join, now n1, wanted -"]
    );
    assert_eq!(
        room.placed("B.join", "n2"),
        [
            "B.join <- error: session S cannot be placed on a media node: it is carried by node n1 and cannot be joined on node n2"
        ]
    );
}

#[test]
fn the_wanted_node_is_asked_for() {
    let mut room = Room::empty();
    let operation = ServerOperation::CreateSession {
        fresh: session(S),
        properties: SessionProperties {
            media_node: Some(node("n7")),
            ..SessionProperties::default()
        },
    };
    room.server("create", operation);
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(room.join(S, "A"), ["place S for A.join, now -, wanted n7"]);
}

#[test]
fn a_join_ends_with_its_connection_or_session() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    room.create_connection(S, "B", Role::Publisher);
    room.join(S, "A");
    room.join(S, "B");
    assert_eq!(
        room.disconnect("A"),
        [
            "A.join <- error: connection con_A is closed",
            "disconnect <- done"
        ]
    );
    assert_eq!(
        room.close_session(S),
        [
            "B.join <- error: connection con_B is closed",
            "S closed on -: SessionClosedByServer",
            "close <- done",
        ]
    );
    assert_eq!(room.placed("A.join", "n1"), Vec::<String>::new());
    assert_eq!(room.placed("B.join", "n1"), Vec::<String>::new());
}

#[test]
fn a_lost_joiner_may_try_again() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    room.join(S, "A");
    assert_eq!(
        room.lose("A"),
        ["A.join <- error: connection con_A is closed"]
    );
    assert_eq!(room.join(S, "A"), ["place S for A.join#2, now -, wanted -"]);
}

#[test]
fn an_answer_to_no_question_is_ignored() {
    let mut room = Room::of(&["A"]);
    assert_eq!(room.placed("A.join", "n1"), Vec::<String>::new());
    assert_eq!(room.no_node("A.join"), Vec::<String>::new());
}

#[test]
fn a_client_that_never_joined_is_told_so() {
    let mut room = Room::new();
    room.create_connection(S, "A", Role::Publisher);
    assert_eq!(
        room.leave("A"),
        ["A.leave <- error: connection con_A is closed"]
    );
    assert_eq!(
        room.leave("B"),
        ["B.leave <- error: connection con_B is closed"]
    );
}

fn invalid(label: &str, session: &str, name: &str) -> String {
    format!(
        "{label} <- error: Unable to join session {session}. Token {} is not valid",
        token(name)
    )
}

fn joined(room: &mut Room, label: &str, on: &str) -> Joined {
    let input = Input::Placed {
        request: room.key(label),
        outcome: Ok(Placement {
            node: node(on),
            ice_servers: vec![stun(on)],
        }),
    };
    let effects = room.conference.handle(Timestamp(room.now), input);
    let mut told = effects.into_iter();
    match told.find(|effect| !matches!(effect, Effect::Event(_))) {
        Some(Effect::Reply {
            result: Ok(Reply::Joined(joined)),
            ..
        }) => *joined,
        other => panic!("expected the join's reply, got {other:?}"),
    }
}
