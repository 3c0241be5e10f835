//! Links that break for a moment, and what is asked meanwhile.

use conference::{ClientOperation, MediaCommand, Reply};
use control::{ANSWER, Effect, Event, Told};
use openvidu::rpc::ClientNumber;

use crate::stage::{Stage, publish};

const ANSWER_MS: u64 = ANSWER.as_millis() as u64;

/// A participant who has joined, and whose node's link is down.
fn cut() -> (Stage, ClientNumber) {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.detach(1);
    (stage, ann)
}

/// How the requests of a client were answered, in order: whether they succeeded.
fn replies(stage: &Stage, client: ClientNumber) -> Vec<bool> {
    let told = stage.told(client).into_iter();
    let replies = told.filter_map(|told| match told {
        Told::Reply {
            result: Ok(Reply::Joined(_)),
            ..
        } => None,
        Told::Reply { result, .. } => Some(result.is_ok()),
        _ => None,
    });
    replies.collect()
}

#[test]
fn what_is_asked_meanwhile_is_done_when_the_link_is_back() {
    let (mut stage, ann) = cut();
    stage.operate(ann, 2, "ann", publish());
    assert!(replies(&stage, ann).is_empty());
    stage.pass(3_000);
    stage.attach(2, "media_1", 1);
    assert_eq!(replies(&stage, ann), [true]);
    assert!(matches!(
        &stage.commands[..],
        [MediaCommand::Publish { .. }]
    ));
    assert_eq!(stage.carried.len(), 1);
}

#[test]
fn after_a_restart_nobody_has_to_ask_twice() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    stage.join("room", "ann");
    let mut stage = stage.restarted();
    let ann = stage.comes_back("ann");
    stage.operate(ann, 2, "ann", publish());
    assert!(replies(&stage, ann).is_empty());
    stage.attach(1, "media_1", 1);
    assert_eq!(replies(&stage, ann), [true]);
}

#[test]
fn nobody_waits_longer_than_for_an_answer_and_nothing_is_done_afterwards() {
    let (mut stage, ann) = cut();
    stage.operate(ann, 2, "ann", publish());
    stage.pass(ANSWER_MS - 1);
    assert!(replies(&stage, ann).is_empty());
    stage.pass(1);
    assert_eq!(replies(&stage, ann), [false]);
    stage.attach(2, "media_1", 1);
    assert!(stage.commands.is_empty(), "{:?}", stage.commands);
}

#[test]
fn what_was_given_up_meanwhile_is_not_done() {
    let (mut stage, ann) = cut();
    stage.operate(ann, 2, "ann", publish());
    stage.operate(ann, 3, "ann", ClientOperation::Leave);
    stage.attach(2, "media_1", 1);
    assert!(stage.commands.is_empty(), "{:?}", stage.commands);
    assert!(stage.carried.is_empty());
}

#[test]
fn another_process_is_not_told_what_its_predecessor_was_to_do() {
    let (mut stage, ann) = cut();
    stage.operate(ann, 2, "ann", publish());
    stage.attach(2, "media_1", 2);
    assert_eq!(replies(&stage, ann).len(), 1);
    assert!(stage.commands.is_empty(), "{:?}", stage.commands);
    // Asked again it works.
    stage.operate(ann, 3, "ann", publish());
    assert_eq!(replies(&stage, ann).last(), Some(&true));
}

#[test]
fn a_stream_that_was_replaced_answers_nothing_any_more() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.operate(ann, 2, "ann", publish());
    let (stream, sdp) = (stage.stream("ann"), "v=0".into());
    // The node's address has changed, and nobody but the node knows that the old stream leads nowhere.
    stage.mute = true;
    stage.operate(ann, 3, "ann", ClientOperation::Reconnect { stream, sdp });
    stage.attach(2, "media_1", 1);
    assert_eq!(replies(&stage, ann), [true, false]);
    // What the first stream was told is recorded as never made, and nothing else.
    let unmade = stage.seen.iter().filter_map(|effect| match effect {
        Effect::Event(Event::Unmade { transport, reason }) => Some((transport.clone(), reason)),
        _ => None,
    });
    let unmade: Vec<_> = unmade.collect();
    let [.., MediaCommand::Publish { transport, .. }] = &stage.commands[..] else {
        panic!("{:?}", stage.commands);
    };
    assert_eq!(unmade.len(), 1, "{unmade:?}");
    assert_eq!(unmade[0].0, *transport);
    assert!(unmade[0].1.contains("link"), "{unmade:?}");
    stage.pass(3_000);
    let redials = |told: &&Told| matches!(told, Told::Redial);
    assert_eq!(
        stage.told(ann).into_iter().filter(redials).count(),
        1,
        "stock clients do not ask again by themselves"
    );
}

#[test]
fn what_waits_is_bounded() {
    let (mut stage, ann) = cut();
    stage.operate(ann, 2, "ann", publish());
    let candidate = ClientOperation::Candidate {
        endpoint: conference::ConnectionId::new("con_ann"),
        candidate: "candidate:1 1 udp 1 192.0.2.7 5000 typ host ".repeat(100),
        sdp_mid: None,
    };
    for number in 0..10_000 {
        stage.operate(ann, 10 + number, "ann", candidate.clone());
    }
    stage.attach(2, "media_1", 1);
    assert!(stage.commands.len() <= 512, "{}", stage.commands.len());
    assert!(matches!(stage.commands[0], MediaCommand::Publish { .. }));
}
