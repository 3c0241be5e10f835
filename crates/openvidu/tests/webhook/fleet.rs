//! Events of media nodes.

use std::time::Duration;

use cluster::autoscaling::{Event, Limits};
use cluster::plan::{Observed, Seen, plan};
use cluster::schedule::Bounds;
use cluster::{Environment, MediaNodeStatus, Moment, NodeId, SessionId};
use conference::Timestamp;
use openvidu::webhook::*;
use serde_json::json;

use crate::json_of;

const AT: Timestamp = Timestamp(7_000);

fn with_node(look: impl FnOnce(NodeRef<'_>)) {
    let id = NodeId::new("media_1");
    let environment = Environment {
        id: Some("i-1".into()),
        ip: None,
    };
    look(NodeRef {
        id: &id,
        environment: &environment,
        ip: Some("203.0.113.7".parse().unwrap()),
        cluster: "c1",
    });
}

#[test]
fn changes_of_status() {
    with_node(|node| {
        let first = node_status_changed(AT, &node, None, MediaNodeStatus::Launching);
        assert_eq!(
            json_of(&first),
            json!({
                "event":"mediaNodeStatusChanged","timestamp":7_000,"id":"media_1","environmentId":"i-1",
                "ip":"203.0.113.7","uri":"ws://203.0.113.7:8888/kurento","newStatus":"launching","oldStatus":null,
                "clusterId":"c1",
            })
        );
        let old = Some(MediaNodeStatus::Running);
        let next = node_status_changed(AT, &node, old, MediaNodeStatus::WaitingIdleToTerminate);
        let next = json_of(&next);
        assert_eq!(next["oldStatus"], "running");
        assert_eq!(next["newStatus"], "waiting-idle-to-terminate");
    });
}

#[test]
fn a_node_without_an_address_has_null_for_it() {
    with_node(|node| {
        let node = NodeRef { ip: None, ..node };
        let event = json_of(&node_recovered(AT, &node));
        assert!(event["ip"].is_null() && event["uri"].is_null());
    });
}

#[test]
fn crashes_and_recoveries() {
    with_node(|node| {
        let sessions = [SessionId::new("S"), SessionId::new("T")];
        assert_eq!(
            json_of(&node_crashed(AT, &node, &sessions)),
            json!({
                "event":"nodeCrashed","timestamp":7_000,"id":"media_1","environmentId":"i-1","ip":"203.0.113.7",
                "uri":"ws://203.0.113.7:8888/kurento","nodeRole":"medianode","sessionIds":["S","T"],
                "recordingIds":[],"broadcasts":[],"timeOfDisconnection":7_000,"clusterId":"c1",
            })
        );
        assert_eq!(
            json_of(&node_recovered(AT, &node)),
            json!({
                "event":"nodeRecovered","timestamp":7_000,"id":"media_1","environmentId":"i-1","ip":"203.0.113.7",
                "uri":"ws://203.0.113.7:8888/kurento","nodeRole":"medianode","clusterId":"c1",
            })
        );
    });
}

fn seen(id: &str, status: MediaNodeStatus, load: f64, sessions: u32) -> Seen {
    Seen {
        id: NodeId::new(id),
        environment_id: None,
        ip: None,
        load,
        status,
        sessions,
        since: Moment(0),
        held: false,
    }
}

fn event_of(nodes: Vec<Seen>, maximum: u32) -> serde_json::Value {
    let limits = Limits {
        nodes: Bounds {
            minimum: 1,
            maximum,
        },
        max_load: 70.0,
        min_load: 20.0,
        interval: Duration::from_secs(30),
    };
    let observed = Observed {
        nodes,
        launchable: 9,
    };
    let decision = limits.decide(&observed).unwrap();
    let keys = (0..).map(|n| NodeId::new(format!("new_{n}")));
    let plan = plan(&observed, Bounds::exactly(decision.target), keys);
    json_of(&autoscaling(
        AT,
        "c1",
        &Event::new(limits, decision, &observed, &plan),
    ))
}

#[test]
fn growing() {
    use MediaNodeStatus::{Canceled, Running, WaitingIdleToTerminate};
    let event = event_of(
        vec![
            seen("a", Running, 90.0, 2),
            seen("b", WaitingIdleToTerminate, 80.0, 1),
            seen("c", Canceled, 0.0, 0),
        ],
        4,
    );
    let item = |id: &str, load: f64, status: &str| json!({"id":id,"environmentId":null,"ip":null,"load":load,"status":status});
    let (b, c) = (
        item("b", 80.0, "waiting-idle-to-terminate"),
        item("c", 0.0, "canceled"),
    );
    assert_eq!(
        event["mediaNodes"],
        json!({
            "launch":{"total":2,"newNodes":0,"waitingIdleToTerminateNodes":[b],"canceledNodes":[c]},
            "terminate":{"total":0,"runningNodes":[],"launchingNodes":[]},
        })
    );
    assert_eq!(
        event["system"],
        json!({
            "config":{"maxNodes":4,"minNodes":1,"maxAvgLoad":70.0,"minAvgLoad":20.0},
            "status":{
                "numNodes":1,"totalLoad":170.0,"avgLoad":170.0,"runningNodes":[item("a", 90.0, "running")],
                "launchingNodes":[],"waitingIdleToTerminateNodes":[b],"canceledNodes":[c],
            },
        })
    );
    assert_eq!(event["clusterId"], "c1");
    assert_eq!(event["timestamp"], 7_000);
    assert!(
        event["reason"]
            .as_str()
            .unwrap()
            .contains("above the maximum")
    );
    assert_eq!(event.as_object().unwrap().len(), 6);
}

#[test]
fn shrinking() {
    use MediaNodeStatus::{Launching, Running};
    let event = event_of(
        vec![
            seen("a", Running, 10.0, 2),
            seen("b", Running, 5.0, 0),
            seen("c", Launching, 0.0, 0),
        ],
        4,
    );
    let terminate = &event["mediaNodes"]["terminate"];
    assert_eq!(terminate["total"], 2);
    assert_eq!(terminate["launchingNodes"][0]["id"], "c");
    assert_eq!(terminate["runningNodes"][0]["id"], "b");
}
