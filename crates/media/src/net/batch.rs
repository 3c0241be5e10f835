//! Outgoing datagrams, gathered in one arena and handed to the system with as few trips as possible.
//!
//! Consecutive datagrams of one size to one destination (the last may be shorter) become one `UDP_SEGMENT` message;
//! up to [`INBOX`] messages go with one `sendmmsg`. Sending never blocks: what the socket does not take is lost, as on
//! any network, and counted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::udp::{INBOX, Message, Udp};
use crate::counters::Counters;

/// Bytes gathered before the arena is flushed. Small enough to stay in the second-level cache.
const ARENA: usize = 256 << 10;
/// Largest datagram that may be put.
pub const LARGEST: usize = 2048;
/// Datagrams per message. Longer runs gain little and hit the network as one burst.
const RUN: usize = 16;
/// Bytes per message: an IP packet's limit, less its headers.
const RUN_BYTES: usize = 65_000;

/// A datagram of this size passes every path that WebRTC knows (RFC 8831 section 5 assumes as much).
const EVERY_PATH: usize = 1200;

/// Segmented messages refused in a row until segmentation is given up for good.
const REFUSALS: u32 = 8;

/// Datagrams to be sent together.
pub struct Batch {
    arena: Box<[u8]>,
    used: usize,
    runs: Vec<Run>,
    messages: Vec<Message>,
    /// Most datagrams per run: [`RUN`], or 1 where there is no segmentation.
    longest: usize,
    /// Segmented messages refused in a row.
    refusals: u32,
}

#[derive(Clone)]
struct Run {
    to: SocketAddr,
    local: Option<IpAddr>,
    bytes: Range<usize>,
    /// Size of every datagram but the last.
    size: usize,
    count: usize,
    /// A shorter one ended it.
    closed: bool,
}

impl Run {
    fn takes(&self, to: SocketAddr, local: Option<IpAddr>, len: usize) -> bool {
        !self.closed
            && self.to == to
            && self.local == local
            && len <= self.size
            && self.bytes.len() + len <= RUN_BYTES
    }
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            arena: vec![0; ARENA].into_boxed_slice(),
            used: 0,
            runs: Vec::with_capacity(INBOX),
            messages: Vec::with_capacity(INBOX),
            longest: RUN,
            refusals: 0,
        }
    }
}

impl Batch {
    /// Room for one datagram of up to [`LARGEST`] bytes; [`Batch::commit`] says how long it became. Sends what was
    /// gathered before when the arena or the messages are used up.
    pub fn slot(&mut self, udp: &Udp, counters: &Counters) -> &mut [u8] {
        if self.used + LARGEST > self.arena.len() || self.runs.len() == INBOX {
            self.flush(udp, counters);
        }
        &mut self.arena[self.used..self.used + LARGEST]
    }

    /// Takes the first `len` bytes of the last [`Batch::slot`] as a datagram to `to` from `local`.
    pub fn commit(&mut self, to: SocketAddr, local: Option<IpAddr>, len: usize) {
        let len = len.min(LARGEST);
        let bytes = self.used..self.used + len;
        self.used = bytes.end;
        let last = self.runs.last_mut();
        let last = last.filter(|run| run.count < self.longest && run.takes(to, local, len));
        if let Some(run) = last {
            run.bytes.end = bytes.end;
            run.count += 1;
            run.closed = len < run.size;
            return;
        }
        self.runs.push(Run {
            to,
            local,
            bytes,
            size: len,
            count: 1,
            closed: false,
        });
    }

    /// Sends everything gathered.
    pub fn flush(&mut self, udp: &Udp, counters: &Counters) {
        let mut runs = std::mem::take(&mut self.runs);
        // What was refused is counted.
        let _ = self.send(udp, counters, &runs);
        runs.clear();
        self.runs = runs;
        self.used = 0;
    }

    /// True when the system took all of them.
    fn send(&mut self, udp: &Udp, counters: &Counters, runs: &[Run]) -> bool {
        let (mut rest, mut all) = (runs, true);
        while let Some(first) = rest.first() {
            match self.send_some(udp, rest) {
                Ok(sent) => {
                    let (sent, left) = rest.split_at(sent);
                    if sent.iter().any(|run| run.count > 1) {
                        self.refusals = 0;
                    }
                    count_sent(counters, sent);
                    rest = left;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    counters.udp_would_block.add(datagrams(rest));
                    return false;
                }
                Err(error) if first.count > 1 && refuses_segments(&error) => {
                    let one_by_one: Vec<Run> = first.split().collect();
                    let taken = self.send(udp, counters, &one_by_one);
                    if taken && first.size <= EVERY_PATH {
                        self.doubt_segmentation(counters);
                    }
                }
                Err(_) => {
                    counters.udp_refused.add(first.count as u64);
                    all = false;
                }
            }
            rest = &rest[1..];
        }
        all
    }

    /// Only what is taken one by one and fits every path tells of the system or the card; anything else may be one
    /// peer's path (a segment beyond its MTU) or address, for which others must not pay.
    fn doubt_segmentation(&mut self, counters: &Counters) {
        counters.gso_refused.add(1);
        self.refusals += 1;
        if self.refusals == REFUSALS {
            self.longest = 1;
            counters.gso_off.add(1);
        }
    }

    /// Sends the first runs; an error concerns the first of them alone.
    fn send_some(&mut self, udp: &Udp, runs: &[Run]) -> io::Result<usize> {
        self.messages.clear();
        for run in runs.iter().take(INBOX) {
            let segment = (run.count > 1).then_some(run.size as u16);
            let data = &self.arena[run.bytes.clone()];
            match Message::new(udp, run.to, run.local, data, segment) {
                Some(message) => self.messages.push(message),
                None if self.messages.is_empty() => return Err(io::ErrorKind::Unsupported.into()),
                None => break,
            }
        }
        udp.send_batch(&mut self.messages)
    }
}

impl Run {
    fn split(&self) -> impl Iterator<Item = Self> {
        let run = self.clone();
        (0..self.count).map(move |index| {
            let start = run.bytes.start + index * run.size;
            let bytes = start..(start + run.size).min(run.bytes.end);
            Self {
                size: bytes.len(),
                bytes,
                count: 1,
                ..run.clone()
            }
        })
    }
}

/// What is answered where there is no segmentation offload, and (EMSGSIZE since Linux 6.14, EINVAL before) where a
/// segment is larger than the path's MTU: alone, the datagram would be fragmented.
fn refuses_segments(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::EIO | libc::EMSGSIZE)
    )
}

fn datagrams(runs: &[Run]) -> u64 {
    runs.iter().map(|run| run.count as u64).sum()
}

fn count_sent(counters: &Counters, runs: &[Run]) {
    let bytes: usize = runs.iter().map(|run| run.bytes.len()).sum();
    counters.udp_messages.add(runs.len() as u64);
    counters.udp_out.add(datagrams(runs));
    counters.udp_out_bytes.add(bytes as u64);
}

#[cfg(test)]
mod tests;
