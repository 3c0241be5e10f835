//! What relays of the cluster tell of single clients.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use cluster::AttachmentId;
use diagnosis::{Evidence, MOST_RELAYS, Protocol, RelayUse};

use crate::control::Control;

/// Clients remembered; the oldest go.
const MOST: usize = 4096;
/// Addresses of peers that are kept of one.
const MOST_PEERS: usize = 16;

/// Something that happened to a client at a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Where the client comes from.
    pub client: SocketAddr,
    #[allow(missing_docs)]
    pub protocol: Protocol,
    /// Of its user name (`openvidu::ice::label`); empty where none was proven.
    pub label: String,
    #[allow(missing_docs)]
    pub what: Visited,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visited {
    /// It has an allocation, and was told this address of it.
    Allocated(SocketAddr),
    /// It may exchange data with this address.
    Permitted(IpAddr),
    /// It was refused with this STUN error code; because of that peer, if there is one.
    Refused(u16, Option<IpAddr>),
    /// Its allocation is gone.
    Ended {
        /// Datagrams to peers.
        sent: u64,
        /// Datagrams from peers.
        returned: u64,
    },
}

/// Who proved no name is known by his address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Guest {
    Label(String),
    At(IpAddr),
}

/// By client, what each relay saw of it, the latest last.
#[derive(Debug, Default)]
pub(super) struct Visits {
    guests: BTreeMap<Guest, Vec<RelayUse>>,
    order: VecDeque<Guest>,
}

impl Visits {
    fn take(&mut self, relay: &str, visit: Visit) {
        let guest = match visit.label.as_str() {
            "" => Guest::At(visit.client.ip()),
            label => Guest::Label(label.to_owned()),
        };
        if !self.guests.contains_key(&guest) {
            self.order.push_back(guest.clone());
            if self.order.len() > MOST {
                let oldest = self.order.pop_front();
                oldest.and_then(|oldest| self.guests.remove(&oldest));
            }
        }
        let uses = self.guests.entry(guest).or_default();
        let known = uses.iter().position(|used| used.relay == relay);
        let used = known.map(|at| uses.remove(at));
        let mut used = used.unwrap_or_else(|| RelayUse {
            relay: relay.to_owned(),
            ..RelayUse::default()
        });
        note(&mut used, visit);
        if uses.len() == MOST_RELAYS {
            uses.remove(0);
        }
        uses.push(used);
    }

    /// Of a client with this label, who comes from there.
    fn of(&self, label: &str, client: Option<IpAddr>) -> Vec<RelayUse> {
        let by_label = self.guests.get(&Guest::Label(label.to_owned()));
        let mut uses = by_label.cloned().unwrap_or_default();
        let unnamed = client.and_then(|ip| self.guests.get(&Guest::At(ip)));
        for other in unnamed.into_iter().flatten() {
            match uses.iter_mut().find(|used| used.relay == other.relay) {
                Some(used) => add(&mut used.errors, &other.errors),
                None => uses.insert(0, other.clone()),
            }
        }
        let more = uses.len().saturating_sub(MOST_RELAYS);
        uses.split_off(more)
    }
}

fn add(to: &mut BTreeMap<u16, u64>, errors: &BTreeMap<u16, u64>) {
    for (code, count) in errors {
        let known = to.entry(*code).or_default();
        *known = known.saturating_add(*count);
    }
}

fn note(used: &mut RelayUse, visit: Visit) {
    used.client = Some(visit.client);
    used.protocol = visit.protocol;
    match visit.what {
        Visited::Allocated(relayed) => {
            used.allocations = used.allocations.saturating_add(1);
            used.relayed = Some(relayed);
        }
        Visited::Permitted(_) => used.permissions = used.permissions.saturating_add(1),
        Visited::Refused(code, peer) => {
            add(&mut used.errors, &BTreeMap::from([(code, 1)]));
            let denied = &mut used.denied_peers;
            let new = peer.filter(|ip| !denied.contains(ip) && denied.len() < MOST_PEERS);
            denied.extend(new);
        }
        Visited::Ended { sent, returned } => {
            used.sent = used.sent.saturating_add(sent);
            used.returned = used.returned.saturating_add(returned);
        }
    }
}

impl Control {
    /// A node's relay tells what happened to its clients.
    pub(crate) fn visited(&mut self, attachment: AttachmentId, visits: Vec<Visit>) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let relay = node.id().as_str().to_owned();
        for visit in visits {
            self.failures.visits.take(&relay, visit);
        }
    }

    /// The master's relay tells the same.
    pub(crate) fn visited_here(&mut self, visits: Vec<Visit>) {
        for visit in visits {
            self.failures.visits.take(super::relays::MASTER, visit);
        }
    }

    /// What relays saw of the client of a transport.
    pub(super) fn visits_of(&self, evidence: &Evidence) -> Vec<RelayUse> {
        let label = openvidu::ice::label(&evidence.connection);
        let client = evidence.client.address;
        self.failures.visits.of(&label, client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(label: &str, what: Visited) -> Visit {
        Visit {
            client: "198.51.100.7:5000".parse().expect("an address"),
            protocol: Protocol::Udp,
            label: label.to_owned(),
            what,
        }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn what_each_relay_did_is_kept_by_client_and_the_latest_comes_last() {
        let mut visits = Visits::default();
        let relayed = at("10.0.0.1:50000");
        let peer = at("10.0.0.9:1").ip();
        visits.take("master", visit("ann", Visited::Allocated(relayed)));
        visits.take("media_1", visit("ann", Visited::Refused(403, Some(peer))));
        visits.take("master", visit("ann", Visited::Permitted(peer)));
        visits.take("master", visit("", Visited::Refused(401, None)));
        visits.take("master", visit("bob", Visited::Allocated(relayed)));
        let seen = visits.of("ann", Some(at("198.51.100.7:1").ip()));
        let [first, last] = &seen[..] else {
            panic!("{seen:?}");
        };
        assert_eq!(
            (first.relay.as_str(), &first.denied_peers[..]),
            ("media_1", &[peer][..])
        );
        assert_eq!(
            (last.allocations, last.permissions, last.relayed),
            (1, 1, Some(relayed))
        );
        assert_eq!(last.errors, BTreeMap::from([(401, 1)]));
        // Somebody else at another address.
        assert!(visits.of("cyd", None).is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let mut visits = Visits::default();
        for number in 0..MOST + 10 {
            for relay in 0..10 {
                let what = Visited::Refused(486, None);
                visits.take(&relay.to_string(), visit(&number.to_string(), what));
            }
        }
        assert_eq!((visits.guests.len(), visits.order.len()), (MOST, MOST));
        assert!(visits.of("0", None).is_empty());
        assert_eq!(visits.of("20", None).len(), MOST_RELAYS);
    }
}
