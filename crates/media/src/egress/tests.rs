//! The way out, for all three ciphers, seen from the far end of the wire.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::net::{Peer, Readiness, Streams, Via, bind};
use crate::rtcp;
use crate::rtp::{self, Mid, Values};
use crate::shard::{Slots, Sockets};
use crate::srtp::Profile;
use crate::transport::{Codecs, Packet};

const AUDIO: (u32, u8) = (0x1111_1111, 111);
const VIDEO: (u32, u8) = (0x2222_2222, 96);
const RTX: (u32, u8) = (0x3333_3333, 97);

/// A subscriber of a stream, and the client at the far end.
struct Setup {
    now: Instant,
    stream: Stream,
    publisher: crate::shard::Key,
    subscriber: Subscriber,
    wire: Wire,
    route: Route,
    far: UdpSocket,
    sealer: Sealer,
    opener: Opener,
}

impl Setup {
    fn new(profile: Profile) -> Self {
        let now = Instant::now();
        let material = vec![7; profile.keying_material_len()];
        let (sealer, opener) = contexts(profile, &material, true).expect("keys fit");
        let keys = Exported {
            material,
            profile,
            active: false,
        };
        let media = [
            outgoing(Kind::Audio, AUDIO.0, None),
            outgoing(Kind::Video, VIDEO.0, Some(RTX.0)),
        ];
        let cname = "stream".to_string();
        let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        far.set_read_timeout(Some(Duration::from_secs(10)))
            .expect("not zero");
        let route = Route {
            peer: Peer {
                via: Via::Udp,
                addr: far.local_addr().expect("bound"),
            },
            local: None,
        };
        let mut slots = Slots::default();
        let publisher = slots.insert(());
        let mut stream = Stream::new("stream".into());
        stream.publish(publisher, codecs());
        Self {
            now,
            stream,
            publisher,
            subscriber: Subscriber::new(now, &keys, &media, cname).expect("keys fit"),
            wire: wire(),
            route,
            far,
            sealer,
            opener,
        }
    }

    fn publish(&mut self, kind: Kind, sequence: u64, payload: &[u8]) {
        let payload_type = match kind {
            Kind::Audio => AUDIO.1,
            Kind::Video => VIDEO.1,
        };
        let packet = Packet {
            kind,
            ssrc: kind as u32,
            sequence,
            timestamp: 3000 * sequence as u32,
            payload_type,
            marker: true,
            values: Values {
                audio_level: (kind == Kind::Audio).then_some(0x85),
                ..Values::default()
            },
            payload: payload.into(),
            report: None,
        };
        let taken = self.stream.take(self.now, self.publisher, packet);
        assert!(taken.is_ok());
    }

    fn forward(&mut self) {
        let (stream, wire) = (&self.stream, &mut self.wire);
        self.subscriber.forward(self.now, stream, self.route, wire);
        self.stream.fresh.clear();
        self.wire.flush();
    }

    /// The next packet at the far end, opened: SSRC, sequence number, payload type, payload.
    fn receive(&mut self) -> (u32, u16, u8, Vec<u8>) {
        let mut buffer = vec![0; 2048];
        let len = self.far.recv(&mut buffer).expect("a packet comes");
        buffer.truncate(len);
        let opened = self.opener.open_rtp(&mut buffer).expect("authentic");
        let header = rtp::Header::parse(&buffer).expect("a header");
        let (ssrc, sequence, kind) = (header.ssrc, header.sequence, header.payload_type);
        (ssrc, sequence, kind, buffer[opened.body].to_vec())
    }

    /// Feedback of the far end.
    fn feed_back(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Asked {
        let mut packet = Vec::new();
        write(&mut packet);
        self.sealer.seal_rtcp(&mut packet).expect("sealed");
        self.hand_in(packet)
    }

    fn hand_in(&mut self, mut packet: Vec<u8>) -> Asked {
        let (stream, wire) = (&self.stream, &mut self.wire);
        let subscriber = &mut self.subscriber;
        let asked = subscriber.receive(self.now, stream, &mut packet, self.route, wire);
        self.wire.flush();
        asked
    }
}

fn codecs() -> Codecs {
    Codecs::opus_and_vp8(AUDIO.1, VIDEO.1, RTX.1)
}

fn outgoing(kind: Kind, ssrc: u32, rtx: Option<u32>) -> Outgoing {
    Outgoing {
        kind,
        mid: Mid::new("0").ok(),
        ssrc,
        rtx,
        codecs: codecs().of(kind),
        extensions: Default::default(),
    }
}

fn wire() -> Wire {
    let (udp, tcp, port) = bind(&(0..=0)).expect("a port is free");
    let readiness = Readiness::new().expect("epoll");
    let tcp = Streams::new(tcp, 0).expect("a listener");
    let sockets = Sockets::alone(udp, tcp, port, Arc::default());
    Wire::new(sockets, readiness, Arc::default())
}

#[test]
fn every_cipher_carries_both_media_and_a_retransmission() {
    for profile in [
        Profile::Aes128CmHmacSha1_80,
        Profile::AeadAes128Gcm,
        Profile::AeadAes256Gcm,
    ] {
        let mut setup = Setup::new(profile);
        setup.publish(Kind::Audio, 1, &[1; 80]);
        setup.publish(Kind::Video, 1, &[2; 1000]);
        setup.publish(Kind::Video, 2, &[3; 1000]);
        setup.forward();
        let (ssrc, _, payload_type, payload) = setup.receive();
        assert_eq!((ssrc, payload_type), AUDIO);
        assert_eq!(payload, [1; 80]);
        let (ssrc, first, payload_type, payload) = setup.receive();
        assert_eq!((ssrc, payload_type), VIDEO);
        assert_eq!(payload, [2; 1000]);
        let (.., payload) = setup.receive();
        assert_eq!(payload, [3; 1000]);

        setup.feed_back(|out| rtcp::nack(out, 1, VIDEO.0, [first]));
        let (ssrc, _, payload_type, payload) = setup.receive();
        assert_eq!((ssrc, payload_type), RTX, "{profile:?}");
        assert_eq!(payload[..2], first.to_be_bytes());
        assert_eq!(payload[2..], [2; 1000]);
    }
}

#[test]
fn equal_packets_leave_as_one_message() {
    let mut setup = Setup::new(Profile::AeadAes256Gcm);
    (1..=30).for_each(|sequence| setup.publish(Kind::Video, sequence, &[4; 1000]));
    setup.forward();
    let totals = setup.wire.counters.totals();
    assert_eq!(totals.rtp_out, 30);
    // As few as the longest run allows.
    assert_eq!((totals.udp_messages, totals.udp_out), (2, 30));
}

#[test]
fn keyframe_is_asked_for_by_pli_and_fir_of_its_own_video_only() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    assert!(!setup.feed_back(|out| rtcp::pli(out, 1, AUDIO.0)).keyframe);
    assert!(setup.feed_back(|out| rtcp::pli(out, 1, VIDEO.0)).keyframe);
    assert!(!setup.feed_back(|out| rtcp::fir(out, 1, 77, 0)).keyframe);
    assert!(
        setup
            .feed_back(|out| rtcp::fir(out, 1, VIDEO.0, 0))
            .keyframe
    );
}

#[test]
fn feedback_that_is_cut_short_is_counted() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    let mut whole = Vec::new();
    rtcp::pli(&mut whole, 1, VIDEO.0);
    for len in 8..whole.len() {
        let asked = setup.feed_back(|out| out.extend_from_slice(&whole[..len]));
        assert_eq!(asked, Asked::default());
    }
    let cut = (whole.len() - 8) as u64;
    let totals = setup.wire.counters.totals();
    assert_eq!((totals.rtcp_in, totals.rtcp_in_malformed), (cut, cut));
}

#[test]
fn feedback_that_is_forged_or_replayed_is_counted() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    let mut packet = Vec::new();
    rtcp::pli(&mut packet, 1, VIDEO.0);
    setup.sealer.seal_rtcp(&mut packet).expect("sealed");
    assert!(setup.hand_in(packet.clone()).keyframe);
    assert!(!setup.hand_in(packet.clone()).keyframe);
    packet[9] ^= 1;
    assert!(!setup.hand_in(packet).keyframe);
    let totals = setup.wire.counters.totals();
    assert_eq!((totals.rtcp_in, totals.rtcp_in_unauthenticated), (1, 2));
}

#[test]
fn nacks_have_their_limits() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    (1..=3).for_each(|sequence| setup.publish(Kind::Video, sequence, &[5; 500]));
    setup.publish(Kind::Audio, 1, &[6; 80]);
    setup.forward();
    let video: Vec<u16> = (0..3).map(|_| setup.receive().1).collect();
    let (_, audio, ..) = setup.receive();
    // Known, at once again, never sent, and of a medium without retransmissions.
    setup.feed_back(|out| rtcp::nack(out, 1, VIDEO.0, [video[0]]));
    setup.feed_back(|out| rtcp::nack(out, 1, VIDEO.0, [video[0]]));
    setup.feed_back(|out| rtcp::nack(out, 1, VIDEO.0, [video[2].wrapping_add(1)]));
    setup.feed_back(|out| rtcp::nack(out, 1, AUDIO.0, [audio]));
    let totals = setup.wire.counters.totals();
    assert_eq!((totals.nack_asked, totals.nack_answered), (4, 1));
    assert_eq!((totals.nack_gone, totals.nack_refused), (1, 2));
    // However often it is asked, a flood of requests costs no more than the budget.
    for _ in 0..200 {
        setup.now += Duration::from_millis(60);
        setup.feed_back(|out| rtcp::nack(out, 1, VIDEO.0, video.clone()));
    }
    let answered = setup.wire.counters.totals().nack_answered;
    assert!(answered <= 15, "{answered} copies of 3 packets");
}

#[test]
fn one_datagram_cannot_name_thousands() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    setup.publish(Kind::Video, 1, &[5; 500]);
    setup.forward();
    setup.feed_back(|out| (0..4).for_each(|_| rtcp::nack(out, 1, VIDEO.0, 0..200)));
    assert_eq!(setup.wire.counters.totals().nack_asked, 256);
}

#[test]
fn packet_that_fits_no_datagram_is_counted() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    setup.publish(Kind::Video, 1, &[1; 2040]);
    setup.publish(Kind::Video, 2, &[2; 100]);
    setup.forward();
    assert_eq!(setup.receive().3, [2; 100]);
    let totals = setup.wire.counters.totals();
    assert_eq!((totals.rtp_out, totals.rtp_out_size), (1, 1));
}

#[test]
fn codec_that_was_not_negotiated_is_counted() {
    let mut setup = Setup::new(Profile::AeadAes128Gcm);
    setup.stream.publish(setup.publisher, Codecs::default());
    setup.publish(Kind::Video, 1, &[1; 100]);
    setup.forward();
    let totals = setup.wire.counters.totals();
    assert_eq!((totals.rtp_out, totals.rtp_out_codec), (0, 1));
}
