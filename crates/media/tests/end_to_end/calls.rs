//! Media from a publisher to its subscribers.

use std::time::{Duration, Instant};

use media::Stage;
use str0m::media::MediaKind;
use str0m::rtp::RtpPacket;

use super::client::Client;
use super::world::{V4, V6, World};

/// Payloads tell their number and their medium.
pub fn payload(kind: MediaKind, number: u32) -> Vec<u8> {
    let len = match kind {
        MediaKind::Audio => 80,
        MediaKind::Video => 1000,
    };
    let mut payload = vec![0x90; len];
    payload[4..8].copy_from_slice(&number.to_be_bytes());
    payload
}

/// Numbers of the packets of a medium that came, in order of arrival.
pub fn numbers(client: &Client, kind: MediaKind) -> Vec<u32> {
    let len = payload(kind, 0).len();
    let packets = client.received.iter();
    let packets = packets.filter(|packet| packet.payload.len() == len);
    packets
        .map(|packet| u32::from_be_bytes(packet.payload[4..8].try_into().unwrap()))
        .collect()
}

/// Sends frame `number`: one packet of audio and one of video. Everybody gets turns for the time to the next frame,
/// as sockets' buffers hold a hundred packets and no more.
pub fn frame(clients: &mut [&mut Client], number: u32) {
    clients[0].send(MediaKind::Audio, payload(MediaKind::Audio, number));
    clients[0].send(MediaKind::Video, payload(MediaKind::Video, number));
    let next = Instant::now() + Duration::from_millis(2);
    while Instant::now() < next {
        clients.iter_mut().for_each(|client| _ = client.turn());
    }
}

#[test]
fn audio_and_video_reach_a_subscriber() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..100).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 200
    });
    let all: Vec<u32> = (0..100).collect();
    assert_eq!(numbers(&subscriber, MediaKind::Audio), all);
    assert_eq!(numbers(&subscriber, MediaKind::Video), all);
    let stages = [Stage::New, Stage::IceConnected, Stage::Connected];
    assert_eq!(world.stages("pub"), stages);
    assert_eq!(world.stages("sub"), stages);
    assert_eq!(world.counters().library_panics, 0);
}

#[test]
fn ipv6_works_as_well() {
    let mut world = World::new(&[V4, V6]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V6));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V6));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..50).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 100
    });
    assert!(publisher.server.unwrap().is_ipv6());
    assert!(subscriber.server.unwrap().is_ipv6());
}

#[test]
fn tcp_carries_a_call_both_ways() {
    let mut world = World::new(&[V4]);
    let at = world.at(V4);
    let mut publisher = world.publisher("stream", "pub", Client::tcp(at));
    let mut subscriber = world.subscriber("stream", "sub", Client::tcp(at));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..50).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 100
    });
    let counters = world.counters();
    assert_eq!(counters.tcp_accepted, 2);
    assert_eq!(counters.udp_out, 0);
}

#[test]
fn subscriber_may_come_before_the_publisher() {
    let mut world = World::new(&[V4]);
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..50).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 100
    });
}

#[test]
fn another_publisher_takes_over_without_a_hole() {
    let mut world = World::new(&[V4]);
    let mut first = world.publisher("stream", "first", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut first, &mut subscriber];
    (0..30).for_each(|number| frame(&mut clients, number));
    world.until("media of the first", &mut clients, |_, clients| {
        clients[1].received.len() == 60
    });
    let mut second = world.publisher("stream", "second", Client::udp(V4));
    let mut clients = [&mut second, &mut subscriber];
    (30..60).for_each(|number| frame(&mut clients, number));
    world.until("media of the second", &mut clients, |_, clients| {
        clients[1].received.len() == 120
    });
    assert_eq!(world.stage("first").unwrap().0, Stage::Closed);
    assert_eq!(world.stage("sub").unwrap().0, Stage::Connected);

    let all: Vec<u32> = (0..60).collect();
    assert_eq!(numbers(&subscriber, MediaKind::Video), all);
    let video = subscriber
        .received
        .iter()
        .filter(|packet| packet.payload.len() == 1000);
    let video: Vec<_> = video.collect();
    for pair in video.windows(2) {
        assert_eq!(*pair[1].seq_no, *pair[0].seq_no + 1, "sequence goes on");
        let step = pair[1]
            .header
            .timestamp
            .wrapping_sub(pair[0].header.timestamp);
        assert!(step < 90_000 * 20, "timestamp goes on, not {step}");
    }
    assert_eq!(video[0].header.ssrc, video[59].header.ssrc);
}

#[test]
fn many_subscribers_are_not_held_up_by_a_dead_one() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let join = |world: &mut World, number: usize| {
        world.subscriber("stream", &format!("sub-{number}"), Client::udp(V4))
    };
    let mut subscribers: Vec<Client> = (0..10).map(|number| join(&mut world, number)).collect();
    // One that never reads its connection again, and one whose socket is gone.
    let at = world.at(V4);
    let _deaf = world.subscriber("stream", "deaf", Client::tcp(at));
    drop(subscribers.remove(3));
    let mut clients = vec![&mut publisher];
    clients.extend(subscribers.iter_mut());
    // More than the deaf one's buffers, ours and the system's, can hold.
    (0..1000).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1..]
            .iter()
            .all(|client| client.received.len() == 2000)
    });
}

#[test]
fn audio_alone_and_video_alone() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut deaf = Client::udp(V4);
    let offer = world.subscribe("stream", "video", false, true).unwrap();
    assert!(!offer.contains("m=audio"));
    let answer = deaf.answer(&offer);
    world.accept("video", &answer).unwrap();
    let mut blind = Client::udp(V4);
    let offer = world.subscribe("stream", "audio", true, false).unwrap();
    assert!(!offer.contains("m=video"));
    let answer = blind.answer(&offer);
    world.accept("audio", &answer).unwrap();
    let mut clients = [&mut publisher, &mut deaf, &mut blind];
    world.until("both connect", &mut clients, |world, clients| {
        let connected = |name| world.stage(name).map(|(stage, _)| stage) == Some(Stage::Connected);
        ["audio", "video"].map(connected) == [true; 2]
            && clients[1].connected
            && clients[2].connected
    });
    (0..30).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() == 30 && clients[2].received.len() == 30
    });
    assert_eq!(numbers(&deaf, MediaKind::Video).len(), 30);
    assert_eq!(numbers(&blind, MediaKind::Audio).len(), 30);
}

#[test]
fn lost_consent_is_told_and_nothing_is_sent_without() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut silent = world.subscriber("stream", "silent", Client::udp(V4));
    let mut number = 0;
    let mut next = |clients: &mut [&mut Client]| {
        frame(clients, number);
        number += 1;
    };
    let mut clients = [&mut publisher, &mut silent];
    world.until("pictures arrive", &mut clients, |_, clients| {
        next(clients);
        numbers(clients[1], MediaKind::Video).len() >= 10
    });
    let mut clients = [&mut publisher];
    world.until("consent is lost", &mut clients, |world, clients| {
        next(clients);
        silent.keep();
        world.stage("silent").map(|(stage, _)| stage) == Some(Stage::Disconnected)
    });
    let before = world.counters();
    world.until("packets arrive", &mut clients, |world, clients| {
        next(clients);
        world.counters().rtp_in >= before.rtp_in + 400
    });
    // What was taken in before the loss may still have been on its way out.
    assert!(world.counters().rtp_out <= before.rtp_out + 10);

    // It is back: a keyframe is asked for, and what it missed is no hole in the sequence.
    silent.keep();
    let (asked, missed) = (world.counters().keyframes_sent, world.counters().rtp_out);
    let mut clients = [&mut publisher, &mut silent];
    world.until("consent is back", &mut clients, |world, clients| {
        next(clients);
        let connected = world.stage("silent").map(|(stage, _)| stage) == Some(Stage::Connected);
        connected && world.counters().rtp_out > missed + 20
    });
    assert!(world.counters().keyframes_sent > asked);
    let pictures = |packet: &&RtpPacket| packet.payload.len() == payload(MediaKind::Video, 0).len();
    let sequence: Vec<u64> = silent
        .received
        .iter()
        .filter(pictures)
        .map(|packet| *packet.seq_no)
        .collect();
    let shown = numbers(&silent, MediaKind::Video);
    let largest = |of: &[u64]| of.windows(2).map(|two| two[1].saturating_sub(two[0])).max();
    let shown: Vec<u64> = shown.into_iter().map(u64::from).collect();
    assert!(
        largest(&shown) >= Some(200),
        "nothing was missed: {:?}",
        largest(&shown)
    );
    assert!(largest(&sequence) < Some(100), "{:?}", largest(&sequence));
}

#[test]
fn sessions_are_spread_over_shards() {
    let mut world = World::with_shards(&[V4], 2);
    let mut publishers = ["a", "b"].map(|session| {
        world.session = session.into();
        let stream = format!("stream-{session}");
        world.publisher(&stream, &format!("pub-{session}"), Client::udp(V4))
    });
    let ports = world.plane.ports();
    assert_ne!(ports[0], ports[1]);
    let used = [0, 1].map(|at| publishers[at].server.unwrap().port());
    assert_ne!(used[0], used[1], "both sessions on one shard");
    for (at, session) in ["a", "b"].into_iter().enumerate() {
        world.session = session.into();
        let stream = format!("stream-{session}");
        let mut subscriber = world.subscriber(&stream, &format!("sub-{session}"), Client::udp(V4));
        assert_eq!(subscriber.server, publishers[at].server);
        let mut clients = [&mut publishers[at], &mut subscriber];
        (0..30).for_each(|number| frame(&mut clients, number));
        world.until("media arrives", &mut clients, |_, clients| {
            clients[1].received.len() == 60
        });
    }
}
