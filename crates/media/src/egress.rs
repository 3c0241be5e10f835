//! The way out: what a subscriber gets of a stream's packets.
//!
//! Fan-out is subscriber-major: all fresh packets for one subscriber, then all for the next, so that equal-sized
//! packets to one destination lie side by side and leave as one message. A packet is copied once, from the track's
//! ring into the arena, behind a header written from a template, and sealed there.

mod leg;

use std::time::Instant;

use crate::counters::Counters;
use crate::net::Route;
use crate::rtcp::{Compound, Nack, Packet as Rtcp};
use crate::shard::Wire;
use crate::srtp::{KeyError, Opener, Sealer, contexts};
use crate::stream::{Stream, wall_clock};
use crate::transport::{Exported, Kind, Outgoing};

use leg::{Leg, Lost};

/// One subscriber's SRTP contexts and outgoing media.
pub struct Subscriber {
    sealer: Sealer,
    opener: Opener,
    /// By [`Kind`].
    legs: [Option<Leg>; 2],
    cname: String,
    rtcp: Vec<u8>,
}

/// What a subscriber asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A keyframe of its video.
    pub keyframe: bool,
    /// Nothing: it could not be opened.
    pub unauthenticated: bool,
}

impl Subscriber {
    /// Of what was negotiated, with the keys of DTLS.
    ///
    /// # Errors
    /// When the keys do not fit their profile.
    pub fn new(
        now: Instant,
        keys: &Exported,
        media: &[Outgoing],
        cname: String,
    ) -> Result<Self, KeyError> {
        let (mut sealer, opener) = contexts(keys.profile, &keys.material, keys.active)?;
        let mut legs = [None, None];
        for media in media {
            legs[media.kind as usize] = Leg::new(now, media, &mut sealer);
        }
        Ok(Self {
            sealer,
            opener,
            legs,
            cname,
            rtcp: Vec::new(),
        })
    }

    /// Packets, and bytes of their payload, that were sent to it. Each wraps at 32 bits, as in its reports.
    pub fn sent(&self) -> (u64, u64) {
        let legs = self.legs.iter().flatten();
        legs.fold((0, 0), |(packets, bytes), leg| {
            let (more, size) = leg.sent();
            (packets + u64::from(more), bytes + u64::from(size))
        })
    }

    /// Whether it gets this medium.
    pub fn wants(&self, kind: Kind) -> bool {
        self.legs[kind as usize].is_some()
    }

    /// Sends what is fresh in `stream`.
    pub fn forward(&mut self, now: Instant, stream: &Stream, route: Route, wire: &mut Wire) {
        let mut sent = 0;
        for (kind, sequence) in &stream.fresh {
            let track = &stream.tracks[*kind as usize];
            let Some(leg) = &mut self.legs[*kind as usize] else {
                continue;
            };
            let Some(packet) = track.ring.get(*sequence) else {
                continue;
            };
            if leg.generation != Some(track.generation) {
                leg.follow(now, track.generation, &stream.codecs, packet);
            }
            let sealer = &mut self.sealer;
            let mut lost = None;
            let written = wire.write(route, |out| {
                let sealed = leg.seal(now, sealer, packet, out);
                sealed.map_err(|reason| lost = Some(reason)).ok()
            });
            sent += u64::from(written);
            if let Some(lost) = lost {
                count(&wire.counters, lost);
            }
        }
        wire.counters.rtp_out.add(sent);
    }

    /// Sends nothing until [`Subscriber::forward`] is called again: nobody is there. What is missed leaves no hole in
    /// the numbers, because a hole of half their range could never be bridged (RFC 3711 section 3.3.1).
    pub fn pause(&mut self) {
        for leg in self.legs.iter_mut().flatten() {
            leg.generation = None;
        }
    }

    /// Opens a packet that came from it and does what it asks. RTP is none of its business.
    pub fn receive(
        &mut self,
        now: Instant,
        stream: &Stream,
        data: &mut [u8],
        route: Route,
        wire: &mut Wire,
    ) -> Asked {
        let mut asked = Asked::default();
        if !crate::rtp::is_rtcp(data) {
            wire.counters.rtp_in_from_subscriber.add(1);
            return asked;
        }
        let Ok(plain) = self.opener.open_rtcp(data) else {
            wire.counters.rtcp_in_unauthenticated.add(1);
            asked.unauthenticated = true;
            return asked;
        };
        wire.counters.rtcp_in.add(1);
        let video = self.legs[Kind::Video as usize].as_ref().map(Leg::ssrc);
        let mut lost = MOST_LOST;
        for packet in Compound::new(plain) {
            match packet {
                Ok(Rtcp::Nack(nack)) => {
                    lost -= resend(
                        now,
                        &mut self.legs,
                        &mut self.sealer,
                        stream,
                        (nack, lost),
                        route,
                        wire,
                    );
                }
                Ok(Rtcp::Pli(pli)) => asked.keyframe |= Some(pli.media) == video,
                Ok(Rtcp::Fir(mut fir)) => {
                    asked.keyframe |= fir.entries.any(|entry| Some(entry.ssrc) == video);
                }
                Ok(Rtcp::ReceiverReport(report)) => round_trips(&mut self.legs, report.blocks),
                Ok(_) => {}
                Err(_) => wire.counters.rtcp_in_malformed.add(1),
            }
        }
        asked
    }

    /// Sends sender reports for what it was sent so far.
    pub fn report(&mut self, now: Instant, stream: &Stream, route: Route, wire: &mut Wire) {
        self.rtcp.clear();
        let wall = wall_clock();
        for kind in Kind::ALL {
            let track = &stream.tracks[kind as usize];
            if let Some(leg) = &self.legs[kind as usize] {
                leg.report(now, wall, track, &self.cname, &mut self.rtcp);
            }
        }
        if self.rtcp.is_empty() || self.sealer.seal_rtcp(&mut self.rtcp).is_err() {
            return;
        }
        wire.send(route, &self.rtcp);
        wire.counters.rtcp_reports.add(1);
    }
}

/// Lost packets looked for in one datagram: far more than a receiver can still use, far fewer than a hostile one can
/// name (8 500).
const MOST_LOST: usize = 256;

fn round_trips(legs: &mut [Option<Leg>; 2], blocks: crate::rtcp::Blocks<'_>) {
    let now = wall_clock();
    for block in blocks {
        let mut legs = legs.iter_mut().flatten();
        if let Some(leg) = legs.find(|leg| leg.ssrc() == block.ssrc)
            && let Some(round_trip) = block.round_trip(now)
        {
            leg.set_round_trip(round_trip);
        }
    }
}

/// Sends again what `nack` names, at most so many; returns how many it named of those.
fn resend(
    now: Instant,
    legs: &mut [Option<Leg>; 2],
    sealer: &mut Sealer,
    stream: &Stream,
    (nack, most): (Nack<'_>, usize),
    route: Route,
    wire: &mut Wire,
) -> usize {
    let find = |kind: &Kind| {
        let leg = legs[*kind as usize].as_ref();
        leg.is_some_and(|leg| leg.ssrc() == nack.media)
    };
    let Some(kind) = Kind::ALL.into_iter().find(find) else {
        return 0;
    };
    let Some(leg) = &mut legs[kind as usize] else {
        return 0;
    };
    let track = &stream.tracks[kind as usize];
    let mut named = 0;
    for sequence in nack.lost.take(most) {
        named += 1;
        wire.counters.nack_asked.add(1);
        let mut lost = None;
        let written = wire.write(route, |out| {
            let sealed = leg.resend(now, sealer, track, sequence, out);
            sealed.map_err(|reason| lost = Some(reason)).ok()
        });
        wire.counters.nack_answered.add(written.into());
        if let Some(lost) = lost {
            count(&wire.counters, lost);
        }
    }
    named
}

fn count(counters: &Counters, lost: Lost) {
    let counter = match lost {
        Lost::Codec => &counters.rtp_out_codec,
        Lost::Size => &counters.rtp_out_size,
        Lost::Early => &counters.rtp_out_early,
        Lost::Sealer => &counters.rtp_out_sealer,
        Lost::Gone => &counters.nack_gone,
        Lost::Refused => &counters.nack_refused,
    };
    counter.add(1);
}

#[cfg(test)]
mod tests;
