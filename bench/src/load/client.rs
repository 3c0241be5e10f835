//! One WebRTC client of the load: a str0m peer connection with its own socket, as a browser would have.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::UdpSocket;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

const DATAGRAM_MAX: usize = 2048;

/// What a client has seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Received {
    /// RTP packets that were decrypted.
    pub packets: u64,
    /// Bytes of RTP payload in them.
    pub bytes: u64,
}

/// A client that sends or receives one video track.
pub struct Client {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    timeout: Instant,
    connected: bool,
    mid: Option<Mid>,
    received: Received,
    last_payload: Option<std::sync::Arc<[u8]>>,
    /// Through which relay, and its channel to whom.
    relay: Option<Channel>,
}

/// A client's way to the node through a relay.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// The relay.
    pub relay: SocketAddr,
    /// The client, as the node sees it.
    pub relayed: SocketAddr,
    /// The node, to which the channel is bound.
    pub node: SocketAddr,
    /// Number of the channel.
    pub number: u16,
}

impl Client {
    /// A client on a loopback port of its own.
    pub fn new(now: Instant) -> Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Self::with(now, socket, None)
    }

    /// A client that reaches the node by the channel that `socket` has.
    pub fn relayed(now: Instant, socket: std::net::UdpSocket, channel: Channel) -> Result<Self> {
        socket.set_nonblocking(true)?;
        Self::with(now, UdpSocket::from_std(socket), Some(channel))
    }

    fn with(now: Instant, socket: UdpSocket, relay: Option<Channel>) -> Result<Self> {
        let local = match relay {
            Some(channel) => channel.relayed,
            None => socket.local_addr()?,
        };
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(now);
        rtc.add_local_candidate(Candidate::host(local, "udp")?);
        Ok(Self {
            rtc,
            socket,
            local,
            timeout: now,
            connected: false,
            mid: None,
            received: Received::default(),
            last_payload: None,
            relay,
        })
    }

    /// The socket, to be watched for reading.
    pub fn socket(&mut self) -> &mut UdpSocket {
        &mut self.socket
    }

    /// An offer to send one video track.
    pub fn offer_video(&mut self) -> Result<(String, SdpPendingOffer)> {
        let mut api = self.rtc.sdp_api();
        self.mid = Some(api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None));
        let (offer, pending) = api.apply().context("an offer with one track")?;
        Ok((offer.to_sdp_string(), pending))
    }

    /// Takes the server's answer to [`Self::offer_video`].
    pub fn accept_answer(&mut self, pending: SdpPendingOffer, sdp: &str) -> Result<()> {
        let answer = SdpAnswer::from_sdp_string(sdp)?;
        self.rtc.sdp_api().accept_answer(pending, answer)?;
        Ok(())
    }

    /// Answers the server's offer to send us a track.
    pub fn answer(&mut self, sdp: &str) -> Result<String> {
        let offer = SdpOffer::from_sdp_string(sdp)?;
        let answer = self.rtc.sdp_api().accept_offer(offer)?;
        Ok(answer.to_sdp_string())
    }

    /// Whether ICE and DTLS are done.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// What arrived so far.
    pub fn received(&self) -> Received {
        self.received
    }

    /// The payload of the newest packet since the last call.
    pub fn take_payload(&mut self) -> Option<std::sync::Arc<[u8]>> {
        self.last_payload.take()
    }

    /// Queues one RTP packet of the sending track.
    pub fn write(
        &mut self,
        now: Instant,
        sequence: u64,
        time: u32,
        marker: bool,
        payload: &[u8],
    ) -> Result<()> {
        let mid = self.mid.context("no track was offered")?;
        let pt = self
            .rtc
            .media(mid)
            .and_then(|media| media.remote_pts().first().copied())
            .context("no payload type was negotiated")?;
        let mut api = self.rtc.direct_api();
        let stream = api
            .stream_tx_by_mid(mid, None)
            .context("the track has no stream")?;
        stream.write_rtp(
            RtpWrite::new(pt, sequence.into(), time, now, payload)
                .marker(marker)
                .nackable(true),
        );
        self.drain(now)
    }

    /// Reads all that has arrived.
    pub fn readable(&mut self, now: Instant) -> Result<()> {
        let mut buffer = [0; DATAGRAM_MAX];
        loop {
            let (length, source) = match self.socket.recv_from(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading a client's socket"),
            };
            let (source, data) = match self.relay {
                // What is no ChannelData concerns the allocation, which outlives the measurement.
                Some(channel) if length > 4 => (channel.node, &buffer[4..length]),
                Some(_) => continue,
                None => (source, &buffer[..length]),
            };
            let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, data) else {
                continue;
            };
            self.rtc.handle_input(Input::Receive(now, receive))?;
            self.drain(now)?;
        }
    }

    /// Runs what is due, and says when to call again.
    pub fn tick(&mut self, now: Instant) -> Result<Instant> {
        if self.timeout <= now {
            self.rtc.handle_input(Input::Timeout(now))?;
            self.drain(now)?;
        }
        Ok(self.timeout)
    }

    fn drain(&mut self, now: Instant) -> Result<()> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.timeout = at.max(now + Duration::from_millis(1));
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    anyhow::ensure!(
                        transmit.destination.ip().is_loopback(),
                        "the load goes to loopback only, not to {}",
                        transmit.destination
                    );
                    // A full socket buffer is loss, which is what a network would do.
                    let _ = match self.relay {
                        Some(channel) => {
                            let data =
                                turn::client::channel_data(channel.number, &transmit.contents);
                            self.socket.send_to(&data, channel.relay)
                        }
                        None => self
                            .socket
                            .send_to(&transmit.contents, transmit.destination),
                    };
                }
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => self.connected = true,
            Event::MediaAdded(added) => self.mid = Some(added.mid),
            Event::RtpPacket(packet) => {
                self.received.packets += 1;
                self.received.bytes += packet.payload.len() as u64;
                self.last_payload = Some(packet.payload);
            }
            _ => {}
        }
    }
}
