//! Bringing a node up and taking it down.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use agent::{Agent, Identity, InterfaceAddress, Moment, Settings};
use link::dial::Dialer;
use link::proto;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};

use crate::carrier::Carrier;
use crate::interfaces::{self, Interfaces};
use crate::looks::Looks;
use crate::shell::{Shell, Way, plane_events};
use crate::usage::Meter;
use crate::{Config, Exit, NodeError, boot, random};

/// Runs a node until it is asked to stop or has a reason of its own to end.
///
/// # Errors
/// When it cannot start. Once it runs, nothing but the ways of [`Exit`] ends it.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<Exit, NodeError> {
    let prepared = Prepared::new(&config, Box::new(interfaces::read))?;
    let (sink, events) = plane_events();
    let plane = media::Config {
        shards: config.shards,
        ports: config.media_ports.clone(),
        addresses: prepared.ips.clone(),
        relay: media::relay::Options::default(),
    };
    let plane = media::start(plane, sink)?;
    info!(ports = ?plane.ports(), addresses = ?prepared.ips, "media is up");
    let (exit, plane) = prepared.serve(plane, events, shutdown).await?;
    plane.shutdown();
    Ok(exit)
}

/// What the process knows when it has read its addresses and not yet started anything.
pub(crate) struct Prepared {
    config: Config,
    settings: Settings,
    interfaces: Interfaces,
    /// As they were read first.
    found: Result<Vec<InterfaceAddress>, String>,
    /// Addresses for the plane to begin with.
    ips: Vec<std::net::IpAddr>,
    boot_id: String,
    boot_started: u64,
}

impl Prepared {
    /// Reads the addresses and draws the boot id.
    pub(crate) fn new(config: &Config, mut interfaces: Interfaces) -> Result<Self, NodeError> {
        let settings = Settings {
            public_addresses: config.public_addresses.clone(),
            allow_loopback: config.allow_loopback,
            exit_when_orphaned: config.exit_when_orphaned,
        };
        let found = interfaces();
        let ips = settings.addresses(&found).unwrap_or_else(|problem| {
            error!(problem, "this node cannot be used");
            Vec::new()
        });
        Ok(Self {
            config: config.clone(),
            settings,
            interfaces,
            found,
            ips,
            boot_id: random::boot_id().map_err(NodeError::Random)?,
            boot_started: boot::started(&config.directory, epoch_millis()),
        })
    }

    /// Dials and works until the end.
    pub(crate) async fn serve<C: Carrier>(
        self,
        carrier: C,
        plane_events: mpsc::Receiver<media::Event>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(Exit, C), NodeError> {
        let dial = link::dial::Config {
            directory: self.config.directory.clone(),
            node_id: self.config.node_id.clone(),
            masters: self.config.masters.clone(),
            token: self.config.join.clone(),
            clock: link::trust::system_clock(),
        };
        let (told, tells) = watch::channel(proto::Heartbeat::default());
        let dialer = Dialer::start(&dial, tells)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let identity = Identity {
            node_id: self.config.node_id,
            boot_id: self.boot_id,
            boot_started: self.boot_started,
            version: self.config.version,
            ports: carrier.ports(),
            stun_port: carrier.stun_port(),
        };
        let origin = Instant::now();
        let shell = Shell {
            agent: Agent::new(Moment(0), identity, self.settings, &self.found),
            origin,
            carrier,
            plane_events,
            interfaces: self.interfaces,
            meter: Meter::new(cores, origin),
            dialer,
            told,
            way: Way::default(),
            looks: Looks::default(),
        };
        Ok(shell.run(shutdown).await)
    }
}

fn epoch_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
