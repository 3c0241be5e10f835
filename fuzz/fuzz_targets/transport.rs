//! What comes to a publisher's transport over the network: STUN, DTLS, media.
//!
//! The input is RFC 4571 frames. The first byte of each says who sends it and how much later; with its top bit set,
//! the rest are attributes that go into a STUN check that knows the password, so that DTLS is reached too.
#![no_main]

mod peer;

use std::cell::LazyCell;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use libfuzzer_sys::fuzz_target;
use media::fuzzing::{Effect, Factory, Frames, Peer, Via};

thread_local! {
    static FACTORY: LazyCell<Factory> = const { LazyCell::new(peer::factory) };
}

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |data: &[u8]| FACTORY.with(|factory| converse(factory, data))
);

fn converse(factory: &Factory, data: &[u8]) {
    let mut now = Instant::now();
    let (mut transport, answer, _) = peer::publisher(factory, now);
    let ufrag = peer::line(&answer, "a=ice-ufrag:");
    let password = peer::line(&answer, "a=ice-pwd:");
    let username = format!("{ufrag}:{}", peer::line(peer::OFFER, "a=ice-ufrag:"));
    assert_eq!(transport.ufrag(), ufrag);

    let mut frames = Frames::default();
    frames.feed(data);
    let mut buffer = [0; 2048];
    while let Ok(Some(len)) = frames.take(&mut buffer) {
        let Some((how, body)) = buffer[..len].split_first() else {
            continue;
        };
        let check;
        let datagram = if how & 0x80 == 0 {
            body
        } else {
            check = binding(&username, password, body);
            &check
        };
        now += Duration::from_millis(10 << (how & 0x07));
        let local = (how & 0x08 == 0).then(|| "192.0.2.1".parse().expect("an address"));
        transport.receive(now, sender(*how), local, datagram);
        let mut said = 0;
        transport.drain(now, |effect| {
            said += 1;
            assert!(!matches!(effect, Effect::Packet(_)), "media without keys");
        });
        assert!(said < 200, "{said} effects of one datagram");
    }
}

fn sender(how: u8) -> Peer {
    Peer {
        via: if how & 0x10 == 0 { Via::Udp } else { Via::Tcp },
        addr: match how & 0x20 {
            0 => ([198, 51, 100, 1], 50_000).into(),
            _ => ([198, 51, 100, 2], 50_001).into(),
        },
    }
}

/// A connectivity check of a controlling peer's (RFC 8445 section 7.2.2) with more attributes than it needs.
fn binding(username: &str, password: &str, more: &[u8]) -> Vec<u8> {
    let mut message = vec![0x00, 0x01, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend(b"transaction!");
    attribute(&mut message, 0x0006, username.as_bytes());
    attribute(&mut message, 0x0024, &[0x6e, 0, 1, 0xff]);
    attribute(&mut message, 0x802a, &[1; 8]);
    attribute(&mut message, 0x0025, &[]);
    message.extend(&more[..more.len() / 4 * 4]);
    set_length(&mut message, 24);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let integrity = hmac::sign(&key, &message);
    attribute(&mut message, 0x0008, integrity.as_ref());
    set_length(&mut message, 8);
    let fingerprint = crc32(&message) ^ 0x5354_554e;
    attribute(&mut message, 0x8028, &fingerprint.to_be_bytes());
    message
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend(kind.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
    message.resize(message.len().next_multiple_of(4), 0);
}

/// The length that the header has while an attribute of `coming` bytes is not there yet.
fn set_length(message: &mut [u8], coming: usize) {
    let len = (message.len() - 20 + coming) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ (crc & 1).wrapping_neg() & 0xedb8_8320;
        }
        crc
    })
}
