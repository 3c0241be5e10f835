//! What nodes are told of how to work, and what becomes of those that do not.

use std::time::Duration;

use cluster::{Addresses, AttachmentId, NodeId};
use control::{
    DrawnSecret, Effect, GATHER, Input, NodeSettings, OBEDIENCE, OwnRelay, Question, RelayRules,
    Running, Says, Settings, Skew,
};

use crate::stage::{Stage, settings};

const GATHER_MS: u64 = GATHER.as_millis() as u64;
const OBEDIENCE_MS: u64 = OBEDIENCE.as_millis() as u64;

fn drawn(text: &str) -> DrawnSecret {
    DrawnSecret {
        secret: text.into(),
        fingerprint: format!("of {text}").into_bytes(),
    }
}

pub fn with_relay(first: &str) -> Settings {
    Settings {
        relay: Some(RelayRules {
            first: drawn(first),
            own: OwnRelay::default(),
            rotate_every: Duration::from_secs(48 * 3600),
            allocations_per_user: 5,
            allocations: 50,
        }),
        stun_servers: vec!["192.0.2.99:3478".into()],
        ..settings()
    }
}

/// What was told on this stream last.
fn last(stage: &Stage, attachment: u64) -> NodeSettings {
    let told = stage.told.iter().rev();
    let mut told = told.filter(|(_, to, _)| *to == AttachmentId(attachment));
    (*told.next().expect("told").2).clone()
}

fn peers(settings: &NodeSettings) -> Vec<String> {
    let relay = settings.relay.as_ref().expect("a relay");
    let all = relay.peers.iter();
    all.flat_map(|(ip, ports)| ports.iter().map(move |port| format!("{ip}:{port}")))
        .collect()
}

fn secrets(settings: &NodeSettings) -> Vec<(u64, &str)> {
    let relay = settings.relay.as_ref().expect("a relay");
    let all = relay.secrets.iter();
    all.map(|it| (it.version, it.drawn.secret.as_str()))
        .collect()
}

fn says(stage: &mut Stage, attachment: u64, says: Says) {
    let attachment = AttachmentId(attachment);
    stage.handle(Input::Says { attachment, says });
}

fn runs(stage: &mut Stage, version: u64, secret: &str) {
    let running = Running {
        version,
        relay_fingerprint: drawn(secret).fingerprint,
    };
    says(stage, 1, Says::Running(running));
}

pub fn rotate(stage: &mut Stage, text: &str) {
    stage.handle(Input::RelaySecret {
        question: Some(Question(900)),
        drawn: drawn(text),
    });
}

#[test]
fn a_newcomer_is_told_the_whole_at_once_and_the_others_what_it_changes() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    let first = last(&stage, 1);
    assert_eq!(peers(&first), ["192.0.2.1:40000"]);
    assert_eq!(secrets(&first), [(1, "one")]);
    assert_eq!(first.stun_servers, ["192.0.2.99:3478"]);
    let relay = first.relay.as_ref().expect("a relay");
    assert_eq!((relay.allocations_per_user, relay.allocations), (5, 50));
    assert_eq!(stage.own.as_deref(), Some(&first), "the master's own relay");

    stage.pass(10 * GATHER_MS);
    stage.attach_at(2, "media_2", 1, "192.0.2.2");
    for attachment in [1, 2] {
        let told = last(&stage, attachment);
        assert_eq!(peers(&told), ["192.0.2.1:40000", "192.0.2.2:40000"]);
        assert!(told.version > first.version);
    }
}

#[test]
fn a_change_of_addresses_reaches_everybody_within_the_time_for_gathering() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    stage.attach_at(2, "media_2", 1, "192.0.2.2");
    let begun = stage.now;
    for version in 2..20 {
        let addresses = Addresses {
            version,
            ips: vec![
                format!("192.0.2.{}", 100 + version)
                    .parse()
                    .expect("address"),
            ],
            ports: vec![40_000],
            stun_port: 40_100,
            relay_tls: String::new(),
            ..Addresses::default()
        };
        says(&mut stage, 2, Says::Addresses(addresses));
    }
    stage.pass(GATHER_MS);
    assert_eq!(
        peers(&last(&stage, 1)),
        ["192.0.2.1:40000", "192.0.2.119:40000"]
    );
    let to_first = stage
        .told
        .iter()
        .filter(|(_, to, _)| *to == AttachmentId(1));
    assert!(to_first.count() <= 3, "{:?}", stage.told);
    assert!(stage.told.last().expect("told").0 <= begun + GATHER_MS);
    let before = stage.told.len();
    stage.pass(60_000);
    assert_eq!(stage.told.len(), before, "nothing changed");
}

#[test]
fn a_node_that_is_lost_may_not_be_relayed_to() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach_at(1, "media_1", 1, "192.0.2.1");
    stage.attach_at(2, "media_2", 1, "192.0.2.2");
    stage.handle(Input::Gone {
        node: NodeId::new("media_2"),
    });
    stage.detach(2);
    stage.pass(60_000);
    assert_eq!(peers(&last(&stage, 1)), ["192.0.2.1:40000"]);
}

#[test]
fn a_rotated_secret_is_told_at_once_with_the_one_before_and_outlives_the_master() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach(1, "media_1", 1);
    rotate(&mut stage, "two");
    assert_eq!(secrets(&last(&stage, 1)), [(2, "two"), (1, "one")]);
    rotate(&mut stage, "three");
    assert_eq!(secrets(&last(&stage, 1)), [(3, "three"), (2, "two")]);
    let obeyed = |effect: &Effect| matches!(effect, Effect::Obeyed { result: Ok(_), .. });
    assert_eq!(stage.seen.iter().filter(|it| obeyed(it)).count(), 2);

    let mut stage = stage.restarted_with(with_relay("drawn at this start"));
    stage.attach(5, "media_1", 1);
    assert_eq!(secrets(&last(&stage, 5)), [(3, "three"), (2, "two")]);
    assert!(
        !stage.log.iter().any(|line| line.contains("three")),
        "secrets are not logged"
    );
}

#[test]
fn a_secret_is_replaced_when_it_is_old() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach(1, "media_1", 1);
    stage.pass(48 * 3_600_000 - 1);
    let asked = |stage: &Stage| {
        let asked = |effect: &&Effect| matches!(effect, Effect::DrawRelaySecret);
        stage.seen.iter().filter(asked).count()
    };
    assert_eq!(asked(&stage), 0);
    stage.pass(10_000);
    assert_eq!(asked(&stage), 1, "asked for once");
    stage.handle(Input::RelaySecret {
        question: None,
        drawn: drawn("two"),
    });
    assert_eq!(secrets(&last(&stage, 1)), [(2, "two"), (1, "one")]);
    // Whatever comes unasked changes nothing.
    stage.handle(Input::RelaySecret {
        question: None,
        drawn: drawn("three"),
    });
    stage.pass(1_000);
    assert_eq!(secrets(&last(&stage, 1)), [(2, "two"), (1, "one")]);
}

#[test]
fn a_node_that_works_with_something_else_is_told_again_and_named() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach(1, "media_1", 1);
    let version = last(&stage, 1).version;
    let told = stage.told.len();
    runs(&mut stage, 0, "");
    assert_eq!(stage.told.len(), told, "it has just been told");
    stage.pass(OBEDIENCE_MS);
    runs(&mut stage, 0, "");
    assert_eq!(stage.told.len(), told + 1);
    runs(&mut stage, version, "one");
    stage.pass(OBEDIENCE_MS);
    runs(&mut stage, version, "one");
    assert_eq!(stage.told.len(), told + 1, "all is well");

    runs(&mut stage, version, "yesterday's");
    assert!(stage.logged("another secret"), "{:?}", stage.log);
    assert_eq!(stage.told.len(), told + 2);
    let working = stage
        .control
        .working(&NodeId::new("media_1"))
        .expect("known");
    assert!(working.diverges);
    runs(&mut stage, version, "one");
    assert!(stage.logged("secret again"), "{:?}", stage.log);
}

#[test]
fn clocks_far_apart_are_told_of_once() {
    let mut stage = Stage::with(with_relay("one"));
    stage.attach(1, "media_1", 1);
    let clock = |ahead_ms, uncertainty_ms| {
        Says::Clock(Skew {
            ahead_ms,
            uncertainty_ms,
        })
    };
    says(&mut stage, 1, clock(2_100, 200));
    assert!(!stage.logged("clock"), "not sure");
    says(&mut stage, 1, clock(-2_100, 20));
    says(&mut stage, 1, clock(-9_000, 20));
    let told = stage.log.iter().filter(|line| line.contains("clock"));
    assert_eq!(told.count(), 1, "{:?}", stage.log);
    assert!(stage.logged("2.1 s behind"), "{:?}", stage.log);
    says(&mut stage, 1, clock(3, 20));
    assert!(stage.logged("agrees"), "{:?}", stage.log);
    let working = stage
        .control
        .working(&NodeId::new("media_1"))
        .expect("known");
    assert_eq!(working.skew.map(|skew| skew.ahead_ms), Some(3));
}
