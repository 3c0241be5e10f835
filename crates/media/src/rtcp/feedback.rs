use super::compound::{Malformed, Raw, Ssrcs};
use super::word;

/// Lost packets (RFC 4585 section 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nack<'a> {
    #[allow(missing_docs)]
    pub sender: u32,
    /// Whose packets.
    pub media: u32,
    /// Their sequence numbers.
    pub lost: Lost<'a>,
}

/// Iterates over the sequence numbers of a [`Nack`]: at most 17 for every four bytes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost<'a> {
    rest: &'a [u8],
    packet: u16,
    /// Bit 0 is `packet` itself, the next is the one after it.
    bits: u32,
}

/// Picture lost (RFC 4585 section 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pli {
    #[allow(missing_docs)]
    pub sender: u32,
    /// Whose picture.
    pub media: u32,
}

/// Full intra request (RFC 5104 section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fir<'a> {
    #[allow(missing_docs)]
    pub sender: u32,
    #[allow(missing_docs)]
    pub entries: FirEntries<'a>,
}

/// Iterates over the entries of a [`Fir`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirEntries<'a>(&'a [u8]);

/// Who is asked for a keyframe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirEntry {
    #[allow(missing_docs)]
    pub ssrc: u32,
    /// The same number means the same request.
    pub number: u8,
}

/// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportCc<'a> {
    #[allow(missing_docs)]
    pub sender: u32,
    #[allow(missing_docs)]
    pub media: u32,
    /// From the base sequence number on.
    pub fci: &'a [u8],
}

/// What the receiver thinks it can take (draft-alvestrand-rmcat-remb-03).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remb<'a> {
    #[allow(missing_docs)]
    pub sender: u32,
    /// Bits per second. What does not fit is `u64::MAX`.
    pub bitrate: u64,
    /// For these together.
    pub ssrcs: Ssrcs<'a>,
}

/// Sender and media SSRC, which every feedback has, and what follows them.
fn split(raw: Raw<'_>) -> Result<(u32, u32, &[u8]), Malformed> {
    let body = raw.need(8)?.body;
    Ok((word(body, 0), word(body, 4), &body[8..]))
}

impl<'a> Nack<'a> {
    pub(super) fn read(raw: Raw<'a>) -> Result<Self, Malformed> {
        let (sender, media, rest) = split(raw)?;
        Ok(Nack {
            sender,
            media,
            lost: Lost {
                rest,
                packet: 0,
                bits: 0,
            },
        })
    }
}

impl Iterator for Lost<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if self.bits == 0 {
            let (entry, rest) = self.rest.split_first_chunk::<4>()?;
            self.rest = rest;
            self.packet = u16::from_be_bytes([entry[0], entry[1]]);
            self.bits = u32::from(u16::from_be_bytes([entry[2], entry[3]])) << 1 | 1;
        }
        let at = self.bits.trailing_zeros();
        self.bits &= self.bits - 1;
        Some(self.packet.wrapping_add(at as u16))
    }
}

impl Pli {
    pub(super) fn read(raw: Raw<'_>) -> Result<Self, Malformed> {
        let (sender, media, _) = split(raw)?;
        Ok(Pli { sender, media })
    }
}

impl<'a> Fir<'a> {
    pub(super) fn read(raw: Raw<'a>) -> Result<Self, Malformed> {
        let (sender, _, rest) = split(raw)?;
        Ok(Fir {
            sender,
            entries: FirEntries(rest),
        })
    }
}

impl Iterator for FirEntries<'_> {
    type Item = FirEntry;

    fn next(&mut self) -> Option<FirEntry> {
        let (entry, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(FirEntry {
            ssrc: word(entry, 0),
            number: entry[4],
        })
    }
}

impl<'a> TransportCc<'a> {
    pub(super) fn read(raw: Raw<'a>) -> Result<Self, Malformed> {
        let (sender, media, fci) = split(raw)?;
        Ok(TransportCc { sender, media, fci })
    }
}

impl<'a> Remb<'a> {
    /// None when it is application feedback of another kind.
    pub(super) fn read(raw: Raw<'a>) -> Result<Option<Self>, Malformed> {
        let (sender, _, rest) = split(raw)?;
        if !rest.starts_with(b"REMB") {
            return Ok(None);
        }
        let rest = &raw.need(16)?.body[8..];
        let len = 4 * usize::from(rest[4]);
        let ssrcs = Ssrcs(&raw.need(16 + len)?.body[16..16 + len]);
        let (exponent, mantissa) = (u32::from(rest[5] >> 2), u64::from(word(rest, 4) & 0x3_ffff));
        let fits = exponent <= mantissa.leading_zeros();
        let bitrate = if fits { mantissa << exponent } else { u64::MAX };
        Ok(Some(Remb {
            sender,
            bitrate,
            ssrcs,
        }))
    }
}
