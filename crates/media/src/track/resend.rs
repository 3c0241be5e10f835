use std::time::{Duration, Instant};

/// Decides which NACKed packets one subscriber gets again.
///
/// Two limits. Per packet: not again before [`ResendLimits::interval`] (the first copy may still be on its way), and
/// not more often than [`ResendLimits::copies`]. Per subscriber: a bucket of bytes, so that a lossy or hostile one
/// costs no more than its share. The memory is fixed: one of every 256 consecutive numbers is known at a time.
#[derive(Clone, Debug)]
pub struct ResendPolicy {
    limits: ResendLimits,
    bucket: u64,
    filled: Instant,
    past: Vec<Option<Past>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Past {
    sequence: u64,
    last: Instant,
    copies: u8,
}

/// How generous a [`ResendPolicy`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResendLimits {
    /// Between two copies of a packet: about a round trip.
    pub interval: Duration,
    /// Copies of one packet at most.
    pub copies: u8,
    /// Bytes per second that refill the bucket.
    pub rate: u32,
    /// Bytes that the bucket holds.
    pub burst: u32,
}

impl Default for ResendLimits {
    fn default() -> Self {
        ResendLimits {
            interval: Duration::from_millis(50),
            copies: 5,
            rate: 250_000,
            burst: 250_000,
        }
    }
}

/// What to do about one NACKed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// Send it. The policy took it as sent.
    Yes,
    /// A copy went out just now.
    TooSoon,
    /// It had all its copies.
    TooOften,
    /// The subscriber used up what it may have.
    OverBudget,
}

/// How many packets are remembered, by number modulo this.
const REMEMBERED: u64 = 256;
const NANOS: u128 = 1_000_000_000;

impl ResendPolicy {
    /// With a full bucket.
    pub fn new(limits: ResendLimits, now: Instant) -> Self {
        let past = vec![None; REMEMBERED as usize];
        ResendPolicy {
            limits,
            bucket: limits.burst.into(),
            filled: now,
            past,
        }
    }

    /// The round trip was measured: takes it as the interval, within 10 to 500 ms.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.limits.interval =
            round_trip.clamp(Duration::from_millis(10), Duration::from_millis(500));
    }

    /// May the packet `sequence` (extended), `bytes` long, be sent again?
    pub fn ask(&mut self, now: Instant, sequence: u64, bytes: usize) -> Resend {
        self.refill(now);
        let slot = (sequence % REMEMBERED) as usize;
        let copies = match self.past[slot].filter(|past| past.sequence == sequence) {
            Some(past) if past.copies >= self.limits.copies => return Resend::TooOften,
            Some(past) if now < past.last + self.limits.interval => return Resend::TooSoon,
            Some(past) => past.copies,
            None if self.limits.copies == 0 => return Resend::TooOften,
            None => 0,
        };
        let Some(bucket) = self.bucket.checked_sub(bytes as u64) else {
            return Resend::OverBudget;
        };
        self.bucket = bucket;
        self.past[slot] = Some(Past {
            sequence,
            last: now,
            copies: copies + 1,
        });
        Resend::Yes
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled).as_nanos();
        let bytes = elapsed * u128::from(self.limits.rate) / NANOS;
        // Less than a byte is left to the next time, or frequent questions would never fill the bucket.
        if bytes > 0 {
            let full = u64::from(self.limits.burst);
            self.bucket = u64::try_from(bytes)
                .unwrap_or(full)
                .saturating_add(self.bucket)
                .min(full);
            self.filled = now;
        }
    }
}
