//! Which ways lead to nodes, by the word of the master and of other nodes.

use std::net::IpAddr;

use cluster::{AttachmentId, BootId, Failure, FailureKind, Gate, NodeId, State};
use control::{Effect, Event, Input, LOOK, Looked, Settings, Stage as Step, Webhook};
use openvidu::webhook::EventName;
use reachability::{Depth, Failed, Outcome, Party, Passed, Path, Place, Protocol, Stage as At};

use crate::stage::{Stage, settings};

fn probing() -> Stage {
    let mut settings = Settings {
        cluster: cluster::Settings {
            gate: Gate::Probe,
            ..settings().cluster
        },
        ..settings()
    };
    let mut webhook = Webhook::of_everything("cluster");
    webhook.events.insert(EventName::ReachabilityChanged);
    settings.webhook = Some(webhook);
    Stage::with(settings)
}

fn ip(stage: &Stage, node: &str) -> IpAddr {
    let node = stage
        .control
        .cluster()
        .node(&NodeId::new(node))
        .expect("there");
    node.addresses().ips[0]
}

fn direct(ip: IpAddr, protocol: Protocol) -> Path {
    Path::Direct { ip, protocol }
}

/// What somebody found by UDP and by TCP.
fn looked(stage: &mut Stage, from: Party, node: &str, udp: bool, tcp: bool) {
    let ip = ip(stage, node);
    let outcome = |protocol, passed| Outcome {
        path: direct(ip, protocol),
        depth: Depth::Call,
        result: match passed {
            true => Ok(Passed::default()),
            false => Err(Failed {
                stage: At::Echo,
                reason: "no answer".into(),
                hint: String::new(),
            }),
        },
    };
    let place = Place {
        boot: BootId::new("boot1"),
        version: 1,
    };
    let depth = Depth::Call;
    let outcomes = [(Protocol::Udp, udp), (Protocol::Tcp, tcp)];
    let outcomes = outcomes.map(|(protocol, passed)| outcome(protocol, passed));
    let own = from == Party::Master;
    stage.handle(Input::Looked(Box::new(Looked {
        from,
        node: NodeId::new(node),
        place,
        depth,
        outcomes: Some(outcomes.into()),
    })));
    if own {
        let failure = Failure {
            kind: FailureKind::Silent,
            problem: "no answer".into(),
        };
        stage.handle(Input::Probed {
            node: NodeId::new(node),
            boot: BootId::new("boot1"),
            version: 1,
            outcome: if udp || tcp { Ok(()) } else { Err(failure) },
        });
    }
}

fn state(stage: &Stage, node: &str) -> State {
    stage
        .control
        .cluster()
        .node(&NodeId::new(node))
        .expect("there")
        .state()
}

fn withheld(stage: &mut Stage) -> Option<(AttachmentId, Vec<Path>)> {
    let seen = std::mem::take(&mut stage.seen);
    let mut told = seen.into_iter().filter_map(|effect| match effect {
        Effect::Withhold { attachment, paths } => Some((attachment, paths)),
        _ => None,
    });
    let last = told.next_back();
    assert!(told.next().is_none(), "said once");
    last
}

/// Who was asked to look at whom.
fn looks(stage: &mut Stage) -> Vec<(String, String, Depth)> {
    let seen = std::mem::take(&mut stage.seen);
    let looks = seen.into_iter().filter_map(|effect| match effect {
        Effect::Look {
            from, node, depth, ..
        } => Some((from.to_string(), node.to_string(), depth)),
        _ => None,
    });
    looks.collect()
}

#[test]
fn a_broken_path_is_withheld_until_it_holds() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    looked(&mut stage, Party::Master, "media_1", true, true);
    assert_eq!(withheld(&mut stage), None);
    let ip = ip(&stage, "media_1");
    for _ in 0..2 {
        stage.pass(10_000);
        looked(&mut stage, Party::Master, "media_1", false, true);
    }
    assert_eq!(state(&stage, "media_1"), State::Serving);
    let udp = vec![direct(ip, Protocol::Udp)];
    assert_eq!(withheld(&mut stage), Some((AttachmentId(1), udp.clone())));
    assert!(stage.logged("serves without UDP"), "{:?}", stage.log);
    // A node that dials in anew has forgotten.
    stage.detach(1);
    stage.attach(2, "media_1", 1);
    assert_eq!(withheld(&mut stage), Some((AttachmentId(2), udp)));
    for _ in 0..2 {
        stage.pass(1_000);
        looked(&mut stage, Party::Master, "media_1", true, true);
    }
    assert_eq!(withheld(&mut stage), Some((AttachmentId(2), Vec::new())));
}

#[test]
fn a_doubtful_path_is_looked_at_again_soon() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    looked(&mut stage, Party::Master, "media_1", true, true);
    stage.pass(10_000);
    stage.seen.clear();
    looked(&mut stage, Party::Master, "media_1", false, true);
    stage.pass(1_000);
    let probes = stage
        .seen
        .iter()
        .filter(|it| matches!(it, Effect::Probe { .. }));
    assert_eq!(probes.count(), 1);
}

#[test]
fn a_node_that_only_others_reach_is_let_in() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    stage.attach(2, "media_2", 1);
    looked(&mut stage, Party::Master, "media_1", false, false);
    assert_eq!(state(&stage, "media_1"), State::Probing);
    let by = Party::Node(NodeId::new("media_2"));
    looked(&mut stage, by.clone(), "media_1", false, true);
    assert_eq!(state(&stage, "media_1"), State::Serving);
    // The master goes on failing, and that counts for nothing.
    for _ in 0..6 {
        stage.pass(10_000);
        looked(&mut stage, by.clone(), "media_1", false, true);
        looked(&mut stage, Party::Master, "media_1", false, false);
    }
    assert_eq!(state(&stage, "media_1"), State::Serving);
    // Not without them.
    for _ in 0..10 {
        stage.pass(10_000);
        looked(&mut stage, by.clone(), "media_1", false, false);
        looked(&mut stage, Party::Master, "media_1", false, false);
    }
    assert_ne!(state(&stage, "media_1"), State::Serving);
    looked(&mut stage, by, "media_1", false, true);
    stage.pass(1_000);
    looked(
        &mut stage,
        Party::Node(NodeId::new("media_2")),
        "media_1",
        false,
        true,
    );
    assert_eq!(state(&stage, "media_1"), State::Serving, "{:?}", stage.log);
}

#[test]
fn clients_that_connect_keep_a_node_that_no_probe_reaches() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    looked(&mut stage, Party::Master, "media_1", true, true);
    stage.call("room", &["ann", "bob"]);
    for _ in 0..5 {
        stage.pass(5_000);
        let carried = stage.carried.keys().next().expect("there").clone();
        let state = control::TransportState {
            stage: Step::Connected,
            ..stage.carried[&carried].clone()
        };
        let reason = String::new();
        let attachment = AttachmentId(1);
        stage.handle(Input::Says {
            attachment,
            says: control::Says::Transport {
                transport: state,
                reason,
            },
        });
        looked(&mut stage, Party::Master, "media_1", false, false);
    }
    assert_eq!(state(&stage, "media_1"), State::Serving);
    for _ in 0..8 {
        stage.pass(10_000);
        looked(&mut stage, Party::Master, "media_1", false, false);
    }
    assert_ne!(state(&stage, "media_1"), State::Serving);
}

#[test]
fn nodes_look_at_each_other_in_turn() {
    let mut stage = probing();
    for number in 1..=3 {
        stage.attach(number, &format!("media_{number}"), 1);
        looked(
            &mut stage,
            Party::Master,
            &format!("media_{number}"),
            true,
            true,
        );
    }
    stage.pass(20_000);
    stage.seen.clear();
    let mut by = Vec::new();
    for _ in 0..60 {
        stage.pass(10_000);
        for (from, node, depth) in looks(&mut stage) {
            if node == "media_1" {
                assert!(depth == Depth::Call || by.contains(&from), "{by:?}");
                by.push(from.clone());
            }
            looked(
                &mut stage,
                Party::Node(NodeId::new(from)),
                &node,
                true,
                true,
            );
        }
    }
    let turns = by.chunk_by(|one, other| one == other);
    let turns: Vec<(&str, usize)> = turns.map(|turn| (turn[0].as_str(), turn.len())).collect();
    assert!(turns.len() >= 3, "{turns:?}");
    assert!(
        turns.iter().skip(1).rev().skip(1).all(|turn| turn.1 == 20),
        "{turns:?}"
    );
    assert_ne!(turns[1].0, turns[2].0);
    assert!(by.len() >= 55, "every 10 s: {}", by.len());
}

#[test]
fn a_node_that_does_not_say_what_it_found_is_relieved() {
    let mut stage = probing();
    for number in 1..=3 {
        stage.attach(number, &format!("media_{number}"), 1);
        looked(
            &mut stage,
            Party::Master,
            &format!("media_{number}"),
            true,
            true,
        );
    }
    let mut by = Vec::new();
    for _ in 0..14 {
        let asked = looks(&mut stage).into_iter();
        by.extend(
            asked
                .filter(|(_, node, _)| node == "media_1")
                .map(|(from, ..)| from),
        );
        stage.pass(u64::try_from(LOOK.as_millis()).expect("there"));
        looked(&mut stage, Party::Master, "media_1", true, true);
    }
    by.dedup();
    assert!(by.len() > 2, "{by:?}");
    assert_eq!(state(&stage, "media_1"), State::Serving);
}

#[test]
fn who_asks_for_it_hears_of_changed_ways() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    looked(&mut stage, Party::Master, "media_1", true, false);
    let mut posts = stage.seen.iter().filter_map(|effect| match effect {
        Effect::Event(Event::Reach(event)) => Some(event.judgement.withheld.len()),
        _ => None,
    });
    assert_eq!((posts.next(), posts.next()), (Some(1), None));
}

#[test]
fn stun_is_not_handed_out_where_udp_does_not_pass_unless_nothing_is_left() {
    let mut stage = probing();
    stage.attach(1, "media_1", 1);
    looked(&mut stage, Party::Master, "media_1", false, true);
    let ann = {
        stage.create("room");
        stage.connection("room", "ann");
        stage.join("room", "ann")
    };
    // There is but one address: better a server that may not answer than strangers'.
    let told = format!("{:?}", stage.told(ann));
    assert!(told.contains("stun:"), "{told}");
}
