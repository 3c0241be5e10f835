//! Bringing a node up and taking it down.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use addresses::{AddressSet, AddressSettings, Finding};
use agent::{Agent, Identity, Moment, Settings};
use link::dial::Dialer;
use link::proto;
use tokio::sync::{mpsc, watch};
use tracing::{error, info};

use crate::carrier::Carrier;
use crate::evidence::{self, Evidences};
use crate::looks::Looks;
use crate::shell::{Shell, Way, plane_events};
use crate::usage::Meter;
use crate::{Config, Exit, NodeError, Relay, boot, random};
use discovery::{Discovery, Interfaces, Kept};

/// Runs a node until it is asked to stop or has a reason of its own to end.
///
/// # Errors
/// When it cannot start. Once it runs, nothing but the ways of [`Exit`] ends it.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<Exit, NodeError> {
    let prepared = Prepared::new(&config, Box::new(discovery::interfaces))?;
    let (sink, events) = plane_events();
    let (witness, evidences) = evidence::way(&config.node_id, &prepared.boot_id);
    let plane = media::Config {
        shards: config.shards,
        ports: config.media_ports.clone(),
        addresses: prepared.addresses.ips().to_vec(),
        relay: relay(&config.relay)?,
        relay_port: config.relay.port,
        evidence: config.evidence.then_some(witness),
    };
    let plane = media::start(plane, sink)?;
    info!(ports = ?plane.ports(), addresses = ?prepared.addresses.ips(), "media is up");
    let (exit, plane) = prepared.serve(plane, (events, evidences), shutdown).await?;
    plane.shutdown();
    Ok(exit)
}

/// What the process knows when it has read its addresses and not yet started anything.
pub(crate) struct Prepared {
    config: Config,
    discovery: Discovery,
    /// What the interfaces and the configuration have.
    addresses: AddressSet,
    boot_id: String,
    boot_started: u64,
}

impl Prepared {
    /// Reads the addresses and draws the boot id.
    pub(crate) fn new(config: &Config, mut interfaces: Interfaces) -> Result<Self, NodeError> {
        let metadata = discovery::service(&config.metadata);
        let settings = AddressSettings {
            public_addresses: config.public_addresses.clone(),
            allow_loopback: config.allow_loopback,
            metadata: metadata.is_some(),
            stun_servers: config.stun_servers.clone(),
        };
        let mut addresses = AddressSet::new(Moment(0), &settings);
        addresses.learn(Moment(0), Finding::Interfaces(interfaces()));
        addresses.remember(Moment(0), &Kept::of(&config.directory).read());
        addresses.settle(Moment(0));
        if addresses.ips().is_empty() {
            error!(
                problem = addresses.problem(),
                "this node cannot be used yet"
            );
        }
        Ok(Self {
            config: config.clone(),
            discovery: Discovery::new(interfaces, metadata),
            addresses,
            boot_id: random::boot_id().map_err(NodeError::Random)?,
            boot_started: boot::started(&config.directory, epoch_millis()),
        })
    }

    /// Dials and works until the end.
    pub(crate) async fn serve<C: Carrier>(
        self,
        carrier: C,
        (plane_events, evidences): (mpsc::Receiver<media::Event>, Evidences),
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
            relay_tls: (self.config.relay.tls).map_or_else(String::new, |tls| tls.host),
        };
        let origin = Instant::now();
        let settings = Settings {
            exit_when_orphaned: self.config.exit_when_orphaned,
        };
        let shell = Shell {
            agent: Agent::new(Moment(0), identity, settings, self.addresses),
            origin,
            carrier,
            plane_events,
            evidences,
            discovery: self.discovery,
            kept: Kept::of(&self.config.directory),
            meter: Meter::new(cores, &self.config.directory, origin),
            dialer,
            told,
            way: Way::default(),
            looks: Looks::default(),
        };
        Ok(shell.run(shutdown).await)
    }
}

fn relay(relay: &Relay) -> Result<media::relay::Options, NodeError> {
    let tls = relay.tls.as_ref();
    let tls = tls.map(|tls| tls.certificate.server_config().map(Arc::new));
    Ok(media::relay::Options {
        tls: tls
            .transpose()
            .map_err(|error| NodeError::RelayTls(error.to_string()))?,
        ..media::relay::Options::default()
    })
}

fn epoch_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
