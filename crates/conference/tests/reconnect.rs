//! `reconnectStream`: a new peer connection for the same stream, unnoticed by others.

mod room;

use conference::*;
use room::*;

const NOTHING: Vec<String> = Vec::new();

#[test]
fn a_publisher_changes_its_source_and_nobody_notices() {
    let mut room = Room::of(&["A", "B"]);
    room.now = 10;
    room.on_air("A");
    room.watching("B", "A");
    room.now = 50;
    assert_eq!(
        room.reconnect("A", "A"),
        ["n1: A.reconnect: publish str_CAM_X123_con_A on con_A/50: A's new sdp"]
    );
    assert_eq!(
        room.answer("A.reconnect"),
        [
            "n1: close con_A/10",
            "A.reconnect <- published str_CAM_X123_con_A at 10: answer",
        ]
    );
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    assert_eq!(publisher.transport, Some(transport("con_A/50")));
    assert_eq!(publisher.created_at, Timestamp(10));
    assert!(room.active("B").subscribers[&cam("A")].established);
}

/// Closing the overtaken transport at once would end the stream on the node, had it become the source already.
#[test]
fn an_overtaken_source_is_closed_only_when_the_next_has_taken_over() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    room.reconnect("A", "A");
    assert_eq!(
        room.reconnect("A", "A"),
        [
            "A.reconnect <- error: media: Unavailable(\"given up for a newer reconnectStream of the same client\")",
            "n1: A.reconnect#2: publish str_CAM_X123_con_A on con_A/3: A's new sdp",
        ]
    );
    assert_eq!(room.answer("A.reconnect"), NOTHING);
    assert_eq!(
        room.answer("A.reconnect#2"),
        [
            "n1: close con_A/1",
            "n1: close con_A/2",
            "A.reconnect#2 <- published str_CAM_X123_con_A at 0: answer",
        ]
    );
}

#[test]
fn overtaken_sources_do_not_pile_up() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    for _ in 0..9 {
        let effects = room.reconnect("A", "A");
        assert!(
            !effects.iter().any(|line| line.contains("close")),
            "{effects:?}"
        );
    }
    assert_eq!(room.reconnect("A", "A")[0], "n1: close con_A/2");
}

#[test]
fn a_failed_repair_leaves_the_stream_as_it_was() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.reconnect("A", "A");
    assert_eq!(
        room.node_refuses("A.reconnect", MediaError::Sdp("garbage".into())),
        [
            "n1: close con_A/2",
            "A.reconnect <- error: media: Sdp(\"garbage\")",
        ]
    );
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    assert_eq!(publisher.transport, Some(transport("con_A/1")));
}

/// The node may carry the command out after all, and closing the stream's source ends the stream.
#[test]
fn a_repair_that_the_node_did_not_answer_is_closed_only_when_the_next_has_taken_over() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.reconnect("A", "A");
    assert_eq!(
        room.node_refuses("A.reconnect", MediaError::Unavailable("late".into())),
        ["A.reconnect <- error: media: Unavailable(\"late\")"]
    );
    room.reconnect("A", "A");
    assert_eq!(
        room.answer("A.reconnect#2"),
        [
            "n1: close con_A/1",
            "n1: close con_A/2",
            "A.reconnect#2 <- published str_CAM_X123_con_A at 0: answer",
        ]
    );
}

#[test]
fn unanswered_repairs_do_not_pile_up() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    let fail = |room: &mut Room| {
        room.reconnect("A", "A");
        let label = room.latest("A.reconnect");
        room.node_refuses(&label, MediaError::Unavailable("late".into()))
    };
    for _ in 0..8 {
        assert_eq!(fail(&mut room).len(), 1);
    }
    assert_eq!(fail(&mut room)[0], "n1: close con_A/2");
}

#[test]
fn unpublishing_during_a_repair_closes_everything() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.reconnect("A", "A");
    assert_eq!(
        room.unpublish("A"),
        [
            "A.reconnect <- error: connection con_A is not publishing",
            "n1: close con_A/2",
            "n1: close con_A/1",
            "B hears unpublished A: Unpublish",
            "A.unpublish <- done",
        ]
    );
}

#[test]
fn a_subscriber_keeps_its_old_transport_until_the_new_one_is_accepted() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    assert_eq!(
        room.prepare("B", "A", true),
        ["n1: B.prepare#2: subscribe str_CAM_X123_con_A on con_B/3 +audio +video"]
    );
    room.offer("B.prepare#2");
    assert_eq!(transport_of_b(&room), "con_B/2");
    assert_eq!(
        room.reconnect("B", "A"),
        ["n1: B.reconnect: accept on con_B/3: B's new sdp"]
    );
    assert_eq!(
        room.accept("B.reconnect"),
        ["n1: close con_B/2", "B.reconnect <- done"]
    );
    assert_eq!(transport_of_b(&room), "con_B/3");
}

#[test]
fn a_subscriber_whose_repair_fails_keeps_the_old_transport() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room.prepare("B", "A", true);
    room.offer("B.prepare#2");
    room.reconnect("B", "A");
    assert_eq!(
        room.node_refuses("B.reconnect", MediaError::Unavailable("busy".into())),
        [
            "n1: close con_B/3",
            "B.reconnect <- error: media: Unavailable(\"busy\")",
        ]
    );
    assert_eq!(transport_of_b(&room), "con_B/2");
}

#[test]
fn repairs_can_be_repeated_without_end() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    for round in 2..12 {
        room.prepare("B", "A", true);
        room.offer(&format!("B.prepare#{round}"));
        room.reconnect("B", "A");
        let label = room.latest("B.reconnect");
        assert_eq!(
            room.accept(&label),
            [
                format!("n1: close con_B/{round}"),
                format!("{label} <- done"),
            ]
        );
    }
}

/// What a client says about repair or first subscription may be wrong after a time-out.
#[test]
fn the_reconnect_flag_is_not_needed() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(room.prepare("B", "A", true).len(), 1, "nothing to repair");
    room.offer("B.prepare");
    room.reconnect("B", "A");
    assert_eq!(room.accept("B.reconnect"), ["B.reconnect <- done"]);
    room.prepare("B", "A", false);
    room.offer("B.prepare#2");
    room.receive("B", "A");
    assert_eq!(
        room.accept("B.receive"),
        ["n1: close con_B/2", "B.receive <- done"]
    );
}

#[test]
fn a_stream_that_is_gone_cannot_be_repaired() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        room.reconnect("A", "A"),
        ["A.reconnect <- error: connection con_A is not publishing"]
    );
    assert_eq!(
        room.reconnect("B", "X"),
        ["B.reconnect <- error: user con_X does not exist"]
    );
}

fn transport_of_b(room: &Room) -> &str {
    let transport = &room.active("B").subscribers[&cam("A")].transport;
    transport.as_ref().map_or("-", TransportId::as_str)
}
