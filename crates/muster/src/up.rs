//! Everything in one go: a master in this process, and its nodes as processes of their own.
//!
//! Nodes are children, yet they outlive a master that is killed: media goes on without it. When `muster up` starts
//! again with the same data directory it finds those that still run by their locks, and they dial in by themselves.
//! When it is asked to stop, it ends them all.

use std::time::Duration;

use anyhow::{Result, bail};
use tracing::{info, warn};

use crate::config::Settings;
use crate::data_dir::{DataDir, Lock, Locking};
use crate::exit::Ending;
use crate::serving::Serving;
use crate::shutdown::Requests;
use crate::{banner, occupied};

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
    banner::print(&settings, &serving, data.path(), None);

    let why = tokio::select! {
        why = requests.next() => why,
        failure = serving.master.failed() => bail!("{failure}; nodes carry on, start it again"),
    };
    info!(%why, "stopping");
    let (locals, cluster) = (serving.locals, serving.cluster);
    let all = async {
        let master = tokio::time::timeout(FAREWELL, serving.master.stop());
        let nodes = async {
            if let Some(locals) = locals {
                locals.end_all(cluster).await;
            }
        };
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
