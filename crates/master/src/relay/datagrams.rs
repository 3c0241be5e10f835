//! Clients of the relay that come by UDP: one task for all of them, and one for the socket of each allocation.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ::control::NodeSettings;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use turn::{Action, AllocationId, NoPort, Server, Ticket, Tuple};

use super::books::Entry;
use super::session::{DATAGRAM, TICK, now};

/// Datagrams of peers that may wait. More are lost, as datagrams are.
const WAITING: usize = 4096;

/// Datagrams of clients that are taken in one turn.
const TURN: usize = 64;

pub(super) struct Datagrams {
    server: Server,
    socket: UdpSocket,
    settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    ports: HashMap<AllocationId, Port>,
    tell: mpsc::Sender<OfPeer>,
}

/// The socket of an allocation, and the task that reads it.
struct Port {
    socket: Arc<UdpSocket>,
    reader: JoinHandle<()>,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct OfPeer {
    id: AllocationId,
    peer: SocketAddr,
    data: Vec<u8>,
}

impl Datagrams {
    pub(super) async fn run(
        server: Server,
        socket: UdpSocket,
        settings: watch::Receiver<Option<Arc<NodeSettings>>>,
        entry: &Entry<'_>,
    ) {
        let (tell, mut told) = mpsc::channel(WAITING);
        let mut relay = Self {
            server,
            socket,
            settings,
            ports: HashMap::new(),
            tell,
        };
        relay.take_settings();
        relay.server.set_addresses(own(&relay.socket).await);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut buffer = vec![0; DATAGRAM];
        loop {
            tokio::select! {
                came = relay.socket.recv_from(&mut buffer) => relay.turn(came, &mut buffer).await,
                Some(of_peer) = told.recv() => relay.pass_on(&of_peer),
                Ok(()) = relay.settings.changed() => relay.take_settings(),
                _ = tick.tick() => {
                    relay.server.elapse(&now());
                    relay.close_ended();
                    entry.note(relay.server.counts());
                }
            }
        }
    }

    /// One that has come, and those behind it.
    async fn turn(&mut self, first: io::Result<(usize, SocketAddr)>, buffer: &mut [u8]) {
        let mut came = first;
        for _ in 0..TURN {
            match came {
                Ok((len, from)) => self.take(from, &buffer[..len]).await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It says that an earlier datagram found nobody.
                Err(_) => {}
            }
            came = self.socket.try_recv_from(buffer);
        }
    }

    async fn take(&mut self, from: SocketAddr, data: &[u8]) {
        let client = Tuple::udp(SocketAddr::new(from.ip().to_canonical(), from.port()), None);
        let ticket = match self.server.from_client(&now(), client, data) {
            Action::Nothing => None,
            Action::Reply => {
                self.send(from, self.server.reply());
                None
            }
            Action::Open(ticket) => Some(ticket),
            Action::Relay {
                allocation,
                peer,
                data,
            } => {
                if let Some(port) = self.ports.get(&allocation) {
                    // What a full socket does not take is lost, as datagrams are.
                    let _ = port.socket.try_send_to(data, peer);
                }
                None
            }
        };
        if let Some(ticket) = ticket {
            self.open(from, ticket).await;
        }
        self.close_ended();
    }

    async fn open(&mut self, from: SocketAddr, ticket: Ticket) {
        let socket = bind(ticket.is_ipv6()).await;
        let port = socket.as_ref().map(|(_, port)| *port).map_err(|_| NoPort);
        let id = self.server.opened(&now(), ticket, port);
        self.send(from, self.server.reply());
        let (Some(id), Ok((socket, _))) = (id, socket) else {
            return;
        };
        let socket = Arc::new(socket);
        let reader = tokio::spawn(read(socket.clone(), id, self.tell.clone()));
        self.ports.insert(id, Port { socket, reader });
    }

    fn pass_on(&mut self, of_peer: &OfPeer) {
        let OfPeer { id, peer, data } = of_peer;
        let dress = self.server.from_peer(&now(), *id, *peer, data.len());
        if let Some(dress) = dress {
            let mut out = dress.head().to_vec();
            out.extend_from_slice(data);
            out.resize(out.len() + dress.padding, 0);
            self.send(dress.client.remote, &out);
        }
    }

    /// To a client, whose address may have to be written as IPv6 (RFC 4291 section 2.5.5.2).
    fn send(&self, to: SocketAddr, bytes: &[u8]) {
        let v6 = self.socket.local_addr().is_ok_and(|own| own.is_ipv6());
        let ip = match to.ip() {
            IpAddr::V4(ip) if v6 => ip.to_ipv6_mapped().into(),
            ip => ip,
        };
        let _ = self
            .socket
            .try_send_to(bytes, SocketAddr::new(ip, to.port()));
    }

    fn take_settings(&mut self) {
        let told = self.settings.borrow_and_update().clone();
        if let Some(settings) = told.and_then(|told| super::settings(&told)) {
            self.server.set_settings(settings);
        }
    }

    fn close_ended(&mut self) {
        for id in self.server.take_ended() {
            self.ports.remove(&id);
        }
    }
}

async fn bind(v6: bool) -> io::Result<(UdpSocket, u16)> {
    let ip: IpAddr = if v6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    let socket = UdpSocket::bind((ip, 0)).await?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

/// Where the socket is reached: where it is bound, or by which addresses this machine speaks to others.
async fn own(socket: &UdpSocket) -> Vec<IpAddr> {
    let bound = socket.local_addr().map(|addr| addr.ip());
    if let Some(bound) = bound.ok().filter(|ip| !ip.is_unspecified()) {
        return vec![bound];
    }
    // For documentation (RFC 5737, RFC 3849), so that they are on the default route.
    let others: [IpAddr; 2] = [
        Ipv4Addr::new(192, 0, 2, 1).into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ];
    let mut own = Vec::new();
    for other in others {
        own.extend(towards(other).await);
    }
    own
}

/// By which address this machine speaks to another. Nothing is sent.
async fn towards(other: IpAddr) -> Option<IpAddr> {
    let (socket, _) = bind(other.is_ipv6()).await.ok()?;
    socket.connect((other, 9)).await.ok()?;
    Some(socket.local_addr().ok()?.ip())
}

async fn read(socket: Arc<UdpSocket>, id: AllocationId, tell: mpsc::Sender<OfPeer>) {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        // An error says that an earlier datagram found nobody.
        let Ok((len, peer)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let of_peer = OfPeer {
            id,
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            data: buffer[..len].to_vec(),
        };
        if let Err(mpsc::error::TrySendError::Closed(_)) = tell.try_send(of_peer) {
            return;
        }
    }
}
