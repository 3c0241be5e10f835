//! A master that goes on where an earlier run ended.

use std::collections::BTreeMap;

use cluster::schedule::{Bounds, Entry, Schedule, When};
use cluster::{NodeId, Policy, State};
use control::{
    Control, Effect, Input, LONGEST_RETURN, Now, Question, RETURN, Stage as Step, Told, Webhook,
};
use openvidu::webhook;

use crate::stage::{Stage, publish, settings};

fn call() -> Stage {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann", "bob", "carl"]);
    stage
}

#[test]
fn sessions_are_what_they_were() {
    let mut stage = call();
    stage.create("empty");
    stage.connection("empty", "nobody yet");
    let before = stage.sessions();
    assert_eq!(before.len(), 2);
    let stage = stage.restarted();
    assert_eq!(stage.sessions(), before);
    assert!(stage.logged("restored 2 sessions with 3 participants on 1 nodes"));
    assert_eq!(stage.control.unwritten(), 0, "nothing is new");
    // Neither again.
    assert_eq!(stage.restarted().sessions(), before);
}

#[test]
fn a_node_that_returns_goes_on_and_is_told_only_what_is_new() {
    let mut stage = call().restarted();
    let node = NodeId::new("media_1");
    let state = |stage: &Stage| stage.control.cluster().node(&node).expect("known").state();
    assert_eq!(state(&stage), State::Suspect);
    stage.attach(1, "media_1", 1);
    assert_eq!(state(&stage), State::Serving);
    assert!(stage.commands.is_empty(), "{:?}", stage.commands);
    let again = |effect: &Effect| matches!(effect, Effect::Welcome { again: true, .. });
    assert!(stage.seen.iter().any(again));
    stage.pass(LONGEST_RETURN.as_millis() as u64);
    assert_eq!(stage.sessions(), [], "nobody came back");
    assert!(stage.carried.is_empty());
}

/// Who is in the session, by name.
fn present(stage: &Stage) -> Vec<String> {
    let sessions = stage.sessions();
    let all = sessions.iter().flat_map(|room| room.connections.keys());
    all.map(|id| id.as_str().replace("con_", "")).collect()
}

#[test]
fn nobody_is_awaited_longer_who_shows_no_sign_of_life() {
    let mut stage = call().restarted();
    stage.pass(RETURN.as_millis() as u64);
    assert_eq!(stage.sessions(), [], "the node is gone with their media");
}

#[test]
fn whose_media_flows_is_awaited_longer() {
    let mut stage = call().restarted();
    stage.attach(1, "media_1", 1);
    stage.pass(RETURN.as_millis() as u64);
    assert_eq!(present(&stage), ["ann", "bob", "carl"]);
    stage.media_is(1, "bob", Step::Disconnected);
    stage.pass(5_000);
    assert_eq!(present(&stage), ["ann", "carl"]);
    let ann = stage.comes_back("ann");
    assert!(matches!(stage.told(ann)[..], [Told::Adopted { .. }, ..]));
    stage.pass(LONGEST_RETURN.as_millis() as u64);
    assert_eq!(present(&stage), ["ann"]);
}

#[test]
fn media_that_a_node_does_not_carry_any_more_is_no_sign_of_life() {
    let mut stage = call().restarted();
    stage.attach(1, "media_1", 1);
    stage.detach(1);
    stage.carried.retain(|id, _| !id.starts_with("con_bob/"));
    stage.attach(2, "media_1", 1);
    stage.pass(RETURN.as_millis() as u64);
    assert_eq!(present(&stage), ["ann", "carl"]);
}

#[test]
fn clients_that_return_are_who_they_were() {
    let mut stage = call().restarted();
    stage.attach(1, "media_1", 1);
    let before = stage.sessions();
    for name in ["ann", "bob", "carl"] {
        let client = stage.comes_back(name);
        let told = stage.told(client);
        assert!(
            matches!(told[..], [Told::Adopted { connection, .. }] if connection.as_str() == format!("con_{name}")),
            "{told:?}"
        );
    }
    stage.pass(2 * RETURN.as_millis() as u64);
    assert_eq!(stage.sessions(), before);
}

#[test]
fn whoever_is_away_hears_later_what_was_said() {
    let mut stage = call().restarted();
    stage.attach(1, "media_1", 1);
    let ann = stage.comes_back("ann");
    stage.operate(ann, 9, "ann", conference::ClientOperation::Unpublish);
    let bob = stage.comes_back("bob");
    let told = stage.told(bob);
    assert!(
        matches!(
            told[..],
            [
                Told::Adopted { .. },
                Told::Notify(conference::Notification::ParticipantUnpublished { .. })
            ]
        ),
        "{told:?}"
    );
}

#[test]
fn a_participant_whose_rpc_session_is_not_known_has_left() {
    let mut stage = call();
    let record = stage
        .store
        .get_mut("members/room/con_bob")
        .expect("written");
    let text = String::from_utf8(record.clone()).expect("JSON");
    let cut = text.replace("\"rpc_bob\"", "null");
    assert_ne!(cut, text);
    *record = cut.into_bytes();
    let stage = stage.restarted();
    let room = &stage.sessions()[0];
    assert_eq!(room.connections.len(), 2, "{room:?}");
}

#[test]
fn a_record_of_another_version_stops_the_start() {
    let stage = call();
    let broken = |key: &str, value: &[u8]| {
        let mut store = stage.store.clone();
        store.insert(key.to_owned(), value.to_vec());
        let restored = Control::restore(Now::default(), settings(), store.into_iter().collect());
        restored.expect_err("unreadable").to_string()
    };
    let error = broken("sessions/room", br#"{"version":2,"id":"room"}"#);
    assert_eq!(
        error,
        "record sessions/room of the store has form 2, this program reads form 1: use the version that wrote it, or a \
         later one"
    );
    let error = broken("known/media_1", b"garbage");
    assert!(
        error.starts_with("record known/media_1 of the store cannot be read"),
        "{error}"
    );
    let error = broken(
        "outbox/x",
        br#"{"version":1,"event":"sessionCreated","body":"{}"}"#,
    );
    assert!(
        error.starts_with("record outbox/x of the store cannot be read"),
        "{error}"
    );
}

#[test]
fn schedule_and_count_outlive_the_master() {
    let mut stage = Stage::new();
    let entry = Entry {
        name: "morning".into(),
        when: When::Weekly {
            weekdays: vec!["mon-fri".into()],
            time: "07:30".into(),
        },
        zone: "Europe/Berlin".into(),
        wanted: Bounds {
            minimum: 2,
            maximum: 4,
        },
        lead: std::time::Duration::from_secs(60),
    };
    let policy = Policy {
        count: Some(3),
        schedule: Schedule::new(vec![entry]).expect("valid"),
        autoscaling: Some(cluster::autoscaling::Limits {
            nodes: Bounds::exactly(5),
            max_load: 80.5,
            min_load: 20.25,
            interval: std::time::Duration::from_millis(61_500),
        }),
    };
    stage.handle(Input::Policy {
        question: Question(1),
        policy: Some(Box::new(policy.clone())),
    });
    assert!(stage.control.schedule_is_set());
    stage.handle(Input::Command {
        question: Question(2),
        command: cluster::Command::Count(9),
    });
    let demanded = stage.control.cluster().demanded();
    assert!(demanded.is_some());
    let mut stage = stage.restarted();
    let restored = stage.control.cluster().policy().clone();
    assert_eq!(restored.schedule, policy.schedule);
    assert_eq!(
        (restored.count, restored.autoscaling),
        (None, None),
        "what else is wanted is for the settings to say"
    );
    assert_eq!(stage.control.cluster().demanded(), demanded);
    stage.handle(Input::Command {
        question: Question(3),
        command: cluster::Command::Uncount,
    });
    stage.handle(Input::Policy {
        question: Question(4),
        policy: None,
    });
    let stage = stage.restarted();
    assert_eq!(stage.control.cluster().demanded(), None);
    let control = &stage.control;
    assert_eq!(*control.cluster().policy(), settings().policy, "again");
    assert!(!control.schedule_is_set());
}

#[test]
fn a_drain_goes_on() {
    let mut stage = call();
    let within = Some(std::time::Duration::from_secs(60));
    stage.handle(Input::Command {
        question: Question(1),
        command: cluster::Command::Drain {
            node: NodeId::new("media_1"),
            within,
        },
    });
    stage.pass(10_000);
    let mut stage = stage.restarted();
    stage.attach(1, "media_1", 1);
    for name in ["ann", "bob", "carl"] {
        stage.comes_back(name);
    }
    let node = stage.control.cluster().node(&NodeId::new("media_1"));
    assert_eq!(node.expect("known").state(), State::WaitingIdle);
    stage.pass(49_000);
    assert_eq!(stage.sessions().len(), 1);
    stage.pass(1_000);
    assert_eq!(stage.sessions(), [], "its time is over");
}

#[test]
fn what_was_not_posted_is_posted_again_in_order() {
    let with_webhook = || control::Settings {
        webhook: Some(Webhook::of_everything("cluster")),
        ..settings()
    };
    let mut stage = Stage::with(with_webhook());
    for name in ["one", "two", "three"] {
        stage.create(name);
    }
    let posts = |stage: &Stage| -> Vec<(u64, String)> {
        let posts = stage.seen.iter().filter_map(|effect| match effect {
            Effect::Post(post) => Some((post.number, post.body.clone())),
            _ => None,
        });
        posts.collect()
    };
    assert_eq!(posts(&stage).len(), 1, "one at a time");
    let mut stage = stage.restarted_with(with_webhook());
    for _ in 0..3 {
        let (number, _) = posts(&stage).pop().expect("a post");
        let outcome = webhook::Outcome::Answered(200);
        stage.handle(Input::Posted { number, outcome });
    }
    let bodies: Vec<String> = posts(&stage).into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies.len(), 3);
    for (body, name) in bodies.iter().zip(["one", "two", "three"]) {
        assert!(
            body.contains(&format!("\"sessionId\":\"{name}\"")),
            "{body}"
        );
    }
    assert!(
        !stage.store.keys().any(|key| key.starts_with("outbox/")),
        "{:?}",
        stage.store.keys()
    );
    // However little is left of it, no number is given twice.
    let given: Vec<u64> = posts(&stage)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    let mut later = with_webhook();
    later.cluster.term = cluster::Term(8);
    let mut stage = stage.restarted_with(later);
    stage.create("four");
    let next: Vec<u64> = posts(&stage)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(next.len(), 1);
    assert!(next[0] > given[2], "{next:?} after {given:?}");
}

#[test]
fn a_node_whose_process_starts_again_has_crashed_and_recovered() {
    use control::{Event, NodeHappening};
    let mut stage = call();
    stage.seen.clear();
    stage.carried.clear();
    stage.attach(2, "media_1", 2);
    let events: Vec<&NodeHappening> = stage
        .seen
        .iter()
        .filter_map(|effect| match effect {
            Effect::Event(Event::Node(event)) => Some(&event.what),
            _ => None,
        })
        .filter(|what| !matches!(what, NodeHappening::StatusChanged { .. }))
        .collect();
    let [
        NodeHappening::Crashed {
            sessions,
            connections,
        },
        NodeHappening::Recovered,
    ] = events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((sessions.len(), connections.len()), (1, 3));
    let node = stage.sessions()[0].node.clone();
    assert_eq!(node.expect("a home").as_str(), "media_1", "on the new boot");
}

#[test]
fn a_large_session_that_was_written_in_part_is_kept() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.prompt = false;
    // While the first of it is being written, more comes than fits into one commit.
    stage.connection("room", "p0");
    let mut clients = Vec::new();
    for number in 1..=130 {
        let name = format!("p{number}");
        stage.connection("room", &name);
        let client = stage.join("room", &name);
        stage.operate(client, 2, &name, publish());
        clients.push((client, name));
    }
    // The last is among the first that are written, by its name, and its streams are not.
    let (first, name) = clients.first().expect("clients").clone();
    for (_, other) in &clients[90..] {
        let stream = stage.stream(other);
        let prepare = conference::ClientOperation::PrepareReceive {
            stream: stream.clone(),
            reconnect: false,
        };
        stage.operate(first, 3, &name, prepare);
    }
    stage.commits(control::Outcome::Applied, true);
    stage.pass(100);
    stage.commits(control::Outcome::Applied, true);
    let written = stage.store.len();
    assert!((100..130).contains(&written), "{written} keys of 133");

    let stage = stage.restarted();
    assert!(!stage.logged("is not restored"), "{:?}", stage.log);
    let room = &stage.sessions()[0];
    assert!(room.connections.len() > 100, "{}", room.connections.len());
}

#[test]
fn a_session_whose_node_nobody_knows_gets_another() {
    let mut stage = call();
    stage.store.remove("known/media_1");
    stage.carried = BTreeMap::new();
    let mut stage = stage.restarted();
    assert_eq!(stage.sessions()[0].node, None);
    stage.attach(1, "media_2", 1);
    let node = stage.sessions()[0].node.clone();
    assert_eq!(node.expect("a node").as_str(), "media_2");
}

#[test]
fn a_stream_may_be_published_by_whoever_returned() {
    let mut stage = call().restarted();
    stage.attach(1, "media_1", 1);
    let ann = stage.comes_back("ann");
    stage.operate(ann, 9, "ann", conference::ClientOperation::Unpublish);
    stage.operate(ann, 10, "ann", publish());
    let told = stage.told(ann);
    assert!(
        told.iter().any(|told| matches!(
            told,
            Told::Reply {
                result: Ok(conference::Reply::Published { .. }),
                ..
            }
        )),
        "{told:?}"
    );
}
