//! Running a media node in this process.

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use link::dial::ConfigError;
use node::NodeError;
use tokio::task::JoinSet;
use tracing::{Instrument, info, info_span};

use crate::config::{NodeRelay, Settings};
use crate::data_dir::{DataDir, Lock, Locking};
use crate::exit::Ending;
use crate::renewing;
use crate::shutdown::Requests;

/// Runs a node until it ends.
///
/// # Errors
/// When it cannot start.
pub async fn run(settings: Settings) -> Result<Ending> {
    let mut requests = Requests::listen()?;
    let data = DataDir::open(&settings.data_dir)?;
    let _lock = match Lock::take(&data.file("node.lock"))? {
        Locking::Taken(lock) => lock,
        Locking::Held(pid) => {
            tracing::error!(
                data_dir = %data.path().display(),
                pid,
                "another muster node runs with this data directory"
            );
            return Ok(Ending::Occupied);
        }
    };
    let (relay, _renewing) = relay(&settings.node.relay)?;
    let config = config(settings, relay, &data)?;
    let span = info_span!("node", id = %config.node_id);
    let shutdown = async move {
        let why = requests.next().await;
        info!(%why, "stopping");
    };
    let exit = match node::run(config, shutdown).instrument(span).await {
        // Files that cannot be read or written now may be later.
        Err(NodeError::Link(error)) if !matches!(error, ConfigError::File(_)) => {
            tracing::error!("{error}");
            return Ok(Ending::WrongSettings);
        }
        ended => ended?,
    };
    Ok(match exit {
        node::Exit::Stopped => Ending::Stopped,
        node::Exit::Superseded { reason } => {
            tracing::warn!(%reason, "the master has let this process go; it ends");
            Ending::Superseded
        }
        node::Exit::Orphaned => {
            info!("no master and nobody to serve; ending");
            Ending::Orphaned
        }
    })
}

fn relay(settings: &NodeRelay) -> Result<(node::Relay, JoinSet<()>)> {
    let port = settings.port;
    let Some((host, files)) = &settings.tls else {
        return Ok((node::Relay { port, tls: None }, JoinSet::new()));
    };
    let renewing = renewing::renewing(files);
    let (certificate, renewing) = renewing.context("node.relay_cert, node.relay_key")?;
    let tls = Some(node::RelayTls {
        host: host.clone(),
        certificate,
    });
    Ok((node::Relay { port, tls }, renewing))
}

fn config(settings: Settings, relay: node::Relay, data: &DataDir) -> Result<node::Config> {
    let node_id = match settings.node.id {
        Some(id) => id,
        None => data.node_id()?,
    };
    let cores = std::thread::available_parallelism().context("the number of cores is unknown");
    Ok(node::Config {
        directory: data.path().to_owned(),
        masters: settings.link.masters,
        join: settings.link.join,
        node_id,
        public_addresses: settings.node.public_addresses,
        metadata: settings.node.metadata,
        stun_servers: settings.node.stun_servers,
        allow_loopback: settings.node.allow_loopback,
        media_ports: settings.node.media_ports,
        relay,
        shards: settings
            .node
            .shards
            .unwrap_or(cores.unwrap_or(NonZeroUsize::MIN)),
        exit_when_orphaned: settings.node.exit_when_orphaned,
        evidence: settings.node.evidence,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
