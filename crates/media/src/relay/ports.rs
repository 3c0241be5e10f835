//! The ports of allocations.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use turn::{AllocationId, NoPort};

use crate::counters::Counters;
use crate::net::{Batch, Readiness, Token, Udp, bind_udp};

/// Times that the system is asked for an even port.
const ATTEMPTS: usize = 64;

/// The open ports, and what is about to leave through one of them.
pub struct Ports {
    range: RangeInclusive<u16>,
    /// Where in the range the last one was found.
    last: u16,
    first_token: Token,
    open: HashMap<Token, Port>,
    by_id: HashMap<AllocationId, Token>,
    next: Token,
    batch: Batch,
    /// To whom the batch belongs.
    writing: Option<Token>,
}

/// A port of an allocation.
pub struct Port {
    /// Whose it is.
    pub id: AllocationId,
    /// Its socket.
    pub udp: Udp,
}

/// A port that is open and belongs to nobody yet.
pub struct Opened {
    udp: Udp,
    /// Its number.
    pub port: u16,
}

impl Ports {
    /// Of `range`; tokens from `first_token` on.
    pub fn new(range: RangeInclusive<u16>, first_token: Token) -> Self {
        Self {
            last: *range.start(),
            range,
            first_token,
            open: HashMap::new(),
            by_id: HashMap::new(),
            next: first_token,
            batch: Batch::default(),
            writing: None,
        }
    }

    /// Opens one of the family of `ip`.
    ///
    /// # Errors
    /// When none is free, or the system has no descriptor left.
    pub fn open(&mut self, ip: IpAddr, even: bool) -> Result<Opened, NoPort> {
        if *self.range.end() == 0 {
            return open_any(ip, even);
        }
        let (start, end) = (*self.range.start(), *self.range.end());
        let first = self.last.clamp(start, end);
        let candidates = (first..=end).chain(start..first);
        for port in candidates.filter(|port| *port != 0 && (!even || port % 2 == 0)) {
            match bind_udp(ip, port) {
                Ok((udp, port)) => {
                    self.last = port
                        .checked_add(1)
                        .filter(|next| *next <= end)
                        .unwrap_or(start);
                    return Ok(Opened { udp, port });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(_) => return Err(NoPort),
            }
        }
        Err(NoPort)
    }

    /// Gives an open port to its allocation. False when it cannot be watched, and is closed.
    pub fn give(&mut self, opened: Opened, id: AllocationId, readiness: &Readiness) -> bool {
        let token = self.next;
        if readiness.add(&opened.udp, token).is_err() {
            return false;
        }
        self.next += 1;
        let udp = opened.udp;
        self.open.insert(token, Port { id, udp });
        self.by_id.insert(id, token);
        true
    }

    /// Closes the port of an allocation.
    pub fn close(&mut self, id: AllocationId, counters: &Counters) {
        let Some(token) = self.by_id.remove(&id) else {
            return;
        };
        if self.writing == Some(token) {
            self.flush(counters);
        }
        self.open.remove(&token);
    }

    /// The port of a token.
    pub fn get(&self, token: Token) -> Option<&Port> {
        self.open.get(&token)
    }

    /// Whether a token may be of a port.
    pub fn is_token(&self, token: Token) -> bool {
        token >= self.first_token
    }

    /// Sends `data` from the port of an allocation, at the latest with the next [`Ports::flush`].
    pub fn send(&mut self, id: AllocationId, to: SocketAddr, data: &[u8], counters: &Counters) {
        let Some(token) = self.by_id.get(&id).copied() else {
            return;
        };
        if self.writing != Some(token) {
            self.flush(counters);
            self.writing = Some(token);
        }
        let Some(port) = self.open.get(&token) else {
            return;
        };
        let slot = self.batch.slot(&port.udp, counters);
        if let Some(slot) = slot.get_mut(..data.len()) {
            slot.copy_from_slice(data);
            self.batch.commit(to, None, data.len());
        }
    }

    /// Hands what was gathered to the system.
    pub fn flush(&mut self, counters: &Counters) {
        let writing = self.writing.take();
        if let Some(port) = writing.and_then(|token| self.open.get(&token)) {
            self.batch.flush(&port.udp, counters);
        }
    }
}

fn open_any(ip: IpAddr, even: bool) -> Result<Opened, NoPort> {
    for _ in 0..ATTEMPTS {
        let (udp, port) = bind_udp(ip, 0).map_err(|_| NoPort)?;
        if !even || port % 2 == 0 {
            return Ok(Opened { udp, port });
        }
    }
    Err(NoPort)
}
