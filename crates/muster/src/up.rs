//! Everything in one go: a master in this process, and its nodes as processes of their own.
//!
//! Nodes are children, yet they outlive a master that is killed: media goes on without it. When `muster up` starts
//! again with the same data directory, nodes that still run dial in by themselves; each holds the lock of its own data
//! directory, by which they are known to be there.

mod child;
mod restart;
mod supervisor;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::config::Settings;
use crate::data_dir::{DataDir, Lock, Locking};
use crate::exit::Ending;
use crate::serving::Serving;
use crate::shutdown::Requests;
use crate::{banner, occupied};
use child::Launch;

/// How long the master may take to say good-bye.
const FAREWELL: Duration = Duration::from_millis(2500);

/// Runs until asked to stop.
///
/// # Errors
/// When it cannot start.
pub async fn run(settings: Settings) -> Result<Ending> {
    let mut requests = Requests::listen()?;
    let data = DataDir::open(&settings.data_dir)?;
    let _lock = match Lock::take(&data.file("master.lock"))? {
        Locking::Taken(lock) => lock,
        Locking::Held(pid) => return Ok(occupied(&data, pid)),
    };
    let mut serving = Serving::start(&settings, &data).await?;
    let (stop, stopping) = watch::channel(false);
    let mut nodes = JoinSet::new();
    for number in 1..=settings.nodes {
        let launch = launch(&settings, &serving, &data, number)?;
        nodes.spawn(supervisor::run(launch, stopping.clone()));
    }
    banner::print(&settings, &serving, data.path(), None);

    let why = tokio::select! {
        why = requests.next() => why,
        failure = serving.master.failed() => bail!("{failure}; nodes carry on, start it again"),
    };
    info!(why, "stopping");
    stop.send_replace(true);
    let all = async {
        let master = tokio::time::timeout(FAREWELL, serving.master.stop());
        let nodes = async { while nodes.join_next().await.is_some() {} };
        if let (Err(_), ()) = tokio::join!(master, nodes) {
            warn!("some clients did not take leave in time");
        }
    };
    tokio::select! {
        () = all => {}
        _ = requests.next() => warn!("asked twice; not waiting for clients and nodes"),
    }
    info!("stopped");
    Ok(Ending::Stopped)
}

fn launch(settings: &Settings, serving: &Serving, data: &DataDir, number: u16) -> Result<Launch> {
    let directory = data.node(number)?;
    let mut arguments: Vec<(&'static str, String)> = vec![
        ("--data-dir", text(directory.path().to_owned())?),
        ("--log", settings.log.clone()),
        ("--media-ports", ports(settings)),
        ("--shards", shards(settings).to_string()),
        ("--allow-loopback", settings.node.allow_loopback.to_string()),
    ];
    if let Some(after) = settings.node.exit_when_orphaned {
        arguments.push(("--exit-when-orphaned", after.as_secs().to_string()));
    }
    let node_id = match &settings.node.id {
        Some(id) => id.clone(),
        None => directory.node_id()?,
    };
    arguments.push(("--node-id", node_id.clone()));
    if !settings.node.public_addresses.is_empty() {
        let addresses = settings
            .node
            .public_addresses
            .iter()
            .map(ToString::to_string);
        let list = addresses.collect::<Vec<_>>().join(",");
        arguments.push(("--public-address", list));
    }
    Ok(Launch {
        number,
        program: std::env::current_exe().context("the path of this program is unknown")?,
        arguments,
        node_id,
        authority: serving.trust.authority.clone(),
        master: serving.local_link(),
        lock: directory.file("node.lock"),
    })
}

fn text(path: PathBuf) -> Result<String> {
    path.into_os_string()
        .into_string()
        .map_err(|path| anyhow::anyhow!("the data directory's path {path:?} is not UTF-8"))
}

fn ports(settings: &Settings) -> String {
    let ports = &settings.node.media_ports;
    match (*ports.start(), *ports.end()) {
        (0, _) => "0".into(),
        (from, to) => format!("{from}-{to}"),
    }
}

/// Shards of each node: as configured, or its share of the cores.
fn shards(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    match settings.node.shards {
        Some(shards) => shards.get(),
        None => (cores / usize::from(settings.nodes.max(1))).max(1),
    }
}
