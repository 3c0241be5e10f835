//! Bringing the parts up and taking them down.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::control::{Control, NodeSettings, OwnRelay, RelayRules};
use store::MasterRecord;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Listen};
use crate::control::{self, Departure, Message};
use crate::keeper::{Keeper, Opened, StoreProblem};
use crate::providing::Providing;
use crate::relay::{self, BoundRelay, MasterRelay};
use crate::surroundings::{Bound, Lookout};
use crate::webhook::Poster;
use crate::whereabouts::Whereabouts;
use crate::{http, listener, random, whereabouts};

/// How many launches may be under way at once.
const ON_THE_WAY: u32 = 100;

/// How long clients may take to read their last notifications.
const FAREWELL: Duration = Duration::from_secs(2);

/// The term of a master without a store, which cannot know of another.
const ONLY_TERM: u64 = 1;

/// A running master. Dropping it closes its listeners without a word to anybody; see [`Master::stop`].
pub struct Master {
    https_addr: SocketAddr,
    link_addr: SocketAddr,
    messages: mpsc::Sender<Message>,
    control: JoinHandle<Option<String>>,
    https: JoinHandle<()>,
    link: link::serve::Server,
    stop: watch::Sender<bool>,
    alive: mpsc::Receiver<Infallible>,
    settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    /// Looks around for as long as this lives.
    _lookout: [JoinSet<()>; 2],
}

/// Why a master could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {what} {addr}: {source}; is another process using it?")]
    Listen {
        /// Which of the two listeners.
        what: &'static str,
        /// As configured.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The authority of the link cannot sign.
    #[error("the link: {0}")]
    Link(#[from] link::trust::AuthorityError),
    /// A certificate or key cannot be used.
    #[error("{what}: {reason}")]
    Tls {
        /// Which of the two pairs.
        what: &'static str,
        /// What was expected and what came.
        reason: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreProblem),
}

/// Why a running master ended of its own accord.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It must not go on.
    #[error("the master stepped down: {0}")]
    SteppedDown(String),
    /// A fault of the program.
    #[error("the {0} has ended")]
    Ended(&'static str),
}

impl Master {
    /// Where HTTPS is listened for.
    pub fn https_addr(&self) -> SocketAddr {
        self.https_addr
    }

    /// Where nodes are listened for.
    pub fn link_addr(&self) -> SocketAddr {
        self.link_addr
    }

    /// What nodes are told of how to work, for a relay beside the master. `None` before the first.
    pub fn node_settings(&self) -> watch::Receiver<Option<Arc<NodeSettings>>> {
        self.settings.clone()
    }

    /// Waits until the master ends of its own accord, which is always a fault: whoever started it should say so and
    /// exit.
    pub async fn failed(&mut self) -> Failure {
        tokio::select! {
            ended = &mut self.control => match ended {
                Ok(Some(reason)) => Failure::SteppedDown(reason),
                _ => Failure::Ended("control task"),
            },
            _ = &mut self.https => Failure::Ended("HTTPS listener"),
        }
    }

    /// Ends at once, as a killed process does: nobody is told, and what is not written is lost. For tests of restarts.
    pub async fn kill(self) {
        self.control.abort();
        self.https.abort();
        drop(self.link);
        // Ends with being aborted.
        let _ = self.control.await;
        let _ = self.https.await;
    }

    /// Evicts everybody with `openviduServerStopped`, lets the notifications out and closes all sockets. Nodes keep
    /// their media for as long as the clients' transports live.
    pub async fn stop(self) {
        self.depart(Departure::Farewell).await;
    }

    /// Goes down for a while, as a service manager's restart has it: what is not written yet is, sockets are closed, and
    /// sessions, participants and media stay for the next run.
    pub async fn leave(self) {
        self.depart(Departure::Interruption).await;
    }

    async fn depart(self, departure: Departure) {
        let Self {
            messages,
            control,
            https,
            link,
            stop,
            mut alive,
            ..
        } = self;
        let (done, told) = oneshot::channel();
        if messages
            .send(Message::Stop { departure, done })
            .await
            .is_ok()
        {
            // A control task that fails here has nothing left to tell.
            let _ = told.await;
        }
        // Nobody listens to it when the listener has failed.
        let _ = stop.send(true);
        if timeout(FAREWELL, alive.recv()).await.is_err() {
            tracing::info!(
                "some clients did not read their last notifications; their sockets are closed"
            );
        }
        https.abort();
        control.abort();
        drop(link);
    }
}

/// Starts a master. Returns once both listeners are bound; media nodes may dial in before or after.
pub async fn start(config: Config) -> Result<Master, StartError> {
    let https_tls = config.tls.server_config().map_err(refused)?;
    let (https_listener, https_addr) = bind("listen", config.listen).await?;
    let (link_listener, link_addr) = bind("link_listen", config.link_listen).await?;
    let relay = bind_relay(&config)?;
    let own = own_relay(&config, https_addr, relay.as_ref());

    let clock = Clock::start();
    let master_boot_id = hex(&random::draw::<8>());
    let record = record(&master_boot_id, link_addr);
    let (control, keeper) = remember(&config, own, &clock, &record).await?;
    let term = keeper.as_ref().map_or(ONLY_TERM, Keeper::term);
    let poster = poster(&config)?;
    let providing = providing(&config, link_addr, &control);
    let ledger = config.ledger.clone();
    let doors = control::start(
        clock,
        &master_boot_id,
        control,
        keeper,
        poster,
        providing,
        ledger,
    );
    let link = link_config(&config, link_listener, &master_boot_id, term, &clock);
    let link = link::serve::start(link, doors.link)?;
    let (stop, stopped) = watch::channel(false);
    let (alive_token, alive) = mpsc::channel(1);
    let bound = bound(https_addr, link_addr, relay.as_ref());
    let (following, whereabouts) = whereabouts::follow(&config);
    let relay = follow(relay, &doors.settings, &whereabouts);
    let lookout = Lookout::new(&config, bound, relay.clone(), whereabouts.clone());
    let lookout = lookout.start(doors.messages.downgrade());
    let messages = doors.messages.clone();
    let around = (relay.clone(), whereabouts);
    let app = App::new(config, https_addr, messages, clock, around, alive_token);
    let https = tokio::spawn(listener::run(
        https_listener,
        Arc::new(https_tls),
        http::router(Arc::new(app)),
        relay,
        stopped,
    ));
    tracing::info!(%https_addr, %link_addr, boot = master_boot_id, "master started");
    Ok(Master {
        https_addr,
        link_addr,
        messages: doors.messages,
        control: doors.task,
        https,
        link,
        stop,
        alive,
        _lookout: [lookout, following],
        settings: doors.settings,
    })
}

fn follow(
    relay: Option<BoundRelay>,
    settings: &watch::Receiver<Option<Arc<NodeSettings>>>,
    whereabouts: &watch::Receiver<Arc<Whereabouts>>,
) -> Option<Arc<MasterRelay>> {
    let follow = |it| MasterRelay::new(it, settings.clone(), whereabouts.clone());
    relay.map(follow).map(Arc::new)
}

fn providing(config: &Config, link: SocketAddr, control: &Control) -> Option<Providing> {
    let fleet = config.fleet.clone()?;
    Some(Providing::new(fleet, link, control.cluster()))
}

fn bound(https: SocketAddr, link: SocketAddr, relay: Option<&BoundRelay>) -> Bound {
    let relay = relay.and_then(|relay| relay.listen);
    Bound { https, link, relay }
}

fn record(boot: &str, link: SocketAddr) -> MasterRecord {
    MasterRecord {
        boot: boot.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        link: link.to_string(),
    }
}

fn link_config(
    config: &Config,
    listener: TcpListener,
    boot: &str,
    term: u64,
    clock: &Clock,
) -> link::serve::Config {
    link::serve::Config {
        listener,
        trust: config.link_trust.clone(),
        master_boot_id: boot.to_owned(),
        term,
        clock: clock.issuing(),
    }
}

/// What an earlier run of the master left behind, and the way to write more.
async fn remember(
    config: &Config,
    own: OwnRelay,
    clock: &Clock,
    record: &MasterRecord,
) -> Result<(Control, Option<Keeper>), StoreProblem> {
    let mut settings = settings(config, own);
    let Some(store) = config.store.clone() else {
        return Ok((Control::new(control::now(clock), settings), None));
    };
    let Opened { keeper, entries } = Keeper::open(store, record).await?;
    settings.durable = true;
    settings.cluster.term = cluster::Term(keeper.term());
    settings.cluster.launch_prefix = format!("media_{}_", keeper.term());
    let control = Control::restore(control::now(clock), settings, entries)?;
    Ok((control, Some(keeper)))
}

fn poster(config: &Config) -> Result<Option<Poster>, StartError> {
    let webhook = config.administration.webhook.as_ref();
    let poster = webhook.map(Poster::new).transpose();
    poster.map_err(|error| StartError::Tls {
        what: "the webhook's authorities",
        reason: error.to_string(),
    })
}

fn settings(config: &Config, own: OwnRelay) -> ::control::Settings {
    let administration = &config.administration;
    ::control::Settings {
        cluster: cluster::Settings {
            gate: if config.probe {
                cluster::Gate::Probe
            } else {
                cluster::Gate::Word
            },
            strategy: administration.strategy,
            launches: config.fleet.as_ref().map_or(0, |_| ON_THE_WAY),
            list_first: config.fleet.is_some(),
            ..config.cluster.clone()
        },
        ice_servers: config.ice_servers.clone(),
        relay: config.relay.as_ref().map(|relay| RelayRules {
            first: random::relay_secret(),
            own,
            rotate_every: relay.rotate_every,
            allocations_per_user: relay.allocations_per_user,
            allocations: relay.allocations,
        }),
        stun_servers: config.stun_servers.clone(),
        garbage_interval: config.garbage_interval,
        garbage_threshold: config.garbage_threshold,
        remedy: config.remedy,
        policy: administration.policy.clone(),
        nodes_end: config
            .fleet
            .as_ref()
            .is_some_and(|fleet| fleet.ends_with_master),
        webhook: administration
            .webhook
            .as_ref()
            .map(|webhook| ::control::Webhook {
                events: webhook.events.clone(),
                ..::control::Webhook::of_everything(administration.cluster_id.as_str())
            }),
        ..::control::Settings::default()
    }
}

/// At the HTTPS port, and where it listens by itself.
fn bind_relay(config: &Config) -> Result<Option<BoundRelay>, StartError> {
    let Some(relay) = &config.relay else {
        return Ok(None);
    };
    let failed = |addr: SocketAddr| {
        move |source| StartError::Listen {
            what: "relay.port",
            addr,
            source,
        }
    };
    if let Some(Listen { addr, required }) = relay.listen {
        match relay::listen(addr).map_err(failed(addr)) {
            Ok(bound) => return Ok(Some(bound)),
            Err(error) if required => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the master does not relay by UDP and TCP; nodes do");
            }
        }
    }
    let inside = relay::inside().map_err(failed(relay::INSIDE));
    Ok(Some(inside?))
}

/// Where clients are told that this process relays.
fn own_relay(config: &Config, https: SocketAddr, relay: Option<&BoundRelay>) -> OwnRelay {
    let host = &config.public_host;
    let bare = host.contains(':') && !host.starts_with('[');
    let port = relay.and_then(|relay| Some(relay.listen?.port()));
    OwnRelay {
        host: if bare {
            format!("[{host}]")
        } else {
            host.clone()
        },
        port,
        tls_port: Some(match config.public_port {
            0 => https.port(),
            port => port,
        }),
    }
}

fn refused(error: rustls::Error) -> StartError {
    StartError::Tls {
        what: "tls",
        reason: error.to_string(),
    }
}

async fn bind(
    what: &'static str,
    addr: SocketAddr,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = async {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    };
    bound
        .await
        .map_err(|source| StartError::Listen { what, addr, source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
