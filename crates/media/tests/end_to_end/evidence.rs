//! What is told of transports that fail, and of one that does not.

use media::Stage;
use media::evidence::{Occasion, Seen};
use str0m::media::MediaKind;

use super::calls::frame;
use super::client::Client;
use super::world::{V4, World, id};

#[test]
fn a_healthy_call_is_told_with_all_its_stages() {
    let mut world = World::new(&[V4]);
    let mut publisher = world.publisher("stream", "pub", Client::udp(V4));
    let mut subscriber = world.subscriber("stream", "sub", Client::udp(V4));
    let mut clients = [&mut publisher, &mut subscriber];
    (0..30).for_each(|number| frame(&mut clients, number));
    world.until("media arrives", &mut clients, |_, clients| {
        clients[1].received.len() >= 30
    });
    world.close("sub");
    let sub = world.evidence("sub", Occasion::Closed);
    assert_eq!(sub.reason, "asked for");
    assert!(sub.srtp.packets >= 30, "{sub:?}");
    assert!(sub.srtp.bytes > sub.srtp.packets);
    assert!(sub.source_packets.unwrap() >= 30);
    world.close("pub");
    let seen = world.evidence("pub", Occasion::Closed);
    let came = seen.stages.iter().map(|(stage, _)| *stage);
    let stages = [
        Stage::New,
        Stage::IceConnected,
        Stage::Connected,
        Stage::Closed,
    ];
    assert!(came.eq(stages), "{:?}", seen.stages);
    assert!(seen.stages.is_sorted_by_key(|(_, at)| *at));
    // By UDP and TCP.
    assert_eq!(seen.local.len(), 2);
    assert_eq!(seen.local[0].address, "127.0.0.1");
    assert_eq!(seen.remote.len(), 1);
    assert_eq!(seen.remote[0].port, publisher.addr.port());
    assert!(seen.described.is_some() && seen.first_candidate.is_some());
    let pair = seen.pairs[0];
    assert_eq!(pair.remote, publisher.addr);
    assert_eq!(pair.local, Some(world.at(V4)));
    assert!(pair.answered > 0 && pair.use_candidate && !pair.tcp);
    assert_eq!(seen.nominated.unwrap().remote, publisher.addr);
    assert!(seen.dtls.hello <= seen.dtls.done && seen.dtls.hello.is_some());
    assert!(seen.dtls.sent > 0 && seen.dtls.failed.is_none());
    assert!(seen.srtp.first.is_some() && seen.srtp.packets >= 30);
    assert_eq!(seen.consent_losses, 0);
    assert_eq!(world.counters().evidence_lost, 0);
}

#[test]
fn a_client_that_never_comes_is_told_without_a_check() {
    let mut world = World::new(&[V4]);
    let offer = Client::udp(V4).offer(&[MediaKind::Audio]);
    world.publish("stream", "pub", &offer).unwrap();
    let late = world.evidence("pub", Occasion::Late);
    assert_eq!(late.state.stage, Stage::New);
    assert_eq!(late.pairs, []);
    assert_eq!((late.nominated, late.dtls.hello), (None, None));
    assert_eq!(late.remote.len(), 1);
    assert!(late.age.as_secs() >= 5);
}

#[test]
fn a_client_whose_checks_come_and_whose_dtls_does_not_start_is_told_so() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    let answer = world.publish("stream", "pub", &offer).unwrap();
    client.answered(&answer);
    client.mute_dtls = true;
    world.until("ICE connects", &mut [&mut client], |world, _| {
        world
            .stage("pub")
            .is_some_and(|(stage, _)| stage == Stage::IceConnected)
    });
    let late = world.evidence("pub", Occasion::Late);
    assert_eq!(late.state.stage, Stage::IceConnected);
    assert!(late.nominated.is_some());
    assert!(late.pairs[0].answered > 0);
    assert_eq!((late.dtls.received, late.dtls.hello), (0, None));
}

#[test]
fn checks_with_a_wrong_password_are_told_as_refused() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    let answer = world.publish("stream", "pub", &offer).unwrap();
    client.answered(&other_password(&answer));
    world.until("checks are refused", &mut [&mut client], |world, _| {
        world.counters().stun_unauthenticated >= 3
    });
    world.plane.ask_evidence(&[id("pub")]).unwrap();
    let seen = world.evidence("pub", Occasion::Asked);
    let pair = seen.pairs[0];
    assert_eq!(pair.remote, client.addr);
    assert!(pair.refused >= 3 && pair.refused == pair.received);
    assert_eq!((pair.answered, seen.nominated), (0, None));
}

#[test]
fn a_client_with_another_certificate_than_it_described_is_told_so() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    let described = Client::udp(V4).offer(&[MediaKind::Audio]);
    let fingerprint = |sdp: &str| {
        let mut lines = sdp.lines().map(str::to_owned);
        lines
            .find(|line| line.starts_with("a=fingerprint:"))
            .unwrap()
    };
    let offer = offer.replace(&fingerprint(&offer), &fingerprint(&described));
    let answer = world.publish("stream", "pub", &offer).unwrap();
    client.answered(&answer);
    world.until("it is closed", &mut [&mut client], |world, _| {
        world
            .stage("pub")
            .is_some_and(|(stage, _)| stage == Stage::Closed)
    });
    let seen = world.evidence("pub", Occasion::Failed);
    assert!(seen.dtls.wrong_certificate && seen.dtls.failed.is_some());
    assert!(seen.dtls.hello.is_some() && seen.dtls.done.is_none());
}

#[test]
fn those_who_ask_for_nobody_are_told_of() {
    let mut world = World::new(&[V4]);
    let mut client = Client::udp(V4);
    let offer = client.offer(&[MediaKind::Audio]);
    let answer = world.publish("stream", "pub", &offer).unwrap();
    client.answered(&answer);
    world.close("pub");
    let mut told = Vec::new();
    world.until("strangers are told of", &mut [&mut client], |world, _| {
        told.extend(world.all_evidence());
        told.iter().any(|seen| matches!(seen, Seen::Strangers(_)))
    });
    let strangers = told.iter().find_map(|seen| match seen {
        Seen::Strangers(strangers) => Some(strangers),
        Seen::Transport(_) => None,
    });
    let stranger = &strangers.unwrap().seen[0];
    assert_eq!(stranger.from, V4);
    assert!(stranger.unknown_user > 0);
    let ufrag = line(&answer, "a=ice-ufrag:");
    assert_eq!(stranger.ufrag, ufrag);
}

fn line<'a>(sdp: &'a str, key: &str) -> &'a str {
    sdp.lines().find_map(|line| line.strip_prefix(key)).unwrap()
}

/// The description with another ICE password in it.
pub fn other_password(sdp: &str) -> String {
    let password = line(sdp, "a=ice-pwd:");
    sdp.replace(password, &"x".repeat(password.len()))
}
