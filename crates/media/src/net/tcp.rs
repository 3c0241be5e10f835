//! ICE-TCP (RFC 6544, passive side): accepted connections that carry RFC 4571 frames, a length of two bytes before
//! each packet. Everything per connection is bounded: what a slow reader does not take is dropped and counted, what
//! breaks the framing or stays anonymous is closed.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::frames::{Frames, TooLong};
use super::readiness::{Readiness, Token};
use super::unsent::Unsent;
use crate::counters::Counters;

/// Connections per shard.
const CONNECTIONS: usize = 4096;
/// Connections per shard that no transport has claimed yet.
const ANONYMOUS: usize = 512;
/// How long a connection may stay unclaimed.
const CLAIM_WITHIN: Duration = Duration::from_secs(10);
/// Bytes read from one connection before the others get their turn.
const READ: usize = 32 << 10;

/// The accepted connections of a shard.
pub struct Streams {
    listener: TcpListener,
    first_token: Token,
    connections: Vec<Option<Connection>>,
    by_peer: HashMap<SocketAddr, usize>,
    anonymous: usize,
    /// The system had no descriptor left: nothing is accepted until the next [`Streams::sweep`].
    paused: bool,
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    local: IpAddr,
    claimed: bool,
    since: Instant,
    incoming: Frames,
    unsent: Unsent,
}

/// A frame taken from a connection.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// The far end.
    pub peer: SocketAddr,
    /// Our address of the connection.
    pub local: IpAddr,
    /// Bytes of the frame.
    pub len: usize,
}

impl Streams {
    /// Connections get tokens from `first_token` on.
    ///
    /// # Errors
    /// When the listener cannot be made non-blocking.
    pub fn new(listener: TcpListener, first_token: Token) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            first_token,
            connections: Vec::new(),
            by_peer: HashMap::new(),
            anonymous: 0,
            paused: false,
        })
    }

    /// Has the listening socket watched.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(&self, readiness: &Readiness, token: Token) -> io::Result<()> {
        readiness.add(&self.listener, token)
    }

    /// Accepts what waits, as far as limits allow.
    pub fn accept(&mut self, readiness: &Readiness, now: Instant, counters: &Counters) {
        // Bounded, so that a flood of connections does not keep the shard from its packets.
        for _ in 0..64 {
            let (stream, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if is_transient(&error) => return,
                Err(_) => {
                    // It stays ready, and would keep the shard spinning.
                    self.paused = readiness.remove(&self.listener).is_ok();
                    counters.tcp_refused.add(1);
                    return;
                }
            };
            let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
            if self.by_peer.contains_key(&peer) || !self.make_room(counters) {
                counters.tcp_refused.add(1);
                continue;
            }
            match self.admit(stream, peer, readiness, now) {
                Ok(()) => counters.tcp_accepted.add(1),
                Err(_) => counters.tcp_refused.add(1),
            }
        }
    }

    /// Among too many that nobody claimed the oldest goes: a client claims its own within a round trip, a flood never.
    fn make_room(&mut self, counters: &Counters) -> bool {
        if self.anonymous >= ANONYMOUS {
            let connections = self.connections.iter().flatten();
            let anonymous = connections.filter(|connection| !connection.claimed);
            if let Some(oldest) = anonymous.min_by_key(|connection| connection.since) {
                self.close(oldest.peer);
                counters.tcp_closed.add(1);
            }
        }
        self.by_peer.len() < CONNECTIONS
    }

    fn admit(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        readiness: &Readiness,
        now: Instant,
    ) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let local = stream.local_addr()?.ip().to_canonical();
        let free = self.connections.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.connections.len());
        readiness.add(&stream, self.first_token + slot as Token)?;
        let connection = Connection {
            stream,
            peer,
            local,
            claimed: false,
            since: now,
            incoming: Frames::default(),
            unsent: Unsent::default(),
        };
        match free {
            Some(slot) => self.connections[slot] = Some(connection),
            None => self.connections.push(Some(connection)),
        }
        self.by_peer.insert(peer, slot);
        self.anonymous += 1;
        Ok(())
    }

    /// Reads and writes what is ready on the connection of `token`. Frames are then had from [`Streams::take`].
    /// Returns the peer if the connection ended.
    pub fn ready(&mut self, token: Token, readiness: &Readiness) -> Option<SocketAddr> {
        let slot = self.slot(token)?;
        let connection = self.connections[slot].as_mut()?;
        let peer = connection.peer;
        let alive = connection.write(readiness, token).is_ok() && connection.read().is_ok();
        if alive {
            return None;
        }
        // What came before the end still counts: the caller takes it before it closes.
        Some(peer)
    }

    /// Copies the next whole frame of the connection of `token` into `buffer`. An error means that what came is not
    /// RFC 4571 and the connection is to be closed.
    ///
    /// # Errors
    /// The far end, when a frame is longer than any packet may be.
    pub fn take(&mut self, token: Token, buffer: &mut [u8]) -> Result<Option<Taken>, SocketAddr> {
        let slot = self.slot(token);
        let Some(connection) = slot.and_then(|slot| self.connections[slot].as_mut()) else {
            return Ok(None);
        };
        connection.take(buffer)
    }

    fn slot(&self, token: Token) -> Option<usize> {
        let slot = usize::try_from(token.checked_sub(self.first_token)?).ok()?;
        (slot < self.connections.len()).then_some(slot)
    }

    /// Sends one packet. False when it was dropped: no such connection, or its buffer is full.
    pub fn send(&mut self, peer: SocketAddr, data: &[u8], readiness: &Readiness) -> bool {
        let Some(&slot) = self.by_peer.get(&peer) else {
            return false;
        };
        let token = self.first_token + slot as Token;
        let Some(connection) = self.connections[slot].as_mut() else {
            return false;
        };
        if !connection.push(data) {
            return false;
        }
        // A failed write shows as readiness of the connection, where it is closed.
        let _ = connection.write(readiness, token);
        true
    }

    /// A transport has proven itself over this connection: it may stay.
    pub fn claim(&mut self, peer: SocketAddr) {
        let slot = self.by_peer.get(&peer).copied();
        let connection = slot.and_then(|slot| self.connections[slot].as_mut());
        if let Some(connection) = connection.filter(|connection| !connection.claimed) {
            connection.claimed = true;
            self.anonymous -= 1;
        }
    }

    /// Closes the connection with `peer`, if there is one.
    pub fn close(&mut self, peer: SocketAddr) {
        let Some(slot) = self.by_peer.remove(&peer) else {
            return;
        };
        if let Some(connection) = self.connections[slot].take()
            && !connection.claimed
        {
            self.anonymous -= 1;
        }
    }

    /// Closes connections that nobody claimed in time, and returns how many. Accepts again.
    pub fn sweep(&mut self, now: Instant, readiness: &Readiness, token: Token) -> u64 {
        if self.paused && self.listen(readiness, token).is_ok() {
            self.paused = false;
        }
        let late = |connection: &&Connection| {
            !connection.claimed && now.duration_since(connection.since) > CLAIM_WITHIN
        };
        let connections = self.connections.iter().flatten();
        let late: Vec<SocketAddr> = connections.filter(late).map(|late| late.peer).collect();
        for peer in &late {
            self.close(*peer);
        }
        late.len() as u64
    }
}

/// Nothing waits, or it went before it was accepted.
pub fn is_transient(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | Interrupted | WouldBlock)
}

impl Connection {
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 4096];
        while self.incoming.waiting() < READ {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.incoming.feed(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn take(&mut self, buffer: &mut [u8]) -> Result<Option<Taken>, SocketAddr> {
        let (peer, local) = (self.peer, self.local);
        let taken = self.incoming.take(buffer).map_err(|TooLong| peer)?;
        Ok(taken.map(|len| Taken { peer, local, len }))
    }

    fn push(&mut self, data: &[u8]) -> bool {
        let Ok(len) = u16::try_from(data.len()) else {
            return false;
        };
        if !self.unsent.has_room(2 + data.len()) {
            return false;
        }
        self.unsent.push(&len.to_be_bytes());
        self.unsent.push(data);
        true
    }

    fn write(&mut self, readiness: &Readiness, token: Token) -> io::Result<()> {
        self.unsent.write(&mut self.stream, readiness, token)
    }
}

#[cfg(test)]
mod tests;
