//! SDP: answers to publishers, offers to subscribers.

use std::panic::catch_unwind;
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer};
use str0m::media::{Direction, MediaKind};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Rtc, RtcConfig};

use super::candidates::{self, Told};
use super::fence::Fence;
use super::{Codec, Codecs, Factory, Kind, Offer, Role, Transport, codec, kind};
use crate::api::{Protocol, Refusal, VideoCodec, Withheld};
use crate::rtp::{ExtensionIds, Mid};

/// Longest SDP that is read, in bytes. Browsers' have 3 to 15 KB.
const LONGEST: usize = 128 << 10;
/// Most m-sections that are read.
const MOST_SECTIONS: usize = 32;

/// Header extensions offered to subscribers. Fixed, so that headers can be prepared.
const OFFERED: ExtensionIds = ExtensionIds {
    audio_level: Some(1),
    orientation: Some(13),
    playout_delay: None,
    abs_send_time: None,
    transport_cc: None,
    mid: Some(4),
};

/// A subscriber's side of an SDP offer.
pub struct Offered {
    /// The transport.
    pub transport: Transport,
    /// SDP.
    pub sdp: String,
}

/// What a subscriber accepted of one medium.
pub struct Outgoing {
    /// Audio or video.
    pub kind: Kind,
    /// For the mid extension.
    pub mid: Option<Mid>,
    /// As announced.
    pub ssrc: u32,
    /// As announced, if retransmissions were negotiated.
    pub rtx: Option<u32>,
    /// By the subscriber's payload types.
    pub codecs: Codecs,
    /// Extensions that it understands.
    pub extensions: ExtensionIds,
}

impl Factory {
    fn config(&self) -> RtcConfig {
        Rtc::builder()
            .set_crypto_provider(self.provider.clone())
            .set_dtls_cert(self.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
    }

    fn build(&self, config: RtcConfig, now: Instant) -> Result<Rtc, Refusal> {
        if self.addresses.is_empty() {
            return Err(Refusal::Unavailable(
                "the node has no address to advertise: configure one or wait until it is found"
                    .into(),
            ));
        }
        let mut rtc = config.build(now);
        for candidate in candidates::first(&self.addresses) {
            rtc.add_local_candidate(candidate);
        }
        Ok(rtc)
    }

    /// Answers a publisher's `offer`. Also returns what it may send.
    ///
    /// # Errors
    /// When the offer is not SDP as WebRTC has it, or has no codec that is wanted.
    pub fn publish(
        &self,
        now: Instant,
        offer: &str,
        forced: Option<VideoCodec>,
    ) -> Result<(Transport, String, Codecs), Refusal> {
        bounded(offer, "offer")?;
        let config = codec::enable(self.config(), forced);
        let mut rtc = Fence::new(self.build(config, now)?);
        let answer = rtc.enter(|rtc| {
            let offer = SdpOffer::from_sdp_string(offer).map_err(|error| error.to_string())?;
            let answer = rtc.sdp_api().accept_offer(offer);
            answer.map_err(|error| error.to_string())
        });
        let answer = taken(answer, "offer")?.to_sdp_string();
        let codecs = rtc.enter(|rtc| incoming(rtc, offer, forced));
        let codecs = codecs.unwrap_or_else(|| Err(odd("offer")))?;
        let answer = without(receive_only(&answer), &self.withheld);
        let transport = self.transport(
            rtc,
            Role::Publisher {
                sources: Vec::new(),
            },
        );
        Ok((transport, answer, codecs))
    }

    /// Offers to send `kinds` of `stream`, in the codecs of its publisher.
    ///
    /// # Errors
    /// When nothing is asked for, or the node has no address.
    pub fn subscribe(
        &self,
        now: Instant,
        stream: &str,
        kinds: &[Kind],
        codecs: &Codecs,
    ) -> Result<Offered, Refusal> {
        let config = codec::offer(self.config(), codecs).set_extension_map(extension_map());
        let mut rtc = self.build(config, now)?;
        let mut changes = rtc.sdp_api();
        let mut media = Vec::new();
        for kind in kinds {
            let (library, name) = match kind {
                Kind::Audio => (MediaKind::Audio, "audio"),
                Kind::Video => (MediaKind::Video, "video"),
            };
            let track = format!("{stream}-{name}");
            let direction = Direction::SendOnly;
            let mid = changes.add_media(library, direction, Some(stream.into()), Some(track), None);
            media.push(mid);
        }
        let (offer, pending) = changes.apply().ok_or_else(|| {
            Refusal::Sdp("expected audio or video to be asked for, got neither".into())
        })?;
        let role = Role::Subscriber {
            offer: Offer::Pending(pending),
            media,
        };
        Ok(Offered {
            transport: self.transport(Fence::new(rtc), role),
            sdp: without(send_only(&offer.to_sdp_string(), stream), &self.withheld),
        })
    }

    fn transport(&self, rtc: Fence, role: Role) -> Transport {
        Transport {
            rtc,
            role,
            addresses: self.addresses.clone(),
            version: self.version,
            told: Told::described(&self.addresses),
            connected: false,
        }
    }
}

impl Transport {
    /// Takes the subscriber's answer. What it accepted is returned; media that it refused are left out. `None` when
    /// an answer was taken before.
    ///
    /// # Errors
    /// When the answer is not one to our offer.
    pub fn accept(&mut self, answer: &str) -> Result<Option<Vec<Outgoing>>, Refusal> {
        let Role::Subscriber { offer, media } = &mut self.role else {
            return Err(Refusal::Sdp(
                "expected no answer: the publisher offers, and its transport has been answered"
                    .into(),
            ));
        };
        bounded(answer, "answer")?;
        match offer {
            Offer::Answered => return Ok(None),
            Offer::Spoilt(refusal) => return Err(refusal.clone()),
            Offer::Pending(_) => {}
        }
        let parsed = catch_unwind(|| SdpAnswer::from_sdp_string(answer));
        let parsed = parsed.map(|parsed| parsed.map_err(|error| error.to_string()));
        let parsed = taken(parsed.ok(), "answer")?;
        let Offer::Pending(pending) = std::mem::replace(offer, Offer::Answered) else {
            return Ok(None);
        };
        let done = self.rtc.enter(|rtc| {
            let done = rtc.sdp_api().accept_answer(pending, parsed);
            done.map_err(|error| error.to_string())
        });
        let done = taken(done, "answer").and_then(|()| {
            let accepted = |rtc: &mut Rtc| {
                let media = media.iter();
                media.filter_map(|mid| outgoing(rtc, *mid)).collect()
            };
            self.rtc.enter(accepted).ok_or_else(|| odd("answer"))
        });
        if let Err(refusal) = &done {
            *offer = Offer::Spoilt(refusal.clone());
        }
        done.map(Some)
    }
}

fn bounded(sdp: &str, what: &str) -> Result<(), Refusal> {
    if sdp.len() > LONGEST {
        let got = sdp.len();
        return Err(Refusal::Sdp(format!(
            "expected an {what} of at most {LONGEST} bytes, got {got}"
        )));
    }
    let sections = sdp.matches("\nm=").count();
    if sections > MOST_SECTIONS {
        return Err(Refusal::Sdp(format!(
            "expected an {what} with at most {MOST_SECTIONS} m-sections, got {sections}"
        )));
    }
    Ok(())
}

/// What a fenced SDP call brought.
fn taken<T>(done: Option<Result<T, String>>, what: &str) -> Result<T, Refusal> {
    match done {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(Refusal::Sdp(format!("the {what} cannot be used: {error}"))),
        None => Err(odd(what)),
    }
}

fn odd(what: &str) -> Refusal {
    Refusal::Sdp(format!(
        "the {what} contradicts itself (payload types or mids used twice?)"
    ))
}

/// What a publisher may send of what is in its `offer`, or which codec is missing.
fn incoming(rtc: &Rtc, offer: &str, forced: Option<VideoCodec>) -> Result<Codecs, Refusal> {
    let config = rtc.codec_config();
    let mut codecs = Vec::new();
    for mid in wanted_mids(offer) {
        let Some(media) = rtc.media(mid.into()) else {
            continue;
        };
        let kind = kind(media.kind());
        let accepted = config.params().iter().filter(|codec| {
            Codec(**codec).kind() == kind && media.remote_pts().contains(&codec.pt())
        });
        let before = codecs.len();
        codecs.extend(accepted.copied());
        if codecs.len() == before {
            let wanted = match (kind, forced) {
                (Kind::Audio, _) => "opus",
                (Kind::Video, Some(forced)) => codec::name(forced),
                (Kind::Video, None) => "VP8, VP9, H264 or AV1",
            };
            return Err(Refusal::CodecImpossible(format!(
                "expected {wanted} among the codecs of m-section {mid}, and it is not there"
            )));
        }
    }
    codecs.sort_by_key(|codec| *codec.pt());
    codecs.dedup_by_key(|codec| *codec.pt());
    let order = |pt| config.params().iter().position(|codec| codec.pt() == pt);
    codecs.sort_by_key(|codec| order(codec.pt()));
    Ok(Codecs::new(codecs))
}

/// The mids of the m-sections by which an offer wants to send: neither rejected (port 0 and not bundled, RFC 8843
/// section 7.2) nor inactive nor only receiving.
fn wanted_mids(offer: &str) -> impl Iterator<Item = &str> {
    let sections = offer.split("\nm=").skip(1);
    sections.filter_map(|section| {
        let has = |line: &str| section.lines().any(|known| known == line);
        let rejected = section.split(' ').nth(1) == Some("0") && !has("a=bundle-only");
        if rejected || has("a=inactive") || has("a=recvonly") {
            return None;
        }
        section.lines().find_map(|line| line.strip_prefix("a=mid:"))
    })
}

/// What the subscriber accepted of one m-section. `None` if nothing.
fn outgoing(rtc: &mut Rtc, mid: str0m::media::Mid) -> Option<Outgoing> {
    let media = rtc.media(mid)?;
    if media.disabled() || !media.direction().is_sending() {
        return None;
    }
    let kind = kind(media.kind());
    let pts = media.remote_pts().to_vec();
    let extensions = accepted(media.remote_extmap());
    let codecs = rtc.codec_config().params().iter().copied();
    let codecs = codecs.filter(|codec| Codec(*codec).kind() == kind && pts.contains(&codec.pt()));
    let codecs = Codecs::new(codecs);
    let mut api = rtc.direct_api();
    let stream = api.stream_tx_by_mid(mid, None)?;
    Some(Outgoing {
        kind,
        mid: Mid::new(&mid.to_string()).ok(),
        ssrc: *stream.ssrc(),
        rtx: stream.rtx().map(|rtx| *rtx),
        codecs,
        extensions,
    })
}

fn extension_map() -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    let offered = [
        (OFFERED.audio_level, Extension::AudioLevel),
        (OFFERED.orientation, Extension::VideoOrientation),
        (OFFERED.mid, Extension::RtpMid),
    ];
    for (id, extension) in offered {
        if let Some(id) = id {
            map.set(id, extension);
        }
    }
    map
}

fn accepted(map: &ExtensionMap) -> ExtensionIds {
    ExtensionIds {
        audio_level: map.id_of(Extension::AudioLevel),
        orientation: map.id_of(Extension::VideoOrientation),
        mid: map.id_of(Extension::RtpMid),
        ..ExtensionIds::default()
    }
}

/// A description without the candidates that are withheld; with all of them, if none would be left.
fn without(sdp: String, withheld: &[Withheld]) -> String {
    if withheld.is_empty() {
        return sdp;
    }
    let mut left = false;
    let told = lines(&sdp, |line| {
        let candidate = line.starts_with("a=candidate:");
        if candidate && withheld.iter().any(|it| names(line, it)) {
            return None;
        }
        left |= candidate;
        Some(line.into())
    });
    if left { told } else { sdp }
}

/// Candidates without those that are withheld; all of them, if none would be left.
pub(super) fn told(candidates: Vec<String>, withheld: &[Withheld]) -> Vec<String> {
    let is_told = |line: &&String| !withheld.iter().any(|it| names(line, it));
    let told: Vec<String> = candidates.iter().filter(is_told).cloned().collect();
    if told.is_empty() { candidates } else { told }
}

/// Whether a candidate line (RFC 8839 section 5.1) is of this address and protocol.
fn names(line: &str, withheld: &Withheld) -> bool {
    let mut words = line.split_ascii_whitespace().skip(2);
    let protocol = match withheld.protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
    };
    let same = words
        .next()
        .is_some_and(|it| it.eq_ignore_ascii_case(protocol));
    let ip = words.nth(1).and_then(|ip| ip.parse().ok());
    same && ip == Some(withheld.ip)
}

/// The answer to a publisher that offered to receive too: we send nothing to it.
fn receive_only(answer: &str) -> String {
    let sending = ["a=ssrc:", "a=ssrc-group:", "a=msid:"];
    lines(answer, |line| match line {
        "a=sendrecv" => Some("a=recvonly".into()),
        "a=sendonly" => Some("a=inactive".into()),
        line if sending.iter().any(|prefix| line.starts_with(prefix)) => None,
        line => Some(line.into()),
    })
}

/// The offer to a subscriber: one CNAME for all media of the stream, so that they are played in step (RFC 3550 section
/// 6.5.1), and no feedback asked for that nobody would read.
fn send_only(offer: &str, stream: &str) -> String {
    let cname = cname(stream);
    lines(offer, |line| {
        let unread = line.starts_with("a=rtcp-fb:")
            && (line.ends_with(" transport-cc") || line.ends_with(" goog-remb"));
        if unread {
            return None;
        }
        match line
            .strip_prefix("a=ssrc:")
            .and_then(|rest| rest.split_once(' '))
        {
            Some((ssrc, attribute)) if attribute.starts_with("cname:") => {
                Some(format!("a=ssrc:{ssrc} cname:{cname}"))
            }
            _ => Some(line.into()),
        }
    })
}

/// The CNAME of all media of `stream`.
pub fn cname(stream: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
    let name: String = stream.chars().filter(plain).take(64).collect();
    if name.is_empty() {
        return "stream".into();
    }
    name
}

fn lines(sdp: &str, mut edit: impl FnMut(&str) -> Option<String>) -> String {
    let mut edited = String::with_capacity(sdp.len());
    for line in sdp.lines().filter_map(&mut edit) {
        edited.push_str(&line);
        edited.push_str("\r\n");
    }
    edited
}
