//! A relay without a media plane beside it: one thread.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use turn::{Counts, Event, Settings, Usage};

use super::streams::Handed;
use super::{Engine, Options};
use crate::api::Overloaded;
use crate::counters::{Counters, Totals};
use crate::net::{INBOX, Inbox, LARGEST, Readiness, Token, Wake, bind_shared};
use crate::plane::{SnapshotError, StartError};

/// Orders that wait.
const QUEUE: usize = 256;
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(1);
/// Between two looks at what has run out.
const SWEEP: Duration = Duration::from_secs(1);
/// Batches taken from one socket before the others get their turn.
const BATCHES: usize = 8;
const WAKE: Token = 0;

/// How a relay is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// At which address of this machine it listens. `None`: at all of them.
    pub ip: Option<IpAddr>,
    /// The first that is free for UDP and TCP is the relay's. `0..=0` lets the system choose.
    pub ports: RangeInclusive<u16>,
    /// Where it is reached, in order of preference: of these are the addresses that clients are given.
    pub addresses: Vec<IpAddr>,
    #[allow(missing_docs)]
    pub options: Options,
}

enum Order {
    Settings(Settings),
    Addresses(Vec<IpAddr>),
    Counts(SyncSender<Counts>),
    Events(SyncSender<Vec<Event>>),
    Stream(Handed),
    Stop,
}

/// A running relay. Dropping it stops its thread.
pub struct Relay {
    port: u16,
    orders: SyncSender<Order>,
    wake: Wake,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

/// Brings up a relay. It answers STUN Binding alone until it has settings.
///
/// # Errors
/// When there is no port, descriptor or thread.
pub fn start(config: &Config) -> Result<Relay, StartError> {
    let (mut udp, tcp, port) = bind_shared(config.ip, &config.ports, 1)?;
    let udp = udp.pop().ok_or_else(|| io::Error::other("no socket"))?;
    let counters = Arc::new(Counters::default());
    let nonce_key = super::nonce_key()?;
    let sockets = (udp, Some(tcp));
    let engine = Engine::new(
        &config.options,
        sockets,
        (&nonce_key, Usage::default()),
        Vec::new(),
        counters.clone(),
    );
    let wake = Wake::new()?;
    let readiness = Readiness::new()?;
    readiness.add(&wake, WAKE)?;
    engine.watch(&readiness)?;
    let (orders, queue) = sync_channel(QUEUE);
    let mut thread = Thread {
        engine,
        readiness,
        wake: wake.clone(),
        orders: queue,
        inbox: Inbox::default(),
        frame: [0; LARGEST],
        swept: Instant::now(),
        counters: counters.clone(),
    };
    thread.engine.set_addresses(&config.addresses);
    let builder = std::thread::Builder::new().name("relay".into());
    let thread = builder.spawn(move || thread.run())?;
    Ok(Relay {
        port,
        orders,
        wake,
        counters,
        thread: Some(thread),
    })
}

impl Relay {
    /// Its port, for UDP, TCP and TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on these hold.
    ///
    /// # Errors
    /// When the queue is full: try again.
    pub fn set_settings(&self, settings: Settings) -> Result<(), Overloaded> {
        self.order(Order::Settings(settings))
    }

    /// From now on it is reached there.
    ///
    /// # Errors
    /// When the queue is full: try again.
    pub fn set_addresses(&self, addresses: Vec<IpAddr>) -> Result<(), Overloaded> {
        self.order(Order::Addresses(addresses))
    }

    /// Serves a client by a stream that was accepted elsewhere, at another port, and decrypted there. What the client
    /// sends is to be written to the stream that is returned, and what is read from that to be sent to the client; its
    /// end is the client's end, and the other way round. The pair's buffers are the system's, and bounded.
    ///
    /// # Errors
    /// When the system has no descriptor left, or the queue is full.
    pub fn stream(&self, client: SocketAddr, local: Option<IpAddr>) -> io::Result<UnixStream> {
        let (stream, theirs) = UnixStream::pair()?;
        let handed = Handed {
            stream,
            remote: client,
            local,
        };
        self.order(Order::Stream(handed))
            .map_err(io::Error::other)?;
        Ok(theirs)
    }

    /// What it counted since it started.
    ///
    /// # Errors
    /// When it does not answer within a second.
    pub fn counts(&self) -> Result<Counts, SnapshotError> {
        self.ask(Order::Counts)
    }

    /// What happened to its clients since this was last asked, each told once.
    ///
    /// # Errors
    /// When it does not answer within a second.
    pub fn take_events(&self) -> Result<Vec<Event>, SnapshotError> {
        self.ask(Order::Events)
    }

    /// What its sockets counted.
    pub fn counters(&self) -> Totals {
        let mut totals = Totals::default();
        totals.add(&self.counters);
        totals
    }

    fn ask<T>(&self, order: impl Fn(SyncSender<T>) -> Order) -> Result<T, SnapshotError> {
        let (answer, answers) = sync_channel(1);
        self.order(order(answer)).map_err(|_| SnapshotError)?;
        answers.recv_timeout(ANSWER).map_err(|_| SnapshotError)
    }

    fn order(&self, order: Order) -> Result<(), Overloaded> {
        match self.orders.try_send(order) {
            Ok(()) => {
                self.wake.ring();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Overloaded),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        while self.order(Order::Stop).is_err() && !self.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Relay {
    fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// What the thread owns.
struct Thread {
    engine: Engine,
    readiness: Readiness,
    wake: Wake,
    orders: Receiver<Order>,
    inbox: Inbox,
    frame: [u8; LARGEST],
    swept: Instant,
    counters: Arc<Counters>,
}

impl Thread {
    fn run(&mut self) {
        let mut ready = Vec::new();
        loop {
            ready.clear();
            self.readiness.wait(SWEEP, &mut ready);
            self.engine.tick();
            if ready.contains(&WAKE) {
                self.wake.clear();
            }
            if !self.obey() {
                return;
            }
            for token in &ready {
                self.take(*token);
            }
            self.engine.flush();
            if self.swept.elapsed() >= SWEEP {
                self.swept = Instant::now();
                self.engine.elapse(&self.readiness);
            }
        }
    }

    /// False when it is to stop.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Settings(settings)) => self.engine.set_settings(settings),
                Ok(Order::Addresses(addresses)) => self.engine.set_addresses(&addresses),
                // Nobody waits any more: then nobody wants it.
                Ok(Order::Counts(to)) => {
                    let _ = to.try_send(self.engine.counts().clone());
                }
                Ok(Order::Events(to)) => {
                    let _ = to.try_send(self.engine.take_events());
                }
                Ok(Order::Stream(handed)) => self.engine.hand(handed, &self.readiness),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn take(&mut self, token: Token) {
        let Self {
            engine, readiness, ..
        } = self;
        if engine.is_stream(token) {
            if let Some(reading) = engine.read(token, readiness) {
                // There is no media here to hand anything over to.
                while engine
                    .take_message(&reading, &mut self.frame, readiness)
                    .is_some()
                {}
                engine.finish(reading);
            }
            return;
        }
        for _ in 0..BATCHES {
            let more = if Engine::is_udp(token) {
                self.take_datagrams()
            } else {
                self.engine.take_from_peers(token, &self.readiness)
            };
            if !more {
                return;
            }
        }
    }

    fn take_datagrams(&mut self) -> bool {
        let count = self.engine.fill(&mut self.inbox);
        for slot in 0..count {
            let Some(datagram) = self.inbox.datagram(slot) else {
                self.counters.in_malformed.add(1);
                continue;
            };
            self.counters.udp_in.add(1);
            self.counters.udp_in_bytes.add(datagram.data.len() as u64);
            let (from, local) = (datagram.from, datagram.local);
            let readiness = &self.readiness;
            self.engine.take_udp(from, local, datagram.data, readiness);
        }
        count == INBOX
    }
}
