//! Paths that let no media through, put together: one sentence for what has one cause, however many nodes it concerns and
//! however many looked.

use std::collections::{BTreeMap, BTreeSet};

use api::{NodeReach, PathReach, Way};
use reachability::Failed;

use super::words::list;

/// A path that fails, of one node as one of the others sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failing<'a> {
    pub node: &'a NodeReach,
    pub path: &'a PathReach,
}

/// By what it is told apart from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// To the nodes' own media ports.
    Straight {
        #[allow(missing_docs)]
        protocol: String,
    },
    /// Through one relay.
    Relay {
        /// As in [`Way::relay`].
        relay: String,
        #[allow(missing_docs)]
        at: String,
        #[allow(missing_docs)]
        protocol: String,
    },
}

/// Failing paths of one kind.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub kind: Kind,
    pub paths: Vec<Failing<'a>>,
}

/// All paths that fail. One that answers again, and is watched until it holds, needs nobody.
pub(super) fn failing(nodes: &[NodeReach]) -> impl Iterator<Item = Failing<'_>> {
    nodes.iter().flat_map(|node| {
        let lost = node.paths.iter().filter(|path| !path.ok);
        lost.map(move |path| Failing { node, path })
    })
}

/// One group of each kind, straight ones first. Relays towards nodes whose media ports no UDP reaches are in the group of
/// these: relays send there.
pub(super) fn groups<'a>(failing: &[Failing<'a>]) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<Kind, Vec<Failing<'a>>> = BTreeMap::new();
    for it in failing {
        groups.entry(Kind::of(&it.path.path)).or_default().push(*it);
    }
    let udp = Kind::Straight {
        protocol: "udp".to_owned(),
    };
    let deaf: BTreeSet<&str> = groups.get(&udp).into_iter().flatten().map(name).collect();
    let (dependent, mut apart): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .map(|(kind, paths)| Group { kind, paths })
        .partition(|group| {
            let relayed = matches!(group.kind, Kind::Relay { .. });
            relayed && group.paths.iter().all(|it| deaf.contains(name(it)))
        });
    if let Some(first) = apart.iter_mut().find(|group| group.kind == udp) {
        first
            .paths
            .extend(dependent.into_iter().flat_map(|group| group.paths));
    }
    apart
}

fn name<'a>(failing: &Failing<'a>) -> &'a str {
    failing.node.id.as_str()
}

impl Kind {
    fn of(way: &Way) -> Self {
        let protocol = way.protocol.clone();
        match &way.relay {
            Some(relay) => Self::Relay {
                relay: relay.clone(),
                at: way.at.clone().unwrap_or_default(),
                protocol,
            },
            None => Self::Straight { protocol },
        }
    }

    fn is_of(&self, failing: &Failing<'_>) -> bool {
        *self == Self::of(&failing.path.path)
    }

    /// `UDP`, or the relay.
    pub fn words(&self) -> String {
        match self {
            Self::Straight { protocol } => protocol.to_uppercase(),
            Self::Relay {
                relay,
                at,
                protocol,
            } => {
                let url = url(at, protocol);
                match relay.as_str() {
                    "external" => format!("relay {url}"),
                    "master" => format!("relay of the master, {url}"),
                    node => format!("relay of {node}, {url}"),
                }
            }
        }
    }
}

/// RFC 7065.
pub(super) fn url(at: &str, protocol: &str) -> String {
    match protocol {
        "tls" => format!("turns:{at}"),
        "tcp" => format!("turn:{at}?transport=tcp"),
        _ => format!("turn:{at}"),
    }
}

impl<'a> Group<'a> {
    /// The nodes concerned, each once.
    pub fn nodes(&self) -> BTreeSet<&'a str> {
        self.paths.iter().map(name).collect()
    }

    /// None of them is reached by anything.
    pub fn is_all(&self) -> bool {
        let mut nodes = self.paths.iter().map(|it| it.node);
        nodes.all(|node| node.verdict == "unusable")
    }

    /// What fails, for whom, as seen by whom, and why.
    pub fn seen(&self) -> String {
        let own = || self.paths.iter().filter(|it| self.kind.is_of(it));
        let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for it in own() {
            let ip = it.path.path.address.map(|ip| ip.to_string());
            places.entry(name(it)).or_default().extend(ip);
        }
        let places = places.into_iter().map(|(node, ips)| match ips.is_empty() {
            true => node.to_owned(),
            false => format!(
                "{node} ({})",
                ips.into_iter().collect::<Vec<_>>().join(", ")
            ),
        });
        let lead = match self.kind {
            Kind::Straight { .. } => "fails to",
            Kind::Relay { .. } => "lets nothing through to",
        };
        let relays: BTreeSet<String> = self
            .paths
            .iter()
            .filter(|it| !self.kind.is_of(it))
            .map(|it| Kind::of(&it.path.path).words())
            .collect();
        let relays = match relays.len() {
            0 => String::new(),
            1 => "; nor does a relay get there, as relays send by UDP".to_owned(),
            many => format!("; nor do {many} relays get there, as relays send by UDP"),
        };
        format!(
            "{lead} {}, as seen by {}: {}{relays}",
            list(places),
            list(self.from()),
            most_frequent(own().map(|it| reason(it.path))),
        )
    }

    /// Answers come from another address than was asked.
    pub fn is_astray(&self) -> bool {
        let mut own = self.paths.iter().filter(|it| self.kind.is_of(it));
        own.any(|it| reason(it.path).contains(Failed::ASTRAY))
    }

    fn from(&self) -> BTreeSet<&'a str> {
        let from = self.paths.iter().filter(|it| self.kind.is_of(it));
        from.map(|it| it.path.from.as_str()).collect()
    }

    /// What clients are told of these paths meanwhile.
    pub fn told(&self) -> &'static str {
        let withheld = |it: &Failing<'_>| it.node.withheld.contains(&it.path.path);
        let others = |it: &Failing<'_>| {
            let mut paths = it.node.paths.iter();
            paths.any(|other| other.path == it.path.path && other.good && other.ok)
        };
        let count = self.paths.len();
        match self.paths.iter().filter(|it| withheld(it)).count() {
            all if all == count => "clients are not told of it meanwhile",
            0 if self.paths.iter().all(others) => {
                "clients are told of it still, because others get through"
            }
            0 if self.is_all() => "nothing is placed there until something gets through",
            0 => "clients are told of it still, as there is no other",
            _ => "clients are not told of it where others have better",
        }
    }
}

fn reason(path: &PathReach) -> &str {
    let reason = path.reason.as_deref();
    reason.unwrap_or("it is not said why")
}

fn most_frequent<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    most.map_or_else(String::new, |(reason, _)| (*reason).to_owned())
}
