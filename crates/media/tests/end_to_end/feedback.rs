//! Retransmissions, keyframes and reports.

use std::time::Instant;

use str0m::media::MediaKind;

use super::calls::{frame, numbers};
use super::client::Client;
use super::world::{V4, World};

#[test]
fn lost_packets_are_sent_again() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..20).for_each(|number| frame(&mut clients, number));
    clients[1].lose = 8;
    let mut number = 20;
    world.until("video is whole", &mut clients, |_, clients| {
        frame(clients, number);
        number += 1;
        let mut video = numbers(clients[1], MediaKind::Video);
        video.sort_unstable();
        clients[1].lose == 0 && video.len() > 60 && (0..60).eq(video[..60].iter().copied())
    });
    let counters = world.counters();
    assert!(counters.nack_asked >= 4, "{counters:?}");
    assert!(counters.nack_answered >= 4, "{counters:?}");
    assert_eq!(counters.rtp_out_sealer, 0);
    // Audio has no retransmissions: what was lost stays so.
    let audio = numbers(&subscriber, MediaKind::Audio).len() as u32;
    assert!(audio < number, "audio came whole: nothing was lost?");
}

#[test]
fn publisher_is_asked_for_a_keyframe_when_somebody_joins() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    (0..10).for_each(|number| frame(&mut [&mut publisher], number));
    world.until("packets are known", &mut [&mut publisher], |world, _| {
        world.counters().rtp_in >= 20
    });
    assert_eq!(publisher.keyframe_requests, 0);
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    world.until("keyframe is asked for", &mut clients, |_, clients| {
        clients[0].keyframe_requests == 1
    });
}

#[test]
fn keyframe_requests_of_many_become_few() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut one = world.subscriber("stream", "one", Client::udp(V4));
    let mut two = world.subscriber("stream", "two", Client::udp(V4));
    let mut clients = [&mut publisher, &mut one, &mut two];
    (0..10).for_each(|number| frame(&mut clients, number));
    let start = Instant::now();
    let mut number = 10;
    world.until("requests arrive", &mut clients, |world, clients| {
        frame(clients, number);
        number += 1;
        clients[1].request_keyframe();
        clients[2].request_keyframe();
        world.counters().keyframes_asked > 50
    });
    let most = start.elapsed().as_millis() / 500 + 2;
    let sent = world.counters().keyframes_sent;
    assert!(u128::from(sent) <= most, "{sent} in {:?}", start.elapsed());
    assert!(sent >= 1);
}

#[test]
fn reports_put_audio_and_video_on_one_clock() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    let mut number = 0;
    let reports = |client: &Client| {
        [80, 1000].map(|len| {
            let packets = client.received.iter().rev();
            let mut packets = packets.filter(|packet| packet.payload.len() == len);
            packets.find_map(|packet| Some((packet.header.timestamp, packet.last_sender_info?)))
        })
    };
    // Two of the publisher's own, so that ours come from them and not from times of arrival.
    world.until("reports arrive", &mut clients, |world, clients| {
        frame(clients, number);
        number += 1;
        world.counters().rtcp_reports >= 5 && reports(clients[1]).iter().all(Option::is_some)
    });
    // Audio and video of one frame have one capture time; by the reports they must come out within some milliseconds.
    let [audio, video] = reports(&subscriber).map(Option::unwrap);
    let captured = |(timestamp, info): (u32, str0m::rtp::rtcp::SenderInfo), rate: f64| {
        let ticks = timestamp.wrapping_sub(info.rtp_time.numer() as u32) as i32;
        let ntp = info.ntp_time.duration_since(std::time::UNIX_EPOCH).unwrap();
        ntp.as_secs_f64() + f64::from(ticks) / rate
    };
    let apart = captured(audio, 48_000.0) - captured(video, 90_000.0);
    assert!(apart.abs() < 0.015, "audio and video are {apart} s apart");
}

#[test]
fn publisher_learns_how_much_it_may_send() {
    let mut world = World::new(&[V4]);
    let client = Client::estimating(V4, 300_000);
    let mut publisher = world.publisher("stream", "pub", client);
    let mut number = 0;
    world.until("estimate grows", &mut [&mut publisher], |_, clients| {
        frame(clients, number);
        number += 1;
        clients[0].estimate > 600_000
    });
}
