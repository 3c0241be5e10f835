//! One medium on its way to one subscriber.

use std::time::{Duration, Instant};

use crate::rewrite::{Rewriter, Seed};
use crate::rtcp::{NtpTime, SenderInfo, sender_report};
use crate::rtp::{Fields, PayloadTypes, RtxSequence, Template, Values, encapsulate};
use crate::srtp::{Sealer, Stream as Sealed};
use crate::stream::Track;
use crate::track::{Resend, ResendLimits, ResendPolicy};
use crate::transport::{Codecs, Outgoing, Packet};

/// Packets that carry the mid, until the peer must have seen one.
const WITH_MID: u8 = 25;

/// An outgoing SSRC, and the one of its retransmissions.
pub struct Leg {
    template: Template,
    stream: Sealed,
    clock_rate: u32,
    codecs: Codecs,
    /// From the publisher's payload types to the subscriber's.
    types: PayloadTypes,
    rtx: Option<Rtx>,
    rewriter: Rewriter,
    policy: ResendPolicy,
    /// Of the track, whose numbers the rewriter knows.
    pub generation: Option<u64>,
    packets: u32,
    octets: u32,
    with_mid: u8,
}

struct Rtx {
    template: Template,
    stream: Sealed,
    sequence: RtxSequence,
    /// From the subscriber's payload types to those of their retransmissions.
    types: PayloadTypes,
}

/// Why a packet was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The subscriber did not negotiate it.
    Codec,
    /// It does not fit a datagram.
    Size,
    /// It is from before the subscriber joined.
    Early,
    /// The sealer refused: the index was used.
    Sealer,
    /// Asked for again, but no longer there.
    Gone,
    /// Asked for again, but over budget or without RTX.
    Refused,
}

impl Leg {
    /// `None` when nothing of the medium was accepted, or the sealer has no room for its SSRCs.
    pub fn new(now: Instant, media: &Outgoing, sealer: &mut Sealer) -> Option<Self> {
        let clock_rate = media.codecs.iter().next()?.clock_rate();
        let template = Template::new(media.ssrc, media.extensions, media.mid);
        Some(Self {
            stream: sealer.stream(media.ssrc).ok()?,
            rtx: Rtx::new(media, sealer),
            rewriter: Rewriter::new(seed(), clock_rate),
            policy: ResendPolicy::new(ResendLimits::default(), now),
            codecs: media.codecs.clone(),
            types: PayloadTypes::default(),
            generation: None,
            packets: 0,
            octets: 0,
            with_mid: WITH_MID,
            clock_rate,
            template,
        })
    }

    /// Of what it sends.
    pub fn ssrc(&self) -> u32 {
        self.template.ssrc()
    }

    /// Packets, and bytes of their payload, that were sent.
    pub fn sent(&self) -> (u32, u32) {
        (self.packets, self.octets)
    }

    /// Takes a measured round trip, in 1/65536 s.
    pub fn set_round_trip(&mut self, round_trip: u32) {
        let nanos = u64::from(round_trip) * 1_000_000_000 / 65_536;
        self.policy.set_round_trip(Duration::from_nanos(nanos));
    }

    /// The track has a new source, whose first packet for this subscriber is `first`.
    pub fn follow(&mut self, now: Instant, generation: u64, codecs: &Codecs, first: &Packet) {
        self.generation = Some(generation);
        self.rewriter.switch(now, first.sequence, first.timestamp);
        let pairs = codecs.iter().filter_map(|codec| {
            let ours = self.codecs.same_as(codec)?;
            Some((codec.payload_type(), ours.payload_type()))
        });
        self.types = pairs.collect();
        self.with_mid = WITH_MID;
    }

    /// Writes `packet` as this subscriber gets it.
    pub fn seal(
        &mut self,
        now: Instant,
        sealer: &mut Sealer,
        packet: &Packet,
        out: &mut [u8],
    ) -> Result<usize, Lost> {
        let payload_type = self.types.get(packet.payload_type).ok_or(Lost::Codec)?;
        let place = self.rewriter.map(now, packet.sequence, packet.timestamp);
        let place = place.map_err(|_| Lost::Early)?;
        let fields = Fields {
            payload_type,
            marker: packet.marker,
            sequence: place.index as u16,
            timestamp: place.timestamp,
        };
        let values = self.values(packet);
        let header = self.template.write(out, fields, &values);
        let header = header.map_err(|_| Lost::Size)?;
        let body = packet.payload.len();
        let room = out.get_mut(header..header + body).ok_or(Lost::Size)?;
        room.copy_from_slice(&packet.payload);
        let sealed = sealer.seal_rtp(self.stream, out, header, body, place.index);
        let len = sealed.map_err(|_| Lost::Sealer)?;
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(body as u32);
        Ok(len)
    }

    fn values(&mut self, packet: &Packet) -> Values {
        let mid = self.with_mid > 0;
        self.with_mid = self.with_mid.saturating_sub(1);
        Values {
            mid,
            ..packet.values
        }
    }

    /// Writes what went out as `sequence` once more, as a retransmission.
    pub fn resend(
        &mut self,
        now: Instant,
        sealer: &mut Sealer,
        track: &Track,
        sequence: u16,
        out: &mut [u8],
    ) -> Result<usize, Lost> {
        let rtx = self.rtx.as_mut().ok_or(Lost::Refused)?;
        if self.generation != Some(track.generation) {
            return Err(Lost::Gone);
        }
        let (source, index) = self.rewriter.source_of(sequence).ok_or(Lost::Gone)?;
        let packet = track.ring.get(source).ok_or(Lost::Gone)?;
        if self.policy.ask(now, index, packet.payload.len()) != Resend::Yes {
            return Err(Lost::Refused);
        }
        let timestamp = self.rewriter.timestamp(packet.timestamp);
        let ours = self.types.get(packet.payload_type);
        let payload_type = ours.and_then(|ours| rtx.types.get(ours));
        rtx.seal(
            sealer,
            packet,
            payload_type.ok_or(Lost::Refused)?,
            sequence,
            timestamp.ok_or(Lost::Gone)?,
            out,
        )
    }

    /// Appends a sender report, if anything was sent.
    pub fn report(
        &self,
        now: Instant,
        wall: NtpTime,
        track: &Track,
        cname: &str,
        out: &mut Vec<u8>,
    ) {
        if self.packets == 0 || self.generation != Some(track.generation) {
            return;
        }
        let source = track.timestamp_at(now, self.clock_rate);
        let Some(rtp_timestamp) = source.and_then(|source| self.rewriter.timestamp(source)) else {
            return;
        };
        let info = SenderInfo {
            ssrc: self.ssrc(),
            ntp: wall,
            rtp_timestamp,
            packets: self.packets,
            octets: self.octets,
        };
        sender_report(out, &info, cname);
    }
}

impl Rtx {
    fn new(media: &Outgoing, sealer: &mut Sealer) -> Option<Self> {
        let ssrc = media.rtx?;
        let codecs = media.codecs.iter();
        let types = codecs.filter_map(|codec| Some((codec.payload_type(), codec.rtx()?)));
        Some(Self {
            template: Template::new(ssrc, media.extensions, media.mid),
            stream: sealer.stream(ssrc).ok()?,
            sequence: RtxSequence::new(seed().sequence),
            types: types.collect(),
        })
    }

    fn seal(
        &mut self,
        sealer: &mut Sealer,
        packet: &Packet,
        payload_type: u8,
        original: u16,
        timestamp: u32,
        out: &mut [u8],
    ) -> Result<usize, Lost> {
        let index = self.sequence.take().ok_or(Lost::Sealer)?;
        let fields = Fields {
            payload_type,
            marker: packet.marker,
            sequence: index as u16,
            timestamp,
        };
        let header = self.template.write(out, fields, &packet.values);
        let header = header.map_err(|_| Lost::Size)?;
        let body = encapsulate(&mut out[header..], original, &packet.payload);
        let body = body.ok_or(Lost::Size)?;
        let sealed = sealer.seal_rtp(self.stream, out, header, body, index);
        sealed.map_err(|_| Lost::Sealer)
    }
}

/// Random, as RFC 3550 section 5.1 wants numbers to start. Without randomness they start at zero: they protect
/// against known plaintext, which the ciphers in use withstand anyway.
fn seed() -> Seed {
    let mut bytes = [0; 6];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let [a, b, c, d, e, f] = bytes;
    Seed {
        sequence: u16::from_be_bytes([a, b]),
        timestamp: u32::from_be_bytes([c, d, e, f]),
    }
}
