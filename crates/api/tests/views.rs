//! What operators are shown.

#![allow(clippy::unwrap_used)]

mod world;

use api::*;
use cluster::{Command, Input, NodeId};
use world::World;

fn node<'a>(nodes: &'a Nodes, id: &str) -> &'a Node {
    nodes.nodes.iter().find(|node| node.id == id).unwrap()
}

#[test]
fn a_node_is_shown_with_its_reason() {
    let mut world = World::new();
    world.everything();
    let nodes = world.nodes();
    let states: Vec<(&str, &str, &str)> = nodes
        .nodes
        .iter()
        .map(|it| (it.id.as_str(), it.state.as_str(), it.status.as_str()))
        .collect();
    for expected in [
        ("draining", "draining", "waiting-idle-to-terminate"),
        ("media_L1", "failed", "failed"),
        ("serving", "serving", "running"),
        ("suspect", "suspect", "running"),
    ] {
        assert!(states.contains(&expected), "{expected:?} in {states:?}");
    }
    let serving = node(&nodes, "serving");
    assert_eq!(
        serving.addresses,
        ["203.0.113.7".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(serving.media_ports, [40_000]);
    assert_eq!((serving.shards, serving.connected), (2, true));
    assert_eq!(serving.load.cpu_percent, 12.3);
    assert_eq!(
        serving.load.memory_percent, 0.0,
        "what is no number is none"
    );
    assert_eq!(node(&nodes, "draining").sessions, 1);
    let failed = node(&nodes, "media_L1");
    assert!(failed.why.sentence.contains("no quota"), "{:?}", failed.why);
    assert!(!failed.why.evidence.is_empty());
}

#[test]
fn one_that_is_gone_is_explained_for_a_while() {
    let mut world = World::new();
    world.dial("a");
    let a = NodeId::new("a");
    world.command(Command::Terminate(a.clone()));
    world.feed(Input::Gone { node: a.clone() });
    let why = Why::of(&world.cluster, world.now, &a).unwrap();
    assert!(why.sentence.contains("terminated"), "{why:?}");
    assert_eq!(Why::of(&world.cluster, world.now, &NodeId::new("x")), None);
}

#[test]
fn health_says_whether_there_is_something_to_do() {
    let mut world = World::new();
    let status = |world: &World| Status::of(&world.cluster, world.now);
    assert_eq!(status(&world).health, Health::Down);
    let attachment = world.dial("a");
    let up = status(&world);
    assert_eq!((up.health, up.problems), (Health::Up, vec![]));
    world.dial("b");
    world.feed(Input::Detached { attachment });
    let unstable = status(&world);
    assert_eq!(unstable.health, Health::Unstable);
    assert_eq!(unstable.problems, ["a is suspect: its link is down"]);
    assert_eq!(
        (
            unstable.nodes.known,
            unstable.nodes.serving,
            unstable.nodes.suspect
        ),
        (2, 1, 1)
    );
}

#[test]
fn a_night_without_nodes_is_well() {
    let mut world = World::new();
    world.set_schedule(r#"{"entries":[{"name":"night","time":"05:00","zone":"UTC","nodes":0}]}"#);
    let status = Status::of(&world.cluster, world.now);
    assert_eq!((status.health, status.problems), (Health::Up, vec![]));
    assert_eq!(status.wanted.source, "schedule");
    assert_eq!(status.wanted.entry.as_deref(), Some("night"));
    assert_eq!(status.wanted.maximum, Some(0));
}

#[test]
fn nodes_that_are_missing_are_a_problem() {
    let mut world = World::new();
    world.dial("a");
    world.command(Command::Count(2));
    let launched = NodeId::new("media_L0");
    let reason = "no quota".to_owned();
    let node = launched;
    world.feed(Input::LaunchFailed { node, reason });
    let status = Status::of(&world.cluster, world.now);
    assert_eq!(status.health, Health::Unstable);
    assert!(
        status
            .problems
            .contains(&"1 nodes are there or coming, 2 are wanted".to_owned())
    );
    assert_eq!(status.wanted.source, "operator");
}

#[test]
fn a_schedule_comes_back_as_it_was_written() {
    let mut world = World::new();
    world.everything();
    let schedule = world.schedule();
    let body = serde_json::to_string(&schedule.entries).unwrap();
    assert_eq!(
        body,
        r#"[{"name":"morning","weekdays":["mon-fri"],"time":"07:30","zone":"Europe/Berlin","nodes":3,"leadMinutes":15},{"name":"evening","cron":"0 20 * * *","zone":"Europe/Berlin","minimum":0,"maximum":1,"leadMinutes":0}]"#
    );
    let entries = schedule.entries.clone();
    assert!(ScheduleRequest { entries }.validated().is_ok());
    let in_force = schedule.in_force.unwrap();
    assert_eq!(in_force.entry, "morning");
    assert_eq!(in_force.begins, "2025-06-17T07:15:00+02:00");
    assert_eq!(in_force.at, "2025-06-17T07:30:00+02:00");
    let next: Vec<(&str, &str)> = schedule
        .next
        .iter()
        .map(|it| (it.entry.as_str(), it.at.as_str()))
        .collect();
    assert_eq!(
        next[..3],
        [
            ("evening", "2025-06-17T20:00:00+02:00"),
            ("morning", "2025-06-18T07:30:00+02:00"),
            ("evening", "2025-06-18T20:00:00+02:00"),
        ]
    );
    assert_eq!(next.len(), 10);
}

#[test]
fn wrong_schedules_are_refused_by_name() {
    let refusal = |entry: &str| {
        let body = format!(r#"{{"entries":[{entry}]}}"#);
        let request = match parse::<ScheduleRequest>(body.as_bytes()) {
            Ok(request) => request.validated().map(drop),
            Err(problem) => Err(problem),
        };
        let problem = request.expect_err(entry);
        assert_eq!(problem.status, 400);
        problem.message
    };
    for (entry, named) in [
        (r#"{"name":"a","zone":"UTC","nodes":1}"#, "cron"),
        (
            r#"{"name":"a","zone":"UTC","nodes":1,"cron":"* * * * *","time":"07:00"}"#,
            "cron",
        ),
        (r#"{"name":"a","zone":"UTC","nodes":1,"time":"7"}"#, "time"),
        (
            r#"{"name":"a","zone":"Mars","nodes":1,"time":"07:00"}"#,
            "zone",
        ),
        (r#"{"name":"a","zone":"UTC","time":"07:00"}"#, "nodes"),
        (
            r#"{"name":"a","zone":"UTC","time":"07:00","nodes":1,"minimum":1}"#,
            "nodes",
        ),
        (
            r#"{"name":"a","zone":"UTC","time":"07:00","minimum":3,"maximum":1}"#,
            "wanted",
        ),
        (
            r#"{"name":"a","zone":"UTC","time":"07:00","nodes":1,"leadMinutes":1441}"#,
            "lead",
        ),
        (
            r#"{"name":"a","zone":"UTC","time":"07:00","nodes":1,"leadMinutes":18446744073709551615}"#,
            "lead",
        ),
        (r#"{"zone":"UTC","time":"07:00","nodes":1}"#, "name"),
        (
            r#"{"name":"a","zone":"UTC","time":"07:00","nodes":-1}"#,
            "u32",
        ),
    ] {
        let message = refusal(entry);
        assert!(message.contains(named), "{entry}: {message}");
    }
}

#[test]
fn refused_commands_have_statuses() {
    let mut world = World::new();
    world.dial("a");
    let a = NodeId::new("a");
    let mut status = |command| {
        let illegal = world.cluster.command(world.now, command).unwrap_err();
        Problem::from(&illegal).status
    };
    assert_eq!(status(Command::UnDrain(a.clone())), 409);
    assert_eq!(status(Command::Cancel(a)), 409);
    assert_eq!(status(Command::Terminate(NodeId::new("x"))), 404);
}
