//! Who sent what belongs to no transport, so that somebody who reaches the wrong node, or a node that forgot him, can be
//! told from somebody who reaches nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::evidence::{Stranger, Strangers};

/// Addresses that are counted for, one by one.
const MOST: usize = 64;
/// Characters kept of a username fragment. Browsers' have 4 to 8, ours 16.
const UFRAG: usize = 32;
/// Between two tellings.
const TELL: Duration = Duration::from_secs(10);

/// The record of a shard.
#[derive(Debug)]
pub struct Record {
    seen: HashMap<IpAddr, Stranger>,
    others: u64,
    since: Instant,
}

impl Record {
    /// Of nobody yet.
    pub fn new(now: Instant) -> Self {
        Self {
            seen: HashMap::new(),
            others: 0,
            since: now,
        }
    }

    /// A STUN request for a username fragment that nobody has.
    pub fn unknown_user(&mut self, from: IpAddr, ufrag: &str) {
        if let Some(stranger) = self.stranger(from) {
            stranger.unknown_user += 1;
            stranger.ufrag.clear();
            let printable = ufrag.chars().filter(char::is_ascii_graphic);
            stranger.ufrag.extend(printable.take(UFRAG));
        }
    }

    /// STUN that cannot be read.
    pub fn malformed(&mut self, from: IpAddr) {
        if let Some(stranger) = self.stranger(from) {
            stranger.malformed += 1;
        }
    }

    /// DTLS or media from a 5-tuple that nobody has proven.
    pub fn unproven(&mut self, from: IpAddr) {
        if let Some(stranger) = self.stranger(from) {
            stranger.unproven += 1;
        }
    }

    /// What gathered, when there is something and it is time to tell.
    pub fn due(&mut self, now: Instant) -> Option<Strangers> {
        let span = now.saturating_duration_since(self.since);
        if span < TELL || (self.seen.is_empty() && self.others == 0) {
            return None;
        }
        self.since = now;
        Some(Strangers {
            seen: self.seen.drain().map(|(_, stranger)| stranger).collect(),
            others: std::mem::take(&mut self.others),
            span,
        })
    }

    fn stranger(&mut self, from: IpAddr) -> Option<&mut Stranger> {
        if self.seen.len() >= MOST && !self.seen.contains_key(&from) {
            self.others += 1;
            return None;
        }
        let new = || Stranger {
            from,
            unknown_user: 0,
            ufrag: String::new(),
            malformed: 0,
            unproven: 0,
        };
        Some(self.seen.entry(from).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests;
