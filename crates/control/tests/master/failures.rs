//! Media that does not flow: found, explained, and brought back.

use cluster::AttachmentId;
use conference::{ClientOperation, MediaCommand};
use control::{Direction, Effect, Event, Input, Running, Says, Stage as Step, TransportState};
use diagnosis::{Applied, Cause, Evidence, Host, Outcome, Pair, Protocol, Role, Surroundings};
use openvidu::rpc::ClientNumber;

use crate::stage::Stage;

/// Ann and Bob see each other; `others` is how many nodes there are beside theirs.
fn call(others: u64) -> Stage {
    let mut stage = Stage::new();
    stage.attach(1, "media_1", 1);
    stage.call("room", &["ann", "bob"]);
    let carried_there = std::mem::take(&mut stage.carried);
    for other in 0..others {
        let number = 2 + other;
        stage.attach(number, &format!("media_{number}"), number);
    }
    stage.carried = carried_there;
    for transport in carried(&stage) {
        says(&mut stage, &transport, Step::Connected, "DTLS is done");
    }
    stage.commands.clear();
    stage
}

fn carried(stage: &Stage) -> Vec<TransportState> {
    stage.carried.values().cloned().collect()
}

/// The youngest transport of somebody's in this direction.
fn leg(stage: &Stage, name: &str, direction: Direction) -> TransportState {
    let own = format!("con_{name}/");
    let mut all = stage
        .carried
        .values()
        .filter(|it| it.transport.as_str().starts_with(&own));
    all.rfind(|it| it.direction == direction)
        .expect("carried")
        .clone()
}

fn says(stage: &mut Stage, transport: &TransportState, step: Step, reason: &str) {
    let transport = TransportState {
        stage: step,
        ..transport.clone()
    };
    let says = Says::Transport {
        transport,
        reason: reason.to_owned(),
    };
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says,
    });
}

fn tells(stage: &mut Stage, transport: &TransportState, protocol: Protocol, outcome: Outcome) {
    let evidence = Evidence {
        transport: transport.transport.as_str().to_owned(),
        session: "room".into(),
        connection: transport
            .transport
            .as_str()
            .split('/')
            .next()
            .unwrap_or_default()
            .into(),
        node: "media_1".into(),
        outcome,
        pairs: vec![Pair {
            protocol,
            nominated: true,
            checks: 9,
            answered: 9,
            ..Pair::default()
        }],
        ..Evidence::default()
    };
    let says = Says::Evidence(Box::new(evidence));
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says,
    });
}

fn offers(stage: &Stage) -> usize {
    stage
        .commands
        .iter()
        .filter(|it| matches!(it, MediaCommand::Subscribe { .. }))
        .count()
}

/// Bob answers the offer that was pushed to him.
fn bob_answers(stage: &mut Stage) -> TransportState {
    let (stream, answer) = (stage.stream("ann"), "v=0".to_owned());
    let operation = ClientOperation::Reconnect {
        stream,
        sdp: answer,
    };
    stage.operate(ClientNumber(2), 9, "bob", operation);
    leg(stage, "bob", Direction::Subscribe)
}

const LOST: &str = "ICE consent was lost: the client sends no checks";

#[test]
fn a_call_that_goes_well_has_no_failures() {
    let mut stage = call(0);
    stage.pass(600_000);
    assert_eq!(stage.control.failures().count(), 0);
    assert!(stage.commands.is_empty());
    assert_eq!(stage.control.correlation().failed, 0);
    assert_eq!(stage.control.correlation().cases, 4);
    assert_eq!(diagnosis::survey(&stage.control.around()), []);
}

#[test]
fn a_subscriber_that_loses_its_path_is_offered_another_and_has_its_picture_again() {
    let mut stage = call(0);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(1_400);
    assert_eq!(offers(&stage), 0, "it may come back by itself");
    stage.pass(200);
    assert_eq!(offers(&stage), 1);
    assert!(stage.logged("con_bob: no media for"), "{:?}", stage.log);
    assert!(stage.logged("another-path for"), "{:?}", stage.log);
    let failure = stage.control.failures().next().expect("diagnosed").clone();
    assert_eq!(failure.first().expect("found").applied, Applied::Yes);
    assert_eq!(failure.healed, None);
    let next = bob_answers(&mut stage);
    assert_ne!(next.transport, lost.transport);
    stage.pass(700);
    says(&mut stage, &next, Step::Connected, "DTLS is done");
    let failure = stage.control.failures().next().expect("diagnosed").clone();
    assert_eq!(failure.first().expect("found").applied, Applied::Helped);
    assert!(failure.healed.is_some());
    assert!(
        stage.logged("has media again after 2.3s"),
        "{:?}",
        stage.log
    );
    stage.pass(600_000);
    assert_eq!((offers(&stage), stage.control.failures().count()), (1, 1));
    let seen = stage.control.correlation();
    assert!(seen.ended.is_some(), "{seen:#?}");
}

#[test]
fn consent_that_comes_back_at_once_is_no_failure() {
    let mut stage = call(0);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(1_000);
    says(&mut stage, &lost, Step::Connected, "ICE consent is back");
    stage.pass(60_000);
    assert_eq!((offers(&stage), stage.control.failures().count()), (0, 0));
    assert_eq!(stage.control.correlation().failed, 0);
}

#[test]
fn what_a_client_ends_itself_is_no_failure() {
    let mut stage = call(0);
    let ended = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &ended, Step::Closed, "the client closed DTLS");
    stage.pass(60_000);
    assert_eq!((offers(&stage), stage.control.failures().count()), (0, 0));
}

#[test]
fn after_a_change_of_addresses_nothing_is_waited_for() {
    let mut stage = call(0);
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says: Says::Addresses(cluster::Addresses {
            version: 2,
            ips: vec!["192.0.2.99".parse().expect("address")],
            ports: vec![40000],
            stun_port: 40100,
            relay_tls: String::new(),
            ..cluster::Addresses::default()
        }),
    });
    let lost = leg(&stage, "bob", Direction::Subscribe);
    tells(&mut stage, &lost, Protocol::Udp, Outcome::Connected);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(1);
    assert_eq!(offers(&stage), 1);
}

#[test]
fn a_publisher_is_not_disturbed_while_it_repairs_itself() {
    let mut stage = call(0);
    let lost = leg(&stage, "ann", Direction::Publish);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(16_000);
    let redials = |stage: &Stage| {
        let told = stage.told(ClientNumber(1));
        told.iter()
            .filter(|it| matches!(it, control::Told::Redial))
            .count()
    };
    assert_eq!((redials(&stage), stage.control.failures().count()), (0, 1));
    stage.pass(4_000);
    assert_eq!(redials(&stage), 1);
}

#[test]
fn what_does_not_help_twice_is_left_until_something_changes() {
    let mut stage = call(1);
    for name in ["ann", "bob"] {
        let lost = leg(&stage, name, Direction::Subscribe);
        says(&mut stage, &lost, Step::Disconnected, LOST);
    }
    stage.pass(24_000);
    assert_eq!(
        offers(&stage),
        4,
        "an offer that was not answered is made anew"
    );
    assert!(!stage.logged("another-node"));
    stage.pass(24_000);
    assert!(stage.logged("another-node"), "{:?}", stage.log);
    let session = stage.sessions().remove(0);
    assert_eq!(session.node.expect("housed").as_str(), "media_2");
    let moved = offers(&stage);
    stage.pass(600_000);
    let attempts = offers(&stage) - moved;
    assert!(attempts <= 4 + 2 * 20, "{attempts} offers in ten minutes");
}

/// He may be gone, and she is well where she is.
#[test]
fn nobody_is_moved_for_the_sake_of_one_who_gets_no_media() {
    let mut stage = call(1);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(600_000);
    assert!(!stage.logged("another-node"), "{:?}", stage.log);
    let session = stage.sessions().remove(0);
    assert_eq!(session.node.expect("housed").as_str(), "media_1");
}

#[test]
fn where_nothing_helps_a_person_is_told_once() {
    let mut stage = call(0);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(50_000);
    assert_eq!(offers(&stage), 2);
    stage.pass(600_000);
    let told = stage
        .log
        .iter()
        .filter(|line| line.contains("what is left"))
        .count();
    assert_eq!(told, 1, "{:?}", stage.log);
    assert_eq!(restarts(&stage), 0, "she is served well by that shard");
    let failure = stage.control.failures().next().expect("diagnosed").clone();
    assert_eq!(failure.first().expect("found").applied, Applied::DidNotHelp);
    assert_eq!(failure.steps.len(), 2, "attempts are no steps");
}

#[test]
fn somebody_whose_network_opens_after_an_hour_has_his_picture_within_a_minute() {
    let mut stage = call(0);
    for direction in [Direction::Subscribe, Direction::Publish] {
        let lost = leg(&stage, "bob", direction);
        says(&mut stage, &lost, Step::Disconnected, LOST);
        stage.pass(30_000);
        says(
            &mut stage,
            &lost,
            Step::Closed,
            "ICE consent was lost for 30 s",
        );
    }
    stage.pass(3_600_000);
    let before = offers(&stage);
    stage.pass(60_000);
    assert_eq!(offers(&stage), before + 1);
    let next = bob_answers(&mut stage);
    says(&mut stage, &next, Step::Connected, "DTLS is done");
    assert!(
        stage.logged("has media again after"),
        "{:?}",
        stage.log.last()
    );
    stage.pass(600_000);
    assert_eq!(offers(&stage), before + 1, "nothing more is wanted");
}

#[test]
fn somebody_who_comes_back_from_another_network_is_not_kept_waiting() {
    let mut stage = call(0);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(115_000);
    let before = offers(&stage);
    stage.comes_back("bob");
    stage.pass(1);
    assert_eq!(offers(&stage), before + 1);
    stage.pass(15_000);
    stage.comes_back("bob");
    stage.pass(1);
    assert_eq!(offers(&stage), before + 1, "from the same one as before");
}

#[test]
fn udp_that_is_blocked_is_named_as_soon_as_tcp_comes_through() {
    let mut stage = call(0);
    for transport in carried(&stage) {
        tells(&mut stage, &transport, Protocol::Udp, Outcome::Connected);
    }
    let all = carried(&stage);
    for transport in &all {
        says(&mut stage, transport, Step::Disconnected, LOST);
        tells(&mut stage, transport, Protocol::Udp, Outcome::Disconnected);
    }
    stage.pass(2_000);
    let next = bob_answers(&mut stage);
    says(&mut stage, &next, Step::Connected, "DTLS is done");
    tells(&mut stage, &next, Protocol::Tcp, Outcome::Connected);
    let failure = stage
        .control
        .failures()
        .find(|it| it.healed.is_some())
        .expect("healed")
        .clone();
    let first = failure.first().expect("found");
    assert_eq!(first.cause, Cause::MediaUdpBlocked, "{failure:#?}");
    assert_eq!(first.applied, Applied::Helped);
    let rule = first.missing_rule.as_ref().expect("a rule").to_string();
    assert_eq!(rule, "UDP from anywhere to 192.0.2.1:40000");
}

#[test]
fn who_lost_its_web_socket_too_is_left_alone() {
    let mut stage = call(0);
    let lost = leg(&stage, "bob", Direction::Subscribe);
    stage.handle(Input::Ended {
        client: ClientNumber(2),
    });
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(60_000);
    assert_eq!((offers(&stage), stage.control.failures().count()), (0, 0));
}

#[test]
fn applications_hear_of_it_only_if_they_ask() {
    let heard = |events: &[&str]| {
        let named = events
            .iter()
            .filter_map(|name| openvidu::webhook::EventName::from_text(name));
        let webhook = control::Webhook {
            events: named.collect(),
            ..control::Webhook::of_everything("c")
        };
        let mut stage = Stage::with(control::Settings {
            webhook: Some(webhook),
            ..crate::stage::settings()
        });
        stage.attach(1, "media_1", 1);
        stage.call("room", &["ann", "bob"]);
        for transport in carried(&stage) {
            says(&mut stage, &transport, Step::Connected, "DTLS is done");
        }
        let lost = leg(&stage, "bob", Direction::Subscribe);
        says(&mut stage, &lost, Step::Disconnected, LOST);
        stage.pass(2_000);
        let events = stage
            .seen
            .iter()
            .filter(|it| matches!(it, Effect::Event(Event::Diagnosed(_))));
        assert_eq!(events.count(), 1);
        let posts = stage.seen.iter().filter_map(|effect| match effect {
            Effect::Post(post) => Some(post.body.clone()),
            _ => None,
        });
        posts.collect::<Vec<_>>()
    };
    assert_eq!(heard(&["nodeCrashed"]), Vec::<String>::new());
    let posts = heard(&["iceFailureDiagnosed"]);
    assert_eq!(posts.len(), 1);
    for part in [
        r#""event":"iceFailureDiagnosed""#,
        r#""cause":"#,
        r#""proof":"#,
        r#""applied":"yes""#,
    ] {
        assert!(posts[0].contains(part), "{part}: {}", posts[0]);
    }
    assert!(
        !openvidu::webhook::EventName::of_openvidu().any(|it| it.as_str() == "iceFailureDiagnosed")
    );
}

#[test]
fn a_node_with_old_settings_is_told_the_present_ones_before_anything_else() {
    let mut stage = call(0);
    let running = Running {
        version: 99,
        relay_fingerprint: Vec::new(),
    };
    let said = Says::Running(running);
    stage.handle(Input::Says {
        attachment: AttachmentId(1),
        says: said,
    });
    stage.pass(20_000);
    let told = stage.told.len();
    assert!(told > 0, "nodes are told how to work");
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(1_600);
    let failure = stage.control.failures().next().expect("diagnosed").clone();
    assert_eq!(
        failure.first().expect("found").cause,
        Cause::StaleNodeSettings
    );
    assert_eq!((stage.told.len(), offers(&stage)), (told + 1, 0));
    stage.pass(1_100);
    assert_eq!(offers(&stage), 1, "and then its client gets another path");
}

#[test]
fn who_came_back_by_itself_before_its_node_knew_is_told_of_too() {
    let mut stage = call(0);
    let old = leg(&stage, "ann", Direction::Publish);
    stage.pass(20_000);
    let (stream, sdp) = (stage.stream("ann"), "v=0".to_owned());
    let again = ClientOperation::Reconnect { stream, sdp };
    stage.operate(ClientNumber(1), 9, "ann", again);
    says(
        &mut stage,
        &old,
        Step::Closed,
        "replaced by another publisher of the stream",
    );
    let now = crate::stage::MORNING + stage.now;
    let evidence = |last: u64| Evidence {
        transport: old.transport.as_str().to_owned(),
        session: "room".into(),
        connection: "con_ann".into(),
        stream: old.stream.as_str().to_owned(),
        node: "media_1".into(),
        direction: diagnosis::Direction::Publish,
        outcome: Outcome::Ended,
        times: diagnosis::Times {
            dtls_done: Some(now - 20_000),
            last_received: Some(now - last),
            closed: Some(now),
            ..diagnosis::Times::default()
        },
        ..Evidence::default()
    };
    let tell = |stage: &mut Stage, last| {
        let says = Says::Evidence(Box::new(evidence(last)));
        stage.handle(Input::Says {
            attachment: AttachmentId(1),
            says,
        });
    };
    tell(&mut stage, 3_000);
    assert_eq!(
        stage.control.failures().count(),
        0,
        "it was well until it was replaced"
    );
    tell(&mut stage, 11_000);
    assert_eq!(
        stage
            .control
            .failures()
            .filter(|it| it.healed.is_none())
            .count(),
        1
    );
    let new = leg(&stage, "ann", Direction::Publish);
    says(&mut stage, &new, Step::Connected, "DTLS is done");
    assert_eq!(
        stage
            .control
            .failures()
            .filter(|it| it.healed.is_some())
            .count(),
        1
    );
    stage.pass(60_000);
    assert_eq!(stage.control.failures().count(), 1);
}

fn restarts(stage: &Stage) -> usize {
    let seen = stage.seen.iter();
    seen.filter(|it| matches!(it, Effect::RestartShard { .. }))
        .count()
}

#[test]
fn where_nobody_of_a_session_is_served_and_there_is_no_other_node_its_shard_begins_anew_once() {
    let mut stage = call(0);
    for name in ["ann", "bob"] {
        let lost = leg(&stage, name, Direction::Subscribe);
        says(&mut stage, &lost, Step::Disconnected, LOST);
    }
    stage.pass(20_000);
    assert_eq!(restarts(&stage), 0, "gentler steps come first");
    stage.pass(20_000);
    let restart = stage.seen.iter().find_map(|it| match it {
        Effect::RestartShard {
            attachment,
            transport,
        } => Some((*attachment, transport.clone())),
        _ => None,
    });
    let (attachment, transport) = restart.expect("asked for");
    assert_eq!(attachment, AttachmentId(1));
    assert!(stage.carried.contains_key(transport.as_str()));
    assert!(stage.logged("restart-shard"), "{:?}", stage.log);
    stage.pass(600_000);
    assert_eq!(restarts(&stage), 2, "once for each who got nothing");
}

/// The master tells clients an address at which it is not seen.
fn with_an_old_address() -> Surroundings {
    let ip = |text: &str| text.parse().expect("address");
    let master = Host {
        id: "master".into(),
        role: Role::Master,
        advertised: vec![ip("203.0.113.5")],
        seen_from_outside: vec![ip("203.0.113.77"), ip("203.0.113.77")],
        ..Host::default()
    };
    Surroundings {
        hosts: vec![master],
        ..Surroundings::default()
    }
}

#[test]
fn a_node_whose_address_may_be_wrong_is_made_to_look_before_anything_else() {
    let mut stage = call(0);
    stage.handle(Input::Surroundings(Box::new(with_an_old_address())));
    let lost = leg(&stage, "bob", Direction::Subscribe);
    says(&mut stage, &lost, Step::Disconnected, LOST);
    stage.pass(1_600);
    let resolves = |it: &Effect| matches!(it, Effect::ResolveAddresses { .. });
    assert!(stage.seen.iter().any(resolves), "{:?}", stage.log);
    assert_eq!(offers(&stage), 0, "{:?}", stage.log);
    stage.pass(2_000);
    assert_eq!(offers(&stage), 1, "then the client is offered another path");
}
