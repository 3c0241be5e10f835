//! Who reaches which node by which path.

use std::net::IpAddr;

use cluster::{Cluster, Moment};
use reachability::{Matrix, Party, Path, Relayer, Row, Standing, Verdict};
use serde::{Deserialize, Serialize};

/// The matrix: from whom, to whom, by which path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reachability {
    /// Whether clients can be served: a node is there, and none is without a way.
    pub ready: bool,
    #[allow(missing_docs)]
    pub nodes: Vec<NodeReach>,
}

/// The ways that lead to one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct NodeReach {
    pub id: String,
    /// Of the node, as in [`Node`](crate::Node).
    pub state: String,
    /// The process that was looked at. `None`: nobody has looked.
    pub boot: Option<String>,
    /// Of its addresses, when they were looked at.
    pub addresses_version: Option<u64>,
    /// `unknown`, `serves` (by all of its paths), `partly` or `unusable`.
    pub verdict: String,
    pub sentence: String,
    /// Each a fact that the verdict follows from.
    pub evidence: Vec<String>,
    /// Clients are not told of these.
    pub withheld: Vec<Way>,
    pub paths: Vec<PathReach>,
}

/// Everybody looks at every node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookingNow {
    /// Since it began; more than nothing if it was asked for a moment before. `None`: nodes are not probed
    /// (`cluster.probe`).
    pub ago_ms: Option<u64>,
}

/// A path to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Way {
    /// The node's, if it is reached straight.
    pub address: Option<IpAddr>,
    /// Who relays, if somebody does: the id of a node, `master`, or `external` for one that is configured.
    pub relay: Option<String>,
    /// Where the relay is: `HOST:PORT`.
    pub at: Option<String>,
    /// `udp`, `tcp` or `tls`.
    pub protocol: String,
}

/// How one of those who looked gets through by one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PathReach {
    /// The id of a node, or `master`.
    pub from: String,
    pub path: Way,
    /// It may be used, by the word of whoever looked: `false` only after several failures, `true` again after several
    /// successes.
    pub good: bool,
    /// How it went the last time.
    pub ok: bool,
    /// Whether media was sent then, and not STUN alone.
    pub call: bool,
    /// `None` when it failed.
    pub round_trip_ms: Option<f64>,
    /// Packets that were to come back.
    pub sent: u32,
    /// Of these, those that did not.
    pub lost: u32,
    /// Where it failed: `route`, `send`, `refused`, `echo`, `relay`, `publish`, `description`, `ice`, `dtls` or `srtp`.
    pub stage: Option<String>,
    /// What happened then, and what it may come from.
    pub reason: Option<String>,
    /// Since it was last looked at.
    pub age_ms: u64,
    /// Since it became good, or ceased to be.
    pub since_ms: u64,
}

impl Reachability {
    /// Of all nodes.
    pub fn of(cluster: &Cluster, matrix: &Matrix, now: Moment) -> Self {
        let nodes: Vec<NodeReach> = cluster
            .nodes()
            .map(|node| NodeReach::of(matrix, now, node))
            .collect();
        let used = |node: &&NodeReach| node.verdict != Verdict::Unknown.as_str();
        let unusable = nodes
            .iter()
            .any(|node| node.verdict == Verdict::Unusable.as_str());
        Self {
            ready: nodes.iter().any(|node| used(&node)) && !unusable,
            nodes,
        }
    }
}

impl NodeReach {
    /// Of one node.
    pub fn of(matrix: &Matrix, now: Moment, node: &cluster::Node) -> Self {
        let place = matrix.place(node.id());
        let judgement = matrix.judge(now, node.id());
        Self {
            id: node.id().to_string(),
            state: crate::node::state_name(node.state()).to_owned(),
            boot: place.map(|place| place.boot.to_string()),
            addresses_version: place.map(|place| place.version),
            verdict: judgement.verdict.as_str().to_owned(),
            sentence: judgement.sentence,
            evidence: judgement.evidence,
            withheld: judgement.withheld.iter().map(Way::of).collect(),
            paths: matrix
                .rows(node.id())
                .map(|row| PathReach::of(now, row))
                .collect(),
        }
    }
}

impl Way {
    /// Of a path.
    pub fn of(path: &Path) -> Self {
        let (address, relay, at, protocol) = match path {
            Path::Direct { ip, protocol } => (Some(*ip), None, None, protocol),
            Path::Relay {
                relay,
                protocol,
                at,
            } => (None, Some(relayer(relay)), Some(at.clone()), protocol),
        };
        Self {
            address,
            relay,
            at,
            protocol: protocol.as_str().to_owned(),
        }
    }
}

impl PathReach {
    fn of(now: Moment, row: Row<'_>) -> Self {
        let last = row.cell.last().as_ref();
        let (passed, failed) = (last.ok(), last.err());
        let since = |at: Moment| now.0.saturating_sub(at.0);
        Self {
            from: name(row.from),
            path: Way::of(row.path),
            good: row.cell.standing() == Standing::Good,
            ok: passed.is_some(),
            call: row.cell.depth() == reachability::Depth::Call,
            round_trip_ms: passed.map(|it| (it.round_trip.as_secs_f64() * 10_000.0).round() / 10.0),
            sent: passed.map_or(0, |it| it.sent),
            lost: passed.map_or(0, |it| it.lost),
            stage: failed.map(|it| it.stage.as_str().to_owned()),
            reason: failed.map(ToString::to_string),
            age_ms: since(row.cell.at()),
            since_ms: since(row.cell.since()),
        }
    }
}

fn relayer(relay: &Relayer) -> String {
    match relay {
        Relayer::Master => "master".to_owned(),
        Relayer::Node(node) => node.to_string(),
        Relayer::External => "external".to_owned(),
    }
}

fn name(party: &Party) -> String {
    match party {
        Party::Master => "master".to_owned(),
        Party::Node(node) => node.to_string(),
    }
}
