//! The ports of allocations.

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
    /// By the slots of their allocations.
    open: Vec<Option<Port>>,
    batch: Batch,
    /// To whom the batch belongs.
    writing: Option<AllocationId>,
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
            open: Vec::new(),
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
        let token = self.first_token + id.slot() as Token;
        if readiness.add(&opened.udp, token).is_err() {
            return false;
        }
        if self.open.len() <= id.slot() {
            self.open.resize_with(id.slot() + 1, || None);
        }
        let udp = opened.udp;
        self.open[id.slot()] = Some(Port { id, udp });
        true
    }

    /// Closes the port of an allocation.
    pub fn close(&mut self, id: AllocationId, counters: &Counters) {
        if self.writing == Some(id) {
            self.flush(counters);
        }
        let port = self.open.get_mut(id.slot());
        if let Some(port) = port.filter(|port| is_of(port, id)) {
            *port = None;
        }
    }

    /// The port of a token. A token that is older than its port finds the port that is there now, which is then looked at
    /// without need.
    pub fn get(&self, token: Token) -> Option<&Port> {
        let slot = token.checked_sub(self.first_token)?;
        self.open.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    /// Sends `data` from the port of an allocation, at the latest with the next [`Ports::flush`].
    pub fn send(&mut self, id: AllocationId, to: SocketAddr, data: &[u8], counters: &Counters) {
        if self.writing != Some(id) {
            self.flush(counters);
        }
        let port = self.open.get(id.slot()).filter(|port| is_of(port, id));
        let Some(Some(port)) = port else {
            return;
        };
        self.writing = Some(id);
        let slot = self.batch.slot(&port.udp, counters);
        if let Some(slot) = slot.get_mut(..data.len()) {
            slot.copy_from_slice(data);
            self.batch.commit(to, None, data.len());
        }
    }

    /// Hands what was gathered to the system.
    pub fn flush(&mut self, counters: &Counters) {
        let writing = self.writing.take();
        let port = writing.and_then(|id| self.open.get(id.slot())?.as_ref());
        if let Some(port) = port {
            self.batch.flush(&port.udp, counters);
        }
    }
}

fn is_of(port: &Option<Port>, id: AllocationId) -> bool {
    port.as_ref().is_some_and(|port| port.id == id)
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
