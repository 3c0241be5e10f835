//! What the application's server hears of.
#![allow(clippy::unwrap_used)]

mod room;

use conference::*;
use room::*;

/// `what who stream-owner reason`, as far as there are such.
fn shown(event: &Event) -> String {
    let name = |id: &ConnectionId| id.as_str().trim_start_matches("con_").to_owned();
    let leg = |leg: &Leg| match &leg.receiving_from {
        None => format!("{} out", name(&leg.connection)),
        Some(owner) => format!("{} from {}", name(&leg.connection), name(owner)),
    };
    match &event.what {
        Happening::SessionCreated => format!("{} created", event.session),
        Happening::SessionDestroyed(reason) => format!("{} destroyed {reason:?}", event.session),
        Happening::ParticipantJoined(who) => format!("{} joined", name(&who.connection)),
        Happening::ParticipantLeft(who, reason) => {
            format!("{} left {reason:?}", name(&who.connection))
        }
        Happening::LegOpened(it) => format!("{} opened", leg(it)),
        Happening::LegClosed(it, reason) => format!("{} closed {reason:?}", leg(it)),
        Happening::SignalSent { from, to, .. } => {
            let to: Vec<String> = to.iter().map(name).collect();
            format!(
                "signal of {:?} to {}",
                from.as_ref().map(name),
                to.join(",")
            )
        }
    }
}

fn told(room: &mut Room) -> Vec<String> {
    room.told().iter().map(shown).collect()
}

/// A publishes and B watches.
fn call() -> Room {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room
}

#[test]
fn a_call_is_told_from_its_beginning() {
    let mut room = call();
    assert_eq!(
        told(&mut room),
        [
            "S created",
            "A joined",
            "B joined",
            "A out opened",
            "B from A opened"
        ]
    );
}

#[test]
fn the_last_leaver_ends_the_session() {
    let mut room = call();
    room.told();
    room.leave("A");
    assert_eq!(
        told(&mut room),
        [
            "B from A closed Disconnect",
            "A out closed Disconnect",
            "A left Disconnect"
        ]
    );
    room.lose("B");
    assert_eq!(
        told(&mut room),
        [
            "B left NetworkDisconnect",
            "S destroyed LastParticipantLeft"
        ]
    );
}

#[test]
fn closing_a_session_ends_everything_in_it_first() {
    let mut room = call();
    room.told();
    room.close_session(S);
    assert_eq!(
        told(&mut room),
        [
            "B from A closed SessionClosedByServer",
            "A out closed SessionClosedByServer",
            "A left SessionClosedByServer",
            "B left SessionClosedByServer",
            "S destroyed SessionClosedByServer",
        ]
    );
}

#[test]
fn ends_have_their_causes() {
    let mut room = call();
    room.told();
    room.unsubscribe("B", "A");
    room.watching("B", "A");
    room.unpublish("A");
    room.on_air("A");
    room.server(
        "unpublish",
        ServerOperation::ForceUnpublish {
            session: session(S),
            stream: cam("A"),
        },
    );
    assert_eq!(
        told(&mut room),
        [
            "B from A closed Unsubscribe",
            "B from A opened",
            "B from A closed Unpublish",
            "A out closed Unpublish",
            "A out opened",
            "A out closed ForceUnpublishByServer",
        ]
    );
    room.node_lost("n1");
    assert_eq!(told(&mut room).last().unwrap(), "S destroyed NodeCrashed");
}

#[test]
fn repairs_and_failures_are_not_told() {
    let mut room = call();
    room.told();
    room.reconnect("A", "A");
    room.answer("A.reconnect");
    room.prepare("B", "A", true);
    room.offer(&room.latest("B.prepare"));
    room.reconnect("B", "A");
    room.accept("B.reconnect");
    room.publish("B");
    room.node_refuses("B.publish", MediaError::Unavailable("busy".into()));
    room.prepare("B", "A", false);
    assert_eq!(told(&mut room), [""; 0]);
}

#[test]
fn a_signal_names_all_who_heard_it() {
    let mut room = call();
    room.told();
    room.client(
        "A",
        "signal",
        ClientOperation::Signal(Signal {
            to: Vec::new(),
            kind: Some("signal:chat".into()),
            data: Some("hello".into()),
        }),
    );
    let events = room.told();
    assert_eq!(shown(&events[0]), "signal of Some(\"A\") to A,B");
    let Happening::SignalSent { signal, .. } = &events[0].what else {
        panic!("{events:?}");
    };
    assert_eq!(signal.data.as_deref(), Some("hello"));
}

#[test]
fn a_session_is_told_apart_from_an_earlier_one_of_its_name() {
    let mut room = Room::empty();
    room.now = 5;
    room.create_session(S);
    room.now = 9;
    room.close_session(S);
    room.create_session(S);
    let times: Vec<(u64, u64)> = room.told().iter().map(|it| (it.at.0, it.since.0)).collect();
    assert_eq!(times, [(5, 5), (9, 5), (9, 9)]);
}

#[test]
fn garbage_goes_without_a_word() {
    let mut room = Room::new();
    room.told();
    room.now = 10_000;
    room.feed(Input::CollectGarbage { older_than_ms: 1 });
    assert!(!room.has_session(S));
    assert_eq!(told(&mut room), [""; 0]);
}
