//! What whoever wants to try a node from where he is has to know.

use std::net::IpAddr;

use reachability::{Path, Protocol, Relay, Relayer};
use serde::{Deserialize, Serialize};

use crate::reach::Way;

/// Where clients reach a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeTarget {
    #[allow(missing_docs)]
    pub addresses: Vec<IpAddr>,
    /// UDP and TCP alike.
    pub media_ports: Vec<u16>,
    /// Where it answers plain STUN.
    pub stun_port: u16,
    /// Those that its clients may be told of.
    pub relays: Vec<RelayToTry>,
}

/// A relay, and what to prove oneself to it with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct RelayToTry {
    pub way: Way,
    /// Name or address, without brackets.
    pub host: String,
    pub port: u16,
    pub username: String,
    pub credential: String,
}

impl RelayToTry {
    /// As the master has it.
    pub fn of(relay: &Relay) -> Self {
        Self {
            way: Way::of(&relay.path),
            host: relay.host.clone(),
            port: relay.port,
            username: relay.username.clone(),
            credential: relay.credential.clone(),
        }
    }

    /// As probes take it. `None`: it is of a later version's kind.
    pub fn relay(&self) -> Option<Relay> {
        let protocol = Protocol::from_text(&self.way.protocol)?;
        let relay = match self.way.relay.as_deref()? {
            "master" => Relayer::Master,
            "external" => Relayer::External,
            node => Relayer::Node(cluster::NodeId::new(node)),
        };
        Some(Relay {
            path: Path::Relay {
                relay,
                protocol,
                at: self.way.at.clone()?,
            },
            host: self.host.clone(),
            port: self.port,
            protocol,
            username: self.username.clone(),
            credential: self.credential.clone(),
        })
    }
}

impl std::fmt::Debug for RelayToTry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RelayToTry")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}
