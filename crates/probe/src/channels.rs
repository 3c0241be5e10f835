//! Sockets that are connected to one address: UDP, and TCP with frames of RFC 4571, or to a relay. A descriptor each, until
//! the probe is over.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use reachability::Protocol;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UdpSocket, lookup_host};

use crate::frames::{Frames, framed};
use crate::output::Channel;
use crate::tls;

/// Room for any packet that a node sends.
const PACKET: usize = 2048;

/// Bytes that wait for a slow connection. A call sends less in all.
const MOST_UNSENT: usize = 64 << 10;

/// All of one probe.
#[derive(Default)]
pub struct Channels {
    open: Vec<(Channel, State)>,
}

enum State {
    /// To be told of.
    Stands(Carrier),
    Connecting(Pin<Box<dyn Future<Output = io::Result<Carrier>> + Send>>),
    Open(Carrier),
    Failed(io::Error),
}

enum Carrier {
    Udp(UdpSocket),
    Stream {
        stream: Box<dyn Stream>,
        local: SocketAddr,
        incoming: Incoming,
        outgoing: Vec<u8>,
    },
}

/// Of TCP, or of TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How packets follow each other on a stream.
enum Incoming {
    /// To a node: RFC 4571.
    Node(Frames),
    /// To a relay: RFC 8656 section 3.1.
    Relay(turn::Frames),
}

/// What happened on a channel.
pub enum Told {
    /// It stands, with this address of ours.
    Opened(Channel, SocketAddr),
    /// It does not come to stand.
    Unopened(Channel, io::Error),
    /// A packet came.
    Heard(Channel, Vec<u8>),
    /// It is over, or a UDP socket was told of an error.
    Broke(Channel, io::Error),
}

impl Channels {
    /// Begins a channel. How it goes is told.
    pub fn open(&mut self, channel: Channel, protocol: Protocol, to: SocketAddr) {
        let state = match protocol {
            Protocol::Udp => match udp(to) {
                Ok(socket) => State::Stands(Carrier::Udp(socket)),
                Err(error) => State::Failed(error),
            },
            Protocol::Tcp | Protocol::Tls => State::Connecting(Box::pin(async move {
                let stream = TcpStream::connect(to).await?;
                Carrier::new(stream, Incoming::Node(Frames::default()))
            })),
        };
        self.open.push((channel, state));
    }

    /// The same to a relay.
    pub fn dial(&mut self, channel: Channel, protocol: Protocol, host: String, port: u16) {
        let dialling = Box::pin(dial(protocol, host, port));
        self.open.push((channel, State::Connecting(dialling)));
    }

    /// Sends a packet, as far as the channel stands and has room.
    pub fn say(&mut self, channel: Channel, packet: &[u8]) {
        let mut open = self.open.iter_mut();
        let Some((_, State::Open(carrier))) = open.find(|(it, _)| *it == channel) else {
            return;
        };
        match carrier {
            Carrier::Udp(socket) => {
                // What is wrong with it is told by the next look.
                let _ = socket2::SockRef::from(&*socket).send(packet);
            }
            Carrier::Stream {
                outgoing, incoming, ..
            } => {
                if outgoing.len() + packet.len() < MOST_UNSENT {
                    match incoming {
                        Incoming::Node(_) => outgoing.extend(framed(packet)),
                        Incoming::Relay(_) => outgoing.extend_from_slice(packet),
                    }
                }
            }
        }
    }

    /// What happens next; never, when there is nothing open.
    pub async fn next(&mut self) -> Told {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Told> {
        for at in 0..self.open.len() {
            let (channel, state) = &mut self.open[at];
            let channel = *channel;
            let Poll::Ready((told, goes_on)) = state.poll(channel, cx) else {
                continue;
            };
            match goes_on {
                Some(state) => self.open[at].1 = state,
                None if told.is_end() => _ = self.open.swap_remove(at),
                None => {}
            }
            return Poll::Ready(told);
        }
        Poll::Pending
    }
}

impl Told {
    fn is_end(&self) -> bool {
        matches!(self, Self::Unopened(..) | Self::Broke(..))
    }
}

impl State {
    /// What is told, and the state that follows if it is another one.
    fn poll(&mut self, channel: Channel, cx: &mut Context<'_>) -> Poll<(Told, Option<Self>)> {
        if let Self::Open(carrier) = self {
            return carrier.poll(channel, cx).map(|told| (told, None));
        }
        if let Self::Connecting(connecting) = self {
            let Poll::Ready(connected) = connecting.as_mut().poll(cx) else {
                return Poll::Pending;
            };
            *self = match connected {
                Ok(carrier) => Self::Stands(carrier),
                Err(error) => Self::Failed(error),
            };
        }
        let told = match std::mem::replace(self, Self::Failed(io::ErrorKind::NotConnected.into())) {
            Self::Stands(carrier) => match carrier.local() {
                Ok(local) => (Told::Opened(channel, local), Some(Self::Open(carrier))),
                Err(error) => (Told::Unopened(channel, error), None),
            },
            Self::Failed(error) => (Told::Unopened(channel, error), None),
            other => {
                *self = other;
                return Poll::Pending;
            }
        };
        Poll::Ready(told)
    }
}

impl Carrier {
    fn new(stream: TcpStream, incoming: Incoming) -> io::Result<Self> {
        prompt(&stream);
        let local = stream.local_addr()?;
        Ok(Self::of(Box::new(stream), local, incoming))
    }

    fn of(stream: Box<dyn Stream>, local: SocketAddr, incoming: Incoming) -> Self {
        Self::Stream {
            stream,
            local,
            incoming,
            outgoing: Vec::new(),
        }
    }

    fn local(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Stream { local, .. } => Ok(*local),
        }
    }

    fn poll(&mut self, channel: Channel, cx: &mut Context<'_>) -> Poll<Told> {
        match self {
            Self::Udp(socket) => {
                let mut bytes = [0; PACKET];
                let mut buffer = ReadBuf::new(&mut bytes);
                match socket.poll_recv(cx, &mut buffer) {
                    Poll::Ready(Ok(())) => {
                        Poll::Ready(Told::Heard(channel, buffer.filled().to_vec()))
                    }
                    // The system forgets an error when it has told it; what follows on the channel shows what it meant.
                    Poll::Ready(Err(_)) => {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
            Self::Stream {
                stream,
                incoming,
                outgoing,
                ..
            } => {
                if let Poll::Ready(error) = flush(&mut **stream, outgoing, cx) {
                    return Poll::Ready(Told::Broke(channel, error));
                }
                read(&mut **stream, incoming, cx).map(|read| match read {
                    Ok(packet) => Told::Heard(channel, packet),
                    Err(error) => Told::Broke(channel, error),
                })
            }
        }
    }
}

/// Ready only with an error.
fn flush(stream: &mut dyn Stream, outgoing: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<io::Error> {
    while !outgoing.is_empty() {
        match Pin::new(&mut *stream).poll_write(cx, outgoing) {
            Poll::Ready(Ok(0)) => return Poll::Ready(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => _ = outgoing.drain(..count),
            Poll::Ready(Err(error)) => return Poll::Ready(error),
            Poll::Pending => return Poll::Pending,
        }
    }
    // TLS keeps what it has encrypted until it is told to let it go.
    match Pin::new(stream).poll_flush(cx) {
        Poll::Ready(Err(error)) => Poll::Ready(error),
        Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
    }
}

fn read(
    stream: &mut dyn Stream,
    incoming: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Vec<u8>>> {
    loop {
        match incoming.take() {
            Ok(Some(packet)) => return Poll::Ready(Ok(packet)),
            Ok(None) => {}
            Err(reason) => return Poll::Ready(Err(io::Error::other(reason))),
        }
        let mut bytes = [0; PACKET];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(Ok(())) => incoming.feed(buffer.filled()),
        }
    }
}

impl Incoming {
    fn take(&mut self) -> Result<Option<Vec<u8>>, &'static str> {
        match self {
            Self::Node(frames) => frames
                .take()
                .map_err(|_| "what comes is not framed as RFC 4571 has it"),
            Self::Relay(frames) => match frames.take() {
                Ok(message) => Ok(message.map(<[u8]>::to_vec)),
                Err(turn::Broken) => Err("what comes is not TURN"),
            },
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Node(frames) => frames.feed(bytes),
            Self::Relay(frames) => frames.feed(bytes),
        }
    }
}

async fn dial(protocol: Protocol, host: String, port: u16) -> io::Result<Carrier> {
    let incoming = Incoming::Relay(turn::Frames::default());
    if protocol == Protocol::Udp {
        let mut found = lookup_host((host.as_str(), port)).await?;
        let to = found.next().ok_or(io::ErrorKind::NotFound)?;
        return Ok(Carrier::Udp(udp(to)?));
    }
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    if protocol == Protocol::Tcp {
        return Carrier::new(stream, incoming);
    }
    prompt(&stream);
    let local = stream.local_addr()?;
    let stream = tls::connect(&host, stream).await?;
    Ok(Carrier::of(Box::new(stream), local, incoming))
}

/// Without it, small packets wait for each other; a failure costs only time.
fn prompt(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
}

fn udp(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
