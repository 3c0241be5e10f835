//! Bringing the parts up and taking them down.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Tls};
use crate::control::{self, Message};
use crate::{http, listener, random, tls};

/// How long clients may take to read their last notifications.
const FAREWELL: Duration = Duration::from_secs(2);

/// The only term: one master.
const TERM: u64 = 1;

/// A running master. Dropping it closes its listeners without a word to anybody; see [`Master::stop`].
pub struct Master {
    https_addr: SocketAddr,
    link_addr: SocketAddr,
    messages: mpsc::Sender<Message>,
    control: JoinHandle<()>,
    https: JoinHandle<()>,
    link: link::serve::Server,
    stop: watch::Sender<bool>,
    alive: mpsc::Receiver<Infallible>,
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
    /// A certificate or key cannot be used.
    #[error("{what}: {reason}")]
    Tls {
        /// Which of the two pairs.
        what: &'static str,
        /// What was expected and what came.
        reason: String,
    },
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

    /// Waits until the master ends of its own accord, which is always a fault: whoever started it should say so and
    /// exit.
    pub async fn failed(&mut self) {
        tokio::select! {
            _ = &mut self.control => tracing::error!("the control task has ended"),
            _ = &mut self.https => tracing::error!("the HTTPS listener has ended"),
        }
    }

    /// Evicts everybody with `openviduServerStopped`, lets the notifications out and closes all sockets. Nodes keep
    /// their media for as long as the clients' transports live.
    pub async fn stop(self) {
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
        if messages.send(Message::Stop { done }).await.is_ok() {
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
    let https_tls = server_config("tls", &config.tls)?;
    let link_tls = server_config("link_tls", &config.link_tls)?;
    let (https_listener, https_addr) = bind("listen", config.listen).await?;
    let (link_listener, link_addr) = bind("link_listen", config.link_listen).await?;

    let clock = Clock::start();
    let master_boot_id = hex(&random::draw::<8>());
    let doors = control::start(clock, &master_boot_id, settings(&config));
    let link_config = link::serve::Config {
        listener: link_listener,
        tls: link_tls,
        join_secret: config.join_secret.clone(),
        master_boot_id: master_boot_id.clone(),
        term: TERM,
    };
    let link = link::serve::start(link_config, doors.link);
    let (stop, stopped) = watch::channel(false);
    let (alive_token, alive) = mpsc::channel(1);
    let app = Arc::new(App::new(
        config,
        https_addr,
        doors.messages.clone(),
        clock,
        alive_token,
    ));
    let https = tokio::spawn(listener::run(
        https_listener,
        Arc::new(https_tls),
        http::router(app),
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
    })
}

fn settings(config: &Config) -> ::control::Settings {
    ::control::Settings {
        cluster: cluster::Settings {
            gate: if config.probe {
                cluster::Gate::Probe
            } else {
                cluster::Gate::Word
            },
            ..cluster::Settings::default()
        },
        ice_servers: config.ice_servers.clone(),
        garbage_interval: config.garbage_interval,
        garbage_threshold: config.garbage_threshold,
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

fn server_config(what: &'static str, tls: &Tls) -> Result<rustls::ServerConfig, StartError> {
    tls::server_config(tls).map_err(|reason| StartError::Tls { what, reason })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
