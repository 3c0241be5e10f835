//! RFC 4571: a length of two bytes before each packet on a stream.

/// Largest frame taken: what no UDP datagram would carry, TCP need not either.
const LARGEST: usize = 2046;

/// What a stream has brought and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    taken: usize,
}

/// A frame claims to be longer than any packet may be: the stream is something else than RFC 4571.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

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

    /// Copies the next whole frame into `buffer` and returns its length. `None` until all of it is there.
    ///
    /// # Errors
    /// When it is too long for a packet or for `buffer`; asked again, the same.
    pub fn take(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, TooLong> {
        let Some((length, rest)) = self.bytes[self.taken..].split_first_chunk::<2>() else {
            return Ok(None);
        };
        let len = usize::from(u16::from_be_bytes(*length));
        if len > LARGEST.min(buffer.len()) {
            return Err(TooLong);
        }
        let Some(frame) = rest.get(..len) else {
            return Ok(None);
        };
        buffer[..len].copy_from_slice(frame);
        self.taken += 2 + len;
        Ok(Some(len))
    }
}
