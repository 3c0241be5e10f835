//! Nodes as processes of this machine.
//!
//! Each has its data directory, `nodes/ID/`, in the master's. They outlive a master that is killed; the next one finds
//! them by the locks of `launches/`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use async_trait::async_trait;
use provider::process::Processes;
use provider::{ClusterId, Ended, Launch, Machine, MachineId, Provider, ProviderError};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use crate::data_dir::{DataDir, Lock};
use crate::exit::Ending;

/// How long a node may take to end when asked to.
const GRACE: Duration = Duration::from_secs(2);
/// Between two looks for directories of nodes that are gone.
const SWEEP: Duration = Duration::from_secs(10);
/// The most that are removed at once; the others wait for the next look.
const SWEPT: usize = 1000;

/// The processes of one data directory.
#[derive(Debug)]
pub struct Locals {
    processes: Processes,
    nodes: PathBuf,
    swept: Mutex<Option<Instant>>,
}

impl Locals {
    /// Those of a master's data directory.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn of(data: &DataDir) -> Result<Self> {
        let program = std::env::current_exe().context("the path of this program is unknown")?;
        let processes = Processes::new(program, ["node"], data.file("launches"))?;
        Ok(Self {
            processes: processes.with_grace(GRACE).with_verdict(verdict),
            nodes: data.nodes(),
            swept: Mutex::new(None),
        })
    }

    /// Launches nothing any more, and ends everything that runs.
    pub async fn end_all(self: Arc<Self>, cluster: ClusterId) {
        self.processes.close();
        let machines = match self.processes.list(&cluster).await {
            Ok(machines) => machines,
            Err(error) => return warn!("nodes cannot be found to be ended: {error}"),
        };
        let mut ending = JoinSet::new();
        for machine in machines {
            let (locals, cluster) = (Arc::clone(&self), cluster.clone());
            ending.spawn(async move {
                if let Err(error) = locals.processes.terminate(&cluster, &machine.id).await {
                    warn!(node = %machine.key, "not ended: {error}");
                }
            });
        }
        while ending.join_next().await.is_some() {}
    }

    /// Removes the directories of nodes that are gone. They were seen before the list was made, and a node is listed
    /// before it has a directory.
    async fn sweep(&self, cluster: &ClusterId) -> Result<(), ProviderError> {
        if !self.is_due() {
            return Ok(());
        }
        let directories = directories(&self.nodes);
        let listed = self.processes.list(cluster).await?;
        let stale = directories.into_iter().filter(|directory| {
            let name = directory.file_name().and_then(|name| name.to_str());
            let runs = listed
                .iter()
                .any(|machine| Some(machine.key.as_str()) == name);
            // One that was not launched in this way may be at work in it.
            !runs && matches!(Lock::holder(&directory.join("node.lock")), Ok(None))
        });
        for directory in stale.take(SWEPT) {
            match std::fs::remove_dir_all(&directory) {
                Ok(()) => {
                    debug!(directory = %directory.display(), "removed what a node left behind")
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    warn!(directory = %directory.display(), "left by a node, cannot be removed: {error}")
                }
            }
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        let due = swept.is_none_or(|at| at.elapsed() >= SWEEP);
        if due {
            *swept = Some(Instant::now());
        }
        due
    }
}

fn directories(nodes: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(nodes).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn verdict(status: ExitStatus) -> (String, bool) {
    match status.code().and_then(Ending::of_code) {
        Some(ending) => (
            ending.describe().to_owned(),
            ending == Ending::WrongSettings,
        ),
        None => (status.to_string(), false),
    }
}

#[async_trait]
impl Provider for Locals {
    fn name(&self) -> &'static str {
        self.processes.name()
    }

    async fn list(&self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        self.processes.list(cluster).await
    }

    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError> {
        self.sweep(&launch.cluster).await?;
        self.processes.launch(launch).await
    }

    async fn terminate(
        &self,
        cluster: &ClusterId,
        machine: &MachineId,
    ) -> Result<(), ProviderError> {
        self.processes.terminate(cluster, machine).await
    }

    async fn ended(&self) -> Ended {
        self.processes.ended().await
    }
}
