//! The sockets of one probe: one per local address that leads to the node, and a few that are connected to a port which
//! did not answer at once.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;

use crate::plan::Route;

/// Room for any datagram that a node sends.
const DATAGRAM: usize = 2048;

/// Ports that are insisted on by a socket of their own: those of a common node, and no more descriptors than that.
const MOST_CONNECTED: usize = 6;

/// The same for [`Limits::insist`](crate::Limits::insist).
const MOST_INSISTED: usize = 64;

/// The sockets, and a place for what comes.
pub struct Sockets {
    sockets: Vec<(SocketAddr, UdpSocket)>,
    /// By whom they are connected to.
    connected: Vec<(SocketAddr, UdpSocket)>,
    most_connected: usize,
    buffer: Box<[u8; DATAGRAM]>,
}

impl Sockets {
    /// Finds the ways to `ips`. One that cannot be found has the system's reason instead.
    pub fn open(ips: &[IpAddr], insist: bool) -> (Self, Vec<Route>) {
        let mut sockets = Self {
            sockets: Vec::new(),
            connected: Vec::new(),
            most_connected: if insist {
                MOST_INSISTED
            } else {
                MOST_CONNECTED
            },
            buffer: Box::new([0; DATAGRAM]),
        };
        let route = |ip: &IpAddr| Route {
            ip: *ip,
            local: sockets.way_to(*ip).map_err(|error| error.to_string()),
        };
        let routes = ips.iter().map(route).collect();
        (sockets, routes)
    }

    fn way_to(&mut self, ip: IpAddr) -> io::Result<SocketAddr> {
        let any: IpAddr = match ip {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // Connecting a UDP socket sends nothing; the system looks its route up. Any port will do.
        let asking = std::net::UdpSocket::bind((any, 0))?;
        asking.connect((ip, 9))?;
        let local = asking.local_addr()?.ip();
        if let Some((at, _)) = self.sockets.iter().find(|(at, _)| at.ip() == local) {
            return Ok(*at);
        }
        let socket = std::net::UdpSocket::bind((local, 0))?;
        socket.set_nonblocking(true)?;
        let at = socket.local_addr()?;
        self.sockets.push((at, UdpSocket::from_std(socket)?));
        Ok(at)
    }

    /// Sends without waiting.
    pub fn send(&self, from: SocketAddr, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        let sockets = self.sockets.iter();
        let Some((_, socket)) = sockets.into_iter().find(|(at, _)| *at == from) else {
            return Err(io::Error::other("the socket broke"));
        };
        // tokio does not know of a new socket that it is writable, and would have us wait for that.
        SockRef::from(socket).send_to(data, &to.into()).map(|_| ())
    }

    /// Sends without waiting from a socket that will hear of a refusal, or as usual when there are many of those.
    pub fn insist(&mut self, from: SocketAddr, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        let known = self.connected.iter().any(|(at, _)| *at == to);
        if !known && self.connected.len() < self.most_connected {
            let socket = std::net::UdpSocket::bind((from.ip(), 0))?;
            socket.connect(to)?;
            socket.set_nonblocking(true)?;
            self.connected.push((to, UdpSocket::from_std(socket)?));
        }
        match self.connected.iter().find(|(at, _)| *at == to) {
            Some((_, socket)) => SockRef::from(socket).send(data).map(|_| ()),
            None => self.send(from, to, data),
        }
    }

    /// What comes next.
    pub async fn next(&mut self) -> Came<'_> {
        let polled = std::future::poll_fn(|cx| self.poll(cx)).await;
        match polled {
            Polled::Datagram(from, len) => Came::Datagram(from, &self.buffer[..len]),
            Polled::Reported(to, error) => Came::Reported(to, error),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Polled> {
        let mut broken = None;
        for (number, (_, socket)) in self.sockets.iter().enumerate() {
            let mut buffer = ReadBuf::new(&mut self.buffer[..]);
            match socket.poll_recv_from(cx, &mut buffer) {
                Poll::Ready(Ok(from)) => {
                    return Poll::Ready(Polled::Datagram(from, buffer.filled().len()));
                }
                Poll::Ready(Err(_)) => broken = Some(number),
                Poll::Pending => {}
            }
        }
        // An unconnected socket is told of no errors of the network. One that fails would do so for ever.
        if let Some(number) = broken {
            self.sockets.swap_remove(number);
            cx.waker().wake_by_ref();
        }
        for (to, socket) in &self.connected {
            // tokio wakes nobody for an error, so it is heard of with the next request at the latest. The system forgets it
            // when it has told it.
            if let Ok(Some(error)) = socket.take_error() {
                return Poll::Ready(Polled::Reported(*to, error));
            }
            let mut buffer = ReadBuf::new(&mut self.buffer[..]);
            match socket.poll_recv(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {
                    return Poll::Ready(Polled::Datagram(*to, buffer.filled().len()));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Polled::Reported(*to, error)),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

enum Polled {
    Datagram(SocketAddr, usize),
    Reported(SocketAddr, io::Error),
}

/// Something that came.
pub enum Came<'a> {
    /// Who sent it, what it says.
    Datagram(SocketAddr, &'a [u8]),
    /// What the network says of datagrams that were sent there.
    Reported(SocketAddr, io::Error),
}
