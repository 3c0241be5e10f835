//! What was true of the fleet.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::host::{Host, Role};
use crate::reach::Reach;
use crate::relay::RelayFacts;

/// What was true of the fleet when transports failed. Whatever is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Surroundings {
    /// The present.
    pub now: u64,
    /// Since when is counted.
    pub since: u64,
    /// Clients that joined in the window.
    pub joins: u64,
    /// The master and all nodes that are known.
    pub hosts: Vec<Host>,
    #[allow(missing_docs)]
    pub relays: Vec<RelayFacts>,
    /// The last word on each path.
    pub reach: Vec<Reach>,
    /// Names that clients are told.
    pub names: Vec<Name>,
    #[allow(missing_docs)]
    pub certificates: Vec<Certificate>,
    /// Who else claims to lead this cluster.
    pub claims: Vec<Claim>,
    /// By which paths the transports that are connected now go.
    pub traffic: Traffic,
}

/// By which paths transports go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Traffic {
    /// Straight from clients to nodes by UDP.
    pub udp: u64,
    /// Straight from clients to nodes by TCP.
    pub tcp: u64,
    /// Through relays, by the relay's id.
    pub relayed: BTreeMap<String, u64>,
    /// Nobody told of their path yet.
    pub unknown: u64,
}

/// Stands for relays of which the cluster knows nothing, such as those of a client's own network.
pub const STRANGE_RELAY: &str = "elsewhere";

impl Traffic {
    /// Those whose path is known.
    pub fn known(&self) -> u64 {
        self.udp
            .saturating_add(self.tcp)
            .saturating_add(self.through_relays())
    }

    /// Those that are relayed.
    pub fn through_relays(&self) -> u64 {
        self.relayed
            .values()
            .fold(0, |sum, it| sum.saturating_add(*it))
    }
}

/// A name, as it resolves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Name {
    pub name: String,
    /// What it should lead to: the public addresses of its host.
    pub expected: Vec<IpAddr>,
    /// What resolvers said.
    pub found: Vec<IpAddr>,
    /// Those of `found` that did not answer a probe.
    pub dead: Vec<IpAddr>,
    pub problem: String,
}

/// A TLS certificate that clients see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Certificate {
    /// What it is for: `https`, `relay`, `link`.
    pub purpose: String,
    /// File or name.
    pub name: String,
    pub not_before: Option<u64>,
    pub not_after: Option<u64>,
    /// Why it could not be read or a handshake with it failed; empty if it is well.
    pub problem: String,
}

/// Somebody who says that this cluster is his.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Claim {
    /// Boot of the master.
    pub master: String,
    pub term: u64,
    pub heard: Option<u64>,
    /// It is this one.
    pub own: bool,
}

impl Surroundings {
    /// The host of this id.
    pub fn host(&self, id: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| host.id == id)
    }

    /// The master.
    pub fn master(&self) -> Option<&Host> {
        self.hosts.iter().find(|host| host.role == Role::Master)
    }

    /// The nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(|host| host.role == Role::Node)
    }
}
