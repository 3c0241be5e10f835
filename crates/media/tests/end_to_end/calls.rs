//! Media from a publisher to its subscribers.

use std::time::{Duration, Instant};

use media::Stage;
use str0m::media::MediaKind;

use super::client::Client;
use super::world::{V4, World};

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
