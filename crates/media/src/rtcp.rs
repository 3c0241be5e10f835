//! RTCP: reading compound packets (RFC 3550, 4585, 5104), writing what a media node has to say.
//!
//! Reading borrows, never allocates and never panics. A packet whose length lies ends the reading of its compound;
//! one of an unknown kind is handed out as it is.

mod build;
mod compound;
mod feedback;
mod report;

pub use build::{CNAME_MAX, NACK_MAX, SenderInfo, bye, fir, nack, pli, sender_report};
pub use compound::{Compound, Malformed, Packet, Ssrcs};
pub use feedback::{Fir, FirEntries, FirEntry, Lost, Nack, Pli, Remb, TransportCc};
pub use report::{Block, Blocks, NtpTime, ReceiverReport, SenderReport};

/// RTCP packet types.
mod kind {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SDES: u8 = 202;
    pub(super) const BYE: u8 = 203;
    pub(super) const APP: u8 = 204;
    pub(super) const TRANSPORT_FEEDBACK: u8 = 205;
    pub(super) const PAYLOAD_FEEDBACK: u8 = 206;
}

/// Feedback formats (RFC 4585 section 6, RFC 5104 section 4.3).
mod format {
    pub(super) const NACK: u8 = 1;
    pub(super) const TRANSPORT_CC: u8 = 15;
    pub(super) const PLI: u8 = 1;
    pub(super) const FIR: u8 = 4;
    pub(super) const APPLICATION: u8 = 15;
}

/// The four bytes at `at`, which the caller has checked to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
