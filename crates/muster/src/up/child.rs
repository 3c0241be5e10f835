//! One node's process.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// How to start the process of a node.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// Which of the nodes, from 1.
    pub(super) number: u16,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<(&'static str, String)>,
    pub(super) join_secret: String,
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
        command
            .env("MUSTER_LINK_JOIN_SECRET", &self.join_secret)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", self.program.display()))
    }
}

/// Asks a process to end, or ends it. One that is gone already is no error.
pub(super) fn tell(pid: Option<i32>, signal: Signal) {
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}
