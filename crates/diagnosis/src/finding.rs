//! A cause with its proof and its remedy.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::evidence::Protocol;

/// A cause, how it is known, and what is or should be done. The first of several is the most likely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    #[allow(missing_docs)]
    pub cause: Cause,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// A sentence in numbers.
    pub proof: String,
    #[allow(missing_docs)]
    pub remedy: Remedy,
    /// The rule of a firewall that is missing, where that is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_rule: Option<MissingRule>,
    /// Id of the node or relay that has it; empty if none does.
    #[serde(default)]
    pub subject: String,
    /// Others that have it too, of which the proof does not speak; a few at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likewise: Vec<Likewise>,
    #[allow(missing_docs)]
    #[serde(default)]
    pub applied: Applied,
}

impl Finding {
    /// So sure that it counts as wrong, and not as something to be looked at.
    pub fn is_sure(&self) -> bool {
        self.confidence >= SURE
    }
}

/// Another node or relay that has the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Likewise {
    #[allow(missing_docs)]
    pub subject: String,
    /// The rule of a firewall that is missing there, where that is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_rule: Option<MissingRule>,
}

/// Of 100.
const SURE: u8 = 60;

/// What ends a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// For people: what is done, or should be.
    pub text: String,
    /// The first step that the master takes by itself; `None`: a person has to act.
    pub step: Option<Step>,
}

/// What the master does by itself, gentlest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Find out anew what the node or master is reachable at.
    ResolveAddresses,
    /// Tell nodes and clients what is true now: ICE servers, candidates, settings.
    Republish,
    /// The client makes its stream anew, by another path to the same node.
    AnotherPath,
    /// The session goes to another node.
    AnotherNode,
    /// One media shard makes all its transports anew.
    RestartShard,
}

/// What became of the remedy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    /// Nothing was done.
    #[default]
    No,
    /// It was done; whether it helped is not known yet.
    Yes,
    /// It was done and the picture is back.
    Helped,
    /// It was done and the picture is not back.
    DidNotHelp,
}

/// What a firewall should let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct MissingRule {
    pub protocol: Protocol,
    pub to: SocketAddr,
    /// `None`: from anywhere.
    pub from: Option<IpAddr>,
}

impl fmt::Display for MissingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Tcp | Protocol::Tls => "TCP",
            _ => "UDP",
        };
        match self.from {
            Some(from) => write!(f, "{protocol} from {from} to {}", self.to),
            None => write!(f, "{protocol} from anywhere to {}", self.to),
        }
    }
}

impl Step {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::ResolveAddresses => "resolve-addresses",
            Self::Republish => "republish",
            Self::AnotherPath => "another-path",
            Self::AnotherNode => "another-node",
            Self::RestartShard => "restart-shard",
        }
    }
}
