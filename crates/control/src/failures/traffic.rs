//! By which paths media goes: straight, or through which relay.

use std::net::{IpAddr, SocketAddr};

use conference::TransportId;
use diagnosis::{CandidateType, Evidence, Protocol, STRANGE_RELAY, Traffic};

use crate::control::Control;

use super::relays::{MASTER, own_addresses};

/// Transports that are asked at once by which path they go.
const MOST_ASKED: usize = 32;
/// Browsers change paths without a word; so old may be what is known, milliseconds.
const OLD_MS: u64 = 60_000;
/// Nodes tell by themselves soon after a transport is connected, milliseconds.
const SOON_MS: u64 = 5_000;

/// By which path a transport goes, as its node said last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way {
    pub protocol: Protocol,
    /// Empty: straight.
    pub relay: String,
    /// When it was said.
    told: u64,
}

impl Control {
    /// By which paths the transports that are connected now go.
    pub fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        for tracked in self.failures.tracked.values() {
            if !tracked.is_connected() {
                continue;
            }
            match &tracked.way {
                Some(way) if !way.relay.is_empty() => {
                    let count = traffic.relayed.entry(way.relay.clone());
                    *count.or_default() += 1;
                }
                Some(way) => match way.protocol {
                    Protocol::Tcp | Protocol::Tls => traffic.tcp += 1,
                    Protocol::Udp | Protocol::Unknown => traffic.udp += 1,
                },
                None => traffic.unknown += 1,
            }
        }
        traffic
    }

    /// Adds what relays of the cluster saw of the same client, and says of each pair which relay it leads through: the
    /// client had told an address of it as a relayed candidate. To a node it is a peer like any other.
    pub fn tell_relays(&self, evidence: &mut Evidence) {
        evidence.relays = self.visits_of(evidence);
        let relayed = evidence.remote.iter();
        let relayed = relayed.filter(|it| it.kind == CandidateType::Relayed);
        let told: Vec<SocketAddr> = relayed
            .filter_map(|it| Some(SocketAddr::new(it.ip?, it.port)))
            .collect();
        let owners: Vec<Option<String>> = told.iter().map(|it| self.relay_at(it.ip())).collect();
        let client = evidence.client.address;
        for pair in &mut evidence.pairs {
            let Some(remote) = pair.remote.filter(|_| pair.protocol == Protocol::Udp) else {
                continue;
            };
            if told.contains(&remote) {
                let owner = self.relay_at(remote.ip());
                pair.relay = owner.unwrap_or_else(|| STRANGE_RELAY.to_owned());
                continue;
            }
            // A relay that the node sees by another address than the client does.
            let other = (client != Some(remote.ip())).then(|| self.relay_at(remote.ip()));
            let other = other.flatten().map(Some);
            pair.relay = other
                .filter(|owner| owners.contains(owner))
                .flatten()
                .unwrap_or_default();
        }
    }

    /// Whose relay is at an address.
    fn relay_at(&self, ip: IpAddr) -> Option<String> {
        let nodes = self.cluster.nodes();
        let mut nodes = nodes.filter(|node| own_addresses(node.addresses()).contains(&ip));
        if let Some(node) = nodes.next() {
            return Some(node.id().as_str().to_owned());
        }
        let known = &self.failures.known;
        let master = known.host(MASTER).is_some_and(|master| {
            let own = master.addresses.iter();
            let own = own.flat_map(|it| [it.ip, it.local]).flatten();
            own.chain(master.seen_from_outside.iter().copied())
                .chain(master.advertised.iter().copied())
                .any(|it| it == ip)
        });
        if master {
            return Some(MASTER.to_owned());
        }
        let mut foreign = known.relays.iter();
        let foreign = foreign.find(|relay| {
            let advertised = relay.advertised.iter().map(SocketAddr::ip);
            advertised
                .chain(relay.own_addresses.iter().copied())
                .any(|it| it == ip)
        });
        foreign.map(|relay| relay.id.clone())
    }

    /// A node has told of a transport.
    pub(super) fn learn_way(&mut self, evidence: &Evidence) {
        let transport = TransportId::new(evidence.transport.as_str());
        let told = self.now.timestamp.0;
        let tracked = self.failures.tracked.get_mut(&transport);
        if let (Some(tracked), Some(path)) = (tracked, evidence.path()) {
            tracked.way = Some(Way {
                protocol: path.protocol,
                relay: path.relay.clone(),
                told,
            });
        }
    }

    /// Asks for what is not known, or old.
    pub(super) fn ask_for_ways(&mut self) {
        let now = self.now.timestamp.0;
        let due = |id: &TransportId| {
            let tracked = self.failures.tracked.get(id)?;
            let asked = match &tracked.way {
                Some(way) => way.told.saturating_add(OLD_MS),
                None => tracked.connected_at()?.saturating_add(SOON_MS),
            };
            (tracked.is_connected() && asked <= now).then_some(asked)
        };
        let tracked = self.failures.tracked.keys();
        let mut asked: Vec<(u64, TransportId)> = tracked
            .filter_map(|id| Some((due(id)?, id.clone())))
            .collect();
        asked.sort_unstable();
        for (_, transport) in asked.into_iter().take(MOST_ASKED) {
            self.ask_for_evidence(&transport);
        }
    }
}
