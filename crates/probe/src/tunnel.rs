//! A way to the node through a relay: an allocation, and a channel to each port of the node's that is to be reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reachability::{Failed, Protocol, Relay, Stage};
use turn::client::{Client, Heard, channel_data};
use turn::method;

use crate::plan::Limits;

/// Of the first channel (RFC 8656 section 12).
const FIRST_CHANNEL: u16 = 0x4000;

/// One allocation of one relay.
pub struct Tunnel {
    client: Client,
    at: String,
    stream: bool,
    limits: Limits,
    peers: Vec<SocketAddr>,
    /// Of each peer that was asked for: whether the relay lets us reach it.
    bound: Vec<Result<(), u16>>,
    relayed: Option<SocketAddr>,
    begun: Instant,
    /// What waits for an answer.
    request: Vec<u8>,
    sent: u32,
    next: Option<Instant>,
    pause: Duration,
}

/// What became of a packet of the relay's.
pub enum Told<'a> {
    Nothing,
    /// All peers were asked for, and one at least is reached from here.
    Open(SocketAddr),
    /// From the peer of this number.
    Data(usize, &'a [u8]),
    Failed(Failed),
}

impl Tunnel {
    /// To these ports of the node's, all of one family. Tunnels of one probe need different seeds.
    pub fn new(
        now: Instant,
        relay: &Relay,
        peers: Vec<SocketAddr>,
        seed: [u8; 4],
        limits: Limits,
    ) -> Self {
        Self {
            client: Client::new(&relay.username, &relay.credential, seed),
            at: format!("{}:{} by {}", relay.host, relay.port, relay.protocol),
            stream: relay.protocol != Protocol::Udp,
            limits,
            peers,
            bound: Vec::new(),
            relayed: None,
            begun: now,
            request: Vec::new(),
            sent: 0,
            next: None,
            pause: Duration::ZERO,
        }
    }

    /// The relay is connected.
    pub fn begin(&mut self, now: Instant) {
        let ipv6 = self.peers.iter().all(SocketAddr::is_ipv6);
        let request = self.client.allocate(ipv6);
        self.ask(now, request);
    }

    fn ask(&mut self, now: Instant, request: Vec<u8>) {
        self.request = request;
        self.sent = 0;
        self.pause = self.limits.first_pause;
        self.next = Some(now);
    }

    /// When [`Tunnel::poll`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// What is to be sent to the relay now. An error is the end of it.
    pub fn poll(&mut self, now: Instant) -> Result<Option<Vec<u8>>, Failed> {
        if self.next.is_none_or(|at| now < at) {
            return Ok(None);
        }
        // A stream loses nothing; there the last pause is all of them.
        let most = if self.stream {
            1
        } else {
            self.limits.requests.max(1)
        };
        if self.sent >= most {
            self.next = None;
            return Err(self.unanswered(now));
        }
        self.sent += 1;
        let wait = if self.stream {
            self.limits.knock
        } else {
            self.pause
        };
        self.next = Some(now + wait);
        self.pause = (self.pause * 2).min(self.limits.longest_pause);
        Ok(Some(self.request.clone()))
    }

    /// Takes what the relay sent.
    pub fn hear<'a>(&mut self, now: Instant, packet: &'a [u8]) -> Told<'a> {
        match self.client.hear(packet) {
            Heard::Send(again) => {
                self.ask(now, again);
                Told::Nothing
            }
            Heard::Allocated { relayed, .. } => {
                self.relayed = Some(relayed);
                self.bind(now)
            }
            Heard::Granted(method::CHANNEL_BIND) => {
                self.bound.push(Ok(()));
                self.bind(now)
            }
            Heard::Refused {
                method: method::CHANNEL_BIND,
                code,
            } => {
                self.bound.push(Err(code));
                self.bind(now)
            }
            Heard::Refused {
                method: method::ALLOCATE,
                code,
            } => {
                self.next = None;
                Told::Failed(self.refused(code))
            }
            Heard::ChannelData { channel, data } => {
                let peer = channel.checked_sub(FIRST_CHANNEL).map(usize::from);
                let peer = peer.filter(|peer| matches!(self.bound.get(*peer), Some(Ok(()))));
                peer.map_or(Told::Nothing, |peer| Told::Data(peer, data))
            }
            _ => Told::Nothing,
        }
    }

    /// The next channel, or the end of them.
    fn bind(&mut self, now: Instant) -> Told<'static> {
        let number = self.bound.len();
        if let Some(peer) = self.peers.get(number) {
            let request = self.client.bind(channel(number), *peer);
            self.ask(now, request);
            return Told::Nothing;
        }
        self.next = None;
        match (self.relayed, self.bound.iter().find_map(|it| it.err())) {
            (Some(relayed), _) if self.bound.iter().any(Result::is_ok) => Told::Open(relayed),
            (_, code) => Told::Failed(self.forbidden(code.unwrap_or_default())),
        }
    }

    /// A packet for the peer of this number, as it goes to the relay. `None` for one that is not reached from here.
    pub fn wrap(&self, peer: usize, data: &[u8]) -> Option<Vec<u8>> {
        matches!(self.bound.get(peer), Some(Ok(()))).then(|| {
            let mut bytes = channel_data(channel(peer), data);
            if self.stream {
                bytes.resize(bytes.len().next_multiple_of(4), 0);
            }
            bytes
        })
    }

    /// What gives the allocation back, if there is one.
    pub fn leave(&mut self) -> Option<Vec<u8>> {
        self.next = None;
        self.relayed.take().map(|_| self.client.refresh(0))
    }

    fn unanswered(&self, now: Instant) -> Failed {
        let (span, sent) = ((now - self.begun).as_secs_f64(), self.sent);
        let at = &self.at;
        let (what, hint) = match self.relayed {
            None => (
                "for an address",
                "a firewall drops it, no relay listens there, or the address is not the relay's",
            ),
            Some(_) => (
                "for a channel",
                "the way to the relay loses too much, or it is overloaded",
            ),
        };
        Failed {
            stage: Stage::Relay,
            reason: format!(
                "the relay at {at} did not answer {sent} requests {what} in {span:.1} s"
            ),
            hint: hint.to_owned(),
        }
    }

    fn refused(&self, code: u16) -> Failed {
        let hint = match code {
            401 | 438 | 441 => {
                "it has another secret than the master, or a clock that is wrong by hours"
            }
            403 => "it serves nobody from here, or no such peers",
            486 | 508 => "it has no room: see its quotas",
            _ => "",
        };
        Failed {
            stage: Stage::Relay,
            reason: format!("the relay at {} gave no address: error {code}", self.at),
            hint: hint.to_owned(),
        }
    }

    fn forbidden(&self, code: u16) -> Failed {
        let peer = self.peers.first();
        let peer = peer.map_or_else(|| "the node".to_owned(), ToString::to_string);
        Failed {
            stage: Stage::Relay,
            reason: format!("the relay at {} does not relay to {peer}: error {code}", self.at),
            hint: "its list of peers has no such address: see its settings, and whether it has the newest".to_owned(),
        }
    }
}

fn channel(number: usize) -> u16 {
    FIRST_CHANNEL + u16::try_from(number).unwrap_or(u16::MAX - FIRST_CHANNEL)
}
