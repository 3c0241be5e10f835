//! A client: a peer connection with a socket of its own, driven by hand.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::relayed::Relayed;
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{RtpPacket, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// How its packets travel.
enum Socket {
    Udp(UdpSocket),
    Tcp {
        stream: TcpStream,
        incoming: Vec<u8>,
    },
    Relayed(Box<Relayed>),
}

/// A client.
pub struct Client {
    /// Its peer connection.
    pub rtc: Rtc,
    socket: Socket,
    /// Its own address.
    pub addr: SocketAddr,
    /// Where it last sent to.
    pub server: Option<SocketAddr>,
    pending: Option<SdpPendingOffer>,
    mids: Vec<(MediaKind, Mid)>,
    /// DTLS is done.
    pub connected: bool,
    /// Received packets, in order of arrival.
    pub received: Vec<RtpPacket>,
    /// Keyframes asked of it.
    pub keyframe_requests: usize,
    /// The next packets of this many to come from the server, counted over RTP only, are lost on the way.
    pub lose: usize,
    /// Nothing of DTLS leaves it.
    pub mute_dtls: bool,
    /// What it thinks it may send, in bit/s.
    pub estimate: u64,
    sequence: [u64; 2],
    start: Instant,
    timeout: Instant,
    kept: VecDeque<(Vec<u8>, SocketAddr)>,
}

impl Client {
    /// With a UDP socket at `ip`.
    pub fn udp(ip: IpAddr) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let addr = socket.local_addr().unwrap();
        let mut client = Self::new(Socket::Udp(socket), addr);
        let host = Candidate::host(addr, "udp").unwrap();
        client.rtc.add_local_candidate(host);
        client
    }

    /// With a UDP socket at `ip`, estimating from the server's feedback what it may send: `start` bit/s at first.
    pub fn estimating(ip: IpAddr, start: u64) -> Self {
        let mut client = Self::udp(ip);
        let estimating = config().enable_bwe(Some(Bitrate::bps(start)));
        client.rtc = estimating.build(Instant::now());
        let host = Candidate::host(client.addr, "udp").unwrap();
        client.rtc.add_local_candidate(host);
        let wanted = Bitrate::mbps(5);
        client.rtc.bwe().set_bitrate(Bitrate::kbps(100), wanted);
        client
    }

    /// With a TCP connection to `server`.
    pub fn tcp(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_nonblocking(true).unwrap();
        let addr = stream.local_addr().unwrap();
        let socket = Socket::Tcp {
            stream,
            incoming: Vec::new(),
        };
        let mut client = Self::new(socket, addr);
        let host = Candidate::builder().tcp().host(addr);
        let host = host.tcptype(TcpType::Active).build().unwrap();
        client.rtc.add_local_candidate(host);
        client
    }

    /// That sends and receives through a relay.
    pub fn relayed(relayed: Relayed) -> Self {
        let addr = relayed.addr;
        let mut client = Self::new(Socket::Relayed(Box::new(relayed)), addr);
        let host = Candidate::host(addr, "udp").unwrap();
        client.rtc.add_local_candidate(host);
        client
    }

    /// Its way through the relay.
    pub fn relay(&mut self) -> &mut Relayed {
        match &mut self.socket {
            Socket::Relayed(relayed) => relayed,
            _ => panic!("it has no relay"),
        }
    }

    fn new(socket: Socket, addr: SocketAddr) -> Self {
        let now = Instant::now();
        Self {
            rtc: config().build(now),
            socket,
            addr,
            server: None,
            pending: None,
            mids: Vec::new(),
            connected: false,
            received: Vec::new(),
            keyframe_requests: 0,
            lose: 0,
            mute_dtls: false,
            kept: VecDeque::new(),
            estimate: 0,
            sequence: [100, 65_500],
            start: now,
            timeout: now,
        }
    }

    /// Offers to send these media.
    pub fn offer(&mut self, kinds: &[MediaKind]) -> String {
        let mut changes = self.rtc.sdp_api();
        for kind in kinds {
            let mid = changes.add_media(*kind, Direction::SendOnly, None, None, None);
            self.mids.push((*kind, mid));
        }
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// Takes the answer to [`Client::offer`].
    pub fn answered(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        let pending = self.pending.take().unwrap();
        self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
    }

    /// Answers an offer to send to it.
    pub fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        let answer = self.rtc.sdp_api().accept_offer(offer).unwrap();
        answer.to_sdp_string()
    }

    /// Sends one packet of a medium.
    pub fn send(&mut self, kind: MediaKind, payload: Vec<u8>) {
        let codec = match kind {
            MediaKind::Audio => Codec::Opus,
            MediaKind::Video => Codec::Vp8,
        };
        let now = Instant::now();
        let params = self.rtc.codec_config().params();
        let params = *params.iter().find(|p| p.spec().codec == codec).unwrap();
        let rate = u128::from(params.spec().clock_rate.get());
        let time = now.duration_since(self.start).as_millis() * rate / 1000;
        let mid = self
            .mids
            .iter()
            .find(|(known, _)| *known == kind)
            .unwrap()
            .1;
        let sequence = &mut self.sequence[usize::from(kind == MediaKind::Video)];
        *sequence += 1;
        let sequence = (*sequence).into();
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).unwrap();
        let write = RtpWrite::new(params.pt(), sequence, time as u32, now, payload);
        stream.write_rtp(write.marker(true).nackable(kind == MediaKind::Video));
        self.drain(now);
    }

    /// Asks the server for a keyframe.
    pub fn request_keyframe(&mut self) {
        let video = self
            .received
            .iter()
            .find(|packet| packet.payload.len() > 400);
        let ssrc = video.unwrap().header.ssrc;
        let mut api = self.rtc.direct_api();
        let stream = api.stream_rx(&ssrc).unwrap();
        stream.request_keyframe(KeyframeRequestKind::Pli);
        let now = Instant::now();
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
        self.drain(now);
    }

    /// Sends anything from its socket.
    pub fn send_raw(&mut self, to: SocketAddr, data: &[u8]) {
        self.transmit(to, data);
    }

    /// Takes in what came and lets time pass. Returns whether anything came.
    pub fn turn(&mut self) -> bool {
        let now = Instant::now();
        let mut buffer = [0; 2048];
        let mut came = false;
        while let Some((len, from)) = self.receive(&mut buffer) {
            came = true;
            let rtp = buffer[0] >> 6 == 2 && !(192..=223).contains(&buffer[1]);
            if rtp && self.lose > 0 {
                self.lose -= 1;
                continue;
            }
            let protocol = match self.socket {
                Socket::Udp(_) | Socket::Relayed(_) => Protocol::Udp,
                Socket::Tcp { .. } => Protocol::Tcp,
            };
            let receive = Receive::new(protocol, from, self.addr, &buffer[..len]).unwrap();
            self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
            self.drain(now);
        }
        if now >= self.timeout {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
        }
        self.drain(now);
        came
    }

    /// Keeps what came for its next turn, and says nothing: its socket must not run over while it is silent.
    pub fn keep(&mut self) {
        let mut buffer = [0; 2048];
        while let Some((len, from)) = self.read(&mut buffer) {
            self.kept.push_back((buffer[..len].to_vec(), from));
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let Some((kept, from)) = self.kept.pop_front() else {
            return self.read(buffer);
        };
        buffer[..kept.len()].copy_from_slice(&kept);
        Some((kept.len(), from))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        match &mut self.socket {
            Socket::Udp(socket) => match socket.recv_from(buffer) {
                Ok(came) => Some(came),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                Err(error) => panic!("{error}"),
            },
            Socket::Relayed(relayed) => relayed.read(buffer),
            Socket::Tcp { stream, incoming } => {
                let mut chunk = [0; 4096];
                if let Ok(len) = stream.read(&mut chunk) {
                    incoming.extend_from_slice(&chunk[..len]);
                }
                let (header, rest) = incoming.split_first_chunk::<2>()?;
                let len = usize::from(u16::from_be_bytes(*header));
                buffer[..len].copy_from_slice(rest.get(..len)?);
                incoming.drain(..2 + len);
                Some((len, stream.peer_addr().unwrap()))
            }
        }
    }

    fn transmit(&mut self, to: SocketAddr, data: &[u8]) {
        if self.mute_dtls && matches!(data.first(), Some(20..=63)) {
            return;
        }
        self.server = Some(to);
        match &mut self.socket {
            Socket::Udp(socket) => {
                // The server may be gone, or its address of a family this socket has not.
                let _ = socket.send_to(data, to);
            }
            Socket::Relayed(relayed) => relayed.send(to, data),
            Socket::Tcp { stream, .. } => {
                let mut frame = (data.len() as u16).to_be_bytes().to_vec();
                frame.extend_from_slice(data);
                stream.set_nonblocking(false).unwrap();
                stream.write_all(&frame).unwrap();
                stream.set_nonblocking(true).unwrap();
            }
        }
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) if at <= now => {
                    self.rtc.handle_input(Input::Timeout(now)).unwrap();
                    self.timeout = now + Duration::from_millis(1);
                    return;
                }
                Output::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    self.transmit(transmit.destination, &transmit.contents);
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => self.received.push(packet),
                Output::Event(Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. })) => {
                    self.estimate = estimate.as_u64();
                }
                Output::Event(Event::KeyframeRequest(_)) => self.keyframe_requests += 1,
                Output::Event(_) => {}
            }
        }
    }
}

fn config() -> RtcConfig {
    RtcConfig::new().set_rtp_mode(true)
}
