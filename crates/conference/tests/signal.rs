//! Signals and changes of streams.

mod room;

use conference::*;
use room::*;

fn signal(to: &[&str]) -> Signal {
    Signal {
        to: to.iter().map(|name| con(name)).collect(),
        kind: Some("signal:chat".into()),
        data: Some("hello".into()),
    }
}

fn say(room: &mut Room, from: &str, to: &[&str]) -> Vec<String> {
    room.client(from, "say", ClientOperation::Signal(signal(to)))
}

fn announce(room: &mut Room, to: &[&str]) -> Vec<String> {
    let operation = ServerOperation::Signal {
        session: session(S),
        signal: signal(to),
    };
    room.server("announce", operation)
}

#[test]
fn to_nobody_means_to_everybody() {
    let mut room = Room::of(&["A", "B"]);
    room.create_connection(S, "P", Role::Publisher);
    assert_eq!(
        say(&mut room, "A", &[]),
        [
            "A hears signal from A: signal:chat hello",
            "B hears signal from A: signal:chat hello",
            "A.say <- done",
        ]
    );
}

#[test]
fn all_recipients_share_one_signal() {
    let mut room = Room::of(&["A", "B", "C"]);
    let input = Input::Client {
        request: RequestId(99),
        connection: con("A"),
        operation: ClientOperation::Signal(signal(&["B", "C"])),
    };
    let effects = room.conference.handle(Timestamp(0), input);
    let heard: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Notify {
                notification: Notification::Signal { signal, .. },
                ..
            } => Some(signal),
            _ => None,
        })
        .collect();
    assert!(
        matches!(heard[..], [one, other] if std::sync::Arc::ptr_eq(one, other)),
        "{effects:?}"
    );
}

#[test]
fn each_recipient_hears_once() {
    let mut room = Room::of(&["A", "B", "C"]);
    assert_eq!(
        say(&mut room, "A", &["C", "B", "C"]),
        [
            "B hears signal from A: signal:chat hello",
            "C hears signal from A: signal:chat hello",
            "A.say <- done",
        ]
    );
}

#[test]
fn one_unknown_recipient_refuses_the_signal() {
    let mut room = Room::of(&["A", "B"]);
    room.create_connection(S, "P", Role::Publisher);
    for unknown in ["X", "P"] {
        let effects = say(&mut room, "A", &["B", unknown]);
        assert_eq!(effects.len(), 1, "{effects:?}");
        assert!(effects[0].ends_with(&format!(
            "error: connection con_{unknown} of the signal's `to` is not in the session"
        )));
    }
}

#[test]
fn the_server_signs_with_nothing() {
    let mut room = Room::of(&["A", "B"]);
    assert_eq!(
        announce(&mut room, &["B"]),
        [
            "B hears signal from server: signal:chat hello",
            "announce <- done"
        ]
    );
    assert_eq!(
        announce(&mut room, &["X"]),
        ["announce#2 <- error: connection con_X of the signal's `to` is not in the session"]
    );
}

#[test]
fn the_server_needs_somebody_to_talk_to() {
    let mut room = Room::empty();
    assert_eq!(
        announce(&mut room, &[]),
        ["announce <- error: session S does not exist"]
    );
    room.create_session(S);
    assert_eq!(
        announce(&mut room, &[]),
        ["announce#2 <- error: session S has no participants"]
    );
}

fn change(
    room: &mut Room,
    who: &str,
    of: &str,
    property: StreamProperty,
    json: &str,
) -> Vec<String> {
    let operation = ClientOperation::ChangeStream {
        stream: cam(of),
        change: StreamChange {
            property,
            new_value: json.into(),
        },
        reason: "because".into(),
    };
    room.client(who, "change", operation)
}

#[test]
fn changes_reach_the_others_and_stay() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    assert_eq!(
        change(
            &mut room,
            "A",
            "A",
            StreamProperty::AudioActive(false),
            "false"
        ),
        [
            "B hears changed audioActive of A, str_CAM_X123_con_A: false (because)",
            "A.change <- done",
        ]
    );
    change(
        &mut room,
        "A",
        "A",
        StreamProperty::VideoActive(false),
        "false",
    );
    let size = StreamProperty::VideoDimensions("{}".into());
    change(&mut room, "A", "A", size, "\"{}\"");
    assert_eq!(
        change(
            &mut room,
            "A",
            "A",
            StreamProperty::AudioTrack,
            "{\"label\":\"mic\"}"
        )[0],
        "B hears changed audioTrack of A, str_CAM_X123_con_A: {\"label\":\"mic\"} (because)"
    );
    change(&mut room, "A", "A", StreamProperty::VideoTrack, "{}");
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    let expected = MediaOptions {
        audio_active: false,
        video_active: false,
        video_dimensions: Some("{}".into()),
        ..camera()
    };
    assert_eq!(publisher.options, expected);
}

#[test]
fn only_the_owner_may_change_a_stream() {
    let mut room = Room::of(&["A"]);
    room.enter_as("M", Role::Moderator);
    assert_eq!(
        change(
            &mut room,
            "A",
            "A",
            StreamProperty::AudioActive(false),
            "false"
        ),
        ["A.change <- error: connection con_A is not publishing"]
    );
    room.on_air("A");
    assert_eq!(
        change(
            &mut room,
            "M",
            "A",
            StreamProperty::AudioActive(false),
            "false"
        ),
        [
            "M.change <- error: Unable to change stream property. The user is not the owner of the stream"
        ]
    );
    let publisher = room.active("A").publisher.as_ref().expect("publishing");
    assert!(publisher.options.audio_active);
}
