//! Messages on a stream (RFC 8656 section 3.1): STUN messages and ChannelData, which is padded to four bytes, follow each
//! other; each says how long it is.

use crate::message::{HEADER, LARGEST};

/// What a stream has brought and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    taken: usize,
}

/// The stream is something else, or a message is longer than any that is taken: it must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl Frames {
    /// Appends what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// The next whole message, without its padding. `None` until all of it is there.
    ///
    /// # Errors
    /// When this is not TURN; asked again, the same.
    pub fn take(&mut self) -> Result<Option<&[u8]>, Broken> {
        let waiting = &self.bytes[self.taken..];
        let Some(head) = waiting.first_chunk::<4>() else {
            // Whoever sends HTTP or TLS here shall not have to wait for a timeout.
            return match waiting.first() {
                Some(first) if first & 0x80 != 0 => Err(Broken),
                _ => Ok(None),
            };
        };
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (len, padded) = match head[0] >> 6 {
            0 => (HEADER + len, HEADER + len),
            1 => (4 + len, 4 + len.next_multiple_of(4)),
            _ => return Err(Broken),
        };
        if len > LARGEST {
            return Err(Broken);
        }
        if waiting.len() < padded {
            return Ok(None);
        }
        let start = self.taken;
        self.taken += padded;
        Ok(Some(&self.bytes[start..start + len]))
    }
}

#[cfg(test)]
mod tests;
