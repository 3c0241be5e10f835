//! The handle of the plane: knows the shards, sends each session to one, and never touches a packet.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::api::{Command, Config, EventSink, Id, Overloaded, TransportState, Withheld};
use crate::counters::{Counters, Totals};
use crate::net::{BindError, Streams, Wake, bind, bind_shared};
use crate::relay::{Engine, Links};
use crate::shard::{Ends, FIRST_STREAM, Gone, Order, Shard, Sockets};
use crate::transport::NoCertificate;

/// Orders that wait for one shard.
const QUEUE: usize = 1024;
/// How long a snapshot may take. A shard answers within a turn of its loop.
const SNAPSHOT: Duration = Duration::from_secs(1);

/// How long the shards may take to stop. They need a turn of their loop.
const STOP: Duration = Duration::from_secs(2);

/// Why the plane could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port for a shard.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The system lacks descriptors or threads.
    #[error("the system refuses what a media shard needs: {0}")]
    Io(#[from] io::Error),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] NoCertificate),
}

/// A shard did not say in time what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a media shard did not answer within {SNAPSHOT:?}: try again")]
pub struct SnapshotError;

/// The running media plane. Dropping it stops the shards.
pub struct Plane {
    shards: Vec<Handle>,
    stun_port: u16,
    routes: Mutex<Routes>,
}

struct Handle {
    orders: SyncSender<Order>,
    wake: Wake,
    port: u16,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

/// Which shard has what. Only touched by commands.
struct Routes {
    transports: HashMap<Id, usize>,
    sessions: HashMap<Id, Session>,
    /// Transports per shard.
    loads: Vec<usize>,
    gone: Receiver<Gone>,
}

struct Session {
    shard: usize,
    transports: usize,
}

/// Brings up the shards. `sink` is called from their threads and must not block.
///
/// # Errors
/// When a shard gets no port, descriptors, thread or certificate. Nothing is left running then.
pub fn start(config: Config, sink: EventSink) -> Result<Plane, StartError> {
    let (gone_tx, gone) = channel();
    let count = config.shards.get();
    let of_relay = config
        .relay_port
        .map_or(config.ports.clone(), |port| port..=port);
    let (relays, listener, stun_port) = bind_shared(None, &of_relay, count)?;
    let media: Result<Vec<_>, _> = (0..count).map(|_| bind(&config.ports)).collect();
    let media = media?;
    let ports: Vec<u16> = media.iter().map(|(_, _, port)| *port).collect();
    let wakes: Vec<Wake> = (0..count).map(|_| Wake::new()).collect::<io::Result<_>>()?;
    let nonce_key = crate::relay::nonce_key()?;
    let usage = turn::Usage::default();
    let mut plane = Plane {
        shards: Vec::with_capacity(count),
        stun_port,
        routes: Mutex::new(Routes {
            transports: HashMap::new(),
            sessions: HashMap::new(),
            loads: vec![0; count],
            gone,
        }),
    };
    let links = Links::between(&wakes);
    let parts = media.into_iter().zip(relays).zip(links).zip(wakes);
    for ((((udp, tcp, port), relay), links), wake) in parts {
        let (orders, queue) = sync_channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let (own, counted) = (ports.clone(), counters.clone());
        // All shards watch one listener: who accepts first serves.
        let at = (relay, Some(listener.try_clone()?));
        let sockets = Sockets {
            udp,
            tcp: Streams::new(tcp, FIRST_STREAM)?,
            port,
            relay: Engine::new(&config.relay, at, (&nonce_key, usage.clone()), own, counted),
            links,
        };
        let ends = Ends {
            orders: queue,
            wake: wake.clone(),
            sink: sink.clone(),
            gone: gone_tx.clone(),
            evidence: config.evidence.clone(),
            counters: counters.clone(),
        };
        let index = plane.shards.len();
        let thread = spawn(index, sockets, ends, config.addresses.clone())?;
        plane.shards.push(Handle {
            orders,
            wake,
            port,
            counters,
            thread: Some(thread),
        });
    }
    Ok(plane)
}

fn spawn(
    index: usize,
    sockets: Sockets,
    ends: Ends,
    addresses: Vec<IpAddr>,
) -> Result<JoinHandle<()>, StartError> {
    // The shard is made within its thread, which owns all of it; the result of that is waited for.
    let (made_tx, made) = sync_channel(1);
    let thread = std::thread::Builder::new().name(format!("media-{index}"));
    let thread = thread.spawn(move || match Shard::new(sockets, ends, addresses) {
        Ok(shard) => {
            let _ = made_tx.send(Ok(()));
            let _whole = WholeOrNothing;
            shard.run();
        }
        Err(error) => {
            let _ = made_tx.send(Err(error));
        }
    })?;
    let gone = || StartError::Io(io::Error::other("the shard's thread ended at once"));
    made.recv().map_err(|_| gone())??;
    Ok(thread)
}

/// A shard that panicked would leave its sessions silent for ever on a node that looks alive. Without the process, its
/// supervisor starts a new one and its master knows.
struct WholeOrNothing;

impl Drop for WholeOrNothing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                "a media shard panicked; the node ends, so that it can be started anew"
            );
            std::process::abort();
        }
    }
}

impl Plane {
    /// Hands a command to the shard it concerns. Answers come as events.
    ///
    /// # Errors
    /// When that shard's queue is full. The command was not taken.
    pub fn submit(&self, command: Command) -> Result<(), Overloaded> {
        let mut routes = self.routes();
        routes.forget_gone();
        let (shard, new) = routes.shard_of(&command);
        self.shards[shard].order(Order::Command(command))?;
        if let Some((session, transport)) = new {
            routes.add(session, transport, shard);
        }
        Ok(())
    }

    /// The port of each shard, for UDP and TCP.
    pub fn ports(&self) -> Vec<u16> {
        self.shards.iter().map(|shard| shard.port).collect()
    }

    /// The port of the relay: STUN and TURN, and no media of its own.
    pub fn stun_port(&self) -> u16 {
        self.stun_port
    }

    /// What the relay may do from now on. Before it is told for the first time it answers STUN Binding alone.
    ///
    /// # Errors
    /// When a shard's queue is full. Some shards may have taken it: try again.
    pub fn set_relay(&self, settings: turn::Settings) -> Result<(), Overloaded> {
        for shard in &self.shards {
            shard.order(Order::Relay(settings.clone()))?;
        }
        Ok(())
    }

    /// What the relay counted since it started.
    ///
    /// # Errors
    /// When a shard does not answer within a second.
    pub fn relay_counts(&self) -> Result<turn::Counts, SnapshotError> {
        let mut all = turn::Counts::default();
        for counts in self.ask_all(Order::RelayCounts)? {
            all.add(&counts);
        }
        Ok(all)
    }

    /// What happened to the relay's clients since this was last asked, each told once.
    ///
    /// # Errors
    /// When a shard does not answer within a second.
    pub fn take_relay_events(&self) -> Result<Vec<turn::Event>, SnapshotError> {
        Ok(self.ask_all(Order::RelayEvents)?.concat())
    }

    /// From now on new transports advertise these addresses, in order of preference, and say so by their version. What
    /// the clients of others are to be told comes as [`crate::Event::Candidates`].
    ///
    /// # Errors
    /// When a shard's queue is full. Some shards may have taken it: try again.
    pub fn set_addresses(&self, version: u64, ips: &[IpAddr]) -> Result<(), Overloaded> {
        for shard in &self.shards {
            shard.order(Order::Addresses(version, ips.to_vec()))?;
        }
        Ok(())
    }

    /// Has what clients were to be told of changed addresses in the last minute told once more: whoever should have passed
    /// it on may have been away.
    ///
    /// # Errors
    /// When a shard's queue is full. Some shards may have taken it: trying again does no harm.
    pub fn tell_again(&self) -> Result<(), Overloaded> {
        for shard in &self.shards {
            shard.order(Order::TellAgain)?;
        }
        Ok(())
    }

    /// From now on these are left out of descriptions; unless nothing would be left.
    ///
    /// # Errors
    /// When a shard's queue is full. Some shards may have taken it: try again.
    pub fn withhold(&self, withheld: &[Withheld]) -> Result<(), Overloaded> {
        for shard in &self.shards {
            shard.order(Order::Withhold(withheld.to_vec()))?;
        }
        Ok(())
    }

    /// All transports there are. Waits for every shard to finish a turn of its loop, at most a second.
    ///
    /// # Errors
    /// When a shard does not answer in that time.
    pub fn snapshot(&self) -> Result<Vec<TransportState>, SnapshotError> {
        Ok(self.ask_all(Order::Snapshot)?.concat())
    }

    fn ask_all<T>(&self, order: impl Fn(SyncSender<T>) -> Order) -> Result<Vec<T>, SnapshotError> {
        let (answer, answers) = sync_channel(self.shards.len());
        for shard in &self.shards {
            let order = order(answer.clone());
            shard.order(order).map_err(|_| SnapshotError)?;
        }
        let until = Instant::now() + SNAPSHOT;
        let answers = self.shards.iter().map(|_| {
            let left = until.saturating_duration_since(Instant::now());
            answers.recv_timeout(left).map_err(|_| SnapshotError)
        });
        answers.collect()
    }

    /// Has what was seen of these transports told, of all when there are none. It comes like all evidence.
    ///
    /// # Errors
    /// When a shard's queue is full. Some shards may have taken it: try again.
    pub fn ask_evidence(&self, transports: &[Id]) -> Result<(), Overloaded> {
        for shard in &self.shards {
            shard.order(Order::Evidence(transports.to_vec()))?;
        }
        Ok(())
    }

    /// Has the shard that carries this transport give up all its transports and begin anew with a new socket, unless it
    /// serves somebody well. The transports are told as closed. Of a transport that is not there nothing follows.
    ///
    /// # Errors
    /// When the shard's queue is full.
    pub fn restart_shard(&self, transport: &Id) -> Result<(), Overloaded> {
        let shard = self.routes().transports.get(transport).copied();
        shard.map_or(Ok(()), |shard| self.shards[shard].order(Order::Restart))
    }

    /// What all shards counted since they started.
    pub fn counters(&self) -> Totals {
        let mut totals = Totals::default();
        for shard in &self.shards {
            totals.add(&shard.counters);
        }
        totals
    }

    /// Stops the shards and waits for them, two seconds at most. Transports end without a word to their clients or the sink.
    pub fn shutdown(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        let until = Instant::now() + STOP;
        for shard in &self.shards {
            while shard.order(Order::Stop) == Err(Overloaded) && shard.lives(until) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        for shard in &mut self.shards {
            while shard.lives(until) {
                std::thread::sleep(Duration::from_millis(1));
            }
            if let Some(thread) = shard.thread.take().filter(JoinHandle::is_finished) {
                let _ = thread.join();
            }
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        // A table of who is where is never half written.
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Handle {
    /// Whether its thread runs, and is still waited for.
    fn lives(&self, until: Instant) -> bool {
        let runs = self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished());
        runs && Instant::now() < until
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

impl Routes {
    /// Where a command goes, and what it makes if it is the first for its transport.
    fn shard_of(&self, command: &Command) -> (usize, Option<(Id, Id)>) {
        let (session, transport) = match command {
            Command::Publish {
                session, transport, ..
            }
            | Command::Subscribe {
                session, transport, ..
            } => (Some(session), transport),
            Command::Accept { transport, .. }
            | Command::Candidate { transport, .. }
            | Command::Close { transport } => (None, transport),
        };
        if let Some(shard) = self.transports.get(transport) {
            return (*shard, None);
        }
        // One that is unknown everywhere may be told so by any.
        let Some(session) = session else {
            return (0, None);
        };
        let known = self.sessions.get(session).map(|session| session.shard);
        let shard = known.unwrap_or_else(|| self.least_loaded());
        (shard, Some((session.clone(), transport.clone())))
    }

    fn least_loaded(&self) -> usize {
        let loads = self.loads.iter().enumerate();
        loads
            .min_by_key(|(_, load)| **load)
            .map_or(0, |(shard, _)| shard)
    }

    fn add(&mut self, session: Id, transport: Id, shard: usize) {
        self.transports.insert(transport, shard);
        self.loads[shard] += 1;
        let session = self.sessions.entry(session).or_insert(Session {
            shard,
            transports: 0,
        });
        session.transports += 1;
    }

    fn forget_gone(&mut self) {
        while let Ok(gone) = self.gone.try_recv() {
            let Some(shard) = self.transports.remove(&gone.transport) else {
                continue;
            };
            self.loads[shard] -= 1;
            if let Some(session) = self.sessions.get_mut(&gone.session) {
                session.transports -= 1;
                if session.transports == 0 {
                    self.sessions.remove(&gone.session);
                }
            }
        }
    }
}
