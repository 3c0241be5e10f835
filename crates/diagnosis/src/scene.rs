//! What a rule looks at: one failed transport in its surroundings, or the surroundings alone.

use std::net::IpAddr;

use crate::evidence::{Evidence, Outcome};
use crate::host::Host;
use crate::relay::RelayFacts;
use crate::surroundings::Surroundings;

/// One failed transport in its surroundings, or the surroundings alone.
pub(crate) struct Scene<'a> {
    pub evidence: Option<&'a Evidence>,
    pub around: &'a Surroundings,
    pub ended: Option<Ended>,
    /// Hosts and relays that are looked past, because enough is known of them.
    pub passed: Vec<String>,
}

/// Where a transport that failed came to its end: each is the first thing that did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nobody has told.
    Unseen,
    /// The node told the client no candidate.
    Candidateless,
    /// The client's description never came to the node.
    Undescribed,
    /// No check came.
    Unheard,
    /// Checks came and none could be answered.
    Unauthenticated,
    /// Checks were answered and no pair was nominated.
    Unnominated,
    /// There was a pair; DTLS was not done.
    Unsecured,
    /// DTLS was done; SRTP did not work.
    Silent,
    /// All was well until consent was lost.
    Lost,
}

impl<'a> Scene<'a> {
    /// Of a transport; `None` if it did not fail.
    pub fn of(evidence: &'a Evidence, around: &'a Surroundings) -> Option<Self> {
        let failed = evidence.outcome == Outcome::Failed;
        failed.then(|| Self {
            evidence: Some(evidence),
            around,
            ended: Some(Ended::of(evidence)),
            passed: Vec::new(),
        })
    }

    /// Of the fleet alone.
    pub fn fleet(around: &'a Surroundings) -> Self {
        Self {
            evidence: None,
            around,
            ended: None,
            passed: Vec::new(),
        }
    }

    /// The transport came to one of these ends, or there is none to be explained.
    pub fn fits(&self, ends: &[Ended]) -> bool {
        self.ended.is_none_or(|ended| ends.contains(&ended))
    }

    /// The transport, if it came to one of these ends.
    pub fn failure(&self, ends: &[Ended]) -> Option<&'a Evidence> {
        let evidence = self.evidence?;
        self.ended
            .is_some_and(|ended| ends.contains(&ended))
            .then_some(evidence)
    }

    /// The node that carried the transport.
    pub fn node(&self) -> Option<&'a Host> {
        self.around.host(&self.evidence?.node)
    }

    fn is_passed(&self, id: &str) -> bool {
        self.passed.iter().any(|passed| passed == id)
    }

    /// Hosts that the transport had to do with; all when there is none.
    pub fn hosts(&self) -> impl Iterator<Item = &'a Host> + '_ {
        let around = self.around;
        let concerned = self.evidence.map(|evidence| {
            let mut ids: Vec<&str> = evidence.ways().map(|used| used.relay.as_str()).collect();
            ids.push(&evidence.node);
            ids.extend(around.master().map(|master| master.id.as_str()));
            ids
        });
        let hosts = around.hosts.iter();
        hosts.filter(move |host| {
            let ids = concerned.as_ref();
            ids.is_none_or(|ids| ids.contains(&host.id.as_str())) && !self.is_passed(&host.id)
        })
    }

    /// Nodes among [`Scene::hosts`].
    pub fn nodes(&self) -> impl Iterator<Item = &'a Host> + '_ {
        self.hosts()
            .filter(|host| host.role == crate::host::Role::Node)
    }

    /// Relays that the transport leads through, or all when it leads through none.
    pub fn relays(&self) -> impl Iterator<Item = &'a RelayFacts> + '_ {
        let ways = self.evidence.into_iter().flat_map(Evidence::ways);
        let used: Vec<&str> = ways.map(|used| used.relay.as_str()).collect();
        self.around.relays.iter().filter(move |relay| {
            let id = relay.id.as_str();
            (used.is_empty() || used.contains(&id)) && !self.is_passed(id)
        })
    }

    /// The host that a relay runs on.
    pub fn host_of(&self, relay: &str) -> Option<&'a Host> {
        self.around.host(relay)
    }

    /// The node that has this address now, or is seen by it from outside.
    pub fn node_at(&self, ip: IpAddr) -> Option<&'a Host> {
        self.around.nodes().find(|node| node.is_at(ip))
    }
}

impl Ended {
    fn of(evidence: &Evidence) -> Self {
        if evidence.unseen {
            return Self::Unseen;
        }
        let times = &evidence.times;
        if times.dtls_done.is_some() {
            let lost = evidence.consent_losses > 0 || times.consent_lost.is_some();
            return if lost { Self::Lost } else { Self::Silent };
        }
        if evidence.is_nominated() {
            return Self::Unsecured;
        }
        if evidence.answered() > 0 {
            return Self::Unnominated;
        }
        // Who has not been described cannot be answered.
        let undescribed = times.described.is_none() && times.created.is_some();
        if evidence.checks() > 0 && !undescribed {
            return Self::Unauthenticated;
        }
        if evidence.local.is_empty() && times.created.is_some() {
            return Self::Candidateless;
        }
        if undescribed {
            return Self::Undescribed;
        }
        Self::Unheard
    }

    /// As a sentence would have it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unseen => "nobody has told how far it had come",
            Self::Candidateless => "the node told the client no candidate",
            Self::Undescribed => "the client's description never came to the node",
            Self::Unheard => "no check of the client came to the node",
            Self::Unauthenticated => "the client's checks could not be answered",
            Self::Unnominated => "the client's checks were answered and no pair was nominated",
            Self::Unsecured => "ICE had a pair and DTLS was not done",
            Self::Silent => "DTLS was done and SRTP did not work",
            Self::Lost => "it was connected and lost consent",
        }
    }
}

impl Host {
    /// Its machine has this address, or others see it there.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        use crate::host::AddressSource::{Configuration, Remembered};
        let mut known = self.addresses.iter();
        known.any(|it| it.ip == Some(ip) && !matches!(it.source, Configuration | Remembered))
            || self.seen_from_outside.contains(&ip)
    }

    /// It has this address now, or is seen by it from outside.
    pub(crate) fn is_at(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|address| {
            address.ip == Some(ip) && address.source != crate::host::AddressSource::Remembered
        }) || self.seen_from_outside.contains(&ip)
            || self.advertised.contains(&ip)
    }
}
