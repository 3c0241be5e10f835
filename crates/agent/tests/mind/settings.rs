//! What the master says of how to work.

use std::sync::Arc;
use std::time::Duration;

use crate::stage::{Node, on};
use agent::{Effect, Input, NodeSettings, RelaySecret, RelaySettings, Running, Settings, ToMaster};

fn settings(version: u64, secret: &str) -> NodeSettings {
    NodeSettings {
        version,
        relay: Some(RelaySettings {
            secrets: vec![RelaySecret {
                version,
                secret: secret.into(),
            }],
            peers: vec![(on("192.0.2.1").ip, 40_000).into()],
            ..RelaySettings::default()
        }),
        stun_servers: vec!["192.0.2.9:3478".into()],
    }
}

fn tell(node: &mut Node, settings: &NodeSettings) -> Vec<Effect> {
    node.take(Input::Settings(Box::new(settings.clone())))
}

fn applied(version: u64) -> Input {
    Input::Applied {
        version,
        relay_fingerprint: vec![1, 2],
    }
}

fn apply(settings: &NodeSettings, clock_ahead_ms: i64) -> Effect {
    Effect::Apply {
        settings: Arc::new(settings.clone()),
        clock_ahead_ms,
    }
}

fn running(version: u64) -> Effect {
    Effect::Send(ToMaster::Running(Running {
        version,
        relay_fingerprint: vec![1, 2],
    }))
}

#[test]
fn what_is_told_is_applied_and_its_version_told_back() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    let first = settings(1, "a");
    assert_eq!(tell(&mut node, &first), [apply(&first, 0)]);
    assert_eq!(node.take(applied(1)), [running(1)]);
    assert_eq!(node.take(applied(1)), [], "said once");
    let second = settings(2, "b");
    assert_eq!(tell(&mut node, &second), [apply(&second, 0)]);
    assert_eq!(node.take(applied(1)), [], "not in force any more");
    assert_eq!(node.take(applied(2)), [running(2)]);
}

#[test]
fn the_masters_clock_is_applied_with_what_was_told() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    assert_eq!(node.take(Input::Clock(-3_000)), [], "nothing to judge yet");
    let told = settings(1, "a");
    assert_eq!(tell(&mut node, &told), [apply(&told, -3_000)]);
    node.take(applied(1));
    assert_eq!(node.take(Input::Clock(-3_000)), []);
    assert_eq!(node.take(Input::Clock(40)), [apply(&told, 40)]);
    assert_eq!(node.take(applied(1)), [], "the version is the same");
}

#[test]
fn settings_stay_without_a_master_and_count_anew_with_the_next() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    let told = settings(7, "a");
    tell(&mut node, &told);
    node.take(applied(7));
    let lost = node.lose();
    assert!(!lost.iter().any(|e| matches!(e, Effect::Apply { .. })));
    node.introduce(&[]);
    assert_eq!(tell(&mut node, &settings(8, "b")), [], "before its welcome");
    let welcomed = node.welcome(2);
    assert!(welcomed.contains(&running(0)), "{welcomed:?}");
    // The next run of the master counts from 1 again.
    let next = settings(1, "a");
    assert_eq!(tell(&mut node, &next), [apply(&next, 0)]);
    assert_eq!(node.take(applied(1)), [running(1)]);
}

#[test]
fn a_busy_plane_is_asked_again_with_the_latest() {
    let mut node = Node::new(Settings::default());
    node.attach(1);
    tell(&mut node, &settings(1, "a"));
    assert_eq!(node.take(Input::NotApplied), []);
    let latest = settings(2, "b");
    tell(&mut node, &latest);
    assert_eq!(node.take(Input::NotApplied), []);
    let effects = node.live(Duration::from_millis(200), &[]);
    let again: Vec<_> = (effects.iter())
        .filter(|e| matches!(e, Effect::Apply { .. }))
        .collect();
    assert_eq!(again, [&apply(&latest, 0)]);
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?}", settings(1, "SECRET-TEXT"));
    assert!(!shown.contains("SECRET-TEXT"), "{shown}");
}
