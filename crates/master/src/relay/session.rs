//! One client of the relay: its stream, its server, and the socket of its allocation.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ::control::NodeSettings;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use turn::{Action, AllocationId, Frames, NoPort, Now, Server, Ticket, Tuple};

use super::books::Entry;

/// How often lifetimes are looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// How long a client may refuse to take anything. Media that waits so long is of no use to anybody.
const UNREAD: Duration = Duration::from_secs(5);

/// How long a client may be there without an allocation.
const IDLE: Duration = Duration::from_secs(30);

/// Largest datagram that is relayed. Media keeps to what Ethernet carries.
pub(super) const DATAGRAM: usize = 4096;

/// What is read at once.
const CHUNK: usize = 16 << 10;

pub(super) struct Session {
    server: Server,
    client: Tuple,
    settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    port: Option<Port>,
    frames: Frames,
    /// What is to be written.
    out: Vec<u8>,
    without: Instant,
}

/// The socket of the allocation.
struct Port {
    id: AllocationId,
    socket: UdpSocket,
}

/// What a session waited for.
enum Happened {
    Read(io::Result<usize>),
    Datagram(io::Result<(usize, SocketAddr)>),
    Settings,
    Tick,
}

impl Session {
    pub(super) fn new(
        server: Server,
        client: Tuple,
        settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    ) -> Self {
        let mut session = Self {
            server,
            client,
            settings,
            port: None,
            frames: Frames::default(),
            out: Vec::new(),
            without: Instant::now(),
        };
        session.take_settings();
        session
    }

    /// Until the client leaves, says what is no TURN, or does not read.
    pub(super) async fn run(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        entry: &Entry<'_>,
    ) {
        let (mut reader, mut writer) = split(stream);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut chunk, mut datagram) = (vec![0; CHUNK], vec![0; DATAGRAM]);
        loop {
            let happened = tokio::select! {
                read = reader.read(&mut chunk) => Happened::Read(read),
                came = receive(self.port.as_ref(), &mut datagram) => Happened::Datagram(came),
                Ok(()) = self.settings.changed() => Happened::Settings,
                _ = tick.tick() => Happened::Tick,
            };
            let goes_on = match happened {
                Happened::Read(Ok(0) | Err(_)) => false,
                Happened::Read(Ok(len)) => self.read(&chunk[..len]).await,
                Happened::Datagram(came) => {
                    self.datagrams(came, &mut datagram);
                    true
                }
                Happened::Settings => {
                    self.take_settings();
                    true
                }
                Happened::Tick => {
                    entry.note(self.server.counts());
                    self.elapse()
                }
            };
            let written = timeout(UNREAD, writer.write_all(&self.out)).await;
            self.out.clear();
            if !goes_on || !matches!(written, Ok(Ok(()))) {
                break;
            }
            // TLS keeps what it has encrypted until it is told to let it go.
            if !matches!(timeout(UNREAD, writer.flush()).await, Ok(Ok(()))) {
                break;
            }
        }
        self.server.disconnected(&now(), &self.client);
        entry.note(self.server.counts());
    }

    /// False when it is no TURN.
    async fn read(&mut self, bytes: &[u8]) -> bool {
        self.frames.feed(bytes);
        loop {
            let now = now();
            let message = match self.frames.take() {
                Ok(Some(message)) => message,
                Ok(None) => return true,
                Err(turn::Broken) => return false,
            };
            let ticket = match self.server.from_client(&now, self.client, message) {
                Action::Nothing => None,
                Action::Reply => {
                    self.out.extend_from_slice(self.server.reply());
                    None
                }
                Action::Open(ticket) => Some(ticket),
                Action::Relay { peer, data, .. } => {
                    if let Some(port) = &self.port {
                        // What a full socket does not take is lost, as datagrams are.
                        let _ = port.socket.try_send_to(data, peer);
                    }
                    None
                }
            };
            if let Some(ticket) = ticket {
                self.open(ticket).await;
            }
            self.close_ended();
        }
    }

    async fn open(&mut self, ticket: Ticket) {
        let at: SocketAddr = if ticket.is_ipv6() {
            (Ipv6Addr::UNSPECIFIED, 0).into()
        } else {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        };
        let socket = UdpSocket::bind(at).await;
        let port = socket.as_ref().map_err(|_| NoPort).and_then(|socket| {
            let addr = socket.local_addr().map_err(|_| NoPort)?;
            Ok(addr.port())
        });
        let opened = self.server.opened(&now(), ticket, port);
        self.out.extend_from_slice(self.server.reply());
        if let (Some(id), Ok(socket)) = (opened, socket) {
            self.port = Some(Port { id, socket });
        }
    }

    /// One that has come, and those that wait behind it, as far as they fit into one turn.
    fn datagrams(&mut self, first: io::Result<(usize, SocketAddr)>, buffer: &mut [u8]) {
        // An error says that an earlier datagram found nobody.
        if let Ok((len, peer)) = first {
            self.dress(peer, &buffer[..len]);
        }
        while self.out.len() < CHUNK
            && let Some(Ok((len, peer))) =
                (self.port.as_ref()).map(|port| port.socket.try_recv_from(buffer))
        {
            self.dress(peer, &buffer[..len]);
        }
    }

    fn dress(&mut self, peer: SocketAddr, data: &[u8]) {
        let Some(port) = &self.port else {
            return;
        };
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let dress = self.server.from_peer(&now(), port.id, peer, data.len());
        if let Some(dress) = dress {
            self.out.extend_from_slice(dress.head());
            self.out.extend_from_slice(data);
            self.out.resize(self.out.len() + dress.padding, 0);
        }
    }

    fn take_settings(&mut self) {
        let told = self.settings.borrow_and_update().clone();
        if let Some(settings) = told.and_then(|told| super::settings(&told)) {
            self.server.set_settings(settings);
        }
    }

    /// False when the client has had nothing for too long.
    fn elapse(&mut self) -> bool {
        self.server.elapse(&now());
        self.close_ended();
        if self.port.is_some() {
            self.without = Instant::now();
        }
        self.without.elapsed() < IDLE
    }

    fn close_ended(&mut self) {
        for ended in self.server.take_ended() {
            self.port = self.port.take().filter(|port| port.id != ended);
        }
    }
}

/// The next datagram of a peer; never, without an allocation.
async fn receive(port: Option<&Port>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    match port {
        Some(port) => port.socket.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}

pub(super) fn now() -> Now {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        instant: Instant::now(),
        unix_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    }
}
