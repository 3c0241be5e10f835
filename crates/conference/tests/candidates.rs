//! ICE candidates before, during and after their peer connection.

mod room;

use conference::*;
use room::*;

const DONE: &str = "<- done";

#[test]
fn candidates_follow_the_publish_before_the_node_has_answered() {
    let mut room = Room::of(&["A"]);
    room.publish("A");
    assert_eq!(
        room.candidate("A", "A", "one"),
        ["n1: candidate for con_A/1: one", "A.candidate <- done"]
    );
    room.answer("A.publish");
    assert_eq!(
        room.candidate("A", "A", "two"),
        ["n1: candidate for con_A/1: two", "A.candidate#2 <- done"]
    );
}

#[test]
fn early_candidates_come_right_after_the_command() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        room.candidate("A", "A", "one"),
        [format!("A.candidate {DONE}")]
    );
    room.candidate("A", "B", "not for this one");
    room.candidate("A", "A", "two");
    assert_eq!(
        room.publish("A"),
        [
            "n1: A.publish: publish str_CAM_X123_con_A on con_A/1: A's offer",
            "n1: candidate for con_A/1: one",
            "n1: candidate for con_A/1: two",
        ]
    );
    assert_eq!(room.conference.dropped_candidates(), 0);
}

#[test]
fn candidates_of_a_subscriber_name_the_sender() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.candidate("B", "A", "early");
    assert_eq!(
        room.prepare("B", "A", false)[1..],
        ["n1: candidate for con_B/2: early"]
    );
    room.offer("B.prepare");
    assert_eq!(
        room.candidate("B", "A", "late")[0],
        "n1: candidate for con_B/2: late"
    );
    room.receive("B", "A");
    room.accept("B.receive");
    room.prepare("B", "A", true);
    assert_eq!(
        room.candidate("B", "A", "new")[0],
        "n1: candidate for con_B/3: new",
        "the newest transport"
    );
}

#[test]
fn unknown_endpoints_are_answered_and_dropped() {
    let mut room = Room::of(&["A"]);
    assert_eq!(room.candidate("A", "X", "?"), ["A.candidate <- done"]);
    assert_eq!(room.conference.dropped_candidates(), 1);
}

#[test]
fn no_more_than_64_are_kept() {
    let mut room = Room::of(&["A"]);
    for n in 0..70 {
        assert!(room.candidate("A", "A", &n.to_string())[0].ends_with(DONE));
    }
    assert_eq!(room.conference.dropped_candidates(), 6);
    let effects = room.publish("A");
    assert_eq!(effects.len(), 1 + 64);
    assert_eq!(
        effects[1], "n1: candidate for con_A/1: 6",
        "the oldest went"
    );
}

#[test]
fn candidates_for_somebody_who_left_are_forgotten() {
    let mut room = Room::of(&["A", "B"]);
    room.candidate("B", "A", "early");
    room.leave("A");
    room.enter("A");
    room.on_air("A");
    assert_eq!(
        room.prepare("B", "A", false),
        ["n1: B.prepare: subscribe str_CAM_X123_con_A on con_B/2 +audio +video"]
    );
}

#[test]
fn the_media_id_goes_along() {
    let mut room = Room::of(&["A"]);
    room.publish("A");
    let input = Input::Client {
        request: RequestId(99),
        connection: con("A"),
        operation: ClientOperation::Candidate {
            endpoint: con("A"),
            candidate: String::new(),
            sdp_mid: Some("1".into()),
        },
    };
    let effects = room.conference.handle(Timestamp(0), input);
    let Effect::Media {
        command: MediaCommand::Candidate { sdp_mid, .. },
        ..
    } = &effects[0]
    else {
        panic!("expected a candidate, got {effects:?}");
    };
    assert_eq!(sdp_mid.as_deref(), Some("1"));
}

#[test]
fn a_node_that_is_reached_elsewhere_has_each_client_told_by_the_owner_of_the_stream() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    let tell = |room: &mut Room, transport: &str| {
        room.feed(Input::NewCandidates {
            transport: TransportId::new(transport),
            candidates: NewCandidates {
                sdp_mid: "m".into(),
                sdp_m_line_index: 1,
                candidates: vec!["one".into(), "two".into()],
            },
        })
    };
    assert_eq!(
        tell(&mut room, "con_A/1"),
        [
            "A hears candidate of A, str_CAM_X123_con_A, m/1: one",
            "A hears candidate of A, str_CAM_X123_con_A, m/1: two",
        ]
    );
    assert_eq!(
        tell(&mut room, "con_B/2")[1],
        "B hears candidate of A, con_B_str_CAM_X123_con_A, m/1: two"
    );
    for nobodys in ["con_B/1", "con_B/77", "con_X/1", "probe"] {
        assert!(tell(&mut room, nobodys).is_empty(), "{nobodys}");
    }
    room.unpublish("A");
    assert!(tell(&mut room, "con_A/1").is_empty());
}
