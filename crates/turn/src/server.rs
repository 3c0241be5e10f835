//! The server: clients by their 5-tuple, allocations, and what becomes of each message.

mod answer;
mod peers;
mod requests;
mod table;

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use crate::counts::Counts;
use crate::credentials::Key;
use crate::event::{Ended, Event, Events, What};
use crate::message::{Class, Message, Reply, attribute, data_indication, method};
use crate::nonce::Nonces;
use crate::settings::Settings;
use crate::tuple::{Tuple, Via};
use crate::usage::Usage;

use peers::Peers;
use table::Table;

pub use table::AllocationId;

/// Answers per second to those who have not proven anything: Binding, and the first answer of a dialogue.
const STRANGERS_PER_SECOND: u32 = 2000;

/// The time, both ways.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For lifetimes.
    pub instant: Instant,
    /// By this machine's clock, for credentials and events.
    pub unix_ms: u64,
}

/// What is to be done with a client's message.
#[derive(Debug)]
pub enum Action<'a> {
    /// Nothing; why is counted.
    Nothing,
    /// Send [`Server::reply`] to the client.
    Reply,
    /// Open a UDP port for the client and hand the result to [`Server::opened`].
    Open(Ticket),
    /// Send `data` to `peer` from the port of this allocation.
    Relay {
        #[allow(missing_docs)]
        allocation: AllocationId,
        #[allow(missing_docs)]
        peer: SocketAddr,
        #[allow(missing_docs)]
        data: &'a [u8],
    },
}

/// An allocation that is being made.
#[derive(Debug)]
pub struct Ticket {
    client: Tuple,
    ip: IpAddr,
    user: (Box<str>, Box<str>, Key),
    transaction: [u8; 16],
    lifetime: Option<u32>,
    even: bool,
}

impl Ticket {
    /// Family of the port to be opened.
    pub fn is_ipv6(&self) -> bool {
        self.ip.is_ipv6()
    }

    /// Of which address the port is told.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The number has to be even (EVEN-PORT).
    pub fn is_even(&self) -> bool {
        self.even
    }
}

/// No port can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPort;

/// How a peer's datagram goes to its client: these bytes, the data, and so many zeros.
#[derive(Clone, Copy, Debug)]
pub struct Dress {
    #[allow(missing_docs)]
    pub client: Tuple,
    head: [u8; 48],
    len: usize,
    /// Zeros after the data.
    pub padding: usize,
}

impl Dress {
    /// What goes before the data.
    pub fn head(&self) -> &[u8] {
        &self.head[..self.len]
    }
}

/// A STUN and TURN server.
pub struct Server {
    realm: String,
    nonces: Nonces,
    settings: Option<Settings>,
    peers: Peers,
    /// What relayed addresses are told to be at.
    addresses: Vec<IpAddr>,
    allocations: Table,
    usage: Usage,
    indications: u64,
    ended: Vec<AllocationId>,
    reply: Reply,
    strangers: (u64, u32),
    counts: Counts,
    events: Events,
}

impl Server {
    /// One that answers Binding only, until it has [`Settings`]. `nonce_key` must be unpredictable. Quotas hold for all
    /// servers of one `usage` together.
    pub fn new(realm: &str, nonce_key: &[u8; 32], usage: Usage) -> Self {
        Self {
            realm: realm.to_owned(),
            nonces: Nonces::new(nonce_key),
            settings: None,
            peers: Peers::default(),
            addresses: Vec::new(),
            allocations: Table::default(),
            usage,
            indications: 0,
            ended: Vec::new(),
            reply: Reply::default(),
            strangers: (0, 0),
            counts: Counts::default(),
            events: Events::default(),
        }
    }

    /// From now on these hold. Whoever is no longer a peer loses what was granted for him.
    pub fn set_settings(&mut self, settings: Settings) {
        self.peers.set_listed(&settings.peers);
        self.settings = Some(settings);
        self.forget_strangers();
    }

    /// Peers that are there whatever the settings say: what the shell serves by itself.
    pub fn set_own_peers(&mut self, own: impl IntoIterator<Item = SocketAddr>) {
        self.peers.set_own(own);
        self.forget_strangers();
    }

    /// Where relayed addresses are, in order of preference. Allocations keep what their clients were told.
    pub fn set_addresses(&mut self, addresses: Vec<IpAddr>) {
        self.addresses = addresses;
    }

    fn forget_strangers(&mut self) {
        let peers = &self.peers;
        for allocation in self.allocations.values_mut() {
            allocation.keep(|ip| peers.has_ip(ip), |peer| peers.has(peer));
        }
    }

    /// Takes a message of a client: a datagram, or one that [`crate::Frames`] cut out of a stream.
    pub fn from_client<'a>(&mut self, now: &Now, client: Tuple, bytes: &'a [u8]) -> Action<'a> {
        match bytes.first() {
            Some(0x40..=0x7f) => self.channel_data(now, client, bytes),
            Some(0..=0x3f) => match Message::parse(bytes) {
                Some(message) => self.message(now, client, message),
                None => self.malformed(),
            },
            _ => self.malformed(),
        }
    }

    fn malformed<'a>(&mut self) -> Action<'a> {
        self.counts.malformed += 1;
        Action::Nothing
    }

    fn message<'a>(&mut self, now: &Now, client: Tuple, message: Message<'a>) -> Action<'a> {
        match (message.class, message.method) {
            (Class::Request, method::BINDING) => self.binding(now, client, &message),
            (Class::Request, _) => self.request(now, client, &message),
            (Class::Indication, method::SEND) => self.send(now, client, &message),
            // Binding indications keep a NAT's mapping alive; nothing else concerns a server.
            (Class::Indication | Class::Success | Class::Error, _) => Action::Nothing,
        }
    }

    /// RFC 8656 section 12.5.
    fn channel_data<'a>(&mut self, now: &Now, client: Tuple, bytes: &'a [u8]) -> Action<'a> {
        let Some((head, rest)) = bytes.split_first_chunk::<4>() else {
            return self.malformed();
        };
        let number = u16::from_be_bytes([head[0], head[1]]);
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        // UDP may carry padding too.
        let Some(data) = rest.get(..len) else {
            return self.malformed();
        };
        let Some(id) = self.allocations.recall(&client) else {
            return self.unpermitted();
        };
        let Some(allocation) = self.allocations.get_mut(id) else {
            return self.unpermitted();
        };
        let peer = allocation.peer_of(now.instant, number);
        let peer = peer.filter(|peer| allocation.permits(now.instant, peer.ip()));
        match peer {
            Some(peer) => {
                allocation.to_peers += 1;
                self.relay(id, peer, data)
            }
            None => self.unpermitted(),
        }
    }

    /// RFC 8656 section 11.2.
    fn send<'a>(&mut self, now: &Now, client: Tuple, message: &Message<'a>) -> Action<'a> {
        let peer = message.get(attribute::XOR_PEER_ADDRESS);
        let peer = peer.and_then(|value| message.address(value));
        let (Some(peer), Some(data)) = (peer, message.get(attribute::DATA)) else {
            return self.malformed();
        };
        if message.get(attribute::DONT_FRAGMENT).is_some() {
            return self.unpermitted();
        }
        let Some(id) = self.allocations.recall(&client) else {
            return self.unpermitted();
        };
        let Some(allocation) = self.allocations.get_mut(id) else {
            return self.unpermitted();
        };
        if !allocation.permits(now.instant, peer.ip()) {
            return self.unpermitted();
        }
        if !self.peers.has(peer) {
            self.counts.forbidden += 1;
            return Action::Nothing;
        }
        allocation.to_peers += 1;
        self.relay(id, peer, data)
    }

    fn unpermitted<'a>(&mut self) -> Action<'a> {
        self.counts.unpermitted += 1;
        Action::Nothing
    }

    fn relay<'a>(&mut self, id: AllocationId, peer: SocketAddr, data: &'a [u8]) -> Action<'a> {
        self.counts.to_peers += 1;
        self.counts.to_peers_bytes += data.len() as u64;
        Action::Relay {
            allocation: id,
            peer,
            data,
        }
    }

    /// How many bytes [`Server::from_peer`] will put before data of `peer`.
    pub fn room(&self, now: &Now, id: AllocationId, peer: SocketAddr) -> usize {
        let channel = self.allocations.get(id);
        let channel = channel.and_then(|allocation| allocation.channel_to(now.instant, peer));
        match (channel, peer) {
            (Some(_), _) => 4,
            (None, SocketAddr::V4(_)) => 36,
            (None, SocketAddr::V6(_)) => 48,
        }
    }

    /// `len` bytes came from `peer` at the port of an allocation: how they go to its client, if they may
    /// (RFC 8656 sections 11.4 and 12.7).
    pub fn from_peer(
        &mut self,
        now: &Now,
        id: AllocationId,
        peer: SocketAddr,
        len: usize,
    ) -> Option<Dress> {
        let allocation = self.allocations.get_mut(id)?;
        let channel = allocation.channel_to(now.instant, peer);
        let permitted = allocation.permits(now.instant, peer.ip());
        if !permitted || (channel.is_none() && !self.peers.has(peer)) {
            self.counts.unasked(peer.ip());
            return None;
        }
        allocation.to_client += 1;
        self.counts.to_clients += 1;
        self.counts.to_clients_bytes += len as u64;
        let client = allocation.client;
        let (mut head, head_len) = match channel {
            Some(_) => ([0; 48], 4),
            None => {
                self.indications += 1;
                let mut transaction = [0; 16];
                transaction[..4].copy_from_slice(&crate::message::COOKIE);
                transaction[8..].copy_from_slice(&self.indications.to_be_bytes());
                data_indication(transaction, peer, len)
            }
        };
        if let Some(number) = channel {
            head[..2].copy_from_slice(&number.to_be_bytes());
            head[2..4].copy_from_slice(&(len as u16).to_be_bytes());
        }
        let padded = channel.is_none() || client.via != Via::Udp;
        let padding = if padded {
            len.next_multiple_of(4) - len
        } else {
            0
        };
        Some(Dress {
            client,
            head,
            len: head_len,
            padding,
        })
    }

    /// The answer that [`Action::Reply`] speaks of.
    pub fn reply(&self) -> &[u8] {
        self.reply.bytes()
    }

    /// A client's connection ended.
    pub fn disconnected(&mut self, now: &Now, client: &Tuple) {
        if let Some(id) = self.allocations.id_of(client) {
            self.end(now, id, Ended::Disconnected);
        }
    }

    /// Ends what was not refreshed. To be called about every second.
    pub fn elapse(&mut self, now: &Now) {
        let allocations = self.allocations.iter();
        let over = allocations.filter(|(_, allocation)| allocation.is_over(now.instant));
        let over: Vec<AllocationId> = over.map(|(id, _)| id).collect();
        for id in over {
            self.end(now, id, Ended::Expired);
        }
    }

    fn end(&mut self, now: &Now, id: AllocationId, why: Ended) {
        let Some(allocation) = self.allocations.remove(id) else {
            return;
        };
        self.usage.release(&allocation.label);
        let what = What::Ended {
            why,
            to_peers: allocation.to_peers,
            to_client: allocation.to_client,
        };
        self.note(now, &allocation.client, &allocation.label, what);
        self.counts.allocations = self.allocations.len() as u64;
        self.ended.push(id);
    }

    /// Allocations that are gone, each told once: their ports are to be closed.
    pub fn take_ended(&mut self) -> Vec<AllocationId> {
        std::mem::take(&mut self.ended)
    }

    /// Whether a client has an allocation.
    pub fn knows(&self, client: &Tuple) -> bool {
        self.allocations.id_of(client).is_some()
    }

    /// What the client of an allocation was told of it.
    pub fn relayed(&self, id: AllocationId) -> Option<SocketAddr> {
        Some(self.allocations.get(id)?.relayed)
    }

    /// What was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What happened since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.take()
    }

    fn note(&mut self, now: &Now, client: &Tuple, label: &str, what: What) {
        if self.events.note(now.unix_ms, client, label, what) {
            self.counts.events_lost += 1;
        }
    }

    /// Whether one more stranger is answered in this second.
    fn hears_strangers(&mut self, now: &Now) -> bool {
        let second = now.unix_ms / 1000;
        if self.strangers.0 != second {
            self.strangers = (second, 0);
        }
        self.strangers.1 += 1;
        let heard = self.strangers.1 <= STRANGERS_PER_SECOND;
        self.counts.over_rate += u64::from(!heard);
        heard
    }
}
