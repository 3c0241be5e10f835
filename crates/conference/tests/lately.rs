//! What a client that comes back hears again, because it may have been lost with its WebSocket.

mod room;

use conference::*;
use room::*;

/// The client of this participant has another WebSocket, and has had the time to ask for what it knows of.
fn comes_back(room: &mut Room, name: &str) -> Vec<String> {
    comes_back_sure_of(room, name, 0)
}

/// What it was told before that moment has arrived.
fn comes_back_sure_of(room: &mut Room, name: &str, since: u64) -> Vec<String> {
    let (connection, since) = (con(name), Timestamp(since));
    let resumed = Input::Resumed { connection, since };
    assert!(room.feed(resumed).is_empty());
    room.now += 3_000;
    assert_eq!(
        room.conference.next_deadline(),
        Some(Timestamp(room.now)),
        "as soon as that"
    );
    room.feed(Input::Elapsed)
}

fn mute(room: &mut Room, name: &str) {
    let operation = ClientOperation::ChangeStream {
        stream: cam(name),
        change: StreamChange {
            property: StreamProperty::AudioActive(false),
            new_value: "false".into(),
        },
        reason: "publishAudio".into(),
    };
    room.client(name, "mute", operation);
}

#[test]
fn who_came_and_published_is_told_again() {
    let mut room = Room::of(&["A"]);
    room.enter("B");
    room.on_air("B");
    assert_eq!(
        comes_back(&mut room, "A"),
        [
            "A hears joined B: I am B",
            &format!("A hears published B: {}", cam("B"))
        ]
    );
}

#[test]
fn a_stream_that_is_asked_for_is_not_told_again() {
    let mut room = Room::of(&["A"]);
    room.enter("B");
    room.on_air("B");
    room.prepare("A", "B", false);
    assert_eq!(comes_back(&mut room, "A"), ["A hears joined B: I am B"]);
    room.offer("A.prepare");
    room.receive("A", "B");
    room.accept("A.receive");
    assert_eq!(comes_back(&mut room, "A"), ["A hears joined B: I am B"]);
}

#[test]
fn who_left_is_told_again_whatever_went_before() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("B");
    room.leave("B");
    assert_eq!(
        comes_back(&mut room, "A"),
        ["A hears left B: Disconnect"],
        "and nothing else"
    );
}

#[test]
fn a_stream_that_ended_is_told_again_unless_the_next_one_is_asked_for() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("B");
    room.watching("A", "B");
    room.unpublish("B");
    let ended = "A hears unpublished B: Unpublish";
    assert_eq!(
        comes_back(&mut room, "A"),
        ["A hears joined B: I am B", ended],
        "it may show it still"
    );
    room.on_air("B");
    let again = format!("A hears published B: {}", cam("B"));
    assert_eq!(
        comes_back(&mut room, "A"),
        ["A hears joined B: I am B", ended, &again]
    );
    room.watching("A", "B");
    assert_eq!(comes_back(&mut room, "A"), ["A hears joined B: I am B"]);
}

#[test]
fn what_a_stream_is_now_is_told_again() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("B");
    room.watching("A", "B");
    mute(&mut room, "B");
    let heard = comes_back(&mut room, "A");
    assert!(
        heard
            .iter()
            .any(|it| it.contains("audioActive") && it.contains("false")),
        "{heard:?}"
    );
    assert!(
        heard
            .iter()
            .any(|it| it.contains("videoActive") && it.contains("true")),
        "{heard:?}"
    );
}

#[test]
fn only_what_others_did_to_oneself_is_told_again() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.unpublish("A");
    assert_eq!(comes_back(&mut room, "A"), ["A hears joined B: I am B"]);
    room.on_air("A");
    let stream = cam("A");
    let session = session(S);
    room.server(
        "silence",
        ServerOperation::ForceUnpublish { session, stream },
    );
    assert_eq!(
        comes_back(&mut room, "A"),
        [
            "A hears unpublished A: ForceUnpublishByServer",
            "A hears joined B: I am B",
        ]
    );
}

#[test]
fn what_was_told_long_ago_is_not_told_again() {
    let mut room = Room::of(&["A", "B"]);
    room.now += 180_000;
    assert!(comes_back(&mut room, "A").is_empty());
}

#[test]
fn what_has_arrived_is_not_told_again() {
    let mut room = Room::of(&["A", "B"]);
    room.now += 1_000;
    room.on_air("B");
    let since = room.now;
    assert_eq!(
        comes_back_sure_of(&mut room, "A", since),
        [format!("A hears published B: {}", cam("B"))]
    );
    assert!(comes_back_sure_of(&mut room, "A", since + 1).is_empty());
}

#[test]
fn what_is_remembered_is_bounded_and_the_newest_stays() {
    let mut room = Room::of(&["A"]);
    for number in 0..400 {
        let name = format!("B{number}");
        room.enter(&name);
        room.leave(&name);
    }
    let heard = comes_back(&mut room, "A");
    assert_eq!(heard.len(), 128);
    assert!(heard.contains(&"A hears left B399: Disconnect".to_owned()));
}

#[test]
fn who_has_left_meanwhile_is_told_nothing() {
    let mut room = Room::of(&["A", "B"]);
    let (connection, since) = (con("A"), Timestamp(0));
    room.feed(Input::Resumed { connection, since });
    room.leave("A");
    room.now += 3_000;
    assert!(room.feed(Input::Elapsed).is_empty());
}
