use super::INDEX_END;
use super::cipher::{Cipher, Failed, Place, RTCP_INDEX};
use super::window::{Unfit, Window};

/// Seals what one transport sends.
///
/// Each SSRC that sends RTP is registered once with [`Sealer::stream`]; the returned [`Stream`] then replaces any
/// search. A packet may be sealed late and out of order (a retransmission that came from upstream), as long as its
/// index was not used and is not more than [`Window::SIZE`] behind the newest.
pub struct Sealer {
    rtp: Cipher,
    rtcp: Cipher,
    streams: Vec<Sent>,
    /// The next SRTCP index. One for all SSRCs: increasing for each of them, and never twice under the key.
    rtcp_index: u32,
}

struct Sent {
    ssrc: [u8; 4],
    window: Window,
}

/// Names one SSRC of one [`Sealer`]. Used with another sealer it does no harm: the packet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(u16);

/// How many SSRCs one sealer sends at most.
pub const MAX_STREAMS: usize = 256;

/// First value that an SRTCP index can not have.
const RTCP_INDEX_END: u32 = 1 << 31;

/// Why a packet was not sealed. Its bytes are as they were, except after [`SealError::Crypto`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Lengths that do not fit the buffer.
    #[error(
        "the packet needs {needed} bytes with its tag, the buffer has {got}: give spare bytes at the end"
    )]
    NoRoom {
        #[allow(missing_docs)]
        needed: usize,
        #[allow(missing_docs)]
        got: usize,
    },
    /// The header has another SSRC than the stream, or the stream is of another sealer.
    #[error(
        "the header's SSRC is not that of the stream: use the stream that this sealer gave for the SSRC"
    )]
    WrongStream,
    /// The index does not belong to the sequence number in the header.
    #[error(
        "the header has sequence number {header}, the index {index:#x} ends otherwise: write the header from the index"
    )]
    WrongIndex {
        #[allow(missing_docs)]
        header: u16,
        #[allow(missing_docs)]
        index: u64,
    },
    /// Sealing would use a nonce twice. Never done.
    #[error("index {0:#x} was sealed before: send retransmissions by RTX")]
    Reused(u64),
    /// The index is so old that nobody remembers whether it was used.
    #[error("index {0:#x} is too far behind the newest to be known as unused: drop the packet")]
    TooOld(u64),
    /// All indices of the key are used (RFC 3711 section 9.2).
    #[error("the key has no index left: close the transport")]
    Exhausted,
    /// More SSRCs than [`MAX_STREAMS`].
    #[error("expected at most {MAX_STREAMS} SSRCs on one transport: use another transport")]
    TooManyStreams,
    /// Shorter than an RTCP header.
    #[error("expected at least 8 bytes of RTCP, got {0}")]
    NotRtcp(usize),
    /// The crypto library refused.
    #[error("the crypto library refused the packet: drop it")]
    Crypto,
}

impl From<Failed> for SealError {
    fn from(_: Failed) -> Self {
        SealError::Crypto
    }
}

impl Sealer {
    pub(super) fn new(rtp: Cipher, rtcp: Cipher) -> Self {
        Sealer {
            rtp,
            rtcp,
            streams: Vec::new(),
            rtcp_index: 1,
        }
    }

    /// The handle for `ssrc`. Asked again, the same: what was sealed stays remembered.
    pub fn stream(&mut self, ssrc: u32) -> Result<Stream, SealError> {
        let ssrc = ssrc.to_be_bytes();
        if let Some(known) = self.streams.iter().position(|sent| sent.ssrc == ssrc) {
            return Ok(Stream(known as u16));
        }
        if self.streams.len() == MAX_STREAMS {
            return Err(SealError::TooManyStreams);
        }
        self.streams.push(Sent {
            ssrc,
            window: Window::default(),
        });
        Ok(Stream((self.streams.len() - 1) as u16))
    }

    /// How many bytes longer than plain RTP a sealed packet is.
    #[inline]
    pub fn rtp_overhead(&self) -> usize {
        self.rtp.tag_len()
    }

    /// How many bytes longer than plain RTCP a sealed packet is.
    pub fn rtcp_overhead(&self) -> usize {
        self.rtcp.tag_len() + RTCP_INDEX
    }

    /// Seals the packet at the start of `packet` in place and returns its new length.
    ///
    /// `packet` begins with `header_len` bytes of header (with CSRCs and extensions), then `body_len` bytes of
    /// payload and padding, and has at least [`Sealer::rtp_overhead`] bytes behind that. `index` is the roll-over
    /// counter and the sequence number, together 48 bits.
    #[inline]
    pub fn seal_rtp(
        &mut self,
        stream: Stream,
        packet: &mut [u8],
        header_len: usize,
        body_len: usize,
        index: u64,
    ) -> Result<usize, SealError> {
        let plain = header_len.saturating_add(body_len);
        let len = plain.saturating_add(self.rtp.tag_len());
        if header_len < 12 || packet.len() < len {
            return Err(SealError::NoRoom {
                needed: len.max(12),
                got: packet.len(),
            });
        }
        let sent = self
            .streams
            .get_mut(stream.0 as usize)
            .ok_or(SealError::WrongStream)?;
        sent.claim(packet, index)?;
        let (header, rest) = packet[..len].split_at_mut(header_len);
        let (body, tag) = rest.split_at_mut(body_len);
        self.rtp.seal_rtp(
            Place {
                ssrc: sent.ssrc,
                index,
            },
            header,
            body,
            tag,
        )?;
        Ok(len)
    }

    /// Seals the compound packet in `packet` and appends what SRTCP needs.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SealError> {
        let Some(ssrc) = packet.get(4..8).and_then(|ssrc| ssrc.try_into().ok()) else {
            return Err(SealError::NotRtcp(packet.len()));
        };
        if self.rtcp_index >= RTCP_INDEX_END {
            return Err(SealError::Exhausted);
        }
        let index = self.rtcp_index;
        self.rtcp_index += 1;
        self.rtcp.seal_rtcp(
            Place {
                ssrc,
                index: index.into(),
            },
            packet,
        )?;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn set_rtcp_index(&mut self, next: u32) {
        self.rtcp_index = next;
    }
}

impl Sent {
    /// Marks `index` as used if it may be used for the packet with this header.
    #[inline]
    fn claim(&mut self, header: &[u8], index: u64) -> Result<(), SealError> {
        if header[8..12] != self.ssrc {
            return Err(SealError::WrongStream);
        }
        let sequence = u16::from_be_bytes([header[2], header[3]]);
        if sequence != index as u16 {
            return Err(SealError::WrongIndex {
                header: sequence,
                index,
            });
        }
        if index >= INDEX_END {
            return Err(SealError::Exhausted);
        }
        match self.window.check(index) {
            Ok(()) => self.window.mark(index),
            Err(Unfit::Used) => return Err(SealError::Reused(index)),
            Err(Unfit::Old) => return Err(SealError::TooOld(index)),
        }
        Ok(())
    }
}
