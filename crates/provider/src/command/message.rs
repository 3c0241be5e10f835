//! What is said to the operator's executable and what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::Patience;
use crate::error::ProviderError;
use crate::ids::{ClusterId, LaunchKey, MachineId};
use crate::machine::{Launch, Machine};

/// Version of the protocol.
const VERSION: u32 = 1;
/// How much of a wrong answer is shown, in characters.
const SHOWN: usize = 120;

/// One call.
pub(super) enum Ask<'a> {
    List {
        cluster: &'a ClusterId,
    },
    Launch(&'a Launch),
    Terminate {
        cluster: &'a ClusterId,
        machine: &'a MachineId,
    },
}

#[derive(Serialize)]
struct Question<'a> {
    version: u32,
    cluster: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wishes: Option<&'a BTreeMap<String, String>>,
}

impl Ask<'_> {
    pub(super) fn verb(&self) -> &'static str {
        match self {
            Self::List { .. } => "list",
            Self::Launch(_) => "launch",
            Self::Terminate { .. } => "terminate",
        }
    }

    pub(super) fn patience(&self, patience: &Patience) -> Duration {
        match self {
            Self::List { .. } => patience.list,
            Self::Launch(_) => patience.launch,
            Self::Terminate { .. } => patience.terminate,
        }
    }

    /// What scripts without a JSON parser can use. No secrets: an environment is easily shown.
    pub(super) fn variables(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::List { cluster } => vec![("PROVIDER_CLUSTER", cluster.as_str())],
            Self::Launch(launch) => vec![
                ("PROVIDER_CLUSTER", launch.cluster.as_str()),
                ("PROVIDER_KEY", launch.key.as_str()),
            ],
            Self::Terminate { cluster, machine } => vec![
                ("PROVIDER_CLUSTER", cluster.as_str()),
                ("PROVIDER_MACHINE", machine.as_str()),
            ],
        }
    }

    /// The standard input: one line of JSON.
    pub(super) fn text(&self) -> String {
        let (cluster, key, machine, spec) = match self {
            Self::List { cluster } => (cluster.as_str(), None, None, None),
            Self::Launch(launch) => (
                launch.cluster.as_str(),
                Some(launch.key.as_str()),
                None,
                Some(launch.spec.as_ref()),
            ),
            Self::Terminate { cluster, machine } => {
                (cluster.as_str(), None, Some(machine.as_str()), None)
            }
        };
        let question = Question {
            version: VERSION,
            cluster,
            key,
            machine,
            settings: spec.map(|spec| &spec.settings),
            wishes: spec.map(|spec| &spec.wishes),
        };
        let mut text =
            serde_json::to_string(&question).expect("maps with text as keys can be written");
        text.push('\n');
        text
    }
}

#[derive(Deserialize)]
struct Told {
    machine: Option<ToldMachine>,
    machines: Option<Vec<ToldMachine>>,
}

#[derive(Deserialize)]
struct ToldMachine {
    id: String,
    cluster: String,
    key: String,
    address: Option<IpAddr>,
}

/// An answer that is one JSON object.
pub(super) struct Answer {
    command: String,
    told: Told,
}

impl Answer {
    pub(super) fn read(command: &str, output: &[u8]) -> Result<Self, ProviderError> {
        let command = command.to_owned();
        if output.iter().all(u8::is_ascii_whitespace) {
            return Err(ProviderError::NoAnswer { command });
        }
        let error = match serde_json::from_slice(output) {
            Ok(told) => return Ok(Self { command, told }),
            Err(error) => error,
        };
        let detail = error.to_string();
        let began = String::from_utf8_lossy(output)
            .chars()
            .take(SHOWN)
            .collect();
        Err(match error.classify() {
            Category::Eof => ProviderError::HalfAnswer {
                command,
                detail,
                began,
            },
            Category::Data => ProviderError::WrongAnswer { command, detail },
            Category::Syntax | Category::Io => ProviderError::Garbage {
                command,
                detail,
                began,
            },
        })
    }

    pub(super) fn machine(
        mut self,
        cluster: &ClusterId,
        key: &LaunchKey,
    ) -> Result<Machine, ProviderError> {
        let Some(told) = self.told.machine.take() else {
            return Err(self.wrong("\"machine\" is missing".into()));
        };
        let machine = self.checked(told, cluster)?;
        if machine.key == *key {
            return Ok(machine);
        }
        Err(self.wrong(format!(
            "machine {} has launch key {}, launched was {key}",
            machine.id, machine.key
        )))
    }

    pub(super) fn machines(mut self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        let Some(told) = self.told.machines.take() else {
            return Err(self.wrong("\"machines\" is missing; an empty list must be said".into()));
        };
        let mut ids = BTreeSet::new();
        let mut machines = Vec::with_capacity(told.len());
        for told in told {
            let machine = self.checked(told, cluster)?;
            if !ids.insert(machine.id.clone()) {
                return Err(self.wrong(format!("machine {} is listed twice", machine.id)));
            }
            machines.push(machine);
        }
        Ok(machines)
    }

    fn checked(&self, told: ToldMachine, cluster: &ClusterId) -> Result<Machine, ProviderError> {
        let bad = |error: crate::ids::BadId| self.wrong(error.to_string());
        let id = MachineId::parse(&told.id).map_err(bad)?;
        let key = LaunchKey::parse(&told.key).map_err(bad)?;
        if told.cluster != cluster.as_str() {
            let shown: String = told.cluster.chars().take(SHOWN).collect();
            return Err(self.wrong(format!(
                "machine {id} is of cluster {shown:?}, asked was {cluster}"
            )));
        }
        Ok(Machine {
            id,
            key,
            address: told.address,
        })
    }

    fn wrong(&self, detail: String) -> ProviderError {
        ProviderError::WrongAnswer {
            command: self.command.clone(),
            detail,
        }
    }
}
