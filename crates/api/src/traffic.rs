//! By which paths media goes.

use diagnosis::{RelayFacts, Surroundings};
use serde::{Deserialize, Serialize};

/// By which paths the transports that are connected now go, as nodes said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Traffic {
    /// All that are connected. A participant who publishes has one for it, and one for each stream that he receives.
    pub transports: u64,
    /// Straight from clients to nodes by UDP.
    pub udp: u64,
    /// Straight from clients to nodes by TCP.
    pub tcp: u64,
    /// Through relays.
    pub relayed: u64,
    /// Nobody told of their path yet.
    pub unknown: u64,
    /// Relays of the cluster, and those that carry something, the busiest first.
    pub relays: Vec<RelayTraffic>,
}

/// What one relay carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RelayTraffic {
    /// Id of the node, `master`, the URL of a foreign one, or `elsewhere` for all that the cluster does not know.
    pub relay: String,
    /// Transports that go through it.
    pub transports: u64,
    /// What it forwards, both ways together, without TURN's framing; 0 for those that do not tell.
    pub bits_per_second: u64,
}

impl Traffic {
    /// Of what is known of a cluster.
    pub fn of(around: &Surroundings) -> Self {
        let paths = &around.traffic;
        let through = |id: &str| paths.relayed.get(id).copied().unwrap_or(0);
        let own = around.relays.iter().map(|relay| RelayTraffic {
            relay: relay.id.clone(),
            transports: through(&relay.id),
            bits_per_second: relay.bits_per_second,
        });
        let told = |id: &str| around.relays.iter().any(|it: &RelayFacts| it.id == id);
        let others = paths.relayed.iter().filter(|(id, _)| !told(id));
        let others = others.map(|(id, transports)| RelayTraffic {
            relay: id.clone(),
            transports: *transports,
            bits_per_second: 0,
        });
        let mut relays: Vec<RelayTraffic> = own.chain(others).collect();
        relays.sort_by(|one, other| {
            let busy = |it: &RelayTraffic| (it.transports, it.bits_per_second);
            busy(other)
                .cmp(&busy(one))
                .then(one.relay.cmp(&other.relay))
        });
        Self {
            transports: paths.known().saturating_add(paths.unknown),
            udp: paths.udp,
            tcp: paths.tcp,
            relayed: paths.through_relays(),
            unknown: paths.unknown,
            relays,
        }
    }
}
