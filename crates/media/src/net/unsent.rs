//! What waits to be written to a stream. Bounded: what a slow reader does not take has no room.

use std::io::{self, Write};
use std::os::fd::AsFd;

use super::readiness::{Readiness, Token};

/// Unsent bytes of one stream.
const MOST: usize = 256 << 10;

/// Bytes on their way to one stream.
#[derive(Debug, Default)]
pub struct Unsent {
    bytes: Vec<u8>,
    written: usize,
    wants_write: bool,
}

impl Unsent {
    /// Whether so many more find room.
    pub fn has_room(&self, len: usize) -> bool {
        self.bytes.len() - self.written + len <= MOST
    }

    /// Adds bytes behind those that wait. Whether they find room is asked before.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes what the stream takes, and has it watched for as long as something is left.
    ///
    /// # Errors
    /// What the system says; the stream is to be closed then.
    pub fn write(
        &mut self,
        stream: &mut (impl Write + AsFd),
        readiness: &Readiness,
        token: Token,
    ) -> io::Result<()> {
        while self.written < self.bytes.len() {
            match stream.write(&self.bytes[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.written == self.bytes.len() || self.written > MOST / 2 {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
        let wants_write = !self.bytes.is_empty();
        if wants_write != self.wants_write {
            readiness.want_write(&*stream, token, wants_write)?;
            self.wants_write = wants_write;
        }
        Ok(())
    }
}

/// For TLS, whose records are made as they are written.
impl Write for Unsent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_a_slow_reader_leaves_waits_in_order_up_to_a_limit() {
        let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("set");
        let readiness = Readiness::new().expect("epoll");
        readiness.add(&ours, 1).expect("watched");
        let mut unsent = Unsent::default();
        let mut sent = Vec::new();
        let mut number = 0_u32;
        while unsent.has_room(4096) {
            let piece: Vec<u8> = (0..1024)
                .flat_map(|at| (number + at).to_be_bytes())
                .collect();
            unsent.push(&piece);
            sent.extend_from_slice(&piece);
            number += 1024;
            unsent.write(&mut ours, &readiness, 1).expect("open");
        }
        assert!(unsent.wants_write && sent.len() > MOST);
        let mut read = vec![0; sent.len()];
        let mut at = 0;
        while at < read.len() {
            at += theirs.read(&mut read[at..]).expect("more");
            unsent.write(&mut ours, &readiness, 1).expect("open");
        }
        assert!(read == sent, "bytes are lost or in another order");
        assert!(!unsent.wants_write && unsent.has_room(MOST));
        drop(theirs);
        unsent.push(b"x");
        assert!(unsent.write(&mut ours, &readiness, 1).is_err());
    }
}
