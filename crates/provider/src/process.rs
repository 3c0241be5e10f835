//! `process`: nodes as processes of this machine.
//!
//! Each launch has a file of its own, `DIRECTORY/CLUSTER/KEY`, which the process holds locked through its standard input
//! for as long as it, or anything that inherited that input, lives. Whoever opens the directory later, also after a
//! crash of the parent, sees by the locks what still runs. Which processes hold a lock is said by their environment:
//! `PROVIDER_CLUSTER`, `PROVIDER_KEY` and `PROVIDER_LOCK`, the path of the file.

mod lock;
mod tagged;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::contract::Provider;
use crate::error::ProviderError;
use crate::ids::{ClusterId, LaunchKey, MachineId};
use crate::machine::{Ended, Launch, Machine};

/// How long a killed process may need to be gone.
const KILLED: Duration = Duration::from_secs(5);
/// How often a process that is to end is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// The tag by which a process is known.
const TAG: &str = "PROVIDER_LOCK";
/// Endings that may wait to be asked for. A list tells of those that come when there are more.
const ENDINGS: usize = 1024;

/// Says of an exit status what happened, and whether launching the same again is pointless.
pub type Verdict = fn(ExitStatus) -> (String, bool);

/// Launches children of this process that outlive it. One per directory at a time, in one process.
#[derive(Debug)]
pub struct Processes {
    program: PathBuf,
    arguments: Vec<OsString>,
    directory: PathBuf,
    grace: Duration,
    verdict: Verdict,
    closed: AtomicBool,
    /// Held while locks are probed or taken, for a probe looks like a holder to others. Never across a wait.
    probing: Mutex<()>,
    endings: mpsc::Sender<Ended>,
    ended: tokio::sync::Mutex<mpsc::Receiver<Ended>>,
}

impl Processes {
    /// Launches `program` with `arguments`, each process with the settings of its launch in its environment. Books
    /// them in `directory`, which is made where it is missing.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn new(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        directory: impl Into<PathBuf>,
    ) -> Result<Self, ProviderError> {
        let directory = directory.into();
        let made = fs::create_dir_all(&directory).and_then(|()| fs::canonicalize(&directory));
        let directory = made.map_err(|error| lock::files(&directory, error))?;
        let (endings, ended) = mpsc::channel(ENDINGS);
        Ok(Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            directory,
            grace: Duration::from_secs(2),
            verdict: |status| (status.to_string(), false),
            closed: AtomicBool::new(false),
            probing: Mutex::new(()),
            endings,
            ended: tokio::sync::Mutex::new(ended),
        })
    }

    /// How long a process may take to end when asked to, before it is killed. Two seconds unless said otherwise.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How exit statuses are read. As the system words them unless said otherwise, and none as final.
    pub fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }

    /// Launches nothing from now on.
    pub fn close(&self) {
        let _probing = self.probing();
        self.closed.store(true, Ordering::Relaxed);
    }

    fn probing(&self) -> MutexGuard<'_, ()> {
        self.probing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, cluster: &ClusterId) -> PathBuf {
        self.directory.join(cluster.as_str())
    }

    fn runs(&self, path: &std::path::Path) -> Result<bool, ProviderError> {
        let _probing = self.probing();
        lock::is_held(path)
    }

    /// Starts the process unless it runs.
    fn start(&self, launch: &Launch) -> Result<(), ProviderError> {
        let folder = self.folder(&launch.cluster);
        fs::create_dir_all(&folder).map_err(|error| lock::files(&folder, error))?;
        let path = folder.join(launch.key.as_str());
        let _probing = self.probing();
        if self.closed.load(Ordering::Relaxed) {
            return Err(ProviderError::Closed);
        }
        let Some(locked) = lock::take(&path)? else {
            return Ok(());
        };
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments);
        for (name, _) in std::env::vars_os() {
            let bytes = name.as_encoded_bytes();
            // What was meant for this process must not reach the other one.
            if bytes.starts_with(b"MUSTER_") || bytes.starts_with(b"PROVIDER_") {
                command.env_remove(name);
            }
        }
        let child = command
            .envs(&launch.spec.settings)
            .env("PROVIDER_CLUSTER", launch.cluster.as_str())
            .env("PROVIDER_KEY", launch.key.as_str())
            .env(TAG, &path)
            // What ends this process's group, a key press in a terminal for example, does not end media.
            .process_group(0)
            .stdin(Stdio::from(locked))
            .stdout(Stdio::null())
            .spawn();
        let mut child = child.map_err(|error| ProviderError::NotStarted {
            command: self.program.display().to_string(),
            error,
        })?;
        let (key, machine) = (launch.key.clone(), machine(&launch.key)?.id);
        let (verdict, endings) = (self.verdict, self.endings.clone());
        tokio::spawn(async move {
            let (reason, is_final) = match child.wait().await {
                Ok(status) => verdict(status),
                Err(error) => (format!("it cannot be waited for: {error}"), false),
            };
            // When too many wait already, or nobody asks any more.
            let _ = endings.try_send(Ended {
                key,
                machine,
                reason,
                is_final,
            });
        });
        Ok(())
    }

    fn present(&self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        let _probing = self.probing();
        let mut machines = Vec::new();
        for path in lock::booked(&self.folder(cluster))? {
            let name = path.file_name().and_then(|name| name.to_str());
            // Another name was not put here by a launch.
            let Some(key) = name.and_then(|name| LaunchKey::parse(name).ok()) else {
                continue;
            };
            if lock::is_held(&path)? {
                machines.push(machine(&key)?);
            } else {
                lock::forget(&path)?;
            }
        }
        Ok(machines)
    }

    async fn gone_within(
        &self,
        path: &std::path::Path,
        span: Duration,
    ) -> Result<bool, ProviderError> {
        let until = Instant::now() + span;
        while self.runs(path)? {
            if Instant::now() >= until {
                return Ok(false);
            }
            sleep(LOOK).await;
        }
        Ok(true)
    }
}

#[async_trait]
impl Provider for Processes {
    fn name(&self) -> &'static str {
        "process"
    }

    async fn list(&self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        self.present(cluster)
    }

    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError> {
        self.start(launch)?;
        machine(&launch.key)
    }

    async fn ended(&self) -> Ended {
        match self.ended.lock().await.recv().await {
            Some(ended) => ended,
            // Not as long as this has a sender itself.
            None => std::future::pending().await,
        }
    }

    async fn terminate(
        &self,
        cluster: &ClusterId,
        machine: &MachineId,
    ) -> Result<(), ProviderError> {
        let path = self.folder(cluster).join(machine.as_str());
        if !self.runs(&path)? {
            return Ok(());
        }
        tagged::signal(&path, Signal::TERM);
        if self.gone_within(&path, self.grace).await? {
            return Ok(());
        }
        let end = Instant::now() + KILLED;
        let mut killed = 0;
        while Instant::now() < end {
            // Again and again, for one that forks may have done so since.
            killed += tagged::signal(&path, Signal::KILL);
            if self.gone_within(&path, LOOK * 5).await? {
                return Ok(());
            }
        }
        Err(ProviderError::StillThere {
            key: machine.to_string(),
            detail: match killed {
                0 => format!(
                    "{} is locked, and no process of this user has {TAG} with that path in its environment",
                    path.display()
                ),
                count => {
                    format!("processes were killed {count} times and did not go in {KILLED:?}")
                }
            },
        })
    }
}

/// A launch has one process, and it is named as its launch.
fn machine(key: &LaunchKey) -> Result<Machine, ProviderError> {
    let id = MachineId::parse(key.as_str());
    Ok(Machine {
        id: id.map_err(|error| ProviderError::Defect(error.to_string()))?,
        key: key.clone(),
        address: None,
    })
}
