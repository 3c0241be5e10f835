//! One peer connection of the synthetic client's: ICE, DTLS and SRTP over one channel, by `str0m`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reachability::{Failed, Protocol, Stage};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol as Carrier, Receive, TcpType};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use crate::fence::Fence;

/// Longest SDP that is read, in bytes. A node's has about 2 KB.
const LONGEST: usize = 64 << 10;
/// Candidates that are read.
const MOST_CANDIDATES: usize = 64;
/// Outputs taken from the library in one turn, so that none can last for ever.
const MOST_OUTPUTS: usize = 256;
/// The library is not woken more often.
const RETRY: Duration = Duration::from_millis(1);
/// First byte of DTLS (RFC 7983).
const DTLS: std::ops::RangeInclusive<u8> = 20..=63;

/// A client's end of one transport.
pub struct Peer {
    rtc: Fence,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    way: Option<Way>,
    /// When there was a way to go.
    begun: Instant,
    ice: Option<Instant>,
    connected: Option<Instant>,
    /// A DTLS datagram came.
    heard: bool,
    wake: Instant,
}

/// The one pair of addresses.
#[derive(Clone, Copy, Debug)]
struct Way {
    protocol: Protocol,
    local: SocketAddr,
    remote: SocketAddr,
}

/// What a peer wants.
pub enum Turn {
    /// To be sent on its channel.
    Send(Vec<u8>),
    /// This came, decrypted.
    Packet(Vec<u8>),
    /// To be polled again at [`Peer::wake`].
    Wait,
    /// It never will be connected.
    Failed(Failed),
}

impl Peer {
    /// One that will send audio, and its offer. `None` when the library fails.
    pub fn publisher(now: Instant) -> Option<(Self, String)> {
        let mut peer = Self::new(now);
        let (mid, offer, pending) = peer.rtc.enter(|rtc| {
            let mut changes = rtc.sdp_api();
            let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
            let (offer, pending) = changes.apply()?;
            Some((mid, offer, pending))
        })??;
        peer.mid = Some(mid);
        peer.pending = Some(pending);
        Some((peer, offer.to_sdp_string()))
    }

    /// One that takes what is offered, and its answer; also the ports that the offer names.
    pub fn subscriber(
        now: Instant,
        offer: &str,
    ) -> Result<(Self, String, Vec<SocketAddr>), Failed> {
        let mut peer = Self::new(now);
        let (candidates, offer) = split(offer, "offer")?;
        let answer = peer.rtc.enter(|rtc| {
            let offer = SdpOffer::from_sdp_string(&offer).map_err(|error| error.to_string())?;
            let answer = rtc.sdp_api().accept_offer(offer);
            answer.map_err(|error| error.to_string())
        });
        match answer {
            Some(Ok(answer)) => Ok((peer, answer.to_sdp_string(), candidates)),
            Some(Err(reason)) => Err(unusable("offer", reason)),
            None => Err(unusable("offer", "the library failed on it".to_owned())),
        }
    }

    fn new(now: Instant) -> Self {
        // One audio section is what any node can answer and what costs it least.
        let config = Rtc::builder().clear_codecs().enable_opus(true, false);
        Self {
            rtc: Fence::new(config.set_rtp_mode(true).build(now)),
            pending: None,
            mid: None,
            way: None,
            begun: now,
            ice: None,
            connected: None,
            heard: false,
            wake: now,
        }
    }

    /// Takes the node's answer to the offer, and returns where it says that its transport is.
    pub fn answered(&mut self, now: Instant, answer: &str) -> Result<Vec<SocketAddr>, Failed> {
        let (candidates, answer) = split(answer, "answer")?;
        let pending = self.pending.take();
        let taken = self.rtc.enter(|rtc| {
            let pending = pending.ok_or("a second answer")?;
            let answer = SdpAnswer::from_sdp_string(&answer).map_err(|error| error.to_string())?;
            let accepted = rtc.sdp_api().accept_answer(pending, answer);
            accepted.map_err(|error| error.to_string())
        });
        self.wake = now;
        match taken {
            Some(Ok(())) => Ok(candidates),
            Some(Err(reason)) => Err(unusable("answer", reason)),
            None => Err(unusable("answer", "the library failed on it".to_owned())),
        }
    }

    /// From now on it connects, from our address to theirs.
    pub fn route(
        &mut self,
        now: Instant,
        protocol: Protocol,
        local: SocketAddr,
        remote: SocketAddr,
    ) {
        (self.begun, self.wake) = (now, now);
        self.way = Some(Way {
            protocol,
            local,
            remote,
        });
        self.rtc.enter(|rtc| {
            let (ours, theirs) = match protocol {
                Protocol::Tcp => (tcp(local, TcpType::Active), tcp(remote, TcpType::Passive)),
                _ => (
                    Candidate::host(local, "udp").ok(),
                    Candidate::host(remote, "udp").ok(),
                ),
            };
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                rtc.add_local_candidate(ours);
                rtc.add_remote_candidate(theirs);
            }
        });
    }

    /// Takes a packet that came on its channel.
    pub fn receive(&mut self, now: Instant, packet: &[u8]) {
        let Some(way) = self.way else {
            return;
        };
        self.heard |= packet.first().is_some_and(|byte| DTLS.contains(byte));
        let carrier = match way.protocol {
            Protocol::Tcp => Carrier::Tcp,
            _ => Carrier::Udp,
        };
        self.rtc.enter(|rtc| {
            // What the library cannot read is dropped, as a browser does.
            let received = Receive::new(carrier, way.remote, way.local, packet).ok()?;
            rtc.handle_input(Input::Receive(now, received)).ok()
        });
        self.wake = now;
    }

    /// Sends media.
    pub fn send(&mut self, now: Instant, number: u32, payload: Vec<u8>) {
        let Some(mid) = self.mid else {
            return;
        };
        let time = number.wrapping_mul(960);
        self.rtc.enter(|rtc| {
            let pt = rtc.codec_config().params().first()?.pt();
            let mut api = rtc.direct_api();
            let stream = api.stream_tx_by_mid(mid, None)?;
            let sequence = u64::from(number).into();
            stream.write_rtp(RtpWrite::new(pt, sequence, time, now, payload).marker(true));
            Some(())
        });
        self.wake = now;
    }

    /// When [`Peer::poll`] has something to do.
    pub fn wake(&self) -> Instant {
        self.wake
    }

    /// When DTLS was done.
    pub fn connected(&self) -> Option<Instant> {
        self.connected
    }

    /// How long ICE took from the moment that there was a way, and then DTLS.
    pub fn took(&self) -> (Duration, Duration) {
        let ice = self.ice.unwrap_or(self.begun);
        let connected = self.connected.unwrap_or(ice);
        (ice - self.begun, connected.saturating_duration_since(ice))
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Turn {
        if now < self.wake {
            return Turn::Wait;
        }
        self.rtc
            .enter(|rtc| rtc.handle_input(Input::Timeout(now)).ok());
        for _ in 0..MOST_OUTPUTS {
            match self.rtc.enter(Rtc::poll_output) {
                None => return Turn::Failed(self.failed("the ICE and DTLS library failed")),
                Some(Err(error)) => {
                    return Turn::Failed(self.failed(&format!("it failed: {error}")));
                }
                Some(Ok(Output::Timeout(at))) => {
                    self.wake = at.max(now + RETRY);
                    return Turn::Wait;
                }
                Some(Ok(Output::Transmit(transmit))) => {
                    return Turn::Send(transmit.contents.to_vec());
                }
                Some(Ok(Output::Event(event))) => {
                    if let Some(turn) = self.event(now, event) {
                        return turn;
                    }
                }
            }
        }
        self.wake = now + RETRY;
        Turn::Wait
    }

    fn event(&mut self, now: Instant, event: Event) -> Option<Turn> {
        match event {
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) => {
                self.ice.get_or_insert(now);
                None
            }
            Event::Connected => {
                self.connected.get_or_insert(now);
                None
            }
            Event::RtpPacket(packet) => Some(Turn::Packet(packet.payload.to_vec())),
            Event::Closed => Some(Turn::Failed(self.failed("the node closed it"))),
            _ => None,
        }
    }

    /// How far it is, should it end now.
    pub fn given_up(&self, now: Instant) -> Failed {
        self.failed(&format!(
            "it was not done after {:.1} s",
            (now - self.begun).as_secs_f64()
        ))
    }

    fn failed(&self, what: &str) -> Failed {
        let with = self.way.map_or_else(String::new, |way| {
            format!(" with {} {}", way.protocol, way.remote)
        });
        let (stage, reason, hint) = if self.ice.is_none() {
            (
                Stage::Ice,
                format!("ICE did not connect{with}: {what}"),
                "plain STUN is answered there, but not for this node's transport, so the address may be another machine's",
            )
        } else if self.connected.is_some() {
            (
                Stage::Srtp,
                format!("the transport{with} ended: {what}"),
                "",
            )
        } else if self.heard {
            (
                Stage::Dtls,
                format!(
                    "ICE connected, but DTLS did not{with}: {what}, and a part of the handshake came back"
                ),
                "large datagrams may be lost on the way: see whether its MTU is below 1200 bytes",
            )
        } else {
            (
                Stage::Dtls,
                format!(
                    "ICE connected, but DTLS did not{with}: {what}, and nothing of the handshake came back"
                ),
                "a firewall may let STUN through and drop DTLS",
            )
        };
        Failed {
            stage,
            reason,
            hint: hint.to_owned(),
        }
    }
}

fn tcp(at: SocketAddr, kind: TcpType) -> Option<Candidate> {
    let candidate = Candidate::builder().tcp().host(at).tcptype(kind);
    candidate.build().ok()
}

fn unusable(what: &str, reason: String) -> Failed {
    Failed {
        stage: Stage::Description,
        reason: format!("the node's SDP {what} cannot be used: {reason}"),
        hint: "node and master may be of different versions".to_owned(),
    }
}

/// The candidates of a description, and the rest of it.
fn split(sdp: &str, what: &str) -> Result<(Vec<SocketAddr>, String), Failed> {
    if sdp.len() > LONGEST {
        let got = sdp.len();
        let reason = format!("expected at most {LONGEST} bytes, got {got} bytes");
        return Err(unusable(what, reason));
    }
    let (candidates, rest): (Vec<&str>, Vec<&str>) = sdp
        .lines()
        .partition(|line| line.starts_with("a=candidate:"));
    let candidates = candidates.iter().take(MOST_CANDIDATES);
    // The library may assert on odd text.
    let known =
        std::panic::catch_unwind(|| candidates.filter_map(|line| candidate(line)).collect());
    let mut known: Vec<SocketAddr> =
        known.map_err(|_| unusable(what, "a candidate is malformed".to_owned()))?;
    // UDP and TCP share their port.
    known.dedup();
    let rest = rest.iter().flat_map(|line| [line, "\r\n"]).collect();
    Ok((known, rest))
}

/// The address of an `a=candidate` line.
fn candidate(line: &str) -> Option<SocketAddr> {
    let text = line.strip_prefix("a=")?.trim();
    Some(Candidate::from_sdp_string(text).ok()?.addr())
}
