//! How everything is.

use std::net::IpAddr;

use cluster::{Cluster, MediaNodeStatus, Moment, Node, Source, State};
use serde::{Deserialize, Serialize};

use crate::node::AddressEntry;
use crate::traffic::Traffic;

/// Whether there is something to do for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// All is well.
    Up,
    /// Sessions are served, and something is not as it should be.
    Unstable,
    /// No node takes a session though one should.
    Down,
}

/// How everything is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Status {
    /// Of Muster.
    pub version: String,
    /// Of OpenVidu, as told to applications that ask.
    pub compatible_version: String,
    pub cluster_id: String,
    pub health: Health,
    /// Sentences, each one thing that is not as it should be.
    pub problems: Vec<String>,
    /// Causes for which pictures would be missing, as the diagnosis is sure of them: code and proof. How to end them says
    /// `GET /muster/api/v1/diagnosis`.
    pub findings: Vec<String>,
    pub nodes: NodeCounts,
    pub sessions: usize,
    pub participants: usize,
    #[serde(default)]
    pub traffic: Traffic,
    pub wanted: Wanted,
    pub master: MasterAddresses,
    /// `None`: webhooks are off.
    pub webhooks: Option<Webhooks>,
}

/// By which addresses the master's machine is reached, whatever clients are told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MasterAddresses {
    /// As far as can be found out, the best first.
    pub addresses: Vec<IpAddr>,
    /// Grows with each change of `addresses` within a boot.
    pub addresses_version: u64,
    /// All that is known of them.
    pub address_entries: Vec<AddressEntry>,
    /// What is odd about them. A sentence each.
    pub address_remarks: Vec<String>,
}

/// How many nodes are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NodeCounts {
    pub known: usize,
    pub serving: usize,
    /// Launching, joining or probing.
    pub coming: usize,
    pub suspect: usize,
    /// Draining, terminating or canceled.
    pub going: usize,
    pub failed: usize,
}

/// How many nodes there should be, and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// `None`: any number.
    pub minimum: Option<u32>,
    #[allow(missing_docs)]
    pub maximum: Option<u32>,
    /// `nobody`, `count`, `autoscaling`, `schedule` or `operator`.
    pub source: String,
    /// Name of the schedule's entry.
    pub entry: Option<String>,
    /// Within the bounds the load decides.
    pub autoscaling: bool,
}

/// Want so many nodes until the schedule's next transition; for good where there is no schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedRequest {
    #[allow(missing_docs)]
    pub nodes: u32,
}

/// How webhooks get on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhooks {
    /// Not taken by the endpoint yet.
    pub waiting: usize,
    /// Taken, since the start of the master, like the rest.
    pub delivered: u64,
    /// Answered with a status that says that saying it again is of no use.
    pub refused: u64,
    /// Given up because too many waited.
    pub dropped: u64,
    /// In a row, of the oldest that waits.
    pub failures: u32,
}

impl NodeCounts {
    /// Of a cluster.
    pub fn of(cluster: &Cluster) -> Self {
        let mut counts = Self::default();
        for node in cluster.nodes() {
            counts.known += 1;
            let kind = match node.state() {
                State::Serving => &mut counts.serving,
                State::Launching | State::Joining | State::Probing => &mut counts.coming,
                State::Suspect => &mut counts.suspect,
                State::WaitingIdle | State::Terminating | State::Canceled => &mut counts.going,
                State::Failed => &mut counts.failed,
            };
            *kind += 1;
        }
        counts
    }
}

impl Wanted {
    /// Of a cluster.
    pub fn of(cluster: &Cluster, now: Moment) -> Self {
        let wanted = cluster.wanted(now);
        let (source, entry) = match wanted.source {
            Source::Nobody => ("nobody", None),
            Source::Count => ("count", None),
            Source::Autoscaling => ("autoscaling", None),
            Source::Schedule(transition) => ("schedule", Some(transition.entry)),
            Source::Operator => ("operator", None),
        };
        Self {
            minimum: wanted.bounds.map(|bounds| bounds.minimum),
            maximum: wanted.bounds.map(|bounds| bounds.maximum),
            source: source.to_owned(),
            entry,
            autoscaling: wanted.autoscaling.is_some(),
        }
    }
}

/// Sentences about what is not as it should be, and what they come to. A night on which no nodes are wanted is well.
pub(crate) fn judge(cluster: &Cluster, now: Moment) -> (Health, Vec<String>) {
    let counts = NodeCounts::of(cluster);
    let wanted = cluster.wanted(now).bounds;
    let asleep = wanted.is_some_and(|bounds| bounds.maximum == 0);
    let mut problems = Vec::new();
    if counts.serving == 0 && !asleep {
        problems.push("no media node takes sessions".to_owned());
    }
    let troubled = cluster.nodes().filter(|node| match node.state() {
        State::Suspect | State::Failed => true,
        State::Joining | State::Probing => node.status() == MediaNodeStatus::Running || !asleep,
        _ => false,
    });
    let (unreached, others): (Vec<&Node>, Vec<&Node>) =
        troubled.partition(|node| node.state() == State::Probing && !node.is_untried());
    problems.extend(unreached_by_clients(cluster, now, &unreached));
    for node in others {
        let why = cluster.why(now, node.id());
        problems.extend(why.map(|why| why.sentence));
    }
    if let Some(bounds) = wanted {
        let there = cluster.observed().count();
        if there < bounds.minimum {
            problems.push(format!(
                "{there} nodes are there or coming, {} are wanted",
                bounds.minimum
            ));
        }
    }
    let health = match (counts.serving, problems.is_empty()) {
        (_, true) => Health::Up,
        (0, false) if !asleep => Health::Down,
        _ => Health::Unstable,
    };
    (health, problems)
}

/// One sentence for all nodes whose probes fail: of the first why, as far as its first path goes.
fn unreached_by_clients(cluster: &Cluster, now: Moment, nodes: &[&Node]) -> Option<String> {
    let first = nodes.first()?;
    let why = cluster.why(now, first.id())?.sentence;
    let (why, more) = match why.split_once("; ") {
        Some((why, _)) => (why, " and so on"),
        None => (why.as_str(), ""),
    };
    let others = match nodes.len() {
        1 => String::new(),
        2 => format!(", nor can {}", nodes[1].id()),
        many => format!(", nor can {} others", many - 1),
    };
    let id = first.id();
    Some(format!(
        "{why}{more}{others} (`muster nodes why {id}` says all that is known)"
    ))
}

impl Status {
    /// The cluster's part; sessions, addresses and webhooks are for the caller to fill in.
    pub fn of(cluster: &Cluster, now: Moment) -> Self {
        let (health, problems) = judge(cluster, now);
        Self {
            version: String::new(),
            compatible_version: String::new(),
            cluster_id: String::new(),
            health,
            problems,
            findings: Vec::new(),
            nodes: NodeCounts::of(cluster),
            sessions: 0,
            participants: 0,
            traffic: Traffic::default(),
            wanted: Wanted::of(cluster, now),
            master: MasterAddresses::default(),
            webhooks: None,
        }
    }

    /// Adds something that is not as it should be.
    pub fn trouble(&mut self, sentence: String) {
        self.problems.push(sentence);
        self.is_not_well();
    }

    /// Says more of a problem that is among them, or adds it.
    pub fn explain(&mut self, problem: Option<&str>, more: &str) {
        let known = |it: &&mut String| problem.is_some_and(|problem| *it == problem);
        match (self.problems.iter_mut().find(known), problem) {
            (Some(known), _) => *known = format!("{known}: {more}"),
            (None, Some(problem)) => self.trouble(format!("{problem}: {more}")),
            (None, None) => self.trouble(more.to_owned()),
        }
    }

    /// Adds what the diagnosis found.
    pub fn find(&mut self, sentence: String) {
        self.findings.push(sentence);
        self.is_not_well();
    }

    fn is_not_well(&mut self) {
        if self.health == Health::Up {
            self.health = Health::Unstable;
        }
    }
}
