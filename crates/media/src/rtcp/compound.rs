use super::feedback::{Fir, Nack, Pli, Remb, TransportCc};
use super::report::{ReceiverReport, SenderReport};
use super::{format, kind, word};

/// Iterates over the packets of a plain compound packet.
///
/// After the first [`Malformed`] there is nothing more: where the next packet would begin is then unknown.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Packet<'a> {
    SenderReport(SenderReport<'a>),
    ReceiverReport(ReceiverReport<'a>),
    Nack(Nack<'a>),
    Pli(Pli),
    Fir(Fir<'a>),
    TransportCc(TransportCc<'a>),
    Remb(Remb<'a>),
    /// Those who leave.
    Bye(Ssrcs<'a>),
    /// Not looked into.
    Sdes,
    /// Not looked into.
    App,
    /// Something newer than this code.
    Other {
        /// The packet type.
        kind: u8,
        /// Count, subtype or feedback format, 5 bits.
        count: u8,
    },
}

/// Why a compound packet can not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends within a packet, by the length that the packet gives.
    #[error("expected {needed} bytes of RTCP, got {got}")]
    Truncated {
        #[allow(missing_docs)]
        needed: usize,
        #[allow(missing_docs)]
        got: usize,
    },
    /// The first two bits.
    #[error("expected RTCP version 2, got {0}")]
    Version(u8),
    /// The last byte claims more padding than there is, or none, or no whole words.
    #[error("a packet of {len} bytes can not have {claimed} bytes of padding")]
    Padding {
        #[allow(missing_docs)]
        len: usize,
        #[allow(missing_docs)]
        claimed: usize,
    },
    /// Too short for its kind or for its own count.
    #[error("expected at least {needed} bytes in an RTCP packet of type {kind}, got {got}")]
    Short {
        #[allow(missing_docs)]
        kind: u8,
        #[allow(missing_docs)]
        needed: usize,
        #[allow(missing_docs)]
        got: usize,
    },
}

impl<'a> Compound<'a> {
    /// Reads `bytes`, already opened.
    pub fn new(bytes: &'a [u8]) -> Self {
        Compound { rest: bytes }
    }

    /// Cuts one packet off.
    fn cut(&mut self) -> Result<Raw<'a>, Malformed> {
        let got = self.rest.len();
        let Some((header, _)) = self.rest.split_first_chunk::<4>() else {
            return Err(Malformed::Truncated { needed: 4, got });
        };
        if header[0] >> 6 != 2 {
            return Err(Malformed::Version(header[0] >> 6));
        }
        let needed = 4 + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
        let Some((packet, rest)) = self.rest.split_at_checked(needed) else {
            return Err(Malformed::Truncated { needed, got });
        };
        self.rest = rest;
        let body = &packet[4..];
        let body = if header[0] & 0x20 == 0 {
            body
        } else {
            unpadded(body)?
        };
        Ok(Raw {
            kind: header[1],
            count: header[0] & 0x1f,
            body,
        })
    }
}

fn unpadded(body: &[u8]) -> Result<&[u8], Malformed> {
    let claimed = usize::from(body.last().copied().unwrap_or(0));
    if claimed == 0 || claimed % 4 != 0 || claimed > body.len() {
        return Err(Malformed::Padding {
            len: body.len() + 4,
            claimed,
        });
    }
    Ok(&body[..body.len() - claimed])
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Packet<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let packet = self.cut().and_then(Raw::read);
        if packet.is_err() {
            self.rest = &[];
        }
        Some(packet)
    }
}

/// A packet without its header and padding.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    kind: u8,
    pub(super) count: u8,
    pub(super) body: &'a [u8],
}

impl<'a> Raw<'a> {
    fn read(self) -> Result<Packet<'a>, Malformed> {
        Ok(match (self.kind, self.count) {
            (kind::SENDER_REPORT, _) => Packet::SenderReport(SenderReport::read(self)?),
            (kind::RECEIVER_REPORT, _) => Packet::ReceiverReport(ReceiverReport::read(self)?),
            (kind::SDES, _) => Packet::Sdes,
            (kind::BYE, count) => {
                let len = 4 * usize::from(count);
                Packet::Bye(Ssrcs(&self.need(len)?.body[..len]))
            }
            (kind::APP, _) => Packet::App,
            (kind::TRANSPORT_FEEDBACK, format::NACK) => Packet::Nack(Nack::read(self)?),
            (kind::TRANSPORT_FEEDBACK, format::TRANSPORT_CC) => {
                Packet::TransportCc(TransportCc::read(self)?)
            }
            (kind::PAYLOAD_FEEDBACK, format::PLI) => Packet::Pli(Pli::read(self)?),
            (kind::PAYLOAD_FEEDBACK, format::FIR) => Packet::Fir(Fir::read(self)?),
            (kind::PAYLOAD_FEEDBACK, format::APPLICATION) => match Remb::read(self)? {
                Some(remb) => Packet::Remb(remb),
                None => self.other(),
            },
            _ => self.other(),
        })
    }

    fn other(self) -> Packet<'a> {
        Packet::Other {
            kind: self.kind,
            count: self.count,
        }
    }

    /// Itself, if its body has `needed` bytes.
    pub(super) fn need(self, needed: usize) -> Result<Self, Malformed> {
        if self.body.len() < needed {
            return Err(Malformed::Short {
                kind: self.kind,
                needed,
                got: self.body.len(),
            });
        }
        Ok(self)
    }
}

/// A list of SSRCs. Iterates over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssrcs<'a>(pub(super) &'a [u8]);

impl Iterator for Ssrcs<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (_, rest) = self.0.split_first_chunk::<4>()?;
        let ssrc = word(self.0, 0);
        self.0 = rest;
        Some(ssrc)
    }
}
