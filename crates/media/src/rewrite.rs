//! From a publisher's packet numbers to a subscriber's.

use std::time::{Duration, Instant};

use crate::rtp;
use crate::srtp::INDEX_END;

/// Maps sequence numbers and timestamps of the current source to those of one outgoing SSRC.
///
/// What holds for the outgoing side: numbers start somewhere random; a hole in the source is the same hole in what
/// goes out, so that a NACK finds it; a late packet goes to its own place; after [`Rewriter::switch`] the sequence
/// continues without a hole and the timestamp advances by the time that passed; one index never stands for two
/// packets of different sources.
#[derive(Clone, Debug)]
pub struct Rewriter {
    clock_rate: u32,
    /// The first index and timestamp that the next switch may give.
    next: Start,
    source: Option<Source>,
    /// The newest packet mapped, if any.
    newest: Option<Newest>,
}

/// Where an outgoing SSRC begins. Draw it at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Only the low 15 bits are used, see [`rtp::RtxSequence::new`].
    pub sequence: u16,
    #[allow(missing_docs)]
    pub timestamp: u32,
}

/// What an outgoing packet is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Roll-over counter and sequence number, 48 bits: what the sealer wants.
    pub index: u64,
    #[allow(missing_docs)]
    pub timestamp: u32,
}

/// Why a packet is not sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMapped {
    /// There was no switch yet.
    #[error("no source was chosen: switch to one")]
    NoSource,
    /// It is from before the packet at which this subscriber joined the source.
    #[error("the packet is from before the switch: drop it")]
    BeforeSwitch,
    /// All indices are used.
    #[error("the SSRC has no index left: close the transport")]
    Exhausted,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    index: u64,
    timestamp: u32,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    first: u64,
    first_timestamp: u32,
    out: Start,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    index: u64,
    timestamp: u32,
    at: Instant,
}

impl Rewriter {
    /// `clock_rate` in Hz: 90000 for video, 48000 for Opus.
    pub fn new(seed: Seed, clock_rate: u32) -> Self {
        let next = Start {
            index: u64::from(seed.sequence & 0x7fff),
            timestamp: seed.timestamp,
        };
        Rewriter {
            clock_rate,
            next,
            source: None,
            newest: None,
        }
    }

    /// From now on packets come from another source, or from the same one after a pause. `first` (extended sequence
    /// number) and `first_timestamp` are of the first packet to be sent on: for video the start of a key frame.
    pub fn switch(&mut self, now: Instant, first: u64, first_timestamp: u32) {
        if let Some(newest) = self.newest {
            let ticks = ticks(now.saturating_duration_since(newest.at), self.clock_rate);
            self.next = Start {
                index: newest.index + 1,
                // At least one: the first packet of a new frame never looks like part of the last one.
                timestamp: newest.timestamp.wrapping_add(ticks.max(1)),
            };
        }
        self.source = Some(Source {
            first,
            first_timestamp,
            out: self.next,
        });
    }

    /// Whether a source was chosen.
    pub fn has_source(&self) -> bool {
        self.source.is_some()
    }

    /// What the packet `sequence` (extended) of the source is called on the way out. Asked twice, it answers the
    /// same: that nothing is sealed twice is the sealer's business.
    #[inline]
    pub fn map(
        &mut self,
        now: Instant,
        sequence: u64,
        timestamp: u32,
    ) -> Result<Outgoing, NotMapped> {
        let source = self.source.as_ref().ok_or(NotMapped::NoSource)?;
        let behind = sequence
            .checked_sub(source.first)
            .ok_or(NotMapped::BeforeSwitch)?;
        let index = source
            .out
            .index
            .checked_add(behind)
            .filter(|index| *index < INDEX_END);
        let index = index.ok_or(NotMapped::Exhausted)?;
        let timestamp = source.timestamp(timestamp);
        if self.newest.is_none_or(|newest| index > newest.index) {
            self.newest = Some(Newest {
                index,
                timestamp,
                at: now,
            });
        }
        Ok(Outgoing { index, timestamp })
    }

    /// A timestamp of the source as it would go out, for sender reports. None before the first switch.
    pub fn timestamp(&self, timestamp: u32) -> Option<u32> {
        self.source
            .as_ref()
            .map(|source| source.timestamp(timestamp))
    }

    /// The outgoing timestamp that belongs to `now`, going on from the newest packet. None before the first packet.
    pub fn timestamp_at(&self, now: Instant) -> Option<u32> {
        let newest = self.newest?;
        let ticks = ticks(now.saturating_duration_since(newest.at), self.clock_rate);
        Some(newest.timestamp.wrapping_add(ticks))
    }

    /// Which packet (extended sequence number) of the current source went out as `sequence`, and its index. None
    /// when that one was of an earlier source, or has not gone out.
    pub fn source_of(&self, sequence: u16) -> Option<(u64, u64)> {
        let (source, newest) = (self.source.as_ref()?, self.newest?);
        let index = rtp::extend(sequence, newest.index).filter(|index| *index <= newest.index)?;
        let behind = index.checked_sub(source.out.index)?;
        Some((source.first + behind, index))
    }

    /// The newest index that went out.
    pub fn newest_index(&self) -> Option<u64> {
        self.newest.map(|newest| newest.index)
    }
}

impl Source {
    #[inline]
    fn timestamp(&self, timestamp: u32) -> u32 {
        timestamp
            .wrapping_sub(self.first_timestamp)
            .wrapping_add(self.out.timestamp)
    }
}

/// How far a clock of `rate` Hz gets; wraps like the timestamps do.
fn ticks(elapsed: Duration, rate: u32) -> u32 {
    (elapsed.as_nanos() * u128::from(rate) / 1_000_000_000) as u32
}

#[cfg(test)]
mod tests;
