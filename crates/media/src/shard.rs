//! A shard: one thread with its sockets, its transports and its streams. Nothing in it is shared, nothing waits.
//!
//! One turn of [`Shard::run`]: wait for sockets, commands or the next deadline; take in what came, batch by batch;
//! after each batch send on what became fresh. All state machines below it are told the time.

mod advertising;
mod claims;
mod closing;
mod commands;
mod connection;
mod demux;
mod outbox;
mod recorder;
mod relaying;
mod restarting;
mod settle;
mod slots;
mod strangers;
mod timers;
mod wire;
mod witness;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::{Duration, Instant};

use crate::api::{EventSink, Id, TransportState, Withheld};
use crate::counters::Counters;
use crate::evidence::EvidenceSink;
use crate::net::{Inbox, LARGEST, Peer, Readiness, Token, Wake};
use crate::plane::StartError;
use crate::rate::Rate;
use crate::stream::Stream;
use crate::transport::{Effect, Factory};

use connection::Connection;
use outbox::Outbox;
use timers::{Timer, Timers};

use witness::Witness;

pub use slots::{Key, Slots};
pub use wire::{Sockets, Wire};

const UDP: Token = 0;
const LISTENER: Token = 1;
const WAKE: Token = 2;
/// Accepted connections have tokens from here on.
pub const FIRST_STREAM: Token = 3;

/// Longest wait without any deadline.
const IDLE: Duration = Duration::from_millis(500);
/// When to offer kept events to the sink again.
const RETRY_EVENTS: Duration = Duration::from_millis(5);
/// Batches taken from the socket before timers and commands get their turn.
const BATCHES: usize = 8;
/// Commands obeyed before packets get their turn: each may cost as much as a hundred packets.
const COMMANDS: usize = 16;
/// How often unclaimed connections are looked for.
const SWEEP: Duration = Duration::from_secs(2);

/// What a shard is told by its [`crate::Plane`].
pub enum Order {
    /// From the outside.
    Command(crate::api::Command),
    /// What transports advertise from now on, and its version.
    Addresses(u64, Vec<std::net::IpAddr>),
    /// Tell once more what clients are to be told of addresses that changed lately.
    TellAgain,
    /// Tell what was seen of these transports, or of all.
    Evidence(Vec<Id>),
    /// What transports do not advertise from now on.
    Withhold(Vec<Withheld>),
    /// Say what there is.
    Snapshot(SyncSender<Vec<TransportState>>),
    /// What the relay may do from now on.
    Relay(turn::Settings),
    /// Say what the relay counted.
    RelayCounts(SyncSender<turn::Counts>),
    /// Say what happened at the relay since this was last asked.
    RelayEvents(SyncSender<Vec<turn::Event>>),
    /// Begin anew, unless somebody is served well.
    Restart,
    /// End the thread.
    Stop,
}

/// What connects a shard with the rest of the process.
pub struct Ends {
    /// Orders come here, and `wake` rings for them.
    pub orders: Receiver<Order>,
    #[allow(missing_docs)]
    pub wake: Wake,
    /// Takes events.
    pub sink: EventSink,
    /// Hears of transports that are gone.
    pub gone: Sender<Gone>,
    #[allow(missing_docs)]
    pub counters: Arc<Counters>,
    /// Takes evidence.
    pub evidence: Option<EvidenceSink>,
}

/// A transport that is gone from a shard.
#[derive(Clone, Debug)]
pub struct Gone {
    #[allow(missing_docs)]
    pub transport: Id,
    #[allow(missing_docs)]
    pub session: Id,
}

/// The shard.
pub struct Shard {
    wire: Wire,
    /// Out while its content is being taken in.
    inbox: Option<Box<Inbox>>,
    /// Out while its content is being taken in.
    relay_inbox: Option<Box<Inbox>>,
    /// Out while its content is being taken in.
    frame: Option<Box<[u8; LARGEST]>>,
    port: u16,
    factory: Factory,
    connections: Slots<Connection>,
    streams: Slots<Stream>,
    by_id: HashMap<Id, Key>,
    by_ufrag: HashMap<String, Key>,
    by_peer: HashMap<Peer, Key>,
    stream_by_id: HashMap<Id, Key>,
    /// Streams with fresh packets.
    dirty: Vec<Key>,
    timers: Timers,
    /// When it last looked at them.
    looked: Instant,
    outbox: Outbox,
    /// The last ones that closed, to be told again.
    closed: VecDeque<TransportState>,
    plain: Rate,
    effects: Vec<Effect>,
    /// Packets taken from publishers so far, to see whether a datagram brought one.
    packets: u64,
    /// 5-tuples proven so far, to see whether a datagram proved one.
    proofs: u64,
    orders: Receiver<Order>,
    wake: Wake,
    gone: Sender<Gone>,
    counters: Arc<Counters>,
    witness: Option<Witness>,
}

impl Shard {
    /// With open sockets.
    ///
    /// # Errors
    /// When the system lacks what it takes to watch them, or no certificate can be made.
    pub fn new(
        mut sockets: Sockets,
        ends: Ends,
        addresses: Vec<std::net::IpAddr>,
    ) -> Result<Self, StartError> {
        let readiness = Readiness::new()?;
        readiness.add(&sockets.udp, UDP)?;
        readiness.add(&ends.wake, WAKE)?;
        let mut factory = Factory::new()?;
        let port = sockets.port;
        let counters = ends.counters;
        sockets.tcp.listen(&readiness, LISTENER)?;
        sockets.relay.watch(&readiness)?;
        sockets.relay.set_addresses(&addresses);
        factory.set_addresses(1, addresses, port);
        Ok(Self {
            wire: Wire::new(sockets, readiness, counters.clone()),
            inbox: Some(Box::default()),
            relay_inbox: Some(Box::default()),
            frame: Some(Box::new([0; LARGEST])),
            port,
            factory,
            connections: Slots::default(),
            streams: Slots::default(),
            by_id: HashMap::new(),
            by_ufrag: HashMap::new(),
            by_peer: HashMap::new(),
            stream_by_id: HashMap::new(),
            dirty: Vec::new(),
            timers: Timers::default(),
            looked: Instant::now(),
            outbox: Outbox::new(ends.sink, counters.clone()),
            closed: VecDeque::new(),
            plain: Rate::default(),
            effects: Vec::new(),
            packets: 0,
            proofs: 0,
            orders: ends.orders,
            wake: ends.wake,
            gone: ends.gone,
            counters,
            witness: Witness::new(Instant::now(), ends.evidence),
        })
    }

    /// Until it is told to stop.
    pub fn run(mut self) {
        self.timers.set(Instant::now() + SWEEP, Timer::Sweep);
        let mut ready = Vec::new();
        let (mut told, mut more) = (true, false);
        loop {
            let most = match (more, told) {
                (true, _) => Duration::ZERO,
                (false, false) => RETRY_EVENTS,
                (false, true) => IDLE,
            };
            let wait = self.timers.wait(Instant::now(), most);
            ready.clear();
            self.wire.readiness.wait(wait, &mut ready);
            self.wire.relay.tick();
            // What was ordered before a packet was sent holds for that packet.
            if ready.contains(&WAKE) {
                self.wake.clear();
            }
            let Some(left) = self.obey(Instant::now()) else {
                return;
            };
            for token in &ready {
                self.ready(*token);
            }
            self.elapse(Instant::now());
            more = left | self.open_parcels();
            self.forward(Instant::now());
            told = self.outbox.retry();
        }
    }

    fn ready(&mut self, token: Token) {
        match token {
            UDP => self.take_datagrams(),
            LISTENER => {
                let (tcp, readiness) = (&mut self.wire.tcp, &self.wire.readiness);
                tcp.accept(readiness, Instant::now(), &self.counters);
            }
            WAKE => {}
            relay if relay >= crate::relay::FIRST_TOKEN => self.take_relayed(relay),
            stream => self.take_frames(stream),
        }
    }

    fn elapse(&mut self, now: Instant) {
        self.forgive_sleep(now);
        while let Some((at, timer)) = self.timers.due(now) {
            match timer {
                Timer::Transport(key) => self.wake_transport(key, at, now),
                Timer::Patience(key) => self.lose_patience(key, now),
                Timer::Reports(key) => self.report(key, now),
                Timer::Keyframe(stream) => self.poll_keyframe(stream, now),
                Timer::Evidence(key) => self.look_at(key, now),
                Timer::Sweep => {
                    self.tell_of_strangers(now);
                    let (tcp, readiness) = (&mut self.wire.tcp, &self.wire.readiness);
                    let closed = tcp.sweep(now, readiness, LISTENER);
                    self.counters.tcp_closed.add(closed);
                    let (relay, readiness) = (&mut self.wire.relay, &self.wire.readiness);
                    relay.elapse(readiness);
                    let by_peer = &self.by_peer;
                    self.wire.forget_relayed(|peer| by_peer.contains_key(peer));
                    self.timers.set(now + SWEEP, Timer::Sweep);
                }
            }
        }
    }

    /// Sends on what is fresh.
    fn forward(&mut self, now: Instant) {
        let mut dirty = std::mem::take(&mut self.dirty);
        for key in dirty.drain(..) {
            let Some(stream) = self.streams.get_mut(key) else {
                continue;
            };
            for subscriber in &stream.subscribers {
                let Some(connection) = self.connections.get_mut(*subscriber) else {
                    continue;
                };
                let route = connection.consented_route();
                match (&mut connection.subscriber, route) {
                    (Some(subscriber), Some(route)) => {
                        subscriber.forward(now, stream, route, &mut self.wire);
                    }
                    (Some(subscriber), None) => subscriber.pause(),
                    (None, _) => {}
                }
            }
            stream.fresh.clear();
        }
        self.dirty = dirty;
        self.wire.flush();
    }

    fn report(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let route = connection.consented_route();
        if let Some(stream) = self.streams.get(connection.stream)
            && let (Some(subscriber), Some(route)) = (&mut connection.subscriber, route)
        {
            subscriber.report(now, stream, route, &mut self.wire);
        }
        connection.see_media(now);
        self.timers.set(now + REPORTS, Timer::Reports(key));
    }
}

/// Between two sender reports.
const REPORTS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
