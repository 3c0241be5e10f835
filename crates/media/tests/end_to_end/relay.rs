//! Clients that reach the plane through its own relay, and what the relay refuses.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use media::Stage;
use media::relay::{Quotas, Secret, Settings};
use str0m::media::MediaKind;
use turn::What;

use super::calls::{frame, numbers};
use super::client::Client;
use super::relayed::Relayed;
use super::world::{V4, V6, World};

pub const SECRET: &str = "the secret of this test";

fn unix() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

pub fn turn(label: &str) -> turn::client::Client {
    turn::client::Client::of_secret(SECRET, unix() + 60, label, *b"test")
}

pub fn settings(peers: &[SocketAddr]) -> Settings {
    Settings {
        secrets: vec![Secret::new(SECRET)],
        peers: peers.iter().copied().collect(),
        quotas: Quotas::default(),
        clock_offset_ms: 0,
    }
}

pub fn relaying(shards: usize) -> World {
    let world = World::with_shards(&[V4, V6], shards);
    world.plane.set_relay(settings(&[])).unwrap();
    world
}

fn relay_of(world: &World) -> SocketAddr {
    SocketAddr::new(V4, world.plane.stun_port())
}

fn through(world: &World, label: &str) -> Client {
    let mut relayed = Relayed::udp(V4, relay_of(world), turn(label)).unwrap();
    for port in world.plane.ports() {
        relayed.permit(SocketAddr::new(V4, port)).unwrap();
    }
    Client::relayed(relayed)
}

/// Returns the subscriber.
pub fn media_goes_both_ways(world: &mut World, publisher: Client, subscriber: Client) -> Client {
    let mut publisher = world.publisher("stream", "pub", publisher);
    let mut subscriber = world.subscriber("stream", "sub", subscriber);
    let mut clients = [&mut publisher, &mut subscriber];
    (0..100).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 200
    });
    let all: Vec<u32> = (0..100).collect();
    assert_eq!(numbers(&subscriber, MediaKind::Video), all);
    assert_eq!(numbers(&subscriber, MediaKind::Audio), all);
    let stage = world.stage("sub").map(|(stage, _)| stage);
    assert_eq!(stage, Some(Stage::Connected));
    subscriber
}

#[test]
fn media_for_the_node_itself_is_handed_over_without_a_socket_between() {
    let mut world = relaying(1);
    let (publisher, subscriber) = (through(&world, "pub"), through(&world, "sub"));
    media_goes_both_ways(&mut world, publisher, subscriber);
    let counters = world.counters();
    assert!(
        counters.relay_in > 200 && counters.relay_out > 200,
        "{counters:?}"
    );
    assert_eq!((counters.relay_crossed, counters.relay_dropped), (0, 0));
    // Reports of both clients go on meanwhile.
    let counts = world.plane.relay_counts().unwrap();
    let after = world.counters();
    assert!((counters.relay_in..=after.relay_in).contains(&counts.to_peers));
    assert!((counters.relay_out..=after.relay_out).contains(&counts.to_clients));
    assert_eq!(counts.allocations, 2);
    let events = world.plane.take_relay_events().unwrap();
    let allocated = |label: &str| {
        events
            .iter()
            .any(|event| matches!(event.what, What::Allocated { .. }) && &*event.label == label)
    };
    assert!(allocated("pub") && allocated("sub"), "{events:?}");
    assert!(world.plane.take_relay_events().unwrap().is_empty());
}

#[test]
fn channels_carry_media_too() {
    let mut world = relaying(1);
    let mut subscriber = through(&world, "sub");
    let media = world.at(V4);
    subscriber.relay().bind(media).unwrap();
    subscriber = media_goes_both_ways(&mut world, Client::udp(V4), subscriber);
    let came = subscriber.relay().came;
    assert!(came[0] >= 200, "{came:?}");
}

#[test]
fn relay_and_media_may_be_on_different_shards() {
    let mut world = relaying(3);
    // The system spreads clients over the shards: some of these come to one that has not their media.
    for round in 0..6 {
        world.session = format!("session {round}");
        let publisher = through(&world, "pub");
        let subscriber = through(&world, "sub");
        let stream = format!("stream {round}");
        let mut publisher = world.publisher(&stream, &format!("pub {round}"), publisher);
        let mut subscriber = world.subscriber(&stream, &format!("sub {round}"), subscriber);
        let mut clients = [&mut publisher, &mut subscriber];
        (0..20).for_each(|number| frame(&mut clients, number));
        world.until("media arrives", &mut clients, |_, clients| {
            clients[1].received.len() == 40
        });
    }
    let counters = world.counters();
    assert!(counters.relay_crossed > 0, "{counters:?}");
    assert_eq!(counters.relay_dropped, 0);
}

#[test]
fn an_allocation_of_ipv6_reaches_the_node_at_its_ipv6_address() {
    let mut world = relaying(1);
    let relay = SocketAddr::new(V6, world.plane.stun_port());
    let media = world.at(V6);
    let mut clients = ["pub", "sub"].map(|label| {
        let mut relayed = Relayed::udp(V6, relay, turn(label)).unwrap();
        relayed.permit(media).unwrap();
        Client::relayed(relayed)
    });
    let subscriber = std::mem::replace(&mut clients[1], Client::udp(V6));
    let publisher = std::mem::replace(&mut clients[0], Client::udp(V6));
    media_goes_both_ways(&mut world, publisher, subscriber);
}

#[test]
fn data_goes_to_another_node_and_back_by_a_port_of_the_allocation() {
    let world = relaying(1);
    let other = UdpSocket::bind((V4, 0)).unwrap();
    other
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let peer = other.local_addr().unwrap();
    world.plane.set_relay(settings(&[peer])).unwrap();
    let mut relayed = Relayed::udp(V4, relay_of(&world), turn("abc")).unwrap();
    relayed.permit(peer).unwrap();
    let mut buffer = [0; 2048];
    let mut ways = [0; 2];
    for bound in [false, true] {
        if bound {
            relayed.bind(peer).unwrap();
        }
        for number in 1..=50_u8 {
            let data = vec![number; 20 * usize::from(number)];
            relayed.send(peer, &data);
            let (len, from) = other.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..len], from), (&data[..], relayed.addr));
            other.send_to(&data, from).unwrap();
            let came = (0..20_000).find_map(|_| {
                let came = relayed.read(&mut buffer);
                if came.is_none() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                came
            });
            let (len, from) = came.expect("the relay brings the answer");
            assert_eq!((&buffer[..len], from), (&data[..], peer));
            ways[usize::from(!bound)] += 1;
        }
    }
    assert_eq!(relayed.came, ways);
}

#[test]
fn whoever_is_no_node_hears_nothing_and_says_nothing() {
    let world = relaying(1);
    let victim = UdpSocket::bind((V4, 0)).unwrap();
    victim.set_nonblocking(true).unwrap();
    let there = victim.local_addr().unwrap();
    let mut relayed = Relayed::udp(V4, relay_of(&world), turn("abc")).unwrap();
    // The node's own address is permitted for the node's own media, and for nothing else that listens there.
    relayed.permit(there).unwrap();
    assert_eq!(relayed.bind(there), Err(403));
    for other in ["169.254.169.254:80", "10.0.0.1:22", "127.0.0.2:80"] {
        let other = other.parse().unwrap();
        assert_eq!(relayed.permit(other), Err(403));
        assert_eq!(relayed.bind(other), Err(403));
        relayed.send(other, b"GET / HTTP/1.0\r\n\r\n");
    }
    relayed.send(there, b"hello");
    let sent = victim.send_to(b"hello", relayed.addr).unwrap();
    assert_eq!(sent, 5);
    let media = world.at(V4);
    relayed.bind(media).unwrap();
    assert!(victim.recv(&mut [0; 100]).is_err());
    assert!(relayed.read(&mut [0; 2048]).is_none());
    let counts = world.plane.relay_counts().unwrap();
    assert_eq!((counts.forbidden, counts.unpermitted), (1, 3));
}

#[test]
fn ports_of_allocations_are_given_back() {
    let world = relaying(1);
    let mut relayed = Relayed::udp(V4, relay_of(&world), turn("abc")).unwrap();
    let port = relayed.addr.port();
    assert!(UdpSocket::bind(("0.0.0.0", port)).is_err());
    relayed.end().unwrap();
    let closed = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        UdpSocket::bind(("0.0.0.0", port)).is_ok()
    });
    assert!(closed);
    assert_eq!(world.plane.relay_counts().unwrap().allocations, 0);
}

#[test]
fn without_settings_nothing_is_relayed_and_with_others_secrets_neither() {
    let world = World::new(&[V4]);
    let attempt = |label| Relayed::udp(V4, relay_of(&world), turn(label)).map(|_| ());
    assert_eq!(attempt("abc"), Err(508));
    world.plane.set_relay(settings(&[])).unwrap();
    assert_eq!(attempt("abc"), Ok(()));
    let mut others = settings(&[]);
    others.secrets = vec![Secret::new("another")];
    world.plane.set_relay(others).unwrap();
    assert_eq!(attempt("abc"), Err(401));
}
