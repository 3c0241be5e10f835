//! What may be asked, and what is answered.

use media::{Answer, Command, Refusal, Stage, VideoCodec};
use str0m::media::MediaKind;

use super::calls::frame;
use super::client::Client;
use super::world::{V4, World, id};

const BOTH: [MediaKind; 2] = [MediaKind::Audio, MediaKind::Video];

#[test]
fn answer_to_a_publisher_keeps_all_codecs_and_its_feedback() {
    let mut world = World::new(&[V4]);
    let offer = Client::udp(V4).offer(&BOTH);
    let answer = world.publish("stream", "pub", &offer).unwrap();
    for codec in [
        "opus/48000/2",
        "VP8/90000",
        "VP9/90000",
        "H264/90000",
        "AV1/90000",
    ] {
        assert!(answer.contains(codec), "{codec} is missing in {answer}");
    }
    for line in [
        "rtx/90000",
        " transport-cc",
        " nack pli",
        "a=ice-lite",
        "a=recvonly",
    ] {
        assert!(answer.contains(line), "{line} is missing in {answer}");
    }
    assert!(answer.contains("transport-wide-cc"), "{answer}");
    assert!(!answer.contains("a=ssrc"), "{answer}");
    let port = world.plane.ports()[0];
    assert!(
        answer.contains(&format!("127.0.0.1 {port} typ host")),
        "{answer}"
    );
    assert!(answer.contains("tcptype passive"), "{answer}");
}

#[test]
fn forced_codec_is_the_only_one() {
    let mut world = World::new(&[V4]);
    let offer = Client::udp(V4).offer(&BOTH);
    let forced = Some(VideoCodec::H264);
    let answer = world.publish_as("stream", "pub", &offer, forced).unwrap();
    assert!(answer.contains("H264/90000") && answer.contains("opus/48000"));
    for codec in ["VP8/90000", "VP9/90000", "AV1/90000"] {
        assert!(!answer.contains(codec), "{codec} is in {answer}");
    }
}

#[test]
fn codec_that_was_not_offered_is_impossible() {
    let mut world = World::new(&[V4]);
    let offer = Client::udp(V4).offer(&BOTH);
    let without = offer.replace("VP8/90000", "XY8/90000");
    let forced = Some(VideoCodec::Vp8);
    let refusal = world.publish_as("stream", "pub", &without, forced);
    assert!(
        matches!(refusal, Err(Refusal::CodecImpossible(_))),
        "{refusal:?}"
    );
    assert!(world.plane.snapshot().unwrap().is_empty());
}

#[test]
fn subscriber_is_offered_what_the_publisher_negotiated() {
    let mut world = World::new(&[V4]);
    let offer = Client::udp(V4).offer(&BOTH);
    let forced = Some(VideoCodec::Vp9);
    world.publish_as("stream", "pub", &offer, forced).unwrap();
    let offer = world.subscribe("stream", "sub", true, true).unwrap();
    assert!(offer.find("m=audio") < offer.find("m=video"));
    assert!(offer.contains("VP9/90000") && offer.contains("opus/48000"));
    for absent in [
        "VP8/90000",
        "H264/90000",
        "transport-cc",
        "goog-remb",
        "recvonly",
    ] {
        assert!(!offer.contains(absent), "{absent} is in {offer}");
    }
    for line in [
        "a=sendonly",
        "a=ssrc-group:FID",
        " nack pli",
        " ccm fir",
        "cname:stream",
    ] {
        assert!(offer.contains(line), "{line} is missing in {offer}");
    }
}

#[test]
fn asked_twice_is_answered_the_same() {
    let mut world = World::new(&[V4]);
    let mut publisher = Client::udp(V4);
    let sdp = publisher.offer(&BOTH);
    let answer = world.publish("stream", "pub", &sdp);
    assert_eq!(world.publish("stream", "pub", &sdp), answer);
    let offer = world.subscribe("stream", "sub", true, true);
    assert_eq!(world.subscribe("stream", "sub", true, true), offer);
    let answer = Client::udp(V4).answer(&offer.unwrap());
    assert_eq!(world.accept("sub", &answer), Ok(Answer::Accepted));
    assert_eq!(world.accept("sub", &answer), Ok(Answer::Accepted));
    assert_eq!(world.plane.snapshot().unwrap().len(), 2);
    assert_eq!(world.counters().transports_opened, 2);
}

#[test]
fn unknown_transports_are_said_to_be_so() {
    let mut world = World::new(&[V4]);
    let refusal = world.accept("nobody", "v=0");
    assert!(matches!(refusal, Err(Refusal::Unknown(_))), "{refusal:?}");
    world.close("nobody");
    world.until("nobody is closed", &mut [], |world, _| {
        world
            .stage("nobody")
            .is_some_and(|(stage, _)| stage == Stage::Closed)
    });
    let candidate = Command::Candidate {
        transport: id("nobody"),
        candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host".into(),
    };
    world.plane.submit(candidate).unwrap();
    world.until("all three are counted", &mut [], |world, _| {
        world.counters().commands_unknown == 3
    });
}

#[test]
fn closing_the_publisher_ends_the_stream() {
    let mut world = World::new(&[V4]);
    let _publisher = world.publisher("stream", "pub", Client::udp(V4));
    let _subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    world.close("pub");
    world.until("both are closed", &mut [], |world, _| {
        let closed = |name| world.stage(name).map(|(stage, _)| stage) == Some(Stage::Closed);
        ["pub", "sub"].map(closed) == [true; 2]
    });
    assert!(world.plane.snapshot().unwrap().is_empty());
    world.close("pub");
    world.until("closed is said again", &mut [], |world, _| {
        let stages = world.stages("pub");
        stages
            .iter()
            .filter(|stage| **stage == Stage::Closed)
            .count()
            == 2
    });
}

#[test]
fn garbage_is_refused_as_sdp() {
    let mut world = World::new(&[V4]);
    let good = Client::udp(V4).offer(&BOTH);
    let twice = good.replace("a=rtpmap:111 opus", "a=rtpmap:96 opus");
    let long = format!("{good}a=x:{}\r\n", "y".repeat(200_000));
    let sections = format!(
        "{good}{}",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(100)
    );
    let cut = &good[..good.len() / 2];
    let without = good.replace("a=fingerprint", "a=fingerless");
    for sdp in ["", "\0", "v=0\r\n", &long, &sections, &without] {
        let refusal = world.publish("stream", "pub", sdp);
        assert!(
            matches!(refusal, Err(Refusal::Sdp(_))),
            "{sdp:.80}: {refusal:?}"
        );
    }
    // Whatever these are, they are answered.
    for (at, sdp) in [&twice, cut].into_iter().enumerate() {
        let _ = world.publish("stream", &format!("odd-{at}"), sdp);
    }
    world.subscribe("stream", "sub", true, false).unwrap();
    for sdp in ["", "v=0\r\n", &good] {
        let refusal = world.accept("sub", sdp);
        assert!(
            matches!(refusal, Err(Refusal::Sdp(_))),
            "{sdp:.80}: {refusal:?}"
        );
    }
    let nothing = world.subscribe("stream", "nothing", false, false);
    assert!(matches!(nothing, Err(Refusal::Sdp(_))), "{nothing:?}");
}

#[test]
fn node_without_address_refuses_until_it_has_one() {
    let mut world = World::new(&[]);
    let offer = Client::udp(V4).offer(&BOTH);
    let refusal = world.publish("stream", "pub", &offer);
    assert!(
        matches!(refusal, Err(Refusal::Unavailable(_))),
        "{refusal:?}"
    );
    world.plane.set_addresses(2, &[V4]).unwrap();
    let answer = world.publish("stream", "pub", &offer).unwrap();
    assert!(answer.contains("127.0.0.1"));
}

#[test]
fn a_shard_that_serves_nobody_begins_anew_on_its_port() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    world.publish("deaf", "never", &offer).unwrap();
    let port = world.at(V4).port();
    world.plane.restart_shard(&id("nobody")).unwrap();
    world.plane.restart_shard(&id("never")).unwrap();
    world.until("given up", &mut [&mut client], |world, _| {
        world.stage("never") == Some((Stage::Closed, "the media shard began anew"))
    });
    assert_eq!(world.at(V4).port(), port);
    // By the new socket.
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..10).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() >= 10
    });
    // Which now serves two.
    world.plane.restart_shard(&id("pub")).unwrap();
    assert_eq!(world.plane.snapshot().unwrap().len(), 2);
}
