//! Receiving streams: offer, answer, acceptance.

mod room;

use conference::*;
use room::*;

const NOTHING: Vec<String> = Vec::new();

#[test]
fn the_server_offers_and_the_client_answers() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(
        room.prepare("B", "A", false),
        ["n1: B.prepare: subscribe str_CAM_X123_con_A on con_B/2 +audio +video"]
    );
    assert!(room.active("B").subscribers.is_empty());
    assert_eq!(room.offer("B.prepare"), ["B.prepare <- offered: offer"]);
    assert!(!room.active("B").subscribers[&cam("A")].established);
    assert_eq!(
        room.receive("B", "A"),
        ["n1: B.receive: accept on con_B/2: B's answer"]
    );
    assert_eq!(room.accept("B.receive"), ["B.receive <- done"]);
    assert!(room.active("B").subscribers[&cam("A")].established);
}

#[test]
fn the_offer_holds_what_the_stream_has() {
    let mut room = Room::of(&["A", "B"]);
    let options = MediaOptions {
        has_video: false,
        ..camera()
    };
    room.publish_with("A", options);
    room.answer("A.publish");
    let operation = ClientOperation::PrepareReceive {
        stream: StreamId::new("str_MIC_X123_con_A"),
        reconnect: false,
    };
    assert_eq!(
        room.client("B", "prepare", operation),
        ["n1: B.prepare: subscribe str_MIC_X123_con_A on con_B/2 +audio"]
    );
}

#[test]
fn what_cannot_be_received_is_told_apart() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        room.prepare("B", "A", false),
        ["B.prepare <- error: connection con_A is not publishing"]
    );
    assert_eq!(
        room.prepare("B", "X", false),
        ["B.prepare#2 <- error: user con_X does not exist"]
    );
    let operation = ClientOperation::PrepareReceive {
        stream: StreamId::new("nonsense"),
        reconnect: false,
    };
    assert_eq!(
        room.client("B", "prepare", operation),
        ["B.prepare#3 <- error: stream nonsense does not exist"]
    );
    room.on_air("B");
    assert_eq!(
        room.prepare("B", "B", false),
        ["B.prepare#4 <- error: connection con_B is not publishing"],
        "one's own stream does not come back"
    );
}

#[test]
fn streams_of_other_sessions_cannot_be_received() {
    let mut room = Room::of(&["A"]);
    room.create_session("T");
    room.enter_at("T", "B", Role::Publisher, "n1");
    room.on_air("A");
    assert_eq!(
        room.prepare("B", "A", false),
        ["B.prepare <- error: user con_A does not exist"]
    );
}

#[test]
fn an_answer_needs_an_offer() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(
        room.receive("B", "A"),
        [
            "B.receive <- error: media: Unknown(\"no offer of stream str_CAM_X123_con_A waits for an answer; ask for one with prepareReceiveVideoFrom\")"
        ]
    );
    room.prepare("B", "A", false);
    assert!(
        room.receive("B", "A")[0].contains("no offer"),
        "not yet offered"
    );
    room.offer("B.prepare");
    room.receive("B", "A");
    assert!(
        room.receive("B", "A")[0].contains("no offer"),
        "answered already"
    );
    assert_eq!(room.accept("B.receive#3"), ["B.receive#3 <- done"]);
}

#[test]
fn a_refused_offer_or_answer_leaves_nothing_behind() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    assert_eq!(
        room.node_refuses("B.prepare", MediaError::Unavailable("overloaded".into())),
        [
            "n1: close con_B/2",
            "B.prepare <- error: media: Unavailable(\"overloaded\")",
        ]
    );
    room.prepare("B", "A", false);
    room.offer("B.prepare#2");
    room.receive("B", "A");
    assert_eq!(
        room.node_refuses("B.receive", MediaError::Sdp("garbage".into())),
        [
            "n1: close con_B/3",
            "B.receive <- error: media: Sdp(\"garbage\")",
        ]
    );
    assert!(room.active("B").subscribers.is_empty());
}

#[test]
fn asking_again_starts_over() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    let overtaken = "error: media: Unavailable(\"given up for a newer prepareReceiveVideoFrom of the same client\")";
    assert_eq!(
        room.prepare("B", "A", false),
        [
            "n1: close con_B/2",
            &format!("B.prepare <- {overtaken}"),
            "n1: B.prepare#2: subscribe str_CAM_X123_con_A on con_B/3 +audio +video",
        ]
    );
    assert_eq!(room.offer("B.prepare"), NOTHING);
    room.offer("B.prepare#2");
    room.receive("B", "A");
    assert_eq!(
        room.prepare("B", "A", false),
        [
            "n1: close con_B/3",
            &format!("B.receive <- {overtaken}"),
            "n1: B.prepare#3: subscribe str_CAM_X123_con_A on con_B/4 +audio +video",
        ]
    );
    assert_eq!(room.accept("B.receive"), NOTHING);
}

#[test]
fn unsubscribing_closes_the_transport() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    assert_eq!(
        room.unsubscribe("B", "A"),
        ["n1: close con_B/2", "B.unsubscribe <- done"]
    );
    assert!(room.active("B").subscribers.is_empty());
    assert_eq!(room.unsubscribe("B", "A"), ["B.unsubscribe#2 <- done"]);
    assert_eq!(
        room.unsubscribe("B", "X"),
        ["B.unsubscribe#3 <- error: user con_X does not exist"]
    );
}

#[test]
fn unsubscribing_ends_a_subscription_on_its_way() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    assert_eq!(
        room.unsubscribe("B", "A"),
        [
            "n1: close con_B/2",
            "B.prepare <- error: media: Unavailable(\"given up for a newer unsubscribeFromVideo of the same client\")",
            "B.unsubscribe <- done",
        ]
    );
}
