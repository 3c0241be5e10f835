//! A client's way through a relay, by UDP or by a stream.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use turn::Frames;
use turn::client::{Client, Heard, channel_data, send_indication};

const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that does not block once it is connected.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

enum Socket {
    Udp(UdpSocket),
    Stream(Box<dyn Stream>, Frames),
}

/// A client with an allocation.
pub struct Relayed {
    socket: Socket,
    turn: Client,
    /// What others see it at.
    pub addr: SocketAddr,
    /// Channels, by number from 0x4000 on.
    channels: Vec<SocketAddr>,
    /// How many datagrams came by a channel, and by an indication.
    pub came: [usize; 2],
}

impl Relayed {
    /// By UDP from `ip`.
    pub fn udp(ip: IpAddr, relay: SocketAddr, turn: Client) -> Result<Self, u16> {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.connect(relay).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self::new(Socket::Udp(socket), ip, turn)
    }

    /// By a stream that does not block.
    pub fn stream(ip: IpAddr, stream: impl Stream + 'static, turn: Client) -> Result<Self, u16> {
        Self::new(
            Socket::Stream(Box::new(stream), Frames::default()),
            ip,
            turn,
        )
    }

    fn new(socket: Socket, ip: IpAddr, turn: Client) -> Result<Self, u16> {
        let mut relayed = Self {
            socket,
            turn,
            addr: SocketAddr::new(ip, 0),
            channels: Vec::new(),
            came: [0; 2],
        };
        let request = relayed.turn.allocate(ip.is_ipv6());
        relayed.ask(&request)?;
        Ok(relayed)
    }

    /// Permits a peer.
    pub fn permit(&mut self, peer: SocketAddr) -> Result<(), u16> {
        let request = self.turn.permit(peer);
        self.ask(&request)
    }

    /// Binds a channel to a peer.
    pub fn bind(&mut self, peer: SocketAddr) -> Result<(), u16> {
        let request = self.turn.bind(0x4000 + self.channels.len() as u16, peer);
        self.ask(&request)?;
        self.channels.push(peer);
        Ok(())
    }

    /// Ends the allocation.
    pub fn end(&mut self) -> Result<(), u16> {
        let request = self.turn.refresh(0);
        self.ask(&request)
    }

    fn ask(&mut self, request: &[u8]) -> Result<(), u16> {
        self.socket.put(request);
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 2048];
        while Instant::now() < until {
            let Some(len) = self.socket.get(&mut buffer) else {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            };
            match self.turn.hear(&buffer[..len]) {
                Heard::Send(again) => self.socket.put(&again),
                Heard::Allocated { relayed, .. } => {
                    self.addr = relayed;
                    return Ok(());
                }
                Heard::Granted(_) => return Ok(()),
                Heard::Refused { code, .. } => return Err(code),
                _ => {}
            }
        }
        panic!("the relay does not answer");
    }

    /// Sends to a peer, by its channel if there is one.
    pub fn send(&mut self, peer: SocketAddr, data: &[u8]) {
        let channel = self.channels.iter().position(|known| *known == peer);
        let message = match channel {
            Some(channel) => channel_data(0x4000 + channel as u16, data),
            None => send_indication(peer, data),
        };
        self.socket.put(&message);
    }

    /// What came from a peer, and from which.
    pub fn read(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let mut message = [0; 2048];
        while let Some(len) = self.socket.get(&mut message) {
            let (peer, data, way) = match self.turn.hear(&message[..len]) {
                Heard::Data { peer, data } => (peer, data, 1),
                Heard::ChannelData { channel, data } => {
                    (self.channels[usize::from(channel - 0x4000)], data, 0)
                }
                _ => continue,
            };
            self.came[way] += 1;
            buffer[..data.len()].copy_from_slice(data);
            return Some((data.len(), peer));
        }
        None
    }
}

impl Socket {
    fn put(&mut self, message: &[u8]) {
        match self {
            Self::Udp(socket) => {
                // The relay may be gone.
                let _ = socket.send(message);
            }
            Self::Stream(stream, _) => {
                let mut message = message.to_vec();
                message.resize(message.len().next_multiple_of(4), 0);
                let mut rest = &message[..];
                while !rest.is_empty() {
                    match stream.write(rest) {
                        Ok(count) => rest = &rest[count..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        Err(_) => return,
                    }
                }
                let _ = stream.flush();
            }
        }
    }

    fn get(&mut self, buffer: &mut [u8]) -> Option<usize> {
        match self {
            Self::Udp(socket) => socket.recv(buffer).ok(),
            Self::Stream(stream, frames) => loop {
                if let Some(frame) = frames.take().expect("the server speaks TURN") {
                    buffer[..frame.len()].copy_from_slice(frame);
                    return Some(frame.len());
                }
                let mut chunk = [0; 4096];
                match stream.read(&mut chunk) {
                    Ok(count) if count > 0 => frames.feed(&chunk[..count]),
                    _ => return None,
                }
            },
        }
    }
}
