//! What happened, in words when somebody reads along, and as one number to compare two runs.

use std::fmt;

/// Everything that is told of a run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    lines: u64,
    aloud: bool,
    /// The last lines, for a failure.
    recent: std::collections::VecDeque<String>,
    keep: usize,
}

impl Trace {
    /// `aloud` prints every line to the standard output.
    pub fn new(aloud: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            lines: 0,
            aloud,
            recent: std::collections::VecDeque::new(),
            keep: 0,
        }
    }

    /// Notes one thing.
    pub fn note(&mut self, at: u64, what: fmt::Arguments<'_>) {
        self.lines += 1;
        self.mix(&at.to_le_bytes());
        // The hash is fed piece by piece: a line is only put together when somebody reads it.
        let _ = fmt::write(&mut Hashing(self), what);
        if self.aloud {
            println!("{:>10}.{:03} {what}", at / 1000, at % 1000);
        }
        if self.keep > 0 {
            if self.recent.len() == self.keep {
                self.recent.pop_front();
            }
            self.recent.push_back(what.to_string());
        }
    }

    /// One number for all that was noted.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How much was noted.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// FNV-1a.
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

struct Hashing<'a>(&'a mut Trace);

impl fmt::Write for Hashing<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.mix(text.as_bytes());
        Ok(())
    }
}
