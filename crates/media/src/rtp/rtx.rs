//! Retransmissions on an SSRC of their own (RFC 4588).

use crate::srtp::INDEX_END;

/// Length of the original sequence number before the payload.
pub const OSN_LEN: usize = 2;

/// The indices of an RTX stream: one after the other, none twice.
#[derive(Clone, Debug)]
pub struct RtxSequence {
    next: u64,
}

impl RtxSequence {
    /// Starts at `seed`, without its top bit: a receiver that misses the first packets can then not guess the
    /// roll-over counter wrong (RFC 3711 section 3.3.1).
    pub fn new(seed: u16) -> Self {
        RtxSequence {
            next: u64::from(seed & 0x7fff),
        }
    }

    /// The index of the next packet: roll-over counter and sequence number. None when all are used.
    pub fn take(&mut self) -> Option<u64> {
        let index = self.next;
        if index >= INDEX_END {
            return None;
        }
        self.next += 1;
        Some(index)
    }
}

/// Writes the body of a retransmission behind its header and returns its length. None when `out` is too short.
#[inline]
pub fn encapsulate(out: &mut [u8], original: u16, payload: &[u8]) -> Option<usize> {
    let len = OSN_LEN + payload.len();
    let out = out.get_mut(..len)?;
    out[..OSN_LEN].copy_from_slice(&original.to_be_bytes());
    out[OSN_LEN..].copy_from_slice(payload);
    Some(len)
}

/// The original sequence number and payload of a received retransmission. None for one too short, such as the
/// padding that probes bandwidth.
pub fn decapsulate(body: &[u8]) -> Option<(u16, &[u8])> {
    let (original, payload) = body.split_first_chunk::<OSN_LEN>()?;
    Some((u16::from_be_bytes(*original), payload))
}

#[cfg(test)]
impl RtxSequence {
    pub(super) fn ending() -> Self {
        RtxSequence {
            next: INDEX_END - 1,
        }
    }
}
