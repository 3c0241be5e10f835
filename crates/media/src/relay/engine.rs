//! One TURN server with its sockets.

use std::collections::HashMap;
use std::net::TcpListener;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use turn::{
    Action, AllocationId, Counts, Dress, Event, Now, Server, Settings, Ticket, Tuple, Usage, Via,
};

use super::ports::Ports;
use super::streams::{Handed, Streams};
use super::{Options, REALM};
use crate::counters::Counters;
use crate::net::{Batch, Inbox, LARGEST, RUNS, Readiness, Run, Token, Udp};

/// Tokens of a relay start here; those of shards are lower.
pub const FIRST_TOKEN: Token = 1 << 32;
const UDP: Token = FIRST_TOKEN;
const LISTENER: Token = FIRST_TOKEN + 1;
/// Above all that streams may have: these count up from the listener's.
const PORTS: Token = 1 << 34;

/// Most bytes that [`Dress`] puts before and after the data.
const DRESS: usize = 48 + 3;
/// Own addresses that stay peers although they are no longer advertised: running calls go on when an address changes.
const REMEMBERED: usize = 16;

/// A datagram of a client for the node's own media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The shard that has the port.
    pub shard: usize,
    /// Whom the shard takes for the sender.
    pub relayed: SocketAddr,
    /// At which of our addresses it would have arrived.
    pub local: IpAddr,
    /// Where the data is in what was taken.
    pub data: std::ops::Range<usize>,
}

/// Where media of this process is reached, and at which shard.
#[derive(Debug, Default)]
struct OwnMedia {
    by_peer: HashMap<SocketAddr, usize>,
    /// Datagrams come in runs for one peer.
    last: Option<(SocketAddr, Option<usize>)>,
}

impl OwnMedia {
    fn new(addresses: &[IpAddr], ports: &[u16]) -> Self {
        let peers = addresses.iter().flat_map(|ip| {
            let shards = ports.iter().enumerate();
            shards.map(|(shard, port)| (SocketAddr::new(ip.to_canonical(), *port), shard))
        });
        Self {
            by_peer: peers.collect(),
            last: None,
        }
    }

    fn shard_of(&mut self, peer: SocketAddr) -> Option<usize> {
        if let Some((_, shard)) = self.last.filter(|(last, _)| *last == peer) {
            return shard;
        }
        let shard = self.by_peer.get(&peer).copied();
        self.last = Some((peer, shard));
        shard
    }
}

/// A stream that was read from.
#[derive(Debug)]
pub struct Reading {
    number: u32,
    alive: bool,
}

/// One TURN server with its sockets.
pub struct Engine {
    server: Server,
    udp: Udp,
    ports: Ports,
    streams: Streams,
    batch: Batch,
    /// Out while its content is being taken in.
    runs: Option<Box<Inbox>>,
    now: Now,
    /// Ports of media, by shard.
    media: Vec<u16>,
    addresses: Vec<IpAddr>,
    own: OwnMedia,
    by_relayed: HashMap<SocketAddr, AllocationId>,
    /// Datagrams come in runs for one client.
    last_relayed: Option<(SocketAddr, Option<AllocationId>)>,
    counters: Arc<Counters>,
}

impl Engine {
    /// At these sockets. `nonce_key` is random, and `usage` shared by all engines of one port, as that is; `media` are the ports of the shards, none for a relay that stands alone.
    pub fn new(
        options: &Options,
        (udp, listener): (Udp, Option<TcpListener>),
        (nonce_key, usage): (&[u8; 32], Usage),
        media: Vec<u16>,
        counters: Arc<Counters>,
    ) -> Self {
        let ports: RangeInclusive<u16> = options.ports.clone();
        Self {
            server: Server::new(REALM, nonce_key, usage),
            udp,
            ports: Ports::new(ports, PORTS),
            streams: Streams::new(listener, options.tls.clone(), LISTENER),
            batch: Batch::default(),
            runs: None,
            now: now(),
            media,
            addresses: Vec::new(),
            own: OwnMedia::default(),
            by_relayed: HashMap::new(),
            last_relayed: None,
            counters,
        }
    }

    /// Has its sockets watched.
    ///
    /// # Errors
    /// What the system says.
    pub fn watch(&self, readiness: &Readiness) -> std::io::Result<()> {
        readiness.add(&self.udp, UDP)?;
        self.streams.watch(readiness)
    }

    /// From now on these hold.
    pub fn set_settings(&mut self, settings: Settings) {
        self.server.set_settings(settings);
    }

    /// Where the node, or the relay, is reached from now on.
    pub fn set_addresses(&mut self, addresses: &[IpAddr]) {
        self.server.set_addresses(addresses.to_vec());
        let old = self.addresses.iter().filter(|old| !addresses.contains(old));
        let all = addresses.iter().chain(old).copied();
        self.addresses = all.take(REMEMBERED.max(addresses.len())).collect();
        self.own = OwnMedia::new(&self.addresses, &self.media);
        self.server.set_own_peers(self.own.by_peer.keys().copied());
    }

    /// Looks at the clocks. What follows happens then.
    pub fn tick(&mut self) {
        self.now = now();
    }

    /// Ends what was not refreshed. To be called about every second.
    pub fn elapse(&mut self, readiness: &Readiness) {
        self.tick();
        self.server.elapse(&self.now);
        self.close_ended();
        let (streams, server) = (&mut self.streams, &self.server);
        let in_use = |client: &Tuple| server.knows(client);
        let closed = streams.sweep(readiness, self.now.instant, in_use);
        self.counters.tcp_closed.add(closed);
    }

    fn close_ended(&mut self) {
        for id in self.server.take_ended() {
            self.ports.close(id, &self.counters);
            self.by_relayed.retain(|_, known| *known != id);
            self.last_relayed = None;
        }
    }

    /// Receives from its own port what waits. Returns how many datagrams, to be had from the inbox and handed to
    /// [`Engine::take_udp`].
    pub fn fill(&self, inbox: &mut Inbox) -> usize {
        inbox.fill(&self.udp)
    }

    /// Whether a token is that of its own port.
    pub fn is_udp(token: Token) -> bool {
        token == UDP
    }

    /// Whether a token is that of a stream, or of the socket that accepts them.
    pub fn is_stream(&self, token: Token) -> bool {
        (LISTENER..PORTS).contains(&token)
    }

    /// Accepts, or reads from a stream; whose messages are then to be taken by [`Engine::take_message`] until there is
    /// none, and then it is to be told to [`Engine::finish`].
    pub fn read(&mut self, token: Token, readiness: &Readiness) -> Option<Reading> {
        if token == LISTENER {
            let (streams, now) = (&mut self.streams, self.now.instant);
            streams.accept(readiness, now, &self.counters);
            return None;
        }
        let number = self.streams.number(token)?;
        let alive = self.streams.ready(number, readiness);
        Some(Reading { number, alive })
    }

    /// Takes the next message of a stream into `buffer`, and does what it asks, except when that concerns the node's own
    /// media: then its data is in `buffer`. `None` when there is no message.
    #[expect(
        clippy::option_option,
        reason = "whether there was a message, and whether it is to be handed over"
    )]
    pub fn take_message(
        &mut self,
        of: &Reading,
        buffer: &mut [u8],
        readiness: &Readiness,
    ) -> Option<Option<Handover>> {
        let taken = self.streams.take(of.number, buffer).ok()??;
        self.counters.tcp_in.add(1);
        Some(self.serve(taken.client, &buffer[..taken.len], readiness))
    }

    /// Closes a stream that ended, or is not TURN.
    pub fn finish(&mut self, reading: Reading) {
        if reading.alive && self.streams.is_sound(reading.number) {
            return;
        }
        self.counters.tcp_closed.add(1);
        if let Some(client) = self.streams.close(reading.number) {
            self.server.disconnected(&self.now, &client);
            self.close_ended();
        }
    }

    /// Takes a stream that was accepted elsewhere.
    pub fn hand(&mut self, handed: Handed, readiness: &Readiness) {
        let now = self.now.instant;
        self.streams.hand(handed, readiness, now, &self.counters);
    }

    /// Takes what a client sent by UDP, and does what it asks, except when that concerns the node's own media.
    pub fn take_udp(
        &mut self,
        from: SocketAddr,
        local: Option<IpAddr>,
        data: &[u8],
        readiness: &Readiness,
    ) -> Option<Handover> {
        self.serve(Tuple::udp(from, local), data, readiness)
    }

    fn serve(&mut self, client: Tuple, bytes: &[u8], readiness: &Readiness) -> Option<Handover> {
        match self.server.from_client(&self.now, client, bytes) {
            Action::Nothing => {}
            Action::Reply => {
                self.reply(client, readiness);
                // The request may have been to end the allocation.
                self.close_ended();
            }
            Action::Open(ticket) => self.open(client, ticket, readiness),
            Action::Relay {
                allocation,
                peer,
                data,
            } => match self.own.shard_of(peer) {
                Some(shard) => {
                    self.counters.relay_in.add(1);
                    let start = data.as_ptr() as usize - bytes.as_ptr() as usize;
                    return Some(Handover {
                        shard,
                        relayed: self.server.relayed(allocation)?,
                        local: peer.ip(),
                        data: start..start + data.len(),
                    });
                }
                None => self.ports.send(allocation, peer, data, &self.counters),
            },
        }
        None
    }

    fn open(&mut self, client: Tuple, ticket: Ticket, readiness: &Readiness) {
        let opened = self.ports.open(ticket.ip(), ticket.is_even());
        let port = opened.as_ref().map(|opened| opened.port).map_err(|no| *no);
        let id = self.server.opened(&self.now, ticket, port);
        self.reply(client, readiness);
        let (Some(id), Ok(opened)) = (id, opened) else {
            return;
        };
        self.ports.give(opened, id, readiness);
        if let Some(relayed) = self.server.relayed(id) {
            self.by_relayed.insert(relayed, id);
            self.last_relayed = None;
        }
    }

    fn reply(&mut self, client: Tuple, readiness: &Readiness) {
        let reply = self.server.reply();
        if client.via != Via::Udp {
            let sent = self.streams.send(&client, &[reply], readiness);
            return count_frame(&self.counters, sent);
        }
        let slot = self.batch.slot(&self.udp, &self.counters);
        if let Some(slot) = slot.get_mut(..reply.len()) {
            slot.copy_from_slice(reply);
            self.batch.commit(client.remote, client.local, reply.len());
        }
    }

    /// Takes what waits at the port of an allocation, if the token is one's. Returns whether more may wait.
    pub fn take_from_peers(&mut self, token: Token, readiness: &Readiness) -> bool {
        let Some(port) = self.ports.get(token) else {
            return false;
        };
        let id = port.id;
        let mut inbox = self.runs.take().unwrap_or_else(|| Inbox::of_runs().into());
        let count = inbox.fill(&port.udp);
        for slot in 0..count {
            match inbox.run(slot) {
                Some(run) => self.take_run(id, &run, readiness),
                None => self.counters.in_malformed.add(1),
            }
        }
        self.runs = Some(inbox);
        count == RUNS
    }

    fn take_run(&mut self, id: AllocationId, run: &Run<'_>, readiness: &Readiness) {
        for data in run.data.chunks(run.size) {
            if data.len() + DRESS > LARGEST {
                self.counters.in_malformed.add(1);
                continue;
            }
            let dress = self.server.from_peer(&self.now, id, run.from, data.len());
            if let Some(dress) = dress {
                self.put(&dress, data, readiness);
            }
        }
    }

    /// What the node's own media at `from` sends to a relayed address; `fill` writes it. False when it wrote nothing.
    pub fn take_from_own(
        &mut self,
        (relayed, from): (SocketAddr, SocketAddr),
        readiness: &Readiness,
        fill: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let id = self.allocation_at(relayed);
        let room = id.map_or(0, |id| self.server.room(&self.now, id, from));
        let slot = self.batch.slot(&self.udp, &self.counters);
        let Some(len) = fill(&mut slot[room..LARGEST - 3]) else {
            return false;
        };
        let dress = id.and_then(|id| self.server.from_peer(&self.now, id, from, len));
        if let Some(dress) = dress.filter(|dress| dress.head().len() == room) {
            slot[..room].copy_from_slice(dress.head());
            let end = room + len + dress.padding;
            slot[room + len..end].fill(0);
            let client = dress.client;
            self.counters.relay_out.add(1);
            if client.via == Via::Udp {
                self.batch.commit(client.remote, client.local, end);
            } else {
                let sent = self.streams.send(&client, &[&slot[..end]], readiness);
                count_frame(&self.counters, sent);
            }
        }
        true
    }

    fn allocation_at(&mut self, relayed: SocketAddr) -> Option<AllocationId> {
        if let Some((_, id)) = self.last_relayed.filter(|(last, _)| *last == relayed) {
            return id;
        }
        let id = self.by_relayed.get(&relayed).copied();
        self.last_relayed = Some((relayed, id));
        id
    }

    fn put(&mut self, dress: &Dress, data: &[u8], readiness: &Readiness) {
        let (head, client) = (dress.head(), dress.client);
        if client.via != Via::Udp {
            let parts = [head, data, &[0; 3][..dress.padding]];
            let sent = self.streams.send(&client, &parts, readiness);
            return count_frame(&self.counters, sent);
        }
        let len = head.len() + data.len() + dress.padding;
        let slot = self.batch.slot(&self.udp, &self.counters);
        let Some(slot) = slot.get_mut(..len) else {
            return;
        };
        let (before, after) = slot.split_at_mut(head.len());
        before.copy_from_slice(head);
        after[..data.len()].copy_from_slice(data);
        after[data.len()..].fill(0);
        self.batch.commit(client.remote, client.local, len);
    }

    /// Hands what was gathered to the system.
    pub fn flush(&mut self) {
        self.ports.flush(&self.counters);
        self.batch.flush(&self.udp, &self.counters);
    }

    /// What was counted.
    pub fn counts(&self) -> &Counts {
        self.server.counts()
    }

    /// What happened since this was last asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.server.take_events()
    }
}

fn count_frame(counters: &Counters, sent: bool) {
    match sent {
        true => counters.tcp_out.add(1),
        false => counters.tcp_dropped.add(1),
    }
}

fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH);
    Now {
        instant: Instant::now(),
        unix_ms: unix.map_or(0, |unix| unix.as_millis() as u64),
    }
}
