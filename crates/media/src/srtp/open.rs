use std::ops::Range;

use super::INDEX_END;
use super::cipher::{Cipher, Failed, Place};
use super::window::{Unfit, Window};
use crate::rtp;

/// Opens what one transport receives.
///
/// Nothing is remembered of a packet before its tag was found right, so forged packets can neither move the window
/// nor fill the tables.
pub struct Opener {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_sources: Sources,
    rtcp_sources: Sources,
}

/// How many SSRCs of each protocol one opener knows at most. A peer that authenticates more is refused: forgetting
/// one of them would let its packets be replayed.
pub const MAX_SOURCES: usize = 128;

/// A packet that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedRtp {
    /// Roll-over counter and sequence number, 48 bits. For one SSRC: the extended sequence number.
    pub index: u64,
    /// Where the payload lies, with its padding if the header says that there is some.
    pub body: Range<usize>,
}

/// Why a packet was not opened. Count it and drop the packet; its bytes may have been overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not even a header and a tag.
    #[error("expected a header and a tag, got {0} bytes")]
    TooShort(usize),
    /// The header is not RTP.
    #[error("expected an RTP header: {0}")]
    NotRtp(#[from] rtp::ParseError),
    /// The header is not RTCP version 2.
    #[error("expected an RTCP header of version 2")]
    NotRtcp,
    /// The tag is wrong: another key, another roll-over counter, or changed on the way.
    #[error("the tag is wrong")]
    Forged,
    /// Seen before.
    #[error("index {0:#x} came before")]
    Replayed(u64),
    /// So old that nobody knows whether it was seen.
    #[error("a packet older than the replay window")]
    TooOld,
    /// SRTCP that is not encrypted. RFC 3711 allows it, WebRTC never does it.
    #[error("expected encrypted SRTCP, the E bit is not set")]
    NotEncrypted,
    /// More SSRCs than [`MAX_SOURCES`].
    #[error("expected at most {MAX_SOURCES} SSRCs on one transport")]
    TooManySources,
}

impl From<Failed> for OpenError {
    fn from(_: Failed) -> Self {
        OpenError::Forged
    }
}

impl Opener {
    pub(super) fn new(rtp: Cipher, rtcp: Cipher) -> Self {
        Opener {
            rtp,
            rtcp,
            rtp_sources: Sources::default(),
            rtcp_sources: Sources::default(),
        }
    }

    /// Opens one SRTP packet in place.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<OpenedRtp, OpenError> {
        let header_len = rtp::header_len(packet)?;
        let end = packet
            .len()
            .checked_sub(self.rtp.tag_len())
            .filter(|end| *end >= header_len);
        let end = end.ok_or(OpenError::TooShort(packet.len()))?;
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        let ssrc = [packet[8], packet[9], packet[10], packet[11]];
        let index = self
            .rtp_sources
            .index(ssrc, sequence)
            .ok_or(OpenError::TooOld)?;
        self.rtp_sources.check(ssrc, index)?;
        let (header, sealed) = packet.split_at_mut(header_len);
        self.rtp.open_rtp(Place { ssrc, index }, header, sealed)?;
        self.rtp_sources.mark(ssrc, index);
        Ok(OpenedRtp {
            index,
            body: header_len..end,
        })
    }

    /// Opens one SRTCP packet in place. Returns the plain compound packet.
    pub fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], OpenError> {
        let at = self
            .rtcp
            .rtcp_index_at(packet.len())
            .ok_or(OpenError::TooShort(packet.len()))?;
        if packet[0] >> 6 != 2 {
            return Err(OpenError::NotRtcp);
        }
        let trailer =
            u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
        if trailer >> 31 == 0 {
            return Err(OpenError::NotEncrypted);
        }
        let index = u64::from(trailer & 0x7fff_ffff);
        let ssrc = [packet[4], packet[5], packet[6], packet[7]];
        self.rtcp_sources.check(ssrc, index)?;
        let len = self.rtcp.open_rtcp(Place { ssrc, index }, packet)?;
        self.rtcp_sources.mark(ssrc, index);
        Ok(&packet[..len])
    }
}

/// What came from each SSRC.
#[derive(Default)]
struct Sources {
    /// Few enough that a scan beats hashing.
    seen: Vec<([u8; 4], Window)>,
}

impl Sources {
    fn window(&self, ssrc: [u8; 4]) -> Option<&Window> {
        self.seen
            .iter()
            .find(|(known, _)| *known == ssrc)
            .map(|(_, window)| window)
    }

    /// The index of a packet with this sequence number (RFC 3711 section 3.3.1). None when it would lie before the
    /// first or behind the last that there is.
    fn index(&self, ssrc: [u8; 4], sequence: u16) -> Option<u64> {
        let Some(highest) = self.window(ssrc).and_then(Window::highest) else {
            return Some(sequence.into());
        };
        rtp::extend(sequence, highest).filter(|index| *index < INDEX_END)
    }

    fn check(&self, ssrc: [u8; 4], index: u64) -> Result<(), OpenError> {
        match self.window(ssrc) {
            None if self.seen.len() >= MAX_SOURCES => Err(OpenError::TooManySources),
            None => Ok(()),
            Some(window) => window.check(index).map_err(|unfit| match unfit {
                Unfit::Used => OpenError::Replayed(index),
                Unfit::Old => OpenError::TooOld,
            }),
        }
    }

    fn mark(&mut self, ssrc: [u8; 4], index: u64) {
        if let Some((_, window)) = self.seen.iter_mut().find(|(known, _)| *known == ssrc) {
            window.mark(index);
        } else {
            let mut window = Window::default();
            window.mark(index);
            self.seen.push((ssrc, window));
        }
    }
}
