//! A stream on its shard: the newest packets of its two media, whoever sends them, and who wants them.

use std::time::{Duration, Instant, SystemTime};

use crate::api::Id;
use crate::rtcp::NtpTime;
use crate::shard::Key;
use crate::track::{Inserted, KeyframeGate, RING_LEN, Ring};
use crate::transport::{Codecs, Kind, Packet};

/// A second source of a medium (another SSRC of the same publisher) takes over when the first was silent so long.
const SILENCE: Duration = Duration::from_millis(500);
/// Audio packets kept: only for those that come late, as nobody gets audio a second time.
const AUDIO_RING: usize = 256;
/// Largest distance between a publisher's report, on its clock, and its arrival before the two clocks are aligned anew.
const MISALIGNED: Duration = Duration::from_secs(10);

/// What is published under one id.
pub struct Stream {
    #[allow(missing_docs)]
    pub id: Id,
    /// Of the publishing transport, while there is one.
    pub publisher: Option<Key>,
    /// What it negotiated.
    pub codecs: Codecs,
    /// By [`Kind`].
    pub tracks: [Track; 2],
    /// Of the sending transports.
    pub subscribers: Vec<Key>,
    /// Packets that subscribers have not been sent yet, in order of arrival.
    pub fresh: Vec<(Kind, u64)>,
    /// A moment on our clock and the same moment on the publisher's. One for all media, so that they stay in step.
    anchor: Option<(Instant, SystemTime)>,
}

/// One medium of a stream.
pub struct Track {
    /// The newest packets.
    pub ring: Ring<Packet>,
    /// Counts the sources so far; tells subscribers that numbers and timestamps start anew.
    pub generation: u64,
    /// Bounds how often the publisher is asked for keyframes.
    pub gate: KeyframeGate,
    source: Option<Source>,
    /// A moment, and the RTP timestamp that belongs to it.
    clock: Option<(Instant, u32)>,
    reported: bool,
}

struct Source {
    transport: Key,
    ssrc: u32,
    last: Instant,
    report: Option<SystemTime>,
}

/// Another source of the medium is alive.
pub struct OtherSource;

impl Stream {
    /// Without publisher and subscribers.
    pub fn new(id: Id) -> Self {
        Self {
            id,
            publisher: None,
            codecs: Codecs::default(),
            tracks: [Track::new(AUDIO_RING), Track::new(RING_LEN)],
            subscribers: Vec::new(),
            fresh: Vec::new(),
            anchor: None,
        }
    }

    /// `publisher` takes over.
    pub fn publish(&mut self, publisher: Key, codecs: Codecs) {
        self.publisher = Some(publisher);
        self.codecs = codecs;
        self.anchor = None;
    }

    /// Takes a packet of the publishing transport in. It is fresh then, unless it is a copy.
    ///
    /// # Errors
    /// When the medium has another source that is alive.
    pub fn take(&mut self, now: Instant, from: Key, packet: Packet) -> Result<(), OtherSource> {
        let (kind, sequence) = (packet.kind, packet.sequence);
        let track = &mut self.tracks[kind as usize];
        if track.turn_to(now, from, packet.ssrc)? {
            self.fresh.retain(|(fresh, _)| *fresh != kind);
        }
        let report = packet.report;
        let arrived = (now, packet.timestamp);
        if let Some((at, timestamp)) = track.new_report(report) {
            let at = align(&mut self.anchor, now, at);
            track.clock = Some((at, timestamp));
            track.reported = true;
        } else if !track.reported {
            track.clock = Some(arrived);
        }
        match track.ring.insert(sequence, packet) {
            Inserted::Newest | Inserted::Late => self.fresh.push((kind, sequence)),
            Inserted::Duplicate | Inserted::TooOld => {}
        }
        Ok(())
    }
}

impl Track {
    fn new(len: usize) -> Self {
        Self {
            ring: Ring::new(len),
            generation: 0,
            gate: KeyframeGate::default(),
            source: None,
            clock: None,
            reported: false,
        }
    }

    /// SSRC of the current source, by which the publisher is asked for keyframes.
    pub fn source(&self) -> Option<u32> {
        self.source.as_ref().map(|source| source.ssrc)
    }

    /// The source's RTP timestamp at `now`, for a clock of `rate` Hz.
    pub fn timestamp_at(&self, now: Instant, rate: u32) -> Option<u32> {
        let (at, timestamp) = self.clock?;
        let ticks = |time: Duration| (time.as_nanos() * u128::from(rate) / 1_000_000_000) as u32;
        Some(match now.checked_duration_since(at) {
            Some(later) => timestamp.wrapping_add(ticks(later)),
            None => timestamp.wrapping_sub(ticks(at.duration_since(now))),
        })
    }

    /// True when the source changed.
    fn turn_to(&mut self, now: Instant, transport: Key, ssrc: u32) -> Result<bool, OtherSource> {
        if let Some(source) = &mut self.source {
            if source.transport == transport && source.ssrc == ssrc {
                source.last = now;
                return Ok(false);
            }
            if source.transport == transport && now.duration_since(source.last) < SILENCE {
                return Err(OtherSource);
            }
        }
        self.source = Some(Source {
            transport,
            ssrc,
            last: now,
            report: None,
        });
        self.ring.clear();
        self.generation += 1;
        self.clock = None;
        self.reported = false;
        Ok(true)
    }

    /// `report` if it was not seen before.
    fn new_report(&mut self, report: Option<(SystemTime, u32)>) -> Option<(SystemTime, u32)> {
        let (at, _) = report?;
        let source = self.source.as_mut()?;
        if source.report == Some(at) {
            return None;
        }
        source.report = Some(at);
        report
    }
}

/// The moment `theirs` of the publisher's clock, on ours. The first report aligns the clocks.
fn align(anchor: &mut Option<(Instant, SystemTime)>, now: Instant, theirs: SystemTime) -> Instant {
    let (at, base) = *anchor.get_or_insert((now, theirs));
    let moment = match theirs.duration_since(base) {
        Ok(later) => at.checked_add(later),
        Err(earlier) => at.checked_sub(earlier.duration()),
    };
    let near = |moment: &Instant| {
        let ahead = moment.saturating_duration_since(now);
        ahead.max(now.saturating_duration_since(*moment)) < MISALIGNED
    };
    moment.filter(near).unwrap_or_else(|| {
        *anchor = Some((now, theirs));
        now
    })
}

/// The wall clock, for reports.
pub fn wall_clock() -> NtpTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    NtpTime::from_unix(since.unwrap_or_default())
}
