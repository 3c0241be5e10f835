//! Clients by TCP and TLS: accepted connections, and streams that somebody else accepted and handed over. Everything per
//! connection is bounded: what a slow reader does not take is dropped and counted, what is not TURN or asks for nothing is
//! closed.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};
use turn::{Frames, LARGEST, Tuple, Via};

use crate::counters::Counters;
use crate::net::{Readiness, Token, Unsent, is_transient};

/// Connections at once.
const CONNECTIONS: usize = 2048;
/// Of these, such as have no allocation.
const IDLE: usize = 512;
/// How long a connection may be without an allocation.
const IDLE_FOR: Duration = Duration::from_secs(30);
/// Bytes read from one connection before the others get their turn.
const READ: usize = 32 << 10;
/// The first byte of a TLS handshake (RFC 8446 section 5.1). STUN starts with 0 to 3.
const TLS_HANDSHAKE: u8 = 0x16;

/// The connections of a relay.
pub struct Streams {
    listener: Option<TcpListener>,
    /// The system had no descriptor left: nothing is accepted until the next [`Streams::sweep`].
    paused: bool,
    tls: Option<Arc<ServerConfig>>,
    listener_token: Token,
    connections: HashMap<u32, Connection>,
    next: u32,
}

/// A stream that another part of the program accepted, decrypted by it if it was encrypted.
#[derive(Debug)]
pub struct Handed {
    /// Our end of a pair.
    pub stream: UnixStream,
    /// The client.
    pub remote: SocketAddr,
    /// Where it reached us.
    pub local: Option<IpAddr>,
}

struct Connection {
    socket: Socket,
    client: Tuple,
    /// Not known before the first byte came.
    plain: Option<bool>,
    tls: Option<Box<ServerConnection>>,
    incoming: Frames,
    unsent: Unsent,
    idle_since: Instant,
}

enum Socket {
    Tcp(TcpStream),
    Local(UnixStream),
}

impl Streams {
    /// Accepts from `listener`, with TLS where clients begin with it and there is a configuration.
    pub fn new(
        listener: Option<TcpListener>,
        tls: Option<Arc<ServerConfig>>,
        listener_token: Token,
    ) -> Self {
        Self {
            listener,
            paused: false,
            tls,
            listener_token,
            connections: HashMap::new(),
            next: 0,
        }
    }

    /// Has the listening socket watched.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch(&self, readiness: &Readiness) -> io::Result<()> {
        let Some(listener) = &self.listener else {
            return Ok(());
        };
        listener.set_nonblocking(true)?;
        readiness.add(listener, self.listener_token)
    }

    fn token(&self, number: u32) -> Token {
        self.listener_token + Token::from(number)
    }

    /// Whose a token is.
    pub fn number(&self, token: Token) -> Option<u32> {
        let number = u32::try_from(token.checked_sub(self.listener_token)?).ok()?;
        self.connections.contains_key(&number).then_some(number)
    }

    /// Accepts what waits, as far as limits allow.
    pub fn accept(&mut self, readiness: &Readiness, now: Instant, counters: &Counters) {
        for _ in 0..64 {
            let accepted = self.listener.as_ref().map(TcpListener::accept);
            let (stream, remote) = match accepted {
                Some(Ok(accepted)) => accepted,
                None => return,
                Some(Err(error)) if is_transient(&error) => return,
                Some(Err(_)) => {
                    // It stays ready, and would keep the thread spinning.
                    let listener = self.listener.as_ref();
                    self.paused = listener.is_some_and(|it| readiness.remove(it).is_ok());
                    return counters.tcp_refused.add(1);
                }
            };
            let local = stream.local_addr().map(|local| local.ip().to_canonical());
            let ready = stream
                .set_nonblocking(true)
                .and_then(|()| stream.set_nodelay(true));
            if ready.is_err() || self.connections.len() >= CONNECTIONS {
                counters.tcp_refused.add(1);
                continue;
            }
            let client = Tuple {
                remote: SocketAddr::new(remote.ip().to_canonical(), remote.port()),
                local: local.ok(),
                via: Via::Tcp,
                stream: 0,
            };
            self.admit(Socket::Tcp(stream), client, None, readiness, now, counters);
        }
    }

    /// Takes a stream that was accepted elsewhere.
    pub fn hand(
        &mut self,
        handed: Handed,
        readiness: &Readiness,
        now: Instant,
        counters: &Counters,
    ) {
        if self.connections.len() >= CONNECTIONS || handed.stream.set_nonblocking(true).is_err() {
            return counters.tcp_refused.add(1);
        }
        let client = Tuple {
            remote: SocketAddr::new(handed.remote.ip().to_canonical(), handed.remote.port()),
            local: handed.local.map(|local| local.to_canonical()),
            via: Via::Tls,
            stream: 0,
        };
        let socket = Socket::Local(handed.stream);
        self.admit(socket, client, Some(true), readiness, now, counters);
    }

    fn admit(
        &mut self,
        socket: Socket,
        mut client: Tuple,
        plain: Option<bool>,
        readiness: &Readiness,
        now: Instant,
        counters: &Counters,
    ) {
        // Numbers start anew after four thousand million connections; those of that time are gone.
        self.next = self.next.wrapping_add(1).max(1);
        client.stream = self.next;
        if readiness.add(&socket, self.token(self.next)).is_err() {
            return counters.tcp_refused.add(1);
        }
        counters.tcp_accepted.add(1);
        let connection = Connection {
            socket,
            client,
            plain,
            tls: None,
            incoming: Frames::default(),
            unsent: Unsent::default(),
            idle_since: now,
        };
        self.connections.insert(self.next, connection);
    }

    /// Reads and writes what is ready on a connection. Messages are then had from [`Streams::take`], also when it ended,
    /// of which false tells.
    pub fn ready(&mut self, number: u32, readiness: &Readiness) -> bool {
        let token = self.token(number);
        let tls = self.tls.clone();
        let Some(connection) = self.connections.get_mut(&number) else {
            return false;
        };
        let read = connection.read(tls.as_ref());
        // Answers of the handshake wait to be written, and an alert too.
        connection.write(readiness, token).is_ok() && read.is_ok()
    }

    /// Copies the next message of a connection into `buffer`. An error means that it is to be closed.
    ///
    /// # Errors
    /// When what comes is not TURN.
    pub fn take(&mut self, number: u32, buffer: &mut [u8]) -> Result<Option<Taken>, turn::Broken> {
        let Some(connection) = self.connections.get_mut(&number) else {
            return Ok(None);
        };
        let Some(message) = connection.incoming.take()? else {
            return Ok(None);
        };
        let len = message.len();
        buffer[..len].copy_from_slice(message);
        let client = connection.client;
        Ok(Some(Taken { client, len }))
    }

    /// Whether what comes on a connection is TURN, as far as it came.
    pub fn is_sound(&mut self, number: u32) -> bool {
        let connection = self.connections.get_mut(&number);
        connection.is_some_and(|connection| connection.incoming.take().is_ok())
    }

    /// Sends the parts of one message to a client. False when they were dropped.
    pub fn send(&mut self, client: &Tuple, parts: &[&[u8]], readiness: &Readiness) -> bool {
        let token = self.token(client.stream);
        let Some(connection) = self.connections.get_mut(&client.stream) else {
            return false;
        };
        if !connection.push(parts) {
            return false;
        }
        // A failed write shows as readiness of the connection, where it is closed.
        let _ = connection.write(readiness, token);
        true
    }

    /// Closes a connection, and says whose it was.
    pub fn close(&mut self, number: u32) -> Option<Tuple> {
        Some(self.connections.remove(&number)?.client)
    }

    /// Closes connections that are good for nothing, and returns how many. Accepts again.
    pub fn sweep(
        &mut self,
        readiness: &Readiness,
        now: Instant,
        in_use: impl Fn(&Tuple) -> bool,
    ) -> u64 {
        if self.paused && self.watch(readiness).is_ok() {
            self.paused = false;
        }
        let before = self.connections.len();
        let mut idle = Vec::new();
        for (number, connection) in &mut self.connections {
            if in_use(&connection.client) {
                connection.idle_since = now;
            } else {
                idle.push((connection.idle_since, *number));
            }
        }
        idle.sort_unstable();
        let too_many = idle.len().saturating_sub(IDLE);
        for (rank, (since, number)) in idle.into_iter().enumerate() {
            if rank < too_many || now.duration_since(since) > IDLE_FOR {
                self.connections.remove(&number);
            }
        }
        (before - self.connections.len()) as u64
    }
}

/// A message taken from a connection.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Whose it is.
    pub client: Tuple,
    /// Bytes of it.
    pub len: usize,
}

impl Connection {
    fn read(&mut self, tls: Option<&Arc<ServerConfig>>) -> io::Result<()> {
        let mut chunk = [0; 8192];
        let mut taken = 0;
        while taken < READ && self.incoming.waiting() < READ + LARGEST {
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    taken += count;
                    self.feed(&chunk[..count], tls)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn feed(&mut self, mut bytes: &[u8], tls: Option<&Arc<ServerConfig>>) -> io::Result<()> {
        let begins = bytes.first() == Some(&TLS_HANDSHAKE);
        if !*self.plain.get_or_insert(!begins) && self.tls.is_none() {
            let config = tls.ok_or(io::ErrorKind::Unsupported)?;
            let session = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            self.tls = Some(Box::new(session));
            self.client.via = Via::Tls;
        }
        let Some(session) = &mut self.tls else {
            self.incoming.feed(bytes);
            return Ok(());
        };
        while !bytes.is_empty() {
            session.read_tls(&mut bytes)?;
            let state = session.process_new_packets();
            let state = state.map_err(io::Error::other);
            // Also after an error: the client shall hear which.
            while session.wants_write() && self.unsent.has_room(1) {
                session.write_tls(&mut self.unsent)?;
            }
            let mut left = state?.plaintext_bytes_to_read();
            let mut clear = [0; 4096];
            while left > 0 {
                let want = left.min(clear.len());
                let count = session.reader().read(&mut clear[..want])?;
                self.incoming.feed(&clear[..count]);
                left -= count;
            }
        }
        Ok(())
    }

    fn push(&mut self, parts: &[&[u8]]) -> bool {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        if !self.unsent.has_room(len) {
            return false;
        }
        let Some(session) = &mut self.tls else {
            parts.iter().for_each(|part| self.unsent.push(part));
            return true;
        };
        let mut whole = [0; LARGEST + 64];
        let mut at = 0;
        for part in parts {
            let Some(room) = whole.get_mut(at..at + part.len()) else {
                return false;
            };
            room.copy_from_slice(part);
            at += part.len();
        }
        let written = session.writer().write_all(&whole[..at]).is_ok();
        while written && session.wants_write() {
            if session.write_tls(&mut self.unsent).is_err() {
                return false;
            }
        }
        written
    }

    fn write(&mut self, readiness: &Readiness, token: Token) -> io::Result<()> {
        self.unsent.write(&mut self.socket, readiness, token)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Local(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Local(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Local(stream) => stream.as_fd(),
        }
    }
}
