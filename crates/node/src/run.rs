//! Bringing a node up and taking it down.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use link::dial::Dialer;
use link::proto;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};

use crate::addresses::{self, Announced};
use crate::agent::{AddressSource, Agent, Identity, Interfaces, plane_events};
use crate::carrier::Carrier;
use crate::fence::Fence;
use crate::load::CpuMeter;
use crate::orphan::OrphanRule;
use crate::requests::Requests;
use crate::{Config, Exit, NodeError, random};

/// Runs a node until it is asked to stop or has a reason of its own to end.
///
/// # Errors
/// When it cannot start. Once it runs, nothing but the ways of [`Exit`] ends it.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<Exit, NodeError> {
    let prepared = Prepared::new(&config, machine())?;
    let (sink, events) = plane_events();
    let plane = media::Config {
        shards: config.shards,
        ports: config.media_ports.clone(),
        addresses: prepared.ips(),
    };
    let plane = media::start(plane, sink)?;
    info!(ports = ?plane.ports(), addresses = ?prepared.ips(), "media is up");
    let (exit, plane) = prepared.serve(plane, events, shutdown).await?;
    plane.shutdown();
    Ok(exit)
}

/// What the process knows when it has read its addresses and not yet started anything.
pub(crate) struct Prepared {
    identity: Identity,
    link: link::dial::Config,
    addresses: AddressSource,
    announced: Announced,
    orphan: OrphanRule,
}

impl Prepared {
    /// Reads the addresses and draws the boot id.
    pub(crate) fn new(config: &Config, interfaces: Interfaces) -> Result<Self, NodeError> {
        let mut addresses = AddressSource {
            configured: config.public_addresses.clone(),
            allow_loopback: config.allow_loopback,
            interfaces,
        };
        let mut announced = Announced::default();
        announced.update(addresses.look());
        if let Some(problem) = announced.problem() {
            error!(problem, "this node cannot be used");
        }
        Ok(Self {
            identity: identity(config)?,
            link: link::dial::Config {
                master_url: config.master_url.clone(),
                master_ca_pem: config.master_ca_pem.clone(),
            },
            addresses,
            announced,
            orphan: OrphanRule::new(config.exit_when_orphaned),
        })
    }

    /// Addresses for the plane to begin with.
    pub(crate) fn ips(&self) -> Vec<std::net::IpAddr> {
        self.announced.ips().to_vec()
    }

    /// Dials and works until the end.
    pub(crate) async fn serve<C: Carrier>(
        self,
        carrier: C,
        plane_events: mpsc::Receiver<media::Event>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(Exit, C), NodeError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut cpu = CpuMeter::new(cores);
        cpu.look(Instant::now());
        let (load, loads) = watch::channel(proto::Load::default());
        let dialer = Dialer::start(&self.link, loads, random::jitter)?;
        let agent = Agent {
            identity: self.identity,
            carrier,
            plane_events,
            load,
            addresses: self.addresses,
            announced: self.announced,
            addresses_owed: false,
            orphan: self.orphan,
            cpu,
            fence: Fence::default(),
            requests: Requests::default(),
            outbox: None,
            attached: false,
        };
        Ok(agent.run(dialer, shutdown).await)
    }
}

fn identity(config: &Config) -> Result<Identity, NodeError> {
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
    Ok(Identity {
        join_secret: config.join_secret.clone(),
        node_id: config.node_id.clone(),
        boot_id: random::boot_id().map_err(NodeError::Random)?,
        boot_started: started,
        version: config.version.clone(),
        shards: u32::try_from(config.shards.get()).unwrap_or(u32::MAX),
    })
}

/// Reads the machine's own interfaces.
pub(crate) fn machine() -> Interfaces {
    Box::new(addresses::read)
}
