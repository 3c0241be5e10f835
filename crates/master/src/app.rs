//! What every request may need.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use openvidu::auth::Gate;
use openvidu::rpc::{self, ClientNumber, SocketId};
use tokio::sync::{mpsc, watch};

use crate::call_page::Rate;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::Message;
use crate::relay::MasterRelay;
use crate::socket;
use crate::whereabouts::Whereabouts;

/// Shared by all requests. Nothing in it changes but the counters.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) control: mpsc::Sender<Message>,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pub(crate) rpc: Arc<rpc::Settings>,
    pub(crate) call_page_rate: Rate,
    /// Of reports of browsers.
    pub(crate) report_rate: Rate,
    /// For clients that come by streams. `None`: there is none.
    pub(crate) relay: Option<Arc<MasterRelay>>,
    /// Where this machine is reached.
    pub(crate) whereabouts: watch::Receiver<Arc<Whereabouts>>,
    /// What waits to be written to clients.
    pub(crate) backlog: socket::Total,
    /// Cloned into everything that must be over before the master is.
    pub(crate) alive: mpsc::Sender<Infallible>,
    clients: AtomicU32,
    sockets: AtomicU64,
}

impl App {
    /// `https` is the address in fact bound.
    pub(crate) fn new(
        mut config: Config,
        https: SocketAddr,
        control: mpsc::Sender<Message>,
        clock: Clock,
        (relay, whereabouts): (Option<Arc<MasterRelay>>, watch::Receiver<Arc<Whereabouts>>),
        alive: mpsc::Sender<Infallible>,
    ) -> Self {
        if config.public_port == 0 {
            config.public_port = https.port();
        }
        Self {
            gate: Gate::new(&config.secret),
            rpc: Arc::new(rpc::Settings {
                compatible_version: COMPATIBLE_VERSION.to_owned(),
            }),
            config,
            control,
            clock,
            call_page_rate: Rate::default(),
            report_rate: Rate::default(),
            relay,
            whereabouts,
            backlog: socket::Total::default(),
            alive,
            clients: AtomicU32::new(1),
            sockets: AtomicU64::new(1),
        }
    }

    /// Host as it stands in URLs.
    pub(crate) fn public_host(&self) -> String {
        let host = &self.config.public_host;
        if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]")
        } else {
            host.clone()
        }
    }

    /// Where browsers find the call page and applications the API.
    pub(crate) fn public_url(&self) -> String {
        match self.config.public_port {
            443 => format!("https://{}/", self.public_host()),
            port => format!("https://{}:{port}/", self.public_host()),
        }
    }

    pub(crate) fn next_client(&self) -> ClientNumber {
        ClientNumber(self.clients.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn next_socket(&self) -> SocketId {
        SocketId(self.sockets.fetch_add(1, Ordering::Relaxed))
    }
}

/// The version of OpenVidu that is answered to clients and applications that ask.
pub(crate) const COMPATIBLE_VERSION: &str = "2.32.2";
