//! What becomes of peer connections that somebody finds to be broken.

mod room;

use conference::*;
use room::Room;

const NOTHING: [&str; 0] = [];

fn repair(room: &mut Room, name: &str, of: &str) -> Vec<String> {
    let connection = ConnectionId::new(format!("con_{name}"));
    let owner = ConnectionId::new(format!("con_{of}"));
    let (_, found) = room.conference.connection(&owner).expect("known");
    let active = found.active.as_ref().expect("active");
    let stream = active.publisher.as_ref().expect("publishes").stream.clone();
    room.feed(Input::Repair { connection, stream })
}

fn call() -> Room {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.watching("B", "A");
    room
}

#[test]
fn a_subscriber_is_offered_another_one() {
    let mut room = call();
    let told = repair(&mut room, "B", "A");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("con_B/3"), "{told:?}");
    assert_eq!(repair(&mut room, "B", "A"), NOTHING, "one is on its way");
}

/// What it answered may have been lost, and it waits for what answers that.
#[test]
fn a_subscriber_whose_first_offer_was_not_answered_is_offered_another_one() {
    let mut room = Room::of(&["A", "B"]);
    room.on_air("A");
    room.prepare("B", "A", false);
    room.offer("B.prepare");
    let told = repair(&mut room, "B", "A");
    assert!(told.iter().any(|it| it.contains("con_B/3")), "{told:?}");
    room.own_offer(1);
    room.reconnect("B", "A");
    room.accept("B.reconnect");
    let subscriber = &room.active("B").subscribers[&room::cam("A")];
    assert!(subscriber.established);
    assert_eq!(subscriber.transport, Some(room::transport("con_B/3")));
}

#[test]
fn a_publisher_dials_again_when_nothing_of_its_is_under_way() {
    let mut room = call();
    assert_eq!(repair(&mut room, "A", "A"), NOTHING);
    room.now += 2_000;
    assert_eq!(room.feed(Input::Elapsed), ["A redials"]);
    room.now += 60_000;
    assert_eq!(room.feed(Input::Elapsed), NOTHING);
}

#[test]
fn nobody_else_hears_of_it() {
    let mut room = call();
    let nobody = Input::Repair {
        connection: ConnectionId::new("con_C"),
        stream: StreamId::new("str"),
    };
    assert_eq!(room.feed(nobody), NOTHING);
    let unseen = Input::Repair {
        connection: ConnectionId::new("con_B"),
        stream: StreamId::new("str"),
    };
    assert_eq!(room.feed(unseen), NOTHING);
    room.node_dies("n1");
    assert_eq!(repair(&mut room, "B", "A"), NOTHING);
}

#[test]
fn a_transport_leads_to_its_leg() {
    let room = call();
    let leg = |id: &str| room.conference.leg_of(&TransportId::new(id));
    let (sends, receives) = (
        leg("con_A/1").expect("sends"),
        leg("con_B/2").expect("receives"),
    );
    assert!(sends.publishes && !receives.publishes);
    assert_eq!(sends.stream, receives.stream);
    assert_eq!(receives.connection, ConnectionId::new("con_B"));
    assert_eq!(
        [leg("con_A/9"), leg("con_C/1"), leg("nonsense")],
        [None, None, None]
    );
}
