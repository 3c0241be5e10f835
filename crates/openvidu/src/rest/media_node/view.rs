//! How media nodes are shown.

use std::net::IpAddr;

use cluster::{MediaNodeStatus, Node};
use conference::{Session, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::rest::Flags;
use crate::rest::flags;
use crate::rest::refused::Refused;
use crate::rest::session::{SessionView, session_view};

/// What a GET of media nodes shall show beside the usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeFlags {
    /// `sessions`: what the node carries.
    pub sessions: bool,
    /// `recordings`: ids of recordings and broadcasts.
    pub recordings: bool,
    /// `extra-info`: about the media server.
    pub extra_info: bool,
}

impl NodeFlags {
    /// Reads a query string (without `?`). Unknown parameters are ignored.
    pub fn of_query(query: &str) -> Result<Self, Refused> {
        let mut out = Self::default();
        flags::read(query, |key, flag| match key {
            "sessions" => out.sessions = flag,
            "recordings" => out.recordings = flag,
            "extra-info" => out.extra_info = flag,
            _ => {}
        })?;
        Ok(out)
    }
}

/// When what happened to a node, by the wall clock of its master.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeTimes {
    /// Asked for, or first dialled in.
    pub launching: Timestamp,
    /// Last dialled in.
    pub connection: Option<Timestamp>,
    /// Its link broke; shown only while it is down.
    pub disconnection: Option<Timestamp>,
}

/// A node to be shown.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct MediaNode<'a> {
    pub node: &'a Node,
    pub times: NodeTimes,
    /// What it carries.
    pub sessions: Vec<&'a Session>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    id: &'a str,
    object: &'static str,
    environment_id: Option<&'a str>,
    ip: Option<IpAddr>,
    uri: Option<String>,
    launching_time: u64,
    connected: bool,
    connection_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnection_time: Option<u64>,
    load: f64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<SessionView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_ids: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcasts: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kurento_info: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Views<'a> {
    number_of_elements: usize,
    content: Vec<View<'a>>,
}

/// One node.
pub fn render_media_node(node: &MediaNode<'_>, flags: NodeFlags) -> String {
    serde_json::to_string(&view(node, flags)).unwrap_or_default()
}

/// `GET /media-nodes`.
pub fn render_media_nodes(nodes: &[MediaNode<'_>], flags: NodeFlags) -> String {
    let content: Vec<_> = nodes.iter().map(|node| view(node, flags)).collect();
    let views = Views {
        number_of_elements: content.len(),
        content,
    };
    serde_json::to_string(&views).unwrap_or_default()
}

/// Where a node is: as its provider says, else the first address at which it serves.
pub fn ip(node: &Node) -> Option<IpAddr> {
    let own = || node.addresses().ips.first().copied();
    node.environment().ip.or_else(own)
}

/// `uri` in the shape in which applications expect it. Nobody is to dial it.
pub fn uri(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("ws://{ip}:8888/kurento"),
        IpAddr::V6(ip) => format!("ws://[{ip}]:8888/kurento"),
    }
}

fn view<'a>(shown: &MediaNode<'a>, flags: NodeFlags) -> View<'a> {
    let node = shown.node;
    let ip = ip(node);
    let connected = node.attachment().is_some();
    let times = shown.times;
    let sessions = || {
        shown
            .sessions
            .iter()
            .map(|it| session_view(it, Flags::SESSION))
    };
    View {
        id: node.id().as_str(),
        object: "mediaNode",
        environment_id: node.environment().id.as_deref(),
        ip,
        uri: ip.map(uri),
        launching_time: times.launching.0,
        connected,
        connection_time: times.connection.map(|at| at.0),
        disconnection_time: (!connected)
            .then_some(times.disconnection)
            .flatten()
            .map(|at| at.0),
        load: load(node),
        status: node.status().as_str(),
        sessions: flags.sessions.then(|| sessions().collect()),
        recording_ids: flags.recordings.then_some([]),
        broadcasts: flags.recordings.then_some([]),
        kurento_info: flags
            .extra_info
            .then(|| json!({ "version": node.version() })),
    }
}

/// Of the processor, 0 to 100. One that is still launching has none.
pub(crate) fn load(node: &Node) -> f64 {
    let load = node.load().cpu_percent;
    if load.is_nan() || node.status() == MediaNodeStatus::Launching {
        return 0.0;
    }
    (load.clamp(0.0, 100.0) * 100.0).round() / 100.0
}
