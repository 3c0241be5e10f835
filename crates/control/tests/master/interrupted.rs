//! Failures that a restart of the master, or a broken link, interrupts.

use cluster::AttachmentId;
use conference::MediaCommand;
use control::{
    Direction, Effect, Input, LONGEST_RETURN, Says, Stage as Step, Told, TransportState,
};
use diagnosis::{Cause, Dtls, Evidence, Outcome, Times};
use openvidu::rpc::ClientNumber;

use crate::stage::{Stage, publish};

/// Ann and Bob see each other.
fn call() -> Stage {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann", "bob"]);
    stage.commands.clear();
    stage
}

/// The youngest transport of somebody's in this direction.
fn leg(stage: &Stage, name: &str, direction: Direction) -> TransportState {
    let own = format!("con_{name}/");
    let mut all = stage.carried.values();
    all.rfind(|it| it.transport.as_str().starts_with(&own) && it.direction == direction)
        .expect("carried")
        .clone()
}

/// The node has given it up. Whether somebody hears of it depends.
fn gives_up(stage: &mut Stage, transport: &TransportState) {
    stage.carried.remove(transport.transport.as_str());
}

fn says_closed(stage: &mut Stage, transport: &TransportState) {
    let transport = TransportState {
        stage: Step::Closed,
        ..transport.clone()
    };
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says: Says::Transport {
            transport,
            reason: "ICE found no pair".into(),
        },
    });
}

fn offers(stage: &Stage) -> usize {
    let commands = stage.commands.iter();
    commands
        .filter(|it| matches!(it, MediaCommand::Subscribe { .. }))
        .count()
}

/// Transports that are looked up, each after its session.
fn recalled(stage: &Stage) -> Vec<(String, String)> {
    let asked = stage.seen.iter().filter_map(|effect| match effect {
        Effect::Recall { transports } => Some(transports),
        _ => None,
    });
    asked
        .flatten()
        .map(|(session, transport)| (session.to_string(), transport.to_string()))
        .collect()
}

fn redials(stage: &Stage, client: ClientNumber) -> usize {
    let told = stage.told(client).into_iter();
    told.filter(|it| matches!(it, Told::Redial)).count()
}

#[test]
fn a_picture_that_was_being_brought_back_is_brought_back_by_the_next_run_of_the_master() {
    let mut stage = call();
    let lost = leg(&stage, "bob", Direction::Subscribe);
    gives_up(&mut stage, &lost);
    says_closed(&mut stage, &lost);
    assert_eq!(stage.control.failures().count(), 0, "not yet looked at");
    let mut stage = stage.restarted();
    stage.attach(1, "media_1", 1);
    stage.comes_back("ann");
    stage.comes_back("bob");
    assert_eq!(offers(&stage), 0, "he may notice by himself");
    stage.pass(3_000);
    assert_eq!(offers(&stage), 1, "{:?}", stage.log);
    let failure = stage.control.failures().next().expect("diagnosed").clone();
    assert_eq!(failure.transport, lost.transport.as_str());
    let proof = &failure.first().expect("found").proof;
    assert!(proof.contains("while no master listened"), "{proof}");
    stage.pass(600_000);
    assert_eq!(stage.control.failures().count(), 1, "it is one failure");
}

#[test]
fn what_the_node_told_before_explains_it() {
    let mut stage = call();
    let lost = leg(&stage, "bob", Direction::Subscribe);
    gives_up(&mut stage, &lost);
    let mut stage = stage.restarted();
    let told = Evidence {
        transport: lost.transport.as_str().into(),
        outcome: Outcome::Failed,
        times: Times {
            nominated: Some(1),
            ..Times::default()
        },
        dtls: Dtls {
            wrong_fingerprint: true,
            ..Dtls::default()
        },
        ..Evidence::default()
    };
    stage.attach(1, "media_1", 1);
    let asked = ("room".into(), lost.transport.as_str().to_owned());
    assert_eq!(recalled(&stage), [asked]);
    stage.handle(Input::Remembered(vec![told]));
    stage.comes_back("bob");
    stage.pass(3_000);
    let failure = stage.control.failures().next().expect("diagnosed");
    let found = failure.first().expect("found");
    assert_eq!(found.cause, Cause::DtlsOrSrtp, "{}", found.proof);
    assert_eq!(failure.session, "room");
}

#[test]
fn what_is_without_consent_when_its_node_returns_is_found_at_once() {
    let mut stage = call();
    let lost = leg(&stage, "bob", Direction::Subscribe);
    let state = stage.carried.get_mut(lost.transport.as_str());
    state.expect("carried").stage = Step::Disconnected;
    let mut stage = stage.restarted();
    stage.attach(1, "media_1", 1);
    stage.comes_back("bob");
    stage.pass(1_500);
    assert_eq!(offers(&stage), 1, "{:?}", stage.log);
}

#[test]
fn of_what_a_broken_link_hid_is_heard_when_it_is_whole() {
    let mut stage = call();
    stage.detach(1);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    gives_up(&mut stage, &lost);
    stage.attach(2, "media_1", 1);
    stage.pass(3_000);
    assert_eq!(offers(&stage), 1, "{:?}", stage.log);
    // The link breaks again before he answers: it is the same failure.
    stage.detach(2);
    stage.attach(3, "media_1", 1);
    stage.pass(60_000);
    assert_eq!(stage.control.failures().count(), 1);
}

#[test]
fn an_offer_that_is_not_answered_yet_and_gone_is_made_anew() {
    let mut stage = call();
    let prepare = conference::ClientOperation::PrepareReceive {
        stream: stage.stream("ann"),
        reconnect: true,
    };
    let lost = leg(&stage, "bob", Direction::Subscribe);
    gives_up(&mut stage, &lost);
    stage.operate(ClientNumber(2), 9, "bob", prepare);
    let offered = leg(&stage, "bob", Direction::Subscribe);
    assert_ne!(offered.transport, lost.transport);
    stage.commands.clear();
    stage.detach(1);
    gives_up(&mut stage, &offered);
    stage.attach(2, "media_1", 1);
    stage.pass(30_000);
    assert!(offers(&stage) >= 1, "{:?}", stage.log);
}

#[test]
fn who_has_left_with_the_old_master_is_no_failure() {
    let mut stage = call();
    stage.carried.retain(|id, _| !id.starts_with("con_bob/"));
    let mut stage = stage.restarted();
    stage.attach(1, "media_1", 1);
    stage.comes_back("ann");
    stage.pass(LONGEST_RETURN.as_millis() as u64);
    assert_eq!(stage.control.failures().count(), 0);
    assert_eq!(stage.sessions()[0].connections.len(), 1, "ann alone");
}

#[test]
fn a_publisher_has_the_time_to_repair_itself() {
    let mut stage = call();
    let lost = leg(&stage, "ann", Direction::Publish);
    gives_up(&mut stage, &lost);
    let mut stage = stage.restarted();
    stage.attach(1, "media_1", 1);
    let ann = stage.comes_back("ann");
    stage.pass(17_000);
    assert_eq!(redials(&stage, ann), 0);
    stage.pass(3_000);
    assert_eq!(redials(&stage, ann), 1, "{:?}", stage.log);
}

/// The node was told to make it, and nobody knows whether it has.
#[test]
fn what_is_only_on_its_way_is_not_missed() {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.create("room");
    stage.connection("room", "ann");
    let ann = stage.join("room", "ann");
    stage.detach(1);
    stage.operate(ann, 2, "ann", publish());
    stage.attach(2, "media_1", 1);
    stage.pass(60_000);
    assert_eq!(stage.control.failures().count(), 0, "{:?}", stage.log);
}
