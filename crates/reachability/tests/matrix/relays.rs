//! Paths through relays.

use cluster::NodeId;
use reachability::Depth::{Call, Echo};
use reachability::{
    Depth, Failed, Outcome, Party, Passed, Path, Protocol, Relayer, Stage, Verdict,
};

use super::world::{World, failed, node, other, passed, path};

const M: &Party = &Party::Master;

fn relay(relay: Relayer, protocol: Protocol) -> Path {
    Path::Relay {
        relay,
        protocol,
        at: "203.0.113.7:3478".into(),
    }
}

fn own(protocol: Protocol) -> Path {
    relay(Relayer::Node(node()), protocol)
}

/// Ten seconds later somebody looks; calls through relays are only made where `called` says so.
fn look(
    world: &mut World,
    from: &Party,
    depth: Depth,
    called: bool,
    found: &[(Path, Result<Passed, Failed>)],
) {
    world.now.0 += 10_000;
    let outcomes: Vec<Outcome> = (found.iter().cloned())
        .map(|(path, result)| Outcome {
            depth: if called || !path.is_relayed() {
                depth
            } else {
                Echo
            },
            path,
            result,
        })
        .collect();
    let (now, place) = (world.now, world.place.clone());
    world
        .matrix
        .record(now, from, &node(), &place, depth, &outcomes);
}

#[test]
fn a_relay_that_fails_is_withheld_until_it_holds_and_the_node_serves() {
    let mut world = World::new();
    let (direct, udp, tcp) = (path(Protocol::Udp), own(Protocol::Udp), own(Protocol::Tcp));
    let found = |udp_result| {
        [
            (direct.clone(), passed()),
            (udp.clone(), udp_result),
            (tcp.clone(), passed()),
        ]
    };
    look(&mut world, M, Call, true, &found(passed()));
    assert_eq!(world.withheld(), []);
    look(&mut world, M, Echo, true, &found(failed(Stage::Relay)));
    assert_eq!(world.withheld(), [], "once is not enough");
    look(&mut world, M, Echo, true, &found(failed(Stage::Relay)));
    assert_eq!(world.withheld(), std::slice::from_ref(&udp));
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::ServesPartly);
    let said = "node serves without the relay of node at 203.0.113.7:3478 by UDP: ";
    assert!(
        judgement.sentence.starts_with(said),
        "{}",
        judgement.sentence
    );
    // It answers again: the next look is a whole one, and two of these regain it.
    look(&mut world, M, Echo, true, &found(passed()));
    assert_eq!(world.depth(M), Call);
    look(&mut world, M, Call, true, &found(passed()));
    assert_eq!(world.withheld(), std::slice::from_ref(&udp));
    look(&mut world, M, Call, true, &found(passed()));
    assert_eq!(world.withheld(), []);
}

#[test]
fn where_no_relay_is_good_none_is_withheld_and_direct_paths_are_by_themselves() {
    let mut world = World::new();
    let (direct, tcp) = (path(Protocol::Udp), path(Protocol::Tcp));
    let found = [
        (direct.clone(), passed()),
        (tcp.clone(), failed(Stage::Echo)),
        (own(Protocol::Udp), failed(Stage::Relay)),
        (own(Protocol::Tcp), failed(Stage::Refused)),
    ];
    look(&mut world, M, Call, true, &found);
    assert_eq!(world.withheld(), [tcp]);
    let verdict = world.matrix.judge(world.now, &node()).verdict;
    assert_eq!(verdict, Verdict::ServesPartly);
}

#[test]
fn a_node_that_only_relays_lead_to_serves_and_keeps_its_candidates() {
    let mut world = World::new();
    let found = [
        (path(Protocol::Udp), failed(Stage::Echo)),
        (path(Protocol::Tcp), failed(Stage::Echo)),
        (relay(Relayer::Master, Protocol::Tls), passed()),
    ];
    look(&mut world, M, Call, true, &found);
    assert_eq!(world.withheld(), [], "relays send to its candidates");
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::ServesPartly);
    let said = "node serves without UDP to 203.0.113.7; TCP to 203.0.113.7: ";
    assert!(
        judgement.sentence.starts_with(said),
        "{}",
        judgement.sentence
    );
}

#[test]
fn a_relay_that_there_was_no_time_to_call_through_stays_as_it_was() {
    let mut world = World::new();
    let found = [
        (path(Protocol::Udp), passed()),
        (own(Protocol::Udp), passed()),
    ];
    look(&mut world, M, Call, true, &found);
    look(&mut world, M, Call, false, &found);
    let good = world.matrix.judge(world.now, &node());
    assert_eq!(good.verdict, Verdict::Serves);
    assert!(
        good.sentence.contains("the relay of node"),
        "{}",
        good.sentence
    );
}

#[test]
fn a_relay_that_is_new_is_called_through_soon() {
    let mut world = World::new();
    let direct = (path(Protocol::Udp), passed());
    look(&mut world, M, Call, true, std::slice::from_ref(&direct));
    assert_eq!(world.depth(M), Echo);
    let found = [direct, (own(Protocol::Udp), passed())];
    look(&mut world, M, Echo, true, &found);
    assert_eq!(world.depth(M), Call);
    look(&mut world, M, Call, true, &found);
    assert_eq!(world.depth(M), Echo);
}

#[test]
fn one_who_gets_through_a_relay_counts_for_all_and_a_relay_that_is_gone_is_forgotten() {
    let mut world = World::new();
    let by = &other("by");
    let relayed = relay(Relayer::Node(NodeId::new("by")), Protocol::Udp);
    let found = |result| {
        [
            (path(Protocol::Udp), passed()),
            (own(Protocol::Udp), passed()),
            (relayed.clone(), result),
        ]
    };
    look(&mut world, M, Call, true, &found(failed(Stage::Relay)));
    assert_eq!(world.withheld(), std::slice::from_ref(&relayed));
    look(&mut world, by, Call, true, &found(passed()));
    assert_eq!(world.withheld(), []);
    world.matrix.forget(&NodeId::new("by"));
    let node = node();
    let mut rows = world.matrix.rows(&node);
    assert!(rows.all(|row| *row.path != relayed));
}
