//! Nodes.

use std::net::IpAddr;

use cluster::{Cluster, Moment, State};
use serde::{Deserialize, Serialize};

/// Why a node is in its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Why {
    pub sentence: String,
    /// Each a fact that it follows from.
    pub evidence: Vec<String>,
    /// What a person has to do, where that is known; else empty.
    #[serde(default)]
    pub remedy: String,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Node {
    pub id: String,
    /// Muster's own: `launching`, `canceled`, `failed`, `joining`, `probing`, `serving`, `suspect`, `draining` or
    /// `terminating`.
    pub state: String,
    /// OpenVidu's.
    pub status: String,
    pub why: Why,
    /// It can be told something now.
    pub connected: bool,
    /// By which clients reach it.
    pub addresses: Vec<IpAddr>,
    /// Grows with each change of `addresses` within a boot.
    pub addresses_version: u64,
    /// All that it knows of its addresses.
    pub address_entries: Vec<AddressEntry>,
    /// What is odd about them: answers that could not be used, sources that disagree. A sentence each.
    pub address_remarks: Vec<String>,
    pub media_ports: Vec<u16>,
    /// The provider's name for the machine.
    pub environment_id: Option<String>,
    /// Of its program; empty until it has dialled in.
    pub version: String,
    /// Of the present process.
    pub boot: Option<String>,
    /// Media threads.
    pub shards: u32,
    /// Placed on it and not ended.
    pub sessions: usize,
    pub load: Load,
    #[serde(default)]
    pub machine: Machine,
}

/// What a node said last of the machine that it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Of the file system that its data directory is on, bytes; `null` if that is not known.
    pub disk_free: Option<u64>,
    /// All of it.
    pub disk_size: Option<u64>,
    /// What the kernel reads the time from, as it names it; empty if that is not known.
    pub clock_source: String,
}

/// An address of a node, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddressEntry {
    #[allow(missing_docs)]
    pub ip: IpAddr,
    /// `configuration`, `interface`, `metadata`, `stun` or `memory`.
    pub source: String,
    /// The interface, the STUN server or the host name; may be empty.
    pub name: String,
    /// The node's own address that it is translated to.
    pub local: Option<IpAddr>,
    /// `stated`, `present`, `agreed`, `claimed`, `disputed`, `translated`, `superseded` or `remembered`.
    pub proof: String,
    /// Clients are told it.
    pub advertised: bool,
    /// Since its source first named it in this boot.
    pub found_seconds_ago: u64,
    /// Since its source last named it.
    pub confirmed_seconds_ago: u64,
}

/// What a node carries, as it said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Load {
    pub connections: u32,
    pub streams: u32,
    /// 0 to 100.
    pub cpu_percent: f64,
    /// 0 to 100.
    pub memory_percent: f64,
}

/// All nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Nodes {
    pub nodes: Vec<Node>,
}

/// How many nodes to launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddNodes {
    /// 1 to 100; 1 when it is left out.
    #[serde(default = "one")]
    pub count: u32,
}

fn one() -> u32 {
    1
}

/// The ids of the nodes that were launched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Added {
    pub ids: Vec<String>,
}

/// How a node is to be drained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Drain {
    /// What is left after so many seconds is closed. The usual span when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<u64>,
}

impl Nodes {
    /// All nodes of a cluster, in the order of their ids.
    pub fn of(cluster: &Cluster, now: Moment) -> Self {
        let nodes = cluster.nodes();
        Self {
            nodes: nodes.map(|node| Node::of(cluster, now, node)).collect(),
        }
    }
}

impl Node {
    /// One node of a cluster; what it says of its machine is for whoever knows it.
    pub fn of(cluster: &Cluster, now: Moment, node: &cluster::Node) -> Self {
        let load = node.load();
        Self {
            id: node.id().to_string(),
            state: state_name(node.state()).to_owned(),
            status: node.status().to_string(),
            why: Why::of(cluster, now, node.id()).unwrap_or_else(|| Why {
                sentence: format!("{} has just gone", node.id()),
                evidence: Vec::new(),
                remedy: String::new(),
            }),
            connected: node.attachment().is_some(),
            addresses: node.addresses().ips.clone(),
            addresses_version: node.addresses().version,
            address_entries: node.address_entries(now).map(AddressEntry::of).collect(),
            address_remarks: node.addresses().remarks.clone(),
            media_ports: node.addresses().ports.clone(),
            environment_id: node.environment().id.clone(),
            version: node.version().to_owned(),
            boot: node.boot().map(|boot| boot.id.to_string()),
            shards: node.capacity().shards,
            sessions: node.sessions().len(),
            load: Load {
                connections: load.connections,
                streams: load.streams,
                cpu_percent: percent(load.cpu_percent),
                memory_percent: percent(load.memory_percent),
            },
            machine: Machine::default(),
        }
    }
}

impl Machine {
    /// As far as it has told.
    pub fn of(told: &diagnosis::Limits) -> Self {
        Self {
            disk_free: told.disk.map(|(free, _)| free),
            disk_size: told.disk.map(|(_, all)| all),
            clock_source: told.clock_source.clone(),
        }
    }
}

impl AddressEntry {
    fn of(entry: cluster::addresses::Entry) -> Self {
        Self {
            ip: entry.ip,
            source: entry.source.as_str().to_owned(),
            name: entry.name,
            local: entry.local,
            proof: entry.proof.as_str().to_owned(),
            advertised: entry.advertised,
            found_seconds_ago: entry.found_ago.as_secs(),
            confirmed_seconds_ago: entry.confirmed_ago.as_secs(),
        }
    }
}

impl Why {
    /// Also of a node that is gone, for as long as it is remembered.
    pub fn of(cluster: &Cluster, now: Moment, node: &cluster::NodeId) -> Option<Self> {
        let why = cluster.why(now, node)?;
        Some(Self {
            sentence: why.sentence,
            evidence: why.evidence,
            remedy: String::new(),
        })
    }
}

fn percent(value: f64) -> f64 {
    if value.is_finite() {
        (value.clamp(0.0, 100.0) * 10.0).round() / 10.0
    } else {
        0.0
    }
}

pub(crate) fn state_name(state: State) -> &'static str {
    match state {
        State::Launching => "launching",
        State::Canceled => "canceled",
        State::Failed => "failed",
        State::Joining => "joining",
        State::Probing => "probing",
        State::Serving => "serving",
        State::Suspect => "suspect",
        State::WaitingIdle => "draining",
        State::Terminating => "terminating",
    }
}
