//! One peer connection: ICE-lite, DTLS and SDP, and for publishers RTP ingress and the feedback upstream.
//!
//! The only module that knows `str0m`. What leaves it are datagrams, packets, keys and stages. A subscriber's media
//! does not pass through here: its keys are exported ([`keys`]), and whatever media or reports the library would send
//! to it is withheld, because one key must not be used by two counters.
//!
//! Every call into the library is fenced against panics: what comes from the network must not be able to stop a shard,
//! and the library asserts on a few odd inputs. A panic closes this transport and is counted.

mod candidates;
mod codec;
mod description;
mod fence;
mod keys;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use str0m::change::SdpPendingOffer;
use str0m::crypto::CryptoProvider;
use str0m::crypto::dtls::DtlsCert;
use str0m::media::{KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::rtp::{ExtensionValues, RtpPacket};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, RtcError};

pub use candidates::section;
pub use codec::{Codec, Codecs};
pub use description::{Outgoing, cname};
pub use keys::Exported;
#[cfg(feature = "fuzzing")]
pub use keys::{exporting_provider, take as take_keys};

use crate::api::{Refusal, Withheld};
use crate::net::{Peer, Via};
use crate::rtp::Values;
use crate::srtp::INDEX_END;
use candidates::Told;
use fence::Fence;

/// Audio or video. Also the index of what is kept per medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Audio = 0,
    Video = 1,
}

impl Kind {
    /// Both, in the order of m-sections.
    pub const ALL: [Kind; 2] = [Kind::Audio, Kind::Video];
}

/// Makes transports that share one certificate.
pub struct Factory {
    provider: Arc<CryptoProvider>,
    certificate: DtlsCert,
    addresses: Vec<SocketAddr>,
    /// Of `addresses`.
    version: u64,
    withheld: Vec<Withheld>,
}

/// The certificate could not be made.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no DTLS certificate could be made: the system's randomness or memory is exhausted")]
pub struct NoCertificate;

impl Factory {
    /// With a new certificate (ECDSA, as browsers use).
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn new() -> Result<Self, NoCertificate> {
        let provider = keys::exporting_provider();
        let certificate = provider.dtls_provider.generate_certificate();
        Ok(Self {
            provider: Arc::new(provider),
            certificate: certificate.ok_or(NoCertificate)?,
            addresses: Vec::new(),
            version: 0,
            withheld: Vec::new(),
        })
    }

    /// What transports made from now on advertise, in order of preference.
    pub fn set_addresses(
        &mut self,
        version: u64,
        addresses: impl IntoIterator<Item = IpAddr>,
        port: u16,
    ) {
        self.version = version;
        let addresses = addresses.into_iter();
        self.addresses = addresses.map(|ip| SocketAddr::new(ip, port)).collect();
    }

    /// What descriptions made from now on leave out. Transports are reached there all the same.
    pub fn withhold(&mut self, withheld: Vec<Withheld>) {
        self.withheld = withheld;
    }
}

/// Why a transport whose client shows another certificate than it described is closed.
pub const WRONG_CERTIFICATE: &str =
    "DTLS failed: the client's certificate is not the one of its description";

/// One peer connection.
pub struct Transport {
    rtc: Fence,
    role: Role,
    /// Of its description.
    addresses: Vec<SocketAddr>,
    /// Of the addresses that its client knows of.
    version: u64,
    told: Told,
    connected: bool,
}

enum Role {
    Publisher {
        /// Which medium an SSRC carries. Short: a publisher has one or two.
        sources: Vec<(u32, Kind)>,
    },
    Subscriber {
        offer: Offer,
        media: Vec<Mid>,
    },
}

/// What became of a subscriber's offer.
enum Offer {
    /// No answer yet.
    Pending(SdpPendingOffer),
    /// The answer was taken.
    Answered,
    /// The answer could not be taken; another one cannot be either.
    Spoilt(Refusal),
}

/// What a transport wants done.
pub enum Effect {
    /// To be sent. STUN or DTLS, and for publishers SRTCP.
    Datagram {
        /// Where to.
        peer: Peer,
        /// What.
        data: Vec<u8>,
    },
    /// A packet of the publisher's.
    Packet(Packet),
    /// ICE has a nominated pair, or lost the last one.
    Ice(bool),
    /// DTLS is done.
    Connected,
    /// SRTP keys of a subscriber.
    Keys(Exported),
    /// It does not work.
    Failed(&'static str),
    /// The client ended it.
    Ended(&'static str),
}

/// A decrypted RTP packet of a publisher's.
pub struct Packet {
    /// Audio or video.
    pub kind: Kind,
    /// Of the publisher's main stream; retransmissions are unwrapped.
    pub ssrc: u32,
    /// Extended sequence number.
    pub sequence: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// As the publisher calls the codec.
    pub payload_type: u8,
    /// End of a frame, or start of a talkspurt.
    pub marker: bool,
    /// Extensions that are forwarded.
    pub values: Values,
    /// Without padding.
    pub payload: Arc<[u8]>,
    /// The publisher's last sender report for this SSRC: its clock and the RTP timestamp at that moment.
    pub report: Option<(SystemTime, u32)>,
}

impl Transport {
    /// ICE username fragment by which clients address it.
    pub fn ufrag(&mut self) -> String {
        let creds = self
            .rtc
            .enter(|rtc| rtc.direct_api().local_ice_credentials());
        creds.map(|creds| creds.ufrag).unwrap_or_default()
    }

    /// Version of the addresses that its client was told.
    pub fn addresses_version(&self) -> u64 {
        self.version
    }

    /// The advertised address that stands for `local`, where a datagram arrived: itself if it is advertised, otherwise
    /// the first of its family (one-to-one NAT, or an address that came later), otherwise the first (one of a family
    /// that came later).
    fn advertised(&self, local: Option<IpAddr>) -> Option<SocketAddr> {
        let same = |ip: IpAddr| self.addresses.iter().find(|known| known.ip() == ip);
        let family =
            |ip: IpAddr| (self.addresses.iter()).find(|known| known.is_ipv4() == ip.is_ipv4());
        let found = match local {
            Some(ip) => same(ip).or_else(|| family(ip)),
            None => None,
        };
        found.or_else(|| self.addresses.first()).copied()
    }

    /// Takes a datagram of `peer` that arrived at `local`. False when it was of no use.
    pub fn receive(
        &mut self,
        now: Instant,
        peer: Peer,
        local: Option<IpAddr>,
        data: &[u8],
    ) -> bool {
        let Some(destination) = self.advertised(local) else {
            return false;
        };
        let proto = match peer.via {
            Via::Udp | Via::Relay(_) => Protocol::Udp,
            Via::Tcp => Protocol::Tcp,
        };
        let done = self.rtc.enter(|rtc| {
            let received = Receive::new(proto, peer.addr, destination, data).ok()?;
            rtc.handle_input(Input::Receive(now, received)).ok()
        });
        matches!(done, Some(Some(())))
    }

    /// Lets time pass.
    pub fn elapse(&mut self, now: Instant) {
        self.rtc
            .enter(|rtc| rtc.handle_input(Input::Timeout(now)).ok());
    }

    /// Asks the publisher for a keyframe, if it sends video. [`Transport::drain`] has the packet.
    pub fn request_keyframe(&mut self, now: Instant, ssrc: u32) {
        self.rtc.enter(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_rx(&ssrc.into()) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
            rtc.handle_input(Input::Timeout(now)).ok()
        });
    }

    /// Whether a candidate of the client's is one. It need not be used: an ICE-lite agent answers checks and makes
    /// none, and what is not kept cannot grow.
    pub fn is_candidate(candidate: &str) -> bool {
        let candidate = candidate.trim();
        candidate.len() <= 1024
            && (candidate.is_empty()
                || matches!(
                    std::panic::catch_unwind(|| Candidate::from_sdp_string(candidate)),
                    Ok(Ok(_))
                ))
    }

    /// Hands everything that is to be done to `effect` and returns when it wants to be woken.
    pub fn drain(&mut self, now: Instant, mut effect: impl FnMut(Effect)) -> Option<Instant> {
        let mut timeouts = 0;
        for _ in 0..MOST_OUTPUTS {
            match self.rtc.enter(|rtc| rtc.poll_output()) {
                None => {
                    effect(Effect::Failed("the ICE/DTLS library failed"));
                    return None;
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "transport failed");
                    effect(Effect::Failed(match error {
                        RtcError::RemoteSdp(_) => WRONG_CERTIFICATE,
                        _ => "DTLS failed: the client's handshake is wrong",
                    }));
                    return None;
                }
                Some(Ok(Output::Timeout(at))) if at > now || timeouts == MOST_TIMEOUTS => {
                    self.after_drain(&mut effect);
                    return Some(at.max(now + RETRY));
                }
                Some(Ok(Output::Timeout(_))) => {
                    timeouts += 1;
                    self.elapse(now);
                }
                Some(Ok(Output::Transmit(transmit))) => effect(datagram(transmit)),
                Some(Ok(Output::Event(event))) => self.event(event, &mut effect),
            }
        }
        self.after_drain(&mut effect);
        Some(now + RETRY)
    }

    fn event(&mut self, event: Event, effect: &mut impl FnMut(Effect)) {
        match event {
            Event::RtpPacket(packet) => {
                if let Some(packet) = self.packet(packet) {
                    effect(Effect::Packet(packet));
                }
            }
            Event::IceConnectionStateChange(state) => match state {
                IceConnectionState::Connected | IceConnectionState::Completed => {
                    effect(Effect::Ice(true));
                }
                IceConnectionState::Disconnected => effect(Effect::Ice(false)),
                _ => {}
            },
            Event::Connected => {
                self.connected = true;
                effect(Effect::Connected);
            }
            Event::Closed => effect(Effect::Ended("the client closed DTLS")),
            _ => {}
        }
    }

    /// The keys of this transport must be taken now: the slot they lie in is shared by all of the thread.
    fn after_drain(&mut self, effect: &mut impl FnMut(Effect)) {
        let keys = keys::take();
        if let (Some(keys), Role::Subscriber { .. }) = (keys, &self.role) {
            effect(Effect::Keys(keys));
        }
    }

    fn packet(&mut self, packet: RtpPacket) -> Option<Packet> {
        let ssrc = *packet.header.ssrc;
        // A packet sent a second time that was lost before the first that came: the library counts below zero, and a
        // ring that took this for its newest packet would never take another one.
        let sequence = Some(*packet.seq_no).filter(|sequence| *sequence < INDEX_END)?;
        Some(Packet {
            kind: self.kind_of(ssrc)?,
            ssrc,
            sequence,
            timestamp: packet.header.timestamp,
            payload_type: *packet.header.payload_type,
            marker: packet.header.marker,
            values: forwarded(&packet.header.ext_vals),
            report: packet
                .last_sender_info
                .map(|info| (info.ntp_time, info.rtp_time.numer() as u32)),
            payload: packet.payload,
        })
    }

    fn kind_of(&mut self, ssrc: u32) -> Option<Kind> {
        let Role::Publisher { sources } = &mut self.role else {
            return None;
        };
        if let Some((_, kind)) = sources.iter().find(|(known, _)| *known == ssrc) {
            return Some(*kind);
        }
        let kind = self.rtc.enter(|rtc| {
            let mid = rtc.direct_api().stream_rx(&ssrc.into())?.mid();
            rtc.media(mid).map(|media| kind(media.kind()))
        })??;
        if sources.len() < MOST_SOURCES {
            sources.push((ssrc, kind));
        }
        Some(kind)
    }

    /// Whether a call into the library panicked.
    pub fn panicked(&self) -> bool {
        self.rtc.fell()
    }
}

/// Outputs handled in one [`Transport::drain`]; the rest waits for the next turn of the loop.
const MOST_OUTPUTS: usize = 4096;
/// Deadlines that may have passed at once in one [`Transport::drain`]. One that stays due must not hold up a shard.
const MOST_TIMEOUTS: usize = 4;
/// When to come back at the earliest.
const RETRY: Duration = Duration::from_millis(1);
/// SSRCs remembered of a publisher.
const MOST_SOURCES: usize = 16;

fn kind(kind: MediaKind) -> Kind {
    match kind {
        MediaKind::Audio => Kind::Audio,
        MediaKind::Video => Kind::Video,
    }
}

fn datagram(transmit: Transmit) -> Effect {
    let via = match transmit.proto {
        Protocol::Udp => Via::Udp,
        _ => Via::Tcp,
    };
    let addr = transmit.destination;
    Effect::Datagram {
        peer: Peer { via, addr },
        data: transmit.contents.into(),
    }
}

fn forwarded(values: &ExtensionValues) -> Values {
    let level = values.audio_level.map(|level| level.unsigned_abs() & 0x7f);
    let voice = u8::from(values.voice_activity.unwrap_or(false)) << 7;
    Values {
        audio_level: level.map(|level| voice | level),
        orientation: values
            .video_orientation
            .map(|orientation| orientation as u8),
        ..Values::default()
    }
}
