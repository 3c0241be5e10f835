//! How far the clocks of the two ends are apart, from the times that stand in heartbeats. Pure.
//!
//! Each heartbeat carries when its sender sent it, by the sender's clock, and echoes the last one that came the other
//! way. The round trip is measured by the monotonic clock of one end alone, so a clock that is set meanwhile spoils nothing.
//! The other clock's reading is that of the heartbeat and half the round trip; it is wrong by the other half at most.

use std::collections::VecDeque;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use crate::proto;
use crate::trust::Clock;

/// Heartbeats that are remembered: the quickest of them counts.
const KEPT: usize = 8;

/// A smaller change than this is not told.
const WORTH_TELLING_MS: u64 = 20;

/// How far another clock is from this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// By how much the other clock is ahead, milliseconds; negative when it is behind.
    pub ahead_ms: i64,
    /// By how much this may be wrong, milliseconds: half of the round trip, and the resolution.
    pub uncertainty_ms: u64,
}

impl Skew {
    /// Whether both can be true.
    fn agrees(self, other: Self) -> bool {
        let apart = self.ahead_ms.abs_diff(other.ahead_ms);
        apart <= self.uncertainty_ms.saturating_add(other.uncertainty_ms)
    }

    /// Whether somebody who was told `told` should hear this.
    fn is_news_to(self, told: Self) -> bool {
        let moved = self.ahead_ms.abs_diff(told.ahead_ms) > WORTH_TELLING_MS;
        let surer = self.uncertainty_ms.saturating_add(WORTH_TELLING_MS) < told.uncertainty_ms;
        moved || surer
    }
}

/// What one end of a stream knows of the other's clock.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// What was said, and when by the monotonic clock.
    sent: VecDeque<(u64, Instant)>,
    /// What was last heard.
    heard: Option<(u64, Instant)>,
    samples: VecDeque<Skew>,
    told: Option<Skew>,
}

impl Exchange {
    /// A heartbeat to send now, `wall` by this end's clock.
    pub(crate) fn beat(
        &mut self,
        told: proto::Heartbeat,
        now: Instant,
        wall: u64,
    ) -> proto::Heartbeat {
        keep(&mut self.sent, (wall, now));
        let echo = self.heard.map(|(sent_at, came)| proto::Echo {
            sent_at,
            held_us: u64::try_from((now - came).as_micros()).unwrap_or(u64::MAX),
        });
        proto::Heartbeat {
            sent_at: wall,
            echo,
            ..told
        }
    }

    /// Takes a heartbeat that has just come. Gives the skew when whoever is told of it should hear.
    pub(crate) fn hear(
        &mut self,
        beat: &proto::Heartbeat,
        now: Instant,
        wall: u64,
    ) -> Option<Skew> {
        self.heard = Some((beat.sent_at, now));
        let sample = self.sample(beat, now, wall)?;
        let quickest = self.quickest();
        // A clock was set.
        if quickest.is_some_and(|quickest| !quickest.agrees(sample)) {
            self.samples.clear();
        }
        keep(&mut self.samples, sample);
        let skew = self.quickest()?;
        let news = self.told.is_none_or(|told| skew.is_news_to(told));
        if news {
            self.told = Some(skew);
        }
        news.then_some(skew)
    }

    fn sample(&self, beat: &proto::Heartbeat, now: Instant, wall: u64) -> Option<Skew> {
        let echo = beat.echo?;
        let (_, sent) = self.sent.iter().find(|(at, _)| *at == echo.sent_at)?;
        let held = Duration::from_micros(echo.held_us);
        let round_trip = (now - *sent).checked_sub(held)?;
        let half = u64::try_from(round_trip.as_micros().div_ceil(2_000)).unwrap_or(u64::MAX);
        let theirs = beat.sent_at.saturating_add(half);
        let apart = i64::try_from(theirs.abs_diff(wall)).unwrap_or(i64::MAX);
        Some(Skew {
            ahead_ms: if theirs >= wall { apart } else { -apart },
            uncertainty_ms: half.saturating_add(1),
        })
    }

    fn quickest(&self) -> Option<Skew> {
        self.samples
            .iter()
            .copied()
            .min_by_key(|skew| skew.uncertainty_ms)
    }
}

fn keep<T>(kept: &mut VecDeque<T>, item: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(item);
}

/// Milliseconds since the Unix epoch.
pub(crate) fn epoch_millis(clock: &Clock) -> u64 {
    clock()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
