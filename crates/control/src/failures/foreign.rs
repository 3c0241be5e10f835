//! Relays that are not the cluster's own: who came through them, and who is told of them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cluster::State;
use diagnosis::{CandidateType, Evidence, MOST_RELAYS, RelayFacts, RelayUse};

use crate::control::Control;

/// Nodes that are asked whether their clients are told of a relay.
const MOST_ASKED: usize = 16;

impl Control {
    /// Notes through which of them a transport came. They tell nothing of it themselves.
    pub(super) fn attribute(&self, evidence: &mut Evidence) {
        let known = &self.failures.known.relays;
        let path = evidence.path().map_or("", |path| path.relay.as_str());
        let through = known.iter().find(|relay| match path {
            "" => came_through(evidence, relay),
            id => relay.id == id,
        });
        let Some(relay) = through.map(|relay| relay.id.clone()) else {
            return;
        };
        if let Some(path) = evidence.path_mut() {
            path.relay.clone_from(&relay);
        }
        if !evidence.relays.iter().any(|used| used.relay == relay) {
            let relays = &mut evidence.relays;
            relays.truncate(MOST_RELAYS - 1);
            relays.push(RelayUse {
                relay,
                ..RelayUse::default()
            });
        }
    }

    /// Adds what the shell, which tries them, does not know.
    pub(super) fn tell_of_foreign(&self, since: u64, relays: &mut [RelayFacts]) {
        if relays.is_empty() {
            return;
        }
        let sessions = self.conference.sessions();
        let clients: usize = sessions.map(|session| session.participants().count()).sum();
        let serving = self
            .cluster
            .nodes()
            .filter(|it| it.state() == State::Serving);
        let told = serving
            .take(MOST_ASKED)
            .flat_map(|node| self.usable(node.id(), self.configured()));
        let told: BTreeSet<String> = told.map(|server| server.url).collect();
        for relay in relays {
            let cases = self.failures.window.cases();
            let through = cases.filter(|case| case.at >= since && case.relay == relay.id);
            let through: BTreeSet<&str> = through.map(|case| case.connection.as_str()).collect();
            relay.through = through.len() as u64;
            relay.clients = clients as u64;
            relay.withheld = !told.is_empty() && !told.contains(&relay.id);
        }
    }
}

/// The pair that it used last leads to the relay: as the node sees it, or behind the relay's translation, which keeps ports.
fn came_through(evidence: &Evidence, relay: &RelayFacts) -> bool {
    let Some(remote) = evidence.path().and_then(|path| path.remote) else {
        return false;
    };
    let told = |ip: &IpAddr| {
        let mut advertised = relay.advertised.iter();
        relay.own_addresses.contains(ip) || advertised.any(|at| at.ip() == *ip)
    };
    let mut relayed = evidence.remote.iter().filter(|it| {
        it.kind == CandidateType::Relayed
            && it.port == remote.port()
            && it.ip.as_ref().is_some_and(told)
    });
    told(&remote.ip()) || relayed.next().is_some()
}

#[cfg(test)]
mod tests {
    use diagnosis::{Candidate, Pair, Protocol};

    use super::*;

    #[test]
    fn a_transport_came_through_the_relay_whose_address_its_pair_or_its_candidate_has() {
        let relay = RelayFacts {
            own_addresses: vec![[203, 0, 113, 30].into()],
            ..RelayFacts::default()
        };
        let evidence = |at: &str, candidate: u16| Evidence {
            pairs: vec![Pair {
                remote: at.parse().ok(),
                protocol: Protocol::Udp,
                nominated: true,
                ..Pair::default()
            }],
            remote: vec![Candidate {
                kind: CandidateType::Relayed,
                ip: Some([203, 0, 113, 30].into()),
                port: candidate,
                ..Candidate::default()
            }],
            ..Evidence::default()
        };
        assert!(came_through(&evidence("203.0.113.30:50001", 1), &relay));
        assert!(came_through(&evidence("10.20.0.30:50001", 50001), &relay));
        assert!(!came_through(&evidence("10.20.0.30:50001", 50002), &relay));
    }
}
