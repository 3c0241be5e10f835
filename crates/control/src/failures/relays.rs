//! What the cluster's relays count, in the words of the diagnosis.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use diagnosis::{Count, RelayFacts};

use crate::control::Control;
use crate::node_settings::RelayCounters;

/// Id of the relay in the master, which is no node's: those have an underscore.
pub(super) const MASTER: &str = "master";
/// Relays that are told of; those of more nodes say nothing else.
const MOST: usize = 256;
/// Asks for credentials, which each client hears first.
const UNAUTHORIZED: u32 = 401;
/// Renews a nonce.
const STALE_NONCE: u32 = 438;

impl Control {
    /// Of the nodes and of the master, within the window. None while relays answer Binding requests only.
    pub(super) fn relay_facts(&self) -> Vec<RelayFacts> {
        let settings = self.node_settings();
        let Some(relay) = settings.and_then(|settings| settings.relay.as_ref()) else {
            return Vec::new();
        };
        let users = self.failures.tracked.len() as u64;
        let nodes = self.cluster.nodes().filter_map(|node| {
            let working = self.working(node.id())?;
            let counters = working.relay.as_ref()?;
            let addresses = node.addresses();
            Some(RelayFacts {
                id: node.id().as_str().to_owned(),
                advertised: addresses.stun_servers().collect(),
                own_addresses: own_addresses(addresses),
                bits_per_second: working.relay_pace.per_second().saturating_mul(8),
                ..facts(counters, working.relay_before.counted())
            })
        });
        let own = self.own_relay().map(|(counters, before, pace)| RelayFacts {
            id: MASTER.to_owned(),
            advertised: self.own_place().into_iter().collect(),
            bits_per_second: pace.saturating_mul(8),
            ..facts(counters, before)
        });
        let all = own.into_iter().chain(nodes).take(MOST);
        let told = all.map(|facts| RelayFacts {
            capacity: u64::from(relay.allocations),
            users,
            ..facts
        });
        told.collect()
    }

    /// Where clients are told that the master relays, if they are told an address.
    fn own_place(&self) -> Option<SocketAddr> {
        let own = &self.settings.relay.as_ref()?.own;
        let ip: IpAddr = own.host.trim_matches(['[', ']']).parse().ok()?;
        Some(SocketAddr::new(ip, own.port?))
    }
}

/// What a node's relay may tell as relayed addresses.
pub(super) fn own_addresses(addresses: &cluster::Addresses) -> Vec<IpAddr> {
    let local = addresses.entries.iter().filter_map(|entry| entry.local);
    let known = addresses.entries.iter().map(|entry| entry.ip);
    addresses
        .ips
        .iter()
        .copied()
        .chain(known)
        .chain(local)
        .collect()
}

/// Since `before` was counted.
fn facts(counters: &RelayCounters, before: Option<&RelayCounters>) -> RelayFacts {
    let requests = since(counters, before);
    let count = |name: &str| of(counters, name);
    let grown = |name: &str| grown(count(name), before.map_or(0, |before| of(before, name)));
    let turn = requests
        .iter()
        .filter(|((method, _), _)| *method != "binding");
    let refused = grown("signatures_forged") + grown("names_expired") + grown("names_malformed");
    let mut errors: BTreeMap<u16, u64> = BTreeMap::new();
    for ((_, code), count) in &requests {
        let usual = matches!(*code, 0 | UNAUTHORIZED | STALE_NONCE);
        if let (false, Ok(code)) = (usual, u16::try_from(*code)) {
            *errors.entry(code).or_default() += count;
        }
    }
    if refused > 0 {
        errors.insert(401, refused);
    }
    RelayFacts {
        requests: turn.map(|(_, count)| *count).sum(),
        allocations: requests.get(&("allocate", 0)).copied().unwrap_or(0),
        in_use: count("allocations"),
        errors,
        sent: grown("to_peers"),
        returned: grown("to_clients"),
        dropped: dropped(counters, before),
        ..RelayFacts::default()
    }
}

/// What came unasked, by source.
fn dropped(counters: &RelayCounters, before: Option<&RelayCounters>) -> Vec<Count> {
    let known = |ip| {
        before
            .and_then(|before| before.unasked_from.get(ip))
            .copied()
    };
    let counts = counters.unasked_from.iter().map(|(ip, count)| Count {
        address: *ip,
        count: grown(*count, known(ip).unwrap_or(0)),
    });
    counts.filter(|it| it.count > 0).collect()
}

/// Requests by method and code.
fn since<'a>(
    counters: &'a RelayCounters,
    before: Option<&RelayCounters>,
) -> BTreeMap<(&'a str, u32), u64> {
    let requests = counters.requests.iter();
    let grown = requests.map(|(method, code, count)| {
        let known = before.map(|before| before.requests.iter());
        let mut known = known.into_iter().flatten();
        let known = known.find(|(other, with, _)| other == method && with == code);
        let counted = known.map_or(0, |(_, _, count)| *count);
        ((method.as_str(), *code), grown(*count, counted))
    });
    grown.filter(|(_, count)| *count > 0).collect()
}

fn of(counters: &RelayCounters, name: &str) -> u64 {
    counters.counts.get(name).copied().unwrap_or(0)
}

/// One that has fallen counts from a new start.
fn grown(count: u64, before: u64) -> u64 {
    count.checked_sub(before).unwrap_or(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(refused: u64, full: u64, sent: u64) -> RelayCounters {
        RelayCounters {
            requests: vec![
                ("binding".into(), 0, 90),
                ("allocate".into(), 0, 5),
                ("allocate".into(), 401, 5 + refused),
                ("allocate".into(), 486, full),
                ("create_permission".into(), 403, 2),
            ],
            counts: [
                ("allocations", 3),
                ("signatures_forged", refused),
                ("to_peers", sent),
            ]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
            unasked_from: BTreeMap::new(),
        }
    }

    #[test]
    fn what_came_since_is_told_and_what_is_usual_is_no_error() {
        let told = facts(&counters(4, 6, 100), None);
        assert_eq!((told.requests, told.allocations, told.in_use), (22, 5, 3));
        assert_eq!(told.errors, BTreeMap::from([(401, 4), (403, 2), (486, 6)]));
        let told = facts(&counters(4, 7, 130), Some(&counters(4, 6, 100)));
        assert_eq!(told.errors, BTreeMap::from([(486, 1)]));
        assert_eq!((told.sent, told.in_use, told.allocations), (30, 3, 0));
        // Its process was started anew.
        let told = facts(&counters(1, 0, 7), Some(&counters(4, 6, 100)));
        assert_eq!((told.sent, told.errors.get(&401)), (7, Some(&1)));
    }
}
