//! An echo of media: packets that are published have to come back to a subscriber, decrypted.

use std::time::{Duration, Instant};

use reachability::{Failed, Stage};

/// Packets that are counted, after the first that came back.
const COUNTED: u32 = 10;
/// Of these, so many may be lost at most: beyond, nobody would hear anything of use.
const MOST_LOST: u32 = COUNTED / 2;
/// Until the first comes back, one is sent so often.
const OPENING: Duration = Duration::from_millis(20);
/// Between two that are counted.
const PACE: Duration = Duration::from_millis(5);
/// How long the last may take.
const LINGER: Duration = Duration::from_millis(300);
/// As long as speech in Opus.
const PAYLOAD: usize = 60;
/// Sent at most until one comes back.
const MOST_SENT: usize = 200;

/// One echo.
#[derive(Debug)]
pub struct MediaEcho {
    secret: [u8; 10],
    /// When each was sent, by number.
    sent: Vec<Instant>,
    next: Instant,
    /// Number of the first that is counted.
    counted: Option<u32>,
    back: Vec<u32>,
    trip: Duration,
}

/// How an echo went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Echoed {
    /// Mean.
    pub round_trip: Duration,
    pub sent: u32,
    pub lost: u32,
}

impl MediaEcho {
    /// Due at once. `secret` is this probe's.
    pub fn new(now: Instant, secret: [u8; 10]) -> Self {
        Self {
            secret,
            sent: Vec::new(),
            next: now,
            counted: None,
            back: Vec::new(),
            trip: Duration::ZERO,
        }
    }

    /// When [`MediaEcho::elapse`] has something to do.
    pub fn deadline(&self) -> Instant {
        self.next
    }

    /// The packet that is due, with its number.
    pub fn elapse(&mut self, now: Instant) -> Option<(u32, Vec<u8>)> {
        if now < self.next || self.all_sent() || self.sent.len() >= MOST_SENT {
            return None;
        }
        let number = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        self.sent.push(now);
        self.next = match self.counted {
            None => now + OPENING,
            Some(_) if self.all_sent() => now + LINGER,
            Some(_) => now + PACE,
        };
        let mut payload = vec![0; PAYLOAD];
        payload[..10].copy_from_slice(&self.secret);
        payload[10..14].copy_from_slice(&number.to_be_bytes());
        Some((number, payload))
    }

    fn all_sent(&self) -> bool {
        let sent = self.sent.len();
        self.counted
            .is_some_and(|first| sent >= (first + COUNTED) as usize)
    }

    /// A packet came back.
    pub fn heard(&mut self, now: Instant, payload: &[u8]) {
        let Some((secret, rest)) = payload.split_first_chunk::<10>() else {
            return;
        };
        let Some(number) = rest.first_chunk::<4>().filter(|_| *secret == self.secret) else {
            return;
        };
        let number = u32::from_be_bytes(*number);
        let Some(sent) = self.sent.get(number as usize) else {
            return;
        };
        match self.counted {
            None => {
                self.counted = Some(u32::try_from(self.sent.len()).unwrap_or(u32::MAX));
                self.next = now;
            }
            Some(first) if number >= first && !self.back.contains(&number) => {
                self.back.push(number);
                self.trip += now - *sent;
            }
            Some(_) => {}
        }
    }

    /// How it went, when that is clear.
    pub fn result(&self, now: Instant) -> Option<Result<Echoed, Failed>> {
        let back = u32::try_from(self.back.len()).unwrap_or(u32::MAX);
        let over = self.all_sent() && (back == COUNTED || now >= self.next);
        if !over {
            return None;
        }
        if back < COUNTED - MOST_LOST {
            return Some(Err(Failed {
                stage: Stage::Srtp,
                reason: format!("of {COUNTED} media packets {back} came back"),
                hint: "the way there loses too much to be of use".to_owned(),
            }));
        }
        Some(Ok(Echoed {
            round_trip: self.trip / back.max(1),
            sent: COUNTED,
            lost: COUNTED - back,
        }))
    }

    /// How it went, should it end now.
    pub fn given_up(&self) -> Failed {
        let sent = self.sent.len();
        let (reason, hint) = match self.counted {
            None => (
                format!("of {sent} media packets none came back"),
                "something on the way lets STUN and DTLS through and drops SRTP, or the node does not forward",
            ),
            Some(_) => (
                format!("of {sent} media packets only some came back in time"),
                "the way there, or the node, is slow",
            ),
        };
        Failed {
            stage: Stage::Srtp,
            reason,
            hint: hint.to_owned(),
        }
    }
}
