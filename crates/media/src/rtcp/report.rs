use super::compound::{Malformed, Raw};
use super::word;

/// What a sender says of itself, with what it received (RFC 3550 section 6.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderReport<'a> {
    #[allow(missing_docs)]
    pub ssrc: u32,
    /// Wall clock of the sender.
    pub ntp: NtpTime,
    /// The same moment on the clock of the packets.
    pub rtp_timestamp: u32,
    /// Packets sent since the start, modulo 2^32.
    pub packets: u32,
    /// Payload bytes sent since the start, modulo 2^32.
    pub octets: u32,
    #[allow(missing_docs)]
    pub blocks: Blocks<'a>,
}

/// What a receiver received (RFC 3550 section 6.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverReport<'a> {
    #[allow(missing_docs)]
    pub ssrc: u32,
    #[allow(missing_docs)]
    pub blocks: Blocks<'a>,
}

/// Seconds since 1900 in 32.32 fixed point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since 1970. Wraps in 2036, as NTP does.
    pub fn from_unix(since_1970: std::time::Duration) -> Self {
        const UNTIL_1970: u64 = 2_208_988_800;
        let fraction = (u64::from(since_1970.subsec_nanos()) << 32) / 1_000_000_000;
        NtpTime((since_1970.as_secs().wrapping_add(UNTIL_1970) << 32) | fraction)
    }

    /// The middle 32 bits, in units of 1/65536 s: what report blocks carry.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Report blocks. Iterates over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

/// Reception of one SSRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Whose packets.
    pub ssrc: u32,
    /// Part of the packets lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start. Negative when there were more duplicates.
    pub lost: i32,
    /// Highest sequence number, with 16 bits of how often it went round.
    pub highest: u32,
    /// In units of the packets' clock.
    pub jitter: u32,
    /// [`NtpTime::middle`] of the last sender report, 0 if none came.
    pub last_report: u32,
    /// Since that report came, in 1/65536 s.
    pub delay: u32,
}

const BLOCK: usize = 24;

impl Block {
    /// The round trip in 1/65536 s, where `now` is when this block came. None when no sender report is echoed or the
    /// figures contradict each other.
    pub fn round_trip(&self, now: NtpTime) -> Option<u32> {
        if self.last_report == 0 {
            return None;
        }
        let round_trip = now
            .middle()
            .wrapping_sub(self.last_report)
            .wrapping_sub(self.delay);
        // More than nine hours is a negative value.
        (round_trip < 1 << 31).then_some(round_trip)
    }
}

impl<'a> SenderReport<'a> {
    pub(super) fn read(raw: Raw<'a>) -> Result<Self, Malformed> {
        let blocks = Blocks::read(raw, 24)?;
        let body = raw.body;
        Ok(SenderReport {
            ssrc: word(body, 0),
            ntp: NtpTime(u64::from(word(body, 4)) << 32 | u64::from(word(body, 8))),
            rtp_timestamp: word(body, 12),
            packets: word(body, 16),
            octets: word(body, 20),
            blocks,
        })
    }
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn read(raw: Raw<'a>) -> Result<Self, Malformed> {
        let blocks = Blocks::read(raw, 4)?;
        Ok(ReceiverReport {
            ssrc: word(raw.body, 0),
            blocks,
        })
    }
}

impl<'a> Blocks<'a> {
    /// The blocks that the header counts, which begin at `start`.
    fn read(raw: Raw<'a>, start: usize) -> Result<Self, Malformed> {
        let end = start + BLOCK * usize::from(raw.count);
        Ok(Blocks(&raw.need(end)?.body[start..end]))
    }
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let (block, rest) = self.0.split_first_chunk::<BLOCK>()?;
        self.0 = rest;
        Some(Block {
            ssrc: word(block, 0),
            fraction_lost: block[4],
            // Shifted up and down again to extend the sign of 24 bits.
            lost: (word(block, 4) << 8) as i32 >> 8,
            highest: word(block, 8),
            jitter: word(block, 12),
            last_report: word(block, 16),
            delay: word(block, 20),
        })
    }
}
