//! RFC 4571: a length of two bytes before each packet on a stream.

/// Longest packet that is taken. Nodes send none longer than a datagram.
const LONGEST: usize = 2048;

/// What a stream has brought and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
}

/// A frame claims to be longer than any packet may be: the stream is something else than RFC 4571.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Frames {
    /// Appends what was read. Whoever feeds takes what is whole first, so that little waits.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole packet.
    ///
    /// # Errors
    /// When it is too long; asked again, the same.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let len = usize::from(u16::from_be_bytes(*length));
        if len > LONGEST {
            return Err(TooLong);
        }
        let Some(packet) = rest.get(..len) else {
            return Ok(None);
        };
        let packet = packet.to_vec();
        self.bytes.drain(..2 + len);
        Ok(Some(packet))
    }
}

/// A packet with its length before it; nothing for one that is too long to be framed.
pub fn framed(packet: &[u8]) -> Vec<u8> {
    let Ok(len) = u16::try_from(packet.len()) else {
        return Vec::new();
    };
    let mut frame = len.to_be_bytes().to_vec();
    frame.extend_from_slice(packet);
    frame
}

#[cfg(test)]
mod tests;
