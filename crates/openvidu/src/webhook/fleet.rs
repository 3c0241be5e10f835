//! Events of media nodes.

use std::net::IpAddr;

use cluster::autoscaling::{Event, Item};
use cluster::{Environment, MediaNodeStatus, NodeId, SessionId};
use conference::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{EventName, Message};
use crate::rest::uri;

/// A node that an event is about.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NodeRef<'a> {
    pub id: &'a NodeId,
    pub environment: &'a Environment,
    /// Where it is, as REST shows it ([`rest::ip`](crate::rest::ip)).
    pub ip: Option<IpAddr>,
    /// Of this cluster.
    pub cluster: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfNode<'a, T> {
    timestamp: u64,
    id: &'a str,
    environment_id: Option<&'a str>,
    ip: Option<IpAddr>,
    uri: Option<String>,
    #[serde(flatten)]
    rest: T,
    cluster_id: &'a str,
}

/// `mediaNodeStatusChanged`; the first has no old status.
pub fn node_status_changed(
    at: Timestamp,
    node: &NodeRef<'_>,
    old: Option<MediaNodeStatus>,
    new: MediaNodeStatus,
) -> Message {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Change {
        new_status: &'static str,
        old_status: Option<&'static str>,
    }
    let change = Change {
        new_status: new.as_str(),
        old_status: old.map(MediaNodeStatus::as_str),
    };
    of_node(EventName::MediaNodeStatusChanged, at, node, change)
}

/// `nodeCrashed`, with what the node carried.
pub fn node_crashed(at: Timestamp, node: &NodeRef<'_>, sessions: &[SessionId]) -> Message {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Crash<'a> {
        node_role: &'static str,
        session_ids: Vec<&'a str>,
        recording_ids: [(); 0],
        broadcasts: [(); 0],
        time_of_disconnection: u64,
    }
    let crash = Crash {
        node_role: MEDIA_NODE,
        session_ids: sessions.iter().map(SessionId::as_str).collect(),
        recording_ids: [],
        broadcasts: [],
        time_of_disconnection: at.0,
    };
    of_node(EventName::NodeCrashed, at, node, crash)
}

/// `reachabilityChanged`: Muster's own. Which ways lead to the node, and which of them clients are not told any more.
pub fn reachability_changed(
    at: Timestamp,
    node: &NodeRef<'_>,
    verdict: &str,
    reason: &str,
    withheld: &[String],
) -> Message {
    #[derive(Serialize)]
    struct Reach<'a> {
        reachability: &'a str,
        reason: &'a str,
        withheld: &'a [String],
    }
    let reach = Reach {
        reachability: verdict,
        reason,
        withheld,
    };
    of_node(EventName::ReachabilityChanged, at, node, reach)
}

/// `nodeRecovered`.
pub fn node_recovered(at: Timestamp, node: &NodeRef<'_>) -> Message {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Recovery {
        node_role: &'static str,
    }
    let recovery = Recovery {
        node_role: MEDIA_NODE,
    };
    of_node(EventName::NodeRecovered, at, node, recovery)
}

const MEDIA_NODE: &str = "medianode";

fn of_node(event: EventName, at: Timestamp, node: &NodeRef<'_>, rest: impl Serialize) -> Message {
    let fields = OfNode {
        timestamp: at.0,
        id: node.id.as_str(),
        environment_id: node.environment.id.as_deref(),
        ip: node.ip,
        uri: node.ip.map(uri),
        rest,
        cluster_id: node.cluster,
    };
    Message::new(event, &fields)
}

/// `autoscaling`: what is done, why, and what was there.
pub fn autoscaling(at: Timestamp, cluster: &str, event: &Event) -> Message {
    let (launch, terminate) = (&event.launch, &event.terminate);
    let (config, status) = (&event.config, &event.status);
    let fields = json!({
        "timestamp": at.0,
        "clusterId": cluster,
        "reason": event.reason,
        "mediaNodes": {
            "launch": {
                "total": launch.total,
                "newNodes": launch.new_nodes,
                "waitingIdleToTerminateNodes": items(&launch.waiting_idle_to_terminate_nodes),
                "canceledNodes": items(&launch.canceled_nodes),
            },
            "terminate": {
                "total": terminate.total,
                "runningNodes": items(&terminate.running_nodes),
                "launchingNodes": items(&terminate.launching_nodes),
            },
        },
        "system": {
            "config": {
                "maxNodes": config.nodes.maximum,
                "minNodes": config.nodes.minimum,
                "maxAvgLoad": config.max_load,
                "minAvgLoad": config.min_load,
            },
            "status": {
                "numNodes": status.num_nodes,
                "totalLoad": status.total_load,
                "avgLoad": status.avg_load,
                "runningNodes": items(&status.running_nodes),
                "launchingNodes": items(&status.launching_nodes),
                "waitingIdleToTerminateNodes": items(&status.waiting_idle_to_terminate_nodes),
                "canceledNodes": items(&status.canceled_nodes),
            },
        },
    });
    Message::new(EventName::Autoscaling, &fields)
}

fn items(items: &[Item]) -> Vec<Value> {
    items
        .iter()
        .map(|item| {
            json!({
                "id": item.id.as_str(),
                "environmentId": item.environment_id,
                "ip": item.ip,
                "load": item.load,
                "status": item.status.as_str(),
            })
        })
        .collect()
}
