//! A node that is known to have crashed: its sessions are elsewhere with the evidence that was missing.

use cluster::{BootId, Failure, FailureKind, Gate, NodeId};
use control::{Effect, Event, Input, Settings};

use crate::stage::{Stage, settings};

fn probed(stage: &mut Stage, node: &str, failure: Option<FailureKind>) {
    let problem = String::new();
    stage.handle(Input::Probed {
        node: NodeId::new(node),
        boot: BootId::new("boot1"),
        version: 1,
        outcome: failure.map_or(Ok(()), |kind| Err(Failure { kind, problem })),
    });
}

/// Where the only session is.
fn home(stage: &Stage) -> Option<String> {
    let sessions = stage.sessions();
    let [session] = &sessions[..] else {
        panic!("expected one session, got {sessions:?}");
    };
    Some(session.node.as_ref()?.as_str().to_owned())
}

/// A call on `media_1`, and `media_2` beside it.
fn call() -> Stage {
    let mut stage = Stage::with(Settings {
        cluster: cluster::Settings {
            gate: Gate::Probe,
            ..settings().cluster
        },
        ..settings()
    });
    stage.attach(1, "media_1", 1);
    probed(&mut stage, "media_1", None);
    stage.call("room", &["ann", "bob"]);
    stage.attach(2, "media_2", 1);
    probed(&mut stage, "media_2", None);
    assert_eq!(home(&stage).as_deref(), Some("media_1"));
    stage
}

#[test]
fn its_sessions_have_another_node_at_once() {
    let mut stage = call();
    stage.detach(1);
    probed(&mut stage, "media_1", Some(FailureKind::Refused));
    assert_eq!(home(&stage).as_deref(), Some("media_1"), "not yet known");
    stage.pass(300);
    probed(&mut stage, "media_1", Some(FailureKind::Refused));
    assert!(stage.logged("is lost: Crashed"), "{:?}", stage.log);
    assert_eq!(home(&stage).as_deref(), Some("media_2"));
    // Nobody else is left to tell that what it carried has ended.
    let over = stage.seen.iter().filter_map(|effect| match effect {
        Effect::Event(Event::Over { node }) => Some(node.as_str()),
        _ => None,
    });
    assert_eq!(over.collect::<Vec<_>>(), ["media_1"]);
}

#[test]
fn a_silent_node_gets_nothing_new_and_keeps_what_it_has() {
    let mut stage = call();
    let attachment = cluster::AttachmentId(1);
    let silent = true;
    stage.handle(Input::Silence { attachment, silent });
    probed(&mut stage, "media_1", Some(FailureKind::Silent));
    stage.pass(60_000);
    assert_eq!(home(&stage).as_deref(), Some("media_1"));
}
