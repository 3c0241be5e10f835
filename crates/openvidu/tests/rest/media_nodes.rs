//! `/media-nodes`: every status and every key.

use std::time::Duration;

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Command, Environment, Hello, Illegal,
    Input, Load, MediaNodeStatus, Moment, Node, NodeId, SessionId, Settings,
};
use conference::Timestamp;
use openvidu::rest::*;
use serde_json::{Value, json};

use crate::state::{json_of, keys, session};

/// A cluster that may launch nodes, with `media_1` serving at 203.0.113.7.
fn cluster() -> Cluster {
    let mut cluster = Cluster::with(Settings {
        launches: 5,
        launch_prefix: "media_L".into(),
        ..Settings::default()
    });
    dial(&mut cluster, 1, "media_1", "203.0.113.7");
    cluster
}

fn dial(cluster: &mut Cluster, stream: u64, node: &str, ip: &str) {
    let hello = Hello {
        node: NodeId::new(node),
        boot: Boot {
            id: BootId::new("b"),
            started: 1,
        },
        version: "0.1.0".into(),
        addresses: Addresses {
            version: 1,
            ips: vec![ip.parse().unwrap()],
            ports: vec![40_000],
            stun_port: 40_001,
            relay_tls: String::new(),
            ..Addresses::default()
        },
        capacity: Capacity { shards: 1 },
        load: Load {
            cpu_percent: 12.345,
            ..Load::default()
        },
    };
    let attachment = AttachmentId(stream);
    cluster.handle(Moment(1_000), Input::Hello { attachment, hello });
}

fn node<'a>(cluster: &'a Cluster, id: &str) -> &'a Node {
    cluster.node(&NodeId::new(id)).unwrap()
}

/// A session on `media_1`.
fn place(cluster: &mut Cluster) {
    let placed = cluster.place(&SessionId::new("S"), None, Some(&NodeId::new("media_1")));
    assert!(placed.is_ok(), "{placed:?}");
}

fn command(cluster: &mut Cluster, command: Command) -> Result<(), Illegal> {
    cluster.command(Moment(2_000), command).map(drop)
}

fn drain(cluster: &mut Cluster) {
    let node = NodeId::new("media_1");
    command(cluster, Command::Drain { node, within: None }).unwrap();
}

fn shown(cluster: &Cluster, id: &str, query: &str) -> Value {
    let times = NodeTimes {
        launching: Timestamp(500),
        connection: Some(Timestamp(900)),
        disconnection: Some(Timestamp(800)),
    };
    let session = session();
    let node = MediaNode {
        node: node(cluster, id),
        times,
        sessions: vec![&session],
    };
    json_of(&render_media_node(
        &node,
        NodeFlags::of_query(query).unwrap(),
    ))
}

#[test]
fn a_node_shows_all_its_keys() {
    assert_eq!(
        shown(&cluster(), "media_1", ""),
        json!({
            "id":"media_1","object":"mediaNode","environmentId":null,"ip":"203.0.113.7",
            "uri":"ws://203.0.113.7:8888/kurento","launchingTime":500,"connected":true,"connectionTime":900,
            "load":12.35,"status":"running",
        })
    );
}

#[test]
fn a_node_that_has_lost_its_link_says_since_when() {
    let mut cluster = cluster();
    let attachment = AttachmentId(1);
    cluster.handle(Moment(2_000), Input::Detached { attachment });
    let view = shown(&cluster, "media_1", "");
    assert_eq!(view["connected"], false);
    assert_eq!(view["disconnectionTime"], 800);
    assert_eq!(view["status"], "running");
}

#[test]
fn a_launched_node_may_have_no_address_yet() {
    let mut cluster = cluster();
    command(&mut cluster, Command::Launch).unwrap();
    let view = shown(&cluster, "media_L0", "");
    assert_eq!(view["ip"], Value::Null);
    assert_eq!(view["uri"], Value::Null);
    assert_eq!(view["environmentId"], Value::Null);
    assert_eq!(view["status"], "launching");
    assert_eq!(view["load"], 0.0);
    let environment = Environment {
        id: Some("i-1".into()),
        ip: Some("2001:db8::1".parse().unwrap()),
    };
    let node = NodeId::new("media_L0");
    cluster.handle(Moment(3_000), Input::Launched { node, environment });
    let view = shown(&cluster, "media_L0", "");
    assert_eq!(view["environmentId"], "i-1");
    assert_eq!(view["ip"], "2001:db8::1");
    assert_eq!(view["uri"], "ws://[2001:db8::1]:8888/kurento");
}

#[test]
fn more_is_shown_when_asked_for() {
    let view = shown(
        &cluster(),
        "media_1",
        "sessions=true&recordings=true&extra-info=true&x=y",
    );
    assert_eq!(view["sessions"][0]["id"], "S");
    assert_eq!(view["recordingIds"], json!([]));
    assert_eq!(view["broadcasts"], json!([]));
    assert_eq!(view["kurentoInfo"], json!({"version":"0.1.0"}));
    let plain = shown(
        &cluster(),
        "media_1",
        "sessions=false&recordings=&extra-info=0",
    );
    assert_eq!(plain, shown(&cluster(), "media_1", ""));
    for query in ["sessions=maybe", "extra-info=2", "recordings=x"] {
        assert_eq!(
            NodeFlags::of_query(query).unwrap_err().status,
            400,
            "{query}"
        );
    }
}

#[test]
fn lists_are_counted() {
    let cluster = cluster();
    let nodes: Vec<_> = cluster
        .nodes()
        .map(|node| MediaNode {
            node,
            times: NodeTimes::default(),
            sessions: Vec::new(),
        })
        .collect();
    let list = json_of(&render_media_nodes(&nodes, NodeFlags::default()));
    assert_eq!(keys(&list), ["content", "numberOfElements"]);
    assert_eq!(list["numberOfElements"], 1);
    assert_eq!(list["content"][0]["id"], "media_1");
    assert_eq!(
        json_of(&render_media_nodes(&[], NodeFlags::default())),
        json!({"numberOfElements":0,"content":[]})
    );
}

#[test]
fn launches_are_asked_for_in_both_ways() {
    let request = parse_launch(
        "wait=true",
        br#"{"uri":"ws://203.0.113.9:8888/kurento","environmentId":"e","instanceType":"c5.xlarge","volumeSize":50}"#,
    );
    assert_eq!(
        request.unwrap(),
        NodeRequest {
            wait: true,
            host: Some("203.0.113.9".into()),
            environment_id: Some("e".into()),
            instance_type: Some("c5.xlarge".into()),
            volume_size: Some(50),
        }
    );
    let request = parse_launch("", br#"{"uri":null,"instanceType":null}"#).unwrap();
    assert_eq!(request, NodeRequest::default());
    let request = parse_launch("", br#"{"uri":"ws://[2001:db8::1]:8888/kurento"}"#).unwrap();
    assert_eq!(request.host.as_deref(), Some("2001:db8::1"));
}

#[test]
fn bad_launches_are_400() {
    for (query, body) in [
        ("wait=perhaps", "{}"),
        ("", "[]"),
        ("", "{"),
        ("", r#"{"uri":7}"#),
        ("", r#"{"uri":"203.0.113.9"}"#),
        ("", r#"{"uri":"http://203.0.113.9:8888"}"#),
        ("", r#"{"uri":"ws://203.0.113.9/kurento"}"#),
        ("", r#"{"uri":"ws://:8888/kurento"}"#),
        ("", r#"{"uri":"ws://203.0.113.9:0/kurento"}"#),
        ("", r#"{"environmentId":[]}"#),
        ("", r#"{"instanceType":5}"#),
        ("", r#"{"volumeSize":"big"}"#),
        ("", r#"{"volumeSize":0}"#),
        ("", r#"{"volumeSize":-1}"#),
    ] {
        let refused = parse_launch(query, body.as_bytes()).expect_err(body);
        assert_eq!(refused.status, 400, "{query} {body}");
    }
}

#[test]
fn whether_a_node_may_be_launched() {
    let cluster = cluster();
    let may = |body: &str, provider| {
        let request = parse_launch("", body.as_bytes()).unwrap();
        let outcome = may_launch(&request, cluster.nodes(), provider);
        outcome.map_or_else(|refused| refused.status, |()| 200)
    };
    assert_eq!(may("{}", true), 200);
    assert_eq!(may("{}", false), 501);
    let here = r#"{"uri":"ws://203.0.113.7:8888/kurento"}"#;
    let elsewhere = r#"{"uri":"ws://203.0.113.8:8888/kurento"}"#;
    for provider in [true, false] {
        assert_eq!(may(here, provider), 409);
        assert_eq!(may(elsewhere, provider), 404);
    }
    assert_eq!(launch_failed("no quota").status, 502);
}

#[test]
fn removals_are_parsed() {
    let removal = |wait, strategy| Removal { wait, strategy };
    for (query, expected) in [
        ("", removal(false, Strategy::IfNoSessions)),
        ("deletion-strategy=", removal(false, Strategy::IfNoSessions)),
        (
            "deletion-strategy=now&wait=true",
            removal(true, Strategy::Now),
        ),
        (
            "wait=false&deletion-strategy=when-no-sessions",
            removal(false, Strategy::WhenNoSessions),
        ),
        (
            "deletion-strategy=if-no-sessions",
            removal(false, Strategy::IfNoSessions),
        ),
    ] {
        assert_eq!(parse_removal(query).unwrap(), expected, "{query}");
    }
    for query in ["deletion-strategy=later", "wait=soon"] {
        assert_eq!(parse_removal(query).unwrap_err().status, 400, "{query}");
    }
}

/// Status of the answer and what is done.
fn removal(cluster: &Cluster, id: &str, query: &str) -> (u16, Option<RemovalStep>) {
    let removal = parse_removal(query).unwrap();
    let node = node(cluster, id);
    match removal.step(node) {
        Ok(step) => (removal.status(&step, node.sessions().len() > 0), Some(step)),
        Err(refused) => (refused.status, None),
    }
}

#[test]
fn an_empty_node_goes_at_once() {
    let cluster = cluster();
    let terminate = RemovalStep::Command(Command::Terminate(NodeId::new("media_1")));
    for query in [
        "",
        "wait=true",
        "deletion-strategy=now",
        "deletion-strategy=when-no-sessions",
    ] {
        assert_eq!(
            removal(&cluster, "media_1", query),
            (204, Some(terminate.clone())),
            "{query}"
        );
    }
}

#[test]
fn a_node_with_sessions_goes_as_the_strategy_says() {
    let mut cluster = cluster();
    place(&mut cluster);
    let id = NodeId::new("media_1");
    let terminate = RemovalStep::Command(Command::Terminate(id.clone()));
    let drain_it = RemovalStep::Drain(Command::Drain {
        node: id,
        within: None,
    });
    assert_eq!(removal(&cluster, "media_1", ""), (409, None));
    assert_eq!(removal(&cluster, "media_1", "wait=true"), (409, None));
    assert_eq!(
        removal(&cluster, "media_1", "deletion-strategy=now"),
        (200, Some(terminate.clone()))
    );
    assert_eq!(
        removal(&cluster, "media_1", "deletion-strategy=now&wait=true"),
        (204, Some(terminate.clone()))
    );
    let when = "deletion-strategy=when-no-sessions";
    assert_eq!(removal(&cluster, "media_1", when), (202, Some(drain_it)));
    drain(&mut cluster);
    assert_eq!(
        removal(&cluster, "media_1", when),
        (202, Some(RemovalStep::Draining))
    );
    assert_eq!(removal(&cluster, "media_1", ""), (409, None));
    assert_eq!(
        removal(&cluster, "media_1", "deletion-strategy=now"),
        (200, Some(terminate))
    );
}

#[test]
fn a_node_that_is_not_there_yet_or_not_any_more() {
    let mut cluster = cluster();
    command(&mut cluster, Command::Launch).unwrap();
    let launched = NodeId::new("media_L0");
    assert_eq!(
        removal(&cluster, "media_L0", ""),
        (
            204,
            Some(RemovalStep::Command(Command::Cancel(launched.clone())))
        )
    );
    command(&mut cluster, Command::Cancel(launched)).unwrap();
    assert_eq!(
        removal(&cluster, "media_L0", ""),
        (204, Some(RemovalStep::Going))
    );
    command(&mut cluster, Command::Launch).unwrap();
    let node = NodeId::new("media_L1");
    let reason = "no quota".to_owned();
    cluster.handle(Moment(3_000), Input::LaunchFailed { node, reason });
    assert_eq!(
        removal(&cluster, "media_L1", ""),
        (204, Some(RemovalStep::Forget))
    );
    assert_eq!(no_such_node(&NodeId::new("media_9")).status, 404);
}

/// The status of a PATCH, as the shell makes it.
fn patch(cluster: &mut Cluster, id: &str, body: &str) -> u16 {
    let wanted = match parse_status(body.as_bytes()) {
        Ok(status) => command_for(NodeId::new(id), status),
        Err(refused) => return refused.status,
    };
    match wanted.map(|wanted| command(cluster, wanted)) {
        Ok(Ok(())) => 200,
        Ok(Err(illegal)) => refusal_of(&illegal).map_or(204, |refused| refused.status),
        Err(refused) => refused.status,
    }
}

fn status(name: &str) -> String {
    json!({ "status": name }).to_string()
}

/// Puts `media_1`, or a launched node, into a status.
fn in_status(from: MediaNodeStatus) -> (Cluster, &'static str) {
    let mut cluster = cluster();
    let id = match from {
        MediaNodeStatus::Launching | MediaNodeStatus::Canceled | MediaNodeStatus::Failed => {
            command(&mut cluster, Command::Launch).unwrap();
            "media_L0"
        }
        _ => {
            place(&mut cluster);
            "media_1"
        }
    };
    let node = NodeId::new(id);
    match from {
        MediaNodeStatus::Canceled => command(&mut cluster, Command::Cancel(node)).unwrap(),
        MediaNodeStatus::Failed => {
            let reason = "no".to_owned();
            cluster.handle(Moment(3_000), Input::LaunchFailed { node, reason });
        }
        MediaNodeStatus::WaitingIdleToTerminate => drain(&mut cluster),
        MediaNodeStatus::Terminating => command(&mut cluster, Command::Terminate(node)).unwrap(),
        _ => {}
    }
    assert_eq!(cluster.node(&NodeId::new(id)).unwrap().status(), from);
    (cluster, id)
}

#[test]
fn the_whole_table_of_patches() {
    let names = [
        "launching",
        "canceled",
        "failed",
        "running",
        "waiting-idle-to-terminate",
        "terminating",
        "terminated",
    ];
    for (from, statuses) in [
        ("launching", [204, 200, 400, 400, 400, 400, 400]),
        ("canceled", [200, 204, 400, 400, 400, 400, 400]),
        ("failed", [400, 400, 400, 400, 400, 400, 400]),
        ("running", [400, 400, 400, 204, 200, 200, 400]),
        (
            "waiting-idle-to-terminate",
            [400, 400, 400, 200, 204, 200, 400],
        ),
        ("terminating", [400, 400, 400, 400, 400, 204, 400]),
    ] {
        for (to, expected) in names.iter().zip(statuses) {
            let (mut cluster, id) = in_status(MediaNodeStatus::from_text(from).unwrap());
            assert_eq!(
                patch(&mut cluster, id, &status(to)),
                expected,
                "{from} to {to}"
            );
        }
    }
}

#[test]
fn bad_patches() {
    let mut cluster = cluster();
    for body in [
        "",
        "{}",
        r#"{"status":null}"#,
        r#"{"status":1}"#,
        r#"{"status":"happy"}"#,
        "[]",
    ] {
        assert_eq!(patch(&mut cluster, "media_1", body), 400, "{body}");
    }
    assert_eq!(patch(&mut cluster, "media_9", &status("running")), 404);
}

#[test]
fn a_drain_by_patch_takes_the_usual_span() {
    let drain = command_for(NodeId::new("m"), MediaNodeStatus::WaitingIdleToTerminate).unwrap();
    let node = NodeId::new("m");
    assert_eq!(
        drain,
        Command::Drain {
            node: node.clone(),
            within: None
        }
    );
    let shorter = Command::Drain {
        node,
        within: Some(Duration::ZERO),
    };
    assert_ne!(drain, shorter);
}
