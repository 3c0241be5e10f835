//! One rule each.

use cluster::{BootId, NodeId};
use reachability::Depth::{Call, Echo};
use reachability::{MOST_PARTIES, MOST_PATHS, Outcome, Party, Path, Protocol, Stage, Verdict};

use super::world::{World, failed, node, other, passed, path, place};

const M: &Party = &Party::Master;

#[test]
fn a_path_that_never_passed_is_lost_at_once_and_good_after_one_call() {
    let mut world = World::new();
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unknown
    );
    world.look(M, Call, passed(), failed(Stage::Echo));
    assert_eq!(world.withheld(), [path(Protocol::Tcp)]);
    world.look(M, Call, passed(), passed());
    assert_eq!(world.withheld(), []);
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Serves
    );
}

#[test]
fn one_failure_loses_nothing_and_two_in_a_row_do() {
    let mut world = World::new();
    world.look(M, Call, passed(), passed());
    for _ in 0..3 {
        world.look(M, Echo, failed(Stage::Echo), passed());
        assert!(world.matrix.is_in_doubt(M, &node()));
        assert_eq!(world.withheld(), []);
        world.look(M, Echo, passed(), passed());
        assert!(!world.matrix.is_in_doubt(M, &node()));
    }
    world.look(M, Echo, failed(Stage::Echo), passed());
    let changes = world.look(M, Echo, failed(Stage::Echo), passed());
    assert_eq!(changes.len(), 1);
    assert_eq!(world.withheld(), [path(Protocol::Udp)]);
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::ServesPartly);
    let wanted = "node serves without UDP to 203.0.113.7: UDP to 203.0.113.7: it failed at echo";
    assert_eq!(judgement.sentence, wanted);
}

#[test]
fn what_was_lost_is_regained_by_two_calls_and_by_no_echo() {
    let mut world = World::new();
    world.look(M, Call, passed(), passed());
    for _ in 0..2 {
        world.look(M, Echo, failed(Stage::Echo), passed());
    }
    for _ in 0..5 {
        world.look(M, Echo, passed(), passed());
        assert_eq!(world.withheld(), [path(Protocol::Udp)]);
        // It answers again, which makes a call due.
        assert_eq!(world.depth(M), Call);
    }
    world.look(M, Call, passed(), passed());
    assert_eq!(world.withheld(), [path(Protocol::Udp)]);
    assert!(world.matrix.is_in_doubt(M, &node()));
    world.look(M, Call, failed(Stage::Dtls), passed());
    world.look(M, Call, passed(), passed());
    assert_eq!(world.withheld(), [path(Protocol::Udp)]);
    world.look(M, Call, passed(), passed());
    assert_eq!(world.withheld(), []);
}

#[test]
fn what_others_get_through_by_is_not_withheld() {
    let mut world = World::new();
    let by = &other("by");
    world.look(M, Call, failed(Stage::Echo), failed(Stage::Echo));
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unusable
    );
    assert_eq!(world.withheld(), [], "there is nothing better");
    world.look(by, Call, passed(), failed(Stage::Refused));
    assert_eq!(world.withheld(), [path(Protocol::Tcp)]);
    assert!(world.matrix.is_reached_by_others(M, &node(), &world.place));
    assert!(!world.matrix.is_reached_by_others(by, &node(), &world.place));
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::ServesPartly);
    // Its word grows old while others go on looking.
    for _ in 0..7 {
        world.look(M, Echo, failed(Stage::Echo), failed(Stage::Echo));
    }
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unusable
    );
}

#[test]
fn clients_are_proof_for_a_while() {
    let mut world = World::new();
    world.look(M, Call, failed(Stage::Echo), failed(Stage::Echo));
    world
        .matrix
        .witness(world.now, &node(), &BootId::new("another"));
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unusable
    );
    world
        .matrix
        .witness(world.now, &node(), &BootId::new("boot"));
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(judgement.verdict, Verdict::ServesPartly);
    assert!(
        judgement
            .sentence
            .starts_with("node serves because clients connect to it")
    );
    world.now.0 += 60_001;
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unusable
    );
}

#[test]
fn proof_is_of_a_place_and_what_was_lost_stays_so_within_a_boot() {
    let mut world = World::new();
    world.look(M, Call, passed(), failed(Stage::Refused));
    world.place = place("boot", 2);
    world.matrix.moved(&node(), &world.place);
    assert_eq!(world.depth(M), Call);
    let judgement = world.matrix.judge(world.now, &node());
    assert_eq!(
        judgement.verdict,
        Verdict::Unusable,
        "{}",
        judgement.sentence
    );
    world.look(M, Call, passed(), failed(Stage::Refused));
    assert_eq!(world.withheld(), [path(Protocol::Tcp)]);
    world.place = place("later", 1);
    world.matrix.moved(&node(), &world.place);
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unknown
    );
}

#[test]
fn calls_are_due_at_first_after_trouble_and_now_and_then() {
    let mut world = World::new();
    assert_eq!(world.depth(M), Call);
    world.look(M, Call, passed(), passed());
    let mut echoes = 0;
    while world.depth(M) == Echo {
        world.look(M, Echo, passed(), passed());
        echoes += 1;
    }
    assert_eq!(echoes, 20);
    world.look(M, Call, passed(), passed());
    world.look(M, Echo, failed(Stage::Echo), passed());
    assert_eq!(world.depth(M), Call);
    assert_eq!(world.depth(&other("by")), Call);
}

#[test]
fn a_path_that_fails_in_calls_only_is_called_ever_more_seldom() {
    let mut world = World::new();
    let mut waits = Vec::new();
    for _ in 0..7 {
        world.look(M, Call, failed(Stage::Srtp), passed());
        let mut echoes = 0;
        while world.depth(M) == Echo {
            world.look(M, Echo, passed(), passed());
            echoes += 1;
            if echoes > 40 {
                panic!("never again");
            }
        }
        waits.push(echoes);
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[6] <= 20 && waits[6] > waits[0], "{waits:?}");
}

#[test]
fn a_node_that_is_gone_is_forgotten_in_both_roles() {
    let mut world = World::new();
    let by = &other("by");
    world.look(by, Call, passed(), passed());
    world.look(M, Call, failed(Stage::Echo), failed(Stage::Echo));
    world.matrix.forget(&NodeId::new("by"));
    assert_eq!(
        world.matrix.judge(world.now, &node()).verdict,
        Verdict::Unusable
    );
    world.matrix.forget(&node());
    assert_eq!(world.matrix.rows(&node()).count(), 0);
}

#[test]
fn nothing_grows_without_bound() {
    let mut world = World::new();
    let outcomes: Vec<Outcome> = (0..=255)
        .map(|last| Outcome {
            path: Path::Direct {
                ip: [10, 0, 0, last].into(),
                protocol: Protocol::Udp,
            },
            depth: Call,
            result: passed(),
        })
        .collect();
    for number in 0..100 {
        world.now.0 += 10;
        let from = other(&format!("by{number}"));
        let (now, place) = (world.now, world.place.clone());
        world
            .matrix
            .record(now, &from, &node(), &place, Call, &outcomes);
        world
            .matrix
            .record(now, M, &node(), &place, Call, &outcomes);
    }
    let cells = world.matrix.rows(&node()).count();
    assert!(cells <= MOST_PARTIES * MOST_PATHS, "{cells}");
    assert!(
        world
            .matrix
            .rows(&node())
            .any(|row| *row.from == Party::Master)
    );
    let sentence = world.matrix.judge(world.now, &node()).sentence;
    assert!(sentence.len() < 400, "{sentence}");
}
