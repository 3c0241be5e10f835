//! RTP packets: reading what comes (RFC 3550, RFC 8285), writing what goes, RTX (RFC 4588).
//!
//! Parsers borrow from the packet, never allocate and never panic, whatever the bytes are.

mod extension;
mod header;
mod rtx;
mod template;

pub use extension::{Extensions, Mid, MidError, Values, Wire};
pub use header::{Header, Packet, ParseError, header_len, is_rtcp};
pub use rtx::{OSN_LEN, RtxSequence, decapsulate, encapsulate};
pub use template::{ExtensionIds, Fields, MAX_HEADER_LEN, NoRoom, PayloadTypes, Template};

/// The extended number nearest to `reference` that ends in `sequence`. None when it would be below zero.
///
/// Right as long as packets are less than 2^15 apart (RFC 3711 appendix A).
#[inline]
pub fn extend(sequence: u16, reference: u64) -> Option<u64> {
    let distance = sequence.wrapping_sub(reference as u16) as i16;
    reference.checked_add_signed(distance.into())
}

#[cfg(test)]
mod tests;
