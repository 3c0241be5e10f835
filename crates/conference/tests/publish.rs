//! Publishing and unpublishing.

mod room;

use conference::*;
use room::*;

const NOTHING: Vec<String> = Vec::new();

#[test]
fn the_publisher_is_answered_before_the_others_hear() {
    let mut room = Room::of(&["A", "B", "C"]);
    room.now = 5;
    assert_eq!(
        room.publish("A"),
        ["n1: A.publish: publish str_CAM_X123_con_A on con_A/5: A's offer"]
    );
    room.now = 9;
    assert_eq!(
        room.answer("A.publish"),
        [
            "A.publish <- published str_CAM_X123_con_A at 9: answer",
            "B hears published A: str_CAM_X123_con_A",
            "C hears published A: str_CAM_X123_con_A",
        ]
    );
}

#[test]
fn the_name_of_a_stream_tells_its_kind() {
    for (kind, expected) in [
        (Some(TypeOfVideo::Camera), "CAM"),
        (Some(TypeOfVideo::Screen), "SCR"),
        (Some(TypeOfVideo::Custom), "CUS"),
        (None, "CAM"),
    ] {
        let options = MediaOptions {
            type_of_video: kind,
            ..camera()
        };
        assert_eq!(stream_of(options), format!("str_{expected}_X123_con_A"));
    }
    let audio_only = MediaOptions {
        has_video: false,
        ..camera()
    };
    assert_eq!(stream_of(audio_only), "str_MIC_X123_con_A");
}

fn stream_of(options: MediaOptions) -> String {
    let mut room = Room::of(&["A"]);
    room.publish_with("A", options);
    room.answer("A.publish");
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    publisher.stream.to_string()
}

#[test]
fn the_forced_codec_goes_to_the_node() {
    let mut room = Room::empty();
    let operation = ServerOperation::CreateSession {
        fresh: session(S),
        properties: SessionProperties {
            forced_video_codec: ForcedVideoCodec::Vp9,
            ..SessionProperties::default()
        },
    };
    room.server("create", operation);
    room.enter("A");
    let input = Input::Client {
        request: RequestId(99),
        connection: con("A"),
        operation: ClientOperation::Publish {
            offer: "offer".into(),
            options: camera(),
            nonce: "X123".into(),
        },
    };
    let effects = room.conference.handle(Timestamp(0), input);
    assert!(matches!(
        &effects[..],
        [Effect::Media {
            command: MediaCommand::Publish {
                forced_video_codec: ForcedVideoCodec::Vp9,
                ..
            },
            ..
        }]
    ));
}

#[test]
fn a_subscriber_may_not_publish() {
    let mut room = Room::new();
    room.enter_as("A", Role::Subscriber);
    assert_eq!(
        room.publish("A"),
        ["A.publish <- error: Unable to publish video. The user does not have a valid token"]
    );
}

#[test]
fn one_stream_per_participant() {
    let mut room = Room::of(&["A"]);
    room.on_air("A");
    assert_eq!(
        room.publish("A"),
        ["A.publish#2 <- error: connection con_A is already publishing"]
    );
}

/// The client stops waiting after 10 s; its next attempt must not fail because of the first.
#[test]
fn a_newer_publish_supersedes_one_that_the_node_has_not_answered() {
    let mut room = Room::of(&["A", "B"]);
    room.publish("A");
    assert_eq!(
        room.publish("A"),
        [
            "n1: close con_A/1",
            "A.publish <- error: media: Unavailable(\"given up for a newer publishVideo of the same client\")",
            "n1: A.publish#2: publish str_CAM_X123_con_A on con_A/2: A's offer",
        ]
    );
    assert_eq!(
        room.answer("A.publish"),
        NOTHING,
        "nobody waits for it any more"
    );
    assert_eq!(room.answer("A.publish#2").len(), 2);
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    assert_eq!(publisher.transport, Some(transport("con_A/2")));
}

#[test]
fn a_publish_that_the_node_refuses_leaves_nothing_behind() {
    let mut room = Room::of(&["A", "B"]);
    room.publish("A");
    assert_eq!(
        room.node_refuses("A.publish", MediaError::Sdp("no fingerprint".into())),
        [
            "n1: close con_A/1",
            "A.publish <- error: media: Sdp(\"no fingerprint\")",
        ]
    );
    assert!(room.active("A").publisher.is_none());
    assert_eq!(room.publish("A").len(), 1);
}

#[test]
fn an_answer_of_the_wrong_kind_is_a_failure() {
    let mut room = Room::of(&["A"]);
    room.publish("A");
    let effects = room.accept("A.publish");
    assert_eq!(effects.len(), 2);
    assert!(
        effects[1].starts_with("A.publish <- error: media: Unavailable("),
        "{effects:?}"
    );
}

#[test]
fn unpublish_closes_the_subscribers_too() {
    let mut room = Room::of(&["A", "B", "C"]);
    room.on_air("A");
    room.watching("B", "A");
    room.prepare("C", "A", false);
    assert_eq!(
        room.unpublish("A"),
        [
            "n1: close con_B/2",
            "n1: close con_C/3",
            "C.prepare <- error: connection con_A is not publishing",
            "n1: close con_A/1",
            "B hears unpublished A: Unpublish",
            "C hears unpublished A: Unpublish",
            "A.unpublish <- done",
        ]
    );
    assert!(room.active("B").subscribers.is_empty());
    assert_eq!(
        room.unpublish("A"),
        ["A.unpublish#2 <- error: connection con_A is not publishing"]
    );
    assert_eq!(room.publish("A").len(), 1, "publishing again is possible");
}

#[test]
fn unpublish_takes_back_a_publish_on_its_way() {
    let mut room = Room::of(&["A", "B"]);
    room.publish("A");
    assert_eq!(
        room.unpublish("A"),
        [
            "n1: close con_A/1",
            "A.publish <- error: connection con_A is not publishing",
            "A.unpublish <- done",
        ]
    );
    assert_eq!(room.answer("A.publish"), NOTHING);
}

#[test]
fn streams_of_a_demoted_publisher_go_on() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(
        room.update("A", Some(Role::Subscriber), None),
        ["A hears role Subscriber", "update <- connection A of S"]
    );
    assert!(room.active("A").publisher.is_some());
    room.unpublish("A");
    assert!(room.publish("A")[0].contains("Unable to publish video"));
}
