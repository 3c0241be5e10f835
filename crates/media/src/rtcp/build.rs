//! Writers. Each appends one packet to `out`; a compound begins with [`sender_report`] or, with reduced size
//! (RFC 5506), with anything.

use super::report::NtpTime;
use super::{format, kind};

/// What a sender report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    #[allow(missing_docs)]
    pub ssrc: u32,
    /// Wall clock now.
    pub ntp: NtpTime,
    /// The same moment on the clock of the packets.
    pub rtp_timestamp: u32,
    /// Packets sent since the start, modulo 2^32.
    pub packets: u32,
    /// Payload bytes sent since the start, modulo 2^32.
    pub octets: u32,
}

/// Lost packets in one NACK: however they lie, it fits a datagram.
pub const NACK_MAX: usize = 256;

/// Longest CNAME that an SDES item holds, in bytes.
pub const CNAME_MAX: usize = 255;

/// A sender report without report blocks, and the SDES with the CNAME that RFC 3550 section 6.1 wants in every
/// compound packet. What is longer than [`CNAME_MAX`] is cut.
pub fn sender_report(out: &mut Vec<u8>, info: &SenderInfo, cname: &str) {
    packet(out, kind::SENDER_REPORT, 0, |out| {
        out.extend(info.ssrc.to_be_bytes());
        out.extend(info.ntp.0.to_be_bytes());
        out.extend(info.rtp_timestamp.to_be_bytes());
        out.extend(info.packets.to_be_bytes());
        out.extend(info.octets.to_be_bytes());
    });
    let cname = &cname.as_bytes()[..cname.floor_char_boundary(CNAME_MAX)];
    packet(out, kind::SDES, 1, |out| {
        const CNAME: u8 = 1;
        out.extend(info.ssrc.to_be_bytes());
        out.extend([CNAME, cname.len() as u8]);
        out.extend(cname);
        // The list of items ends with at least one zero.
        out.push(0);
    });
}

/// Asks `media` for a keyframe.
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    packet(out, kind::PAYLOAD_FEEDBACK, format::PLI, |out| {
        out.extend(sender.to_be_bytes());
        out.extend(media.to_be_bytes());
    });
}

/// Asks `media` for a keyframe. `number` is one higher for each new request, the same for a repeated one.
pub fn fir(out: &mut Vec<u8>, sender: u32, media: u32, number: u8) {
    packet(out, kind::PAYLOAD_FEEDBACK, format::FIR, |out| {
        out.extend(sender.to_be_bytes());
        out.extend(0_u32.to_be_bytes());
        out.extend(media.to_be_bytes());
        out.extend([number, 0, 0, 0]);
    });
}

/// Asks `media` for lost packets, given in the order of their sending. Writes nothing when there are none, and no
/// more than [`NACK_MAX`].
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, lost: impl IntoIterator<Item = u16>) {
    let mut lost = lost.into_iter().take(NACK_MAX);
    let Some(first) = lost.next() else { return };
    packet(out, kind::TRANSPORT_FEEDBACK, format::NACK, |out| {
        out.extend(sender.to_be_bytes());
        out.extend(media.to_be_bytes());
        let (mut packet, mut bits) = (first, 0_u16);
        for next in lost {
            match next.wrapping_sub(packet) {
                0 => {}
                behind @ 1..=16 => bits |= 1 << (behind - 1),
                _ => {
                    entry(out, packet, bits);
                    (packet, bits) = (next, 0);
                }
            }
        }
        entry(out, packet, bits);
    });
}

fn entry(out: &mut Vec<u8>, packet: u16, bits: u16) {
    out.extend(packet.to_be_bytes());
    out.extend(bits.to_be_bytes());
}

/// Says that these SSRCs leave. Only the first 31 fit.
pub fn bye(out: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(31)];
    packet(out, kind::BYE, ssrcs.len() as u8, |out| {
        ssrcs.iter().for_each(|ssrc| out.extend(ssrc.to_be_bytes()));
    });
}

/// Header, body, zeroes up to a whole word, and then the length.
fn packet(out: &mut Vec<u8>, kind: u8, count: u8, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0x80 | count, kind, 0, 0]);
    body(out);
    let len = (out.len() - start).next_multiple_of(4);
    out.resize(start + len, 0);
    let words = (len / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}
