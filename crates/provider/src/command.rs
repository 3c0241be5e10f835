//! `command`: an executable of the operator's launches, ends and lists machines.
//!
//! It is run once per call with the verb as its last argument, gets one JSON object on its standard input and answers
//! with one on its standard output. The protocol is written down in this crate's README.

mod message;
mod run;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

use crate::contract::Provider;
use crate::error::ProviderError;
use crate::ids::{ClusterId, MachineId};
use crate::machine::{Launch, Machine};
use message::Ask;

/// The exit status by which the command says that trying again is pointless (`EX_CONFIG` of sysexits.h).
pub const REFUSED: i32 = 78;

/// How the operator's executable is run.
#[derive(Clone, Debug)]
pub struct Command {
    #[allow(missing_docs)]
    pub program: PathBuf,
    /// What it is given before the verb.
    pub arguments: Vec<OsString>,
    /// How long each verb may take.
    pub patience: Patience,
    /// The most bytes that it may answer with.
    pub longest_answer: usize,
}

/// How long the operator's executable may take before it and its process group are killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Patience {
    pub launch: Duration,
    pub terminate: Duration,
    pub list: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            launch: Duration::from_secs(300),
            terminate: Duration::from_secs(120),
            list: Duration::from_secs(60),
        }
    }
}

impl Command {
    /// With the usual bounds.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            patience: Patience::default(),
            longest_answer: 1 << 20,
        }
    }

    async fn ask(&self, ask: &Ask<'_>) -> Result<message::Answer, ProviderError> {
        let name = format!("{} {}", self.program.display(), ask.verb());
        let output = run::run(self, ask, &name).await?;
        message::Answer::read(&name, &output)
    }
}

#[async_trait]
impl Provider for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    async fn list(&self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        self.ask(&Ask::List { cluster }).await?.machines(cluster)
    }

    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError> {
        let answer = self.ask(&Ask::Launch(launch)).await?;
        answer.machine(&launch.cluster, &launch.key)
    }

    async fn terminate(
        &self,
        cluster: &ClusterId,
        machine: &MachineId,
    ) -> Result<(), ProviderError> {
        self.ask(&Ask::Terminate { cluster, machine })
            .await
            .map(|_| ())
    }
}
