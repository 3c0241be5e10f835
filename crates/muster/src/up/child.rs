//! One node's process.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use link::trust::{Authority, Wish};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How long a child may take to enrol; it ends by itself long before when it finds no master.
const VALID: Duration = Duration::from_secs(3600);

/// How to start the process of a node.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// Which of the nodes, from 1.
    pub(super) number: u16,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<(&'static str, String)>,
    pub(super) node_id: String,
    pub(super) authority: Arc<Authority>,
    /// `https://ADDRESS:PORT` of the master.
    pub(super) master: String,
    /// Held by the process while it runs.
    pub(super) lock: PathBuf,
}

impl Launch {
    /// Starts the process in a process group of its own: what ends the terminal's group does not end media.
    pub(super) fn start(&self) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg("node");
        for (flag, value) in &self.arguments {
            command.arg(format!("{flag}={value}"));
        }
        // Everything the node needs is said here; what was meant for the whole must not reach it twice.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"MUSTER_") {
                command.env_remove(name);
            }
        }
        // Not an argument: those are there for everybody to see.
        command
            .env("MUSTER_LINK_JOIN", self.token()?)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))
    }
}

impl Launch {
    /// A token of its own for each start; a node that has enrolled before can do without.
    fn token(&self) -> Result<String> {
        let wish = Wish {
            masters: vec![self.master.clone()],
            uses: 1,
            valid: VALID,
            node: Some(self.node_id.clone()),
        };
        let token = self.authority.mint(wish, SystemTime::now())?;
        Ok(token.text())
    }
}

/// Asks a process to end, or ends it. One that is gone already is no error.
pub(super) fn tell(pid: Option<i32>, signal: Signal) {
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}
