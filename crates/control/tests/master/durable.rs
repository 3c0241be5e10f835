//! What is written before it may be told.

use std::collections::BTreeSet;

use conference::{ServerOperation, SessionId, SessionProperties};
use control::{Effect, Input, LAST_WORDS, Outcome, PATIENCE, Told};

use crate::stage::{Stage, publish};

const PATIENCE_MS: u64 = PATIENCE.as_millis() as u64;

#[test]
fn nobody_hears_of_what_is_not_written() {
    let mut stage = Stage::new();
    stage.prompt = false;
    let created = stage.create("room");
    assert_eq!(stage.answered(created), None);
    stage.commits(Outcome::Applied, true);
    assert_eq!(stage.answered(created), Some(true));
    assert!(stage.store.contains_key("sessions/room"));
}

#[test]
fn nodes_are_told_at_once() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.prompt = false;
    stage.connection("room", "bob");
    let before = stage.told(ann).len();
    stage.operate(ann, 2, "ann", publish());
    assert_eq!(stage.commands.len(), 1, "the node does not wait");
    assert_eq!(stage.told(ann).len(), before, "the client does");
    stage.commits(Outcome::Applied, true);
    stage.commits(Outcome::Applied, true);
    assert_eq!(stage.told(ann).len(), before + 1);
}

#[test]
fn what_comes_during_a_commit_goes_with_the_next() {
    let mut stage = Stage::new();
    stage.prompt = false;
    let first = stage.create("one");
    let more = ["two", "three", "four"].map(|name| stage.create(name));
    stage.commits(Outcome::Applied, true);
    assert_eq!(stage.answered(first), Some(true));
    assert_eq!(more.map(|it| stage.answered(it)), [None; 3]);
    let (_, writes) = stage.commit.as_ref().expect("the next one");
    assert_eq!(writes.len(), 3);
    stage.commits(Outcome::Applied, true);
    assert_eq!(more.map(|it| stage.answered(it)), [Some(true); 3]);
    assert!(stage.commit.is_none());
}

#[test]
fn what_was_told_before_is_told_first() {
    let mut stage = Stage::new();
    stage.prompt = false;
    let created = stage.create("room");
    // Changes nothing, and is told after what it may depend on all the same.
    let refused = stage.server(ServerOperation::CloseSession {
        session: SessionId::new("nobody"),
    });
    assert_eq!(stage.answered(refused), None);
    stage.commits(Outcome::Applied, true);
    let answers: Vec<_> = stage
        .seen
        .iter()
        .filter_map(|effect| match effect {
            Effect::Answer { question, .. } => Some(*question),
            _ => None,
        })
        .collect();
    assert_eq!(answers, [created, refused]);
}

#[test]
fn a_silent_store_holds_nobody_up_for_long() {
    let mut stage = Stage::new();
    stage.prompt = false;
    let created = stage.create("room");
    stage.pass(PATIENCE_MS - 1);
    assert_eq!(stage.answered(created), None);
    stage.pass(1);
    assert_eq!(stage.answered(created), Some(true));
    assert!(stage.control.store_is_silent());
    let next = stage.create("another");
    assert_eq!(stage.answered(next), Some(true), "nothing waits any more");
    assert_eq!(stage.control.unwritten(), 2);
    let complaints = stage.log.iter().filter(|it| it.contains("does not write"));
    assert_eq!(complaints.count(), 1);

    stage.prompt = true;
    stage.commits(Outcome::Applied, true);
    assert!(!stage.control.store_is_silent());
    assert!(stage.logged("the store writes again"));
    assert_eq!(stage.control.unwritten(), 0);
    let keys: BTreeSet<&str> = stage.store.keys().map(String::as_str).collect();
    assert_eq!(keys, ["sessions/another", "sessions/room"].into());
}

#[test]
fn what_failed_is_written_again_with_growing_pauses() {
    let mut stage = Stage::new();
    stage.prompt = false;
    stage.create("room");
    let mut tries = Vec::new();
    for happens in [false, true, false, false, false, false, false] {
        tries.push(stage.now);
        stage.commits(Outcome::Failed("disk full".into()), happens);
        while stage.commit.is_none() {
            stage.pass(1);
        }
    }
    let pauses: Vec<u64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 5000]);
    assert_eq!(stage.control.failed_commits(), 7);
    stage.commits(Outcome::Applied, true);
    assert_eq!(stage.control.unwritten(), 0);
    assert!(stage.store.contains_key("sessions/room"));
}

#[test]
fn what_is_gone_is_removed_even_when_it_was_not_known_to_be_there() {
    let mut stage = Stage::new();
    stage.prompt = false;
    stage.create("room");
    // It happened, and nobody knows.
    stage.commits(Outcome::Failed("no answer".into()), true);
    stage.server(ServerOperation::CloseSession {
        session: SessionId::new("room"),
    });
    stage.prompt = true;
    stage.pass(10_000);
    assert_eq!(stage.store, [].into());
    assert_eq!(stage.control.unwritten(), 0);
}

#[test]
fn a_master_that_does_not_lead_any_more_says_nothing_more() {
    let mut stage = Stage::new();
    stage.prompt = false;
    let created = stage.create("room");
    stage.commits(Outcome::Refused("another leads".into()), false);
    assert_eq!(stage.answered(created), None);
    assert!(
        matches!(&stage.seen[..], [Effect::StepDown { reason }] if reason == "another leads"),
        "{:?}",
        stage.seen
    );
}

#[test]
fn a_large_session_is_written_in_parts_and_only_what_changed() {
    let mut stage = Stage::new();
    stage.prompt = false;
    stage.create("room");
    stage.commits(Outcome::Applied, true);
    // All while one commit is under way.
    stage.connection("room", "first");
    let last: Vec<_> = (0..300)
        .map(|number| stage.connection("room", &format!("p{number}")))
        .collect();
    let mut commits = 0;
    while stage.commit.is_some() {
        assert_eq!(stage.answered(last[299]), None);
        stage.commits(Outcome::Applied, true);
        commits += 1;
        // A large session gives others time in between.
        stage.pass(20);
    }
    assert_eq!(commits, 1 + 3);
    assert_eq!(stage.answered(last[299]), Some(true));
    assert_eq!(stage.store.len(), 302);
    stage.connection("room", "one more");
    let (_, writes) = stage.commit.as_ref().expect("a commit");
    let keys: Vec<&str> = writes.iter().map(|write| write.key.as_str()).collect();
    assert_eq!(keys, ["members/room/con_one%20more"]);
}

#[test]
fn the_end_waits_for_the_store() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann"]);
    stage.prompt = false;
    stage.handle(Input::Stop);
    assert!(!stopped(&stage));
    stage.commits(Outcome::Applied, true);
    assert!(stopped(&stage));
    let places: BTreeSet<&str> = stage.store.keys().map(String::as_str).collect();
    assert_eq!(places, ["known/media_1"].into());
}

fn stopped(stage: &Stage) -> bool {
    matches!(stage.seen.last(), Some(Effect::Stopped))
}

/// As for a service manager's restart: whoever is there now is there for the next run.
#[test]
fn a_master_that_leaves_writes_what_is_and_ends_nothing() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann"]);
    let before: BTreeSet<String> = stage.store.keys().cloned().collect();
    stage.prompt = false;
    let late = stage.create("late");
    let told = stage.seen.len();
    stage.handle(Input::Leave);
    assert!(!stopped(&stage), "it is not written yet");
    let refused = stage.create("later");
    stage.commits(Outcome::Applied, true);
    assert!(stopped(&stage));
    assert_eq!(stage.answered(late), Some(true));
    assert_eq!(stage.answered(refused), None, "as by a master that is gone");
    let kept: BTreeSet<String> = stage.store.keys().cloned().collect();
    assert!(kept.is_superset(&before), "{kept:?}");
    assert!(kept.contains("sessions/late") && !kept.contains("sessions/later"));
    let farewells = |effect: &Effect| match effect {
        Effect::Tell { told, .. } => !matches!(told, Told::Stop),
        Effect::Command { .. } => true,
        _ => false,
    };
    let said: Vec<&Effect> = stage.seen[told..]
        .iter()
        .filter(|it| farewells(it))
        .collect();
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann"]);
    stage.prompt = false;
    stage.handle(Input::Stop);
    let end = LAST_WORDS.as_millis() as u64;
    stage.pass(end - 1);
    assert!(!stopped(&stage));
    stage.pass(1);
    assert!(matches!(stage.seen.last(), Some(Effect::Stopped)));
    let told_to_stop = |effect: &Effect| {
        matches!(
            effect,
            Effect::Tell {
                told: Told::Stop,
                ..
            }
        )
    };
    assert!(stage.seen.iter().any(told_to_stop));
}

#[test]
fn what_the_store_cannot_take_keeps_nothing_else_from_it() {
    let mut stage = Stage::new();
    // Ids become parts of keys, and keys have an end.
    let long = "x".repeat(600);
    let created = stage.create(&long);
    assert_eq!(stage.answered(created), Some(true), "it works all the same");
    let large = stage.server(ServerOperation::CreateSession {
        fresh: SessionId::new("large"),
        properties: SessionProperties {
            default_recording_properties: Some("y".repeat(2 << 20)),
            ..SessionProperties::default()
        },
    });
    assert_eq!(stage.answered(large), Some(true));
    stage.connection("large", "ann");
    stage.create("room");
    for (key, value) in &stage.store {
        assert!(key.len() <= 512 && value.len() <= 1 << 20, "{key:.80}");
    }
    assert!(stage.store.contains_key("sessions/room"));
    assert_eq!(stage.control.unwritten(), 0);
    let told = stage.log.iter().filter(|it| it.contains("too large"));
    assert_eq!(told.count(), 2, "once of each: {:?}", stage.log);

    for session in [long.as_str(), "large"] {
        let session = SessionId::new(session);
        stage.server(ServerOperation::CloseSession { session });
    }
    let keys: Vec<&str> = stage.store.keys().map(String::as_str).collect();
    assert_eq!(keys, ["sessions/room"]);
}

/// What its store holds would be taken up again by the next one.
#[test]
fn a_master_that_stops_writes_that_everybody_is_gone() {
    let mut stage = Stage::new();
    stage.create("room");
    stage.prompt = false;
    stage.create("another");
    stage.commits(Outcome::Failed("disk full".into()), false);
    assert!(stage.control.store_is_silent());
    stage.handle(Input::Stop);
    assert!(!stopped(&stage));
    assert!(
        stage.commit.is_some(),
        "it does not wait for the pause to end"
    );
    stage.commits(Outcome::Failed("disk full".into()), false);
    assert!(!stopped(&stage));
    stage.prompt = true;
    stage.pass(1_000);
    assert!(stopped(&stage));
    assert_eq!(stage.store, [].into());
}
