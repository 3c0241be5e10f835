use super::extension::Extensions;

/// A fixed header and what follows it up to the payload (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    #[allow(missing_docs)]
    pub marker: bool,
    /// 7 bits.
    pub payload_type: u8,
    #[allow(missing_docs)]
    pub sequence: u16,
    #[allow(missing_docs)]
    pub timestamp: u32,
    #[allow(missing_docs)]
    pub ssrc: u32,
    /// The payload ends with padding; its last byte tells how much.
    pub padded: bool,
    /// Contributing sources, four bytes each.
    pub csrcs: &'a [u8],
    /// Header extensions. Empty when there are none.
    pub extensions: Extensions<'a>,
    /// Bytes up to the payload.
    pub len: usize,
}

/// A whole plain packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    #[allow(missing_docs)]
    pub header: Header<'a>,
    /// Without padding.
    pub payload: &'a [u8],
    /// Bytes of padding behind the payload.
    pub padding: usize,
}

/// Why bytes are not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It ends within its header.
    #[error("expected {needed} bytes of header, got {got}")]
    Truncated {
        #[allow(missing_docs)]
        needed: usize,
        #[allow(missing_docs)]
        got: usize,
    },
    /// The first two bits.
    #[error("expected version 2, got {0}")]
    Version(u8),
    /// The last byte claims more padding than there is payload, or none.
    #[error("expected 1 to {payload} bytes of padding, got {claimed}")]
    Padding {
        #[allow(missing_docs)]
        payload: usize,
        #[allow(missing_docs)]
        claimed: usize,
    },
}

const FIXED: usize = 12;

/// Whether a datagram whose first byte says RTP or RTCP is RTCP (RFC 5761 section 4).
#[inline]
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// How long the header of a packet is, sealed or plain.
#[inline]
pub fn header_len(packet: &[u8]) -> Result<usize, ParseError> {
    let needs = |needed| {
        if packet.len() < needed {
            Err(truncated(needed, packet))
        } else {
            Ok(needed)
        }
    };
    needs(FIXED)?;
    if packet[0] >> 6 != 2 {
        return Err(ParseError::Version(packet[0] >> 6));
    }
    let csrcs = needs(FIXED + csrcs_len(packet))?;
    if packet[0] & 0x10 == 0 {
        return Ok(csrcs);
    }
    let start = needs(csrcs + 4)?;
    let words = u16::from_be_bytes([packet[start - 2], packet[start - 1]]);
    needs(start + 4 * usize::from(words))
}

fn truncated(needed: usize, packet: &[u8]) -> ParseError {
    ParseError::Truncated {
        needed,
        got: packet.len(),
    }
}

fn csrcs_len(packet: &[u8]) -> usize {
    4 * usize::from(packet[0] & 0x0f)
}

impl<'a> Header<'a> {
    /// Reads the header of a packet, sealed or plain.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        let len = header_len(packet)?;
        let (csrcs, rest) = packet[FIXED..len].split_at(csrcs_len(packet));
        Ok(Header {
            marker: packet[1] & 0x80 != 0,
            payload_type: packet[1] & 0x7f,
            sequence: u16::from_be_bytes([packet[2], packet[3]]),
            timestamp: u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]),
            ssrc: u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]),
            padded: packet[0] & 0x20 != 0,
            csrcs,
            extensions: match rest {
                [high, low, _, _, data @ ..] => {
                    Extensions::new(u16::from_be_bytes([*high, *low]), data)
                }
                _ => Extensions::default(),
            },
            len,
        })
    }
}

impl<'a> Packet<'a> {
    /// Reads a plain packet.
    pub fn parse(packet: &'a [u8]) -> Result<Self, ParseError> {
        let header = Header::parse(packet)?;
        let body = &packet[header.len..];
        let padding = if header.padded { padding(body)? } else { 0 };
        Ok(Packet {
            header,
            payload: &body[..body.len() - padding],
            padding,
        })
    }
}

fn padding(body: &[u8]) -> Result<usize, ParseError> {
    let claimed = usize::from(body.last().copied().unwrap_or(0));
    if claimed == 0 || claimed > body.len() {
        return Err(ParseError::Padding {
            payload: body.len(),
            claimed,
        });
    }
    Ok(claimed)
}
