//! What a publisher sends once it has keys: RTP and RTCP of any content, properly sealed.
//!
//! The input is RFC 4571 frames of plain packets. The first byte of each says whose SSRC is written into it and how
//! much later it comes; the rest is sealed as it is.
#![no_main]

mod peer;

use std::cell::LazyCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::fuzzing::{
    Effect, Exported, Factory, Frames, Peer, Transport, Via, exporting_provider, take_keys,
};
use media::rtp;
use media::srtp::{INDEX_END, Sealer, contexts};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

thread_local! {
    static FACTORY: LazyCell<Factory> = const { LazyCell::new(peer::factory) };
}

fuzz_target!(
    init: peer::expect_fenced_panics(),
    |data: &[u8]| FACTORY.with(|factory| Call::new(factory).send(data))
);

const CLIENT: &str = "198.51.100.1:50000";
const NODE: &str = "192.0.2.1:40000";

/// A publisher and its transport, with DTLS done.
struct Call {
    now: Instant,
    transport: Transport,
    sealer: Sealer,
    /// As the publisher's offer announces them.
    ssrcs: Vec<u32>,
}

impl Call {
    fn new(factory: &Factory) -> Self {
        let mut now = Instant::now();
        let mut client = client(now);
        let mut changes = client.sdp_api();
        for kind in [MediaKind::Audio, MediaKind::Video] {
            changes.add_media(kind, Direction::SendOnly, None, None, None);
        }
        let (offer, pending) = changes.apply().expect("two media were added");
        let offer = offer.to_sdp_string();
        let Ok((mut transport, answer, _)) = factory.publish(now, &offer, None) else {
            panic!("the offer is the library's own");
        };
        let answer = SdpAnswer::from_sdp_string(&answer).expect("an answer");
        client
            .sdp_api()
            .accept_answer(pending, answer)
            .expect("an answer to the offer");
        for _ in 0..200 {
            if let Some(keys) = exchange(now, &mut client, &mut transport) {
                let material = contexts(keys.profile, &keys.material, keys.active);
                let (sealer, _) = material.expect("the keys are of the profile");
                return Call {
                    now,
                    transport,
                    sealer,
                    ssrcs: announced(&offer),
                };
            }
            now += Duration::from_millis(20);
        }
        panic!("no connection within four seconds");
    }

    fn send(mut self, data: &[u8]) {
        let mut frames = Frames::default();
        frames.feed(data);
        let mut buffer = [0; 2048];
        while let Ok(Some(len)) = frames.take(&mut buffer) {
            let Some((how, plain)) = buffer[..len].split_first() else {
                continue;
            };
            let Some(sealed) = self.sealed(*how, plain) else {
                continue;
            };
            self.now += Duration::from_millis(1 << (how >> 4));
            let (peer, local) = addresses();
            self.transport
                .receive(self.now, peer, Some(local.ip()), &sealed);
            let mut said = 0;
            self.transport.drain(self.now, |effect| {
                said += 1;
                if let Effect::Packet(packet) = effect {
                    assert!(packet.payload.len() <= plain.len());
                    assert!(packet.sequence < INDEX_END, "{}", packet.sequence);
                }
            });
            assert!(said < 500, "{said} effects of one packet");
        }
    }

    /// `None` for what cannot be sealed, such as a packet that was sent before.
    fn sealed(&mut self, how: u8, plain: &[u8]) -> Option<Vec<u8>> {
        let mut packet = plain.to_vec();
        let at = if rtp::is_rtcp(plain) { 4 } else { 8 };
        if let Some(ssrc) = self.ssrcs.get(usize::from(how & 0x07)) {
            packet
                .get_mut(at..at + 4)?
                .copy_from_slice(&ssrc.to_be_bytes());
        }
        if rtp::is_rtcp(plain) {
            self.sealer.seal_rtcp(&mut packet).ok()?;
            return Some(packet);
        }
        let header = rtp::Header::parse(&packet).ok()?;
        let (header_len, index) = (header.len, header.sequence.into());
        let stream = self.sealer.stream(header.ssrc).ok()?;
        let body = packet.len() - header_len;
        packet.resize(packet.len() + self.sealer.rtp_overhead(), 0);
        self.sealer
            .seal_rtp(stream, &mut packet, header_len, body, index)
            .ok()?;
        Some(packet)
    }
}

fn client(now: Instant) -> Rtc {
    let config = Rtc::builder()
        .set_crypto_provider(exporting_provider().into())
        .set_rtp_mode(true);
    let mut rtc = config.build(now);
    let address = CLIENT.parse().expect("an address");
    let host = Candidate::host(address, "udp").expect("a host candidate");
    rtc.add_local_candidate(host);
    rtc
}

/// The far end, and our address that it reaches.
fn addresses() -> (Peer, SocketAddr) {
    let addr = CLIENT.parse().expect("an address");
    let via = Via::Udp;
    (Peer { via, addr }, NODE.parse().expect("an address"))
}

/// All that both sides have to say at this moment. Returns the client's keys when both are connected.
fn exchange(now: Instant, client: &mut Rtc, transport: &mut Transport) -> Option<Exported> {
    let (peer, node) = addresses();
    let mut keys = None;
    client
        .handle_input(Input::Timeout(now))
        .expect("time passes");
    while let Ok(output) = client.poll_output() {
        // The slot is shared by the thread: what lies there now is the client's.
        keys = take_keys().or(keys);
        match output {
            Output::Transmit(transmit) => {
                transport.receive(now, peer, Some(node.ip()), &transmit.contents);
            }
            Output::Timeout(_) => break,
            Output::Event(_) => {}
        }
    }
    let mut datagrams = Vec::new();
    transport.elapse(now);
    transport.drain(now, |effect| {
        if let Effect::Datagram { data, .. } = effect {
            datagrams.push(data);
        }
    });
    for data in datagrams {
        let receive = Receive::new(Protocol::Udp, node, peer.addr, &data).expect("of a known kind");
        client
            .handle_input(Input::Receive(now, receive))
            .expect("of a known peer");
    }
    keys
}

fn announced(offer: &str) -> Vec<u32> {
    let lines = offer
        .lines()
        .filter_map(|line| line.strip_prefix("a=ssrc:"));
    let mut ssrcs: Vec<u32> = lines
        .filter_map(|line| line.split(' ').next()?.parse().ok())
        .collect();
    ssrcs.dedup();
    ssrcs
}
