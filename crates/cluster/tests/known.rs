//! Nodes that an earlier run of the master knew.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster::*;

const SOON: Duration = Duration::from_secs(1);

fn known(sessions: &[&str]) -> Known {
    Known {
        node: NodeId::new("n1"),
        boot: Boot {
            id: BootId::new("b1"),
            started: 1,
        },
        version: "test".into(),
        addresses: Addresses {
            version: 1,
            ips: vec!["192.0.2.1".parse().expect("address")],
            ports: vec![40000],
            stun_port: 40100,
            relay_tls: String::new(),
            ..Addresses::default()
        },
        addresses_told: None,
        capacity: Capacity { shards: 1 },
        environment: Environment::default(),
        served: true,
        purpose: Purpose::Stay,
        sessions: sessions.iter().map(|id| SessionId::new(*id)).collect(),
    }
}

fn hello(boot: &str, started: u64) -> Hello {
    let known = known(&[]);
    Hello {
        node: known.node,
        boot: Boot {
            id: BootId::new(boot),
            started,
        },
        version: known.version,
        addresses: known.addresses,
        capacity: known.capacity,
        load: Load::default(),
    }
}

fn restarted() -> Cluster {
    let mut cluster = Cluster::new();
    let effects = cluster.handle(Moment(0), Input::Known(Box::new(known(&["room"]))));
    assert_eq!(effects, [], "nobody hears of what was known before");
    cluster
}

fn dial(cluster: &mut Cluster, at: Moment, boot: &str, started: u64) -> Vec<Effect> {
    let attachment = AttachmentId(1);
    let hello = hello(boot, started);
    cluster.handle(at, Input::Hello { attachment, hello })
}

#[test]
fn it_is_suspect_and_carries_what_it_carried() {
    let mut cluster = restarted();
    let node = cluster.node(&NodeId::new("n1")).expect("known");
    assert_eq!(node.state(), State::Suspect);
    assert_eq!(node.status(), MediaNodeStatus::Running);
    let room = SessionId::new("room");
    assert_eq!(cluster.carrier(&room), Some(&NodeId::new("n1")));
    let other = cluster.place(&SessionId::new("other"), None, None);
    assert!(
        matches!(other, Err(NoPlace::NoneServing { .. })),
        "{other:?}"
    );
}

#[test]
fn the_same_boot_goes_on() {
    let mut cluster = restarted();
    let effects = dial(&mut cluster, Moment(0) + SOON, "b1", 1);
    let again = |effect: &Effect| matches!(effect, Effect::Admit { again: true, .. });
    assert!(effects.iter().any(again), "{effects:?}");
    let lost = |effect: &Effect| matches!(effect, Effect::Lost { .. });
    assert!(!effects.iter().any(lost), "{effects:?}");
    assert_eq!(
        cluster.node(&NodeId::new("n1")).expect("known").state(),
        State::Serving
    );
    assert_eq!(cluster.next_deadline(), None);
}

#[test]
fn a_later_boot_has_lost_it() {
    let mut cluster = restarted();
    let effects = dial(&mut cluster, Moment(0) + SOON, "b2", 2);
    let lost = effects.iter().find_map(|effect| match effect {
        Effect::Lost { sessions, .. } => Some(sessions.clone()),
        _ => None,
    });
    assert_eq!(lost, Some(vec![SessionId::new("room")]));
}

#[test]
fn one_that_stays_away_is_lost_in_time() {
    let mut cluster = restarted();
    let due = cluster.next_deadline().expect("a deadline");
    assert_eq!(
        (due.at, due.timer),
        (Moment(0) + SUSPICION, Timer::SuspicionOver)
    );
    let effects = cluster.handle(due.at, Input::Tick);
    let room = SessionId::new("room");
    assert!(
        effects.iter().any(|effect| matches!(effect,
            Effect::Lost { reason: LostReason::SuspicionOver, sessions, .. } if *sessions == [room.clone()])),
        "{effects:?}"
    );
    assert_eq!(cluster.carrier(&room), None);
}

#[test]
fn many_that_were_away_together_pull_no_brake() {
    let mut cluster = Cluster::new();
    for node in ["n1", "n2", "n3", "n4"] {
        let mut known = known(&[]);
        known.node = NodeId::new(node);
        assert_eq!(cluster.handle(Moment(0), Input::Known(Box::new(known))), []);
    }
    let lost = cluster.handle(Moment(0) + SUSPICION, Input::Tick);
    let lost = lost.iter().filter(|it| matches!(it, Effect::Lost { .. }));
    assert_eq!(lost.count(), 4);
}

#[test]
fn what_is_written_down_is_what_comes_back() {
    let mut cluster = Cluster::new();
    dial(&mut cluster, Moment(0), "b1", 1);
    let node = NodeId::new("n1");
    let (until, by_operator) = (Moment(0) + Duration::from_secs(60), true);
    let drain = Command::Drain {
        node: node.clone(),
        within: Some(Duration::from_secs(60)),
    };
    let room = SessionId::new("room");
    cluster.place(&room, None, None).expect("a place");
    cluster.command(Moment(0), drain).expect("legal");
    let mut written = cluster
        .node(&node)
        .and_then(Node::known)
        .expect("dialled in");
    assert_eq!(written.purpose, Purpose::Drain { until, by_operator });
    written.sessions = BTreeSet::from([room]);

    let mut later = Cluster::new();
    later.handle(Moment(0), Input::Known(Box::new(written.clone())));
    let mut again = later.node(&node).and_then(Node::known).expect("known");
    again.sessions = written.sessions.clone();
    assert_eq!(again, written);
    assert_eq!(
        later.node(&node).expect("known").state(),
        State::WaitingIdle
    );
}
