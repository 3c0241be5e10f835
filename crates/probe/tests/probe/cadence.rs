//! How often a call is due.

use probe::{Cadence, Depth};

#[test]
fn a_place_is_called_first_and_then_every_nth_time() {
    let mut cadence = Cadence::new(4);
    let mut depths = Vec::new();
    for _ in 0..9 {
        let depth = cadence.depth(&"here", true);
        cadence.done("here", depth, true);
        depths.push(depth == Depth::Call);
    }
    let called = depths.iter().enumerate().filter(|(_, call)| **call);
    assert_eq!(called.map(|(at, _)| at).collect::<Vec<_>>(), [0, 4, 8]);
}

#[test]
fn failure_and_another_place_make_a_call_due() {
    let mut cadence = Cadence::new(100);
    cadence.done(1, Depth::Call, true);
    assert_eq!(cadence.depth(&1, true), Depth::Echo);
    assert_eq!(cadence.depth(&2, true), Depth::Call);
    cadence.done(1, Depth::Echo, false);
    assert_eq!(cadence.depth(&1, true), Depth::Call);
    cadence.done(1, Depth::Call, false);
    assert_eq!(cadence.depth(&1, true), Depth::Call);
    cadence.done(1, Depth::Call, true);
    assert_eq!(cadence.depth(&1, true), Depth::Echo);
}

#[test]
fn a_node_that_cannot_publish_is_only_echoed_once_it_was_proven() {
    let mut cadence = Cadence::new(1);
    assert_eq!(cadence.depth(&1, false), Depth::Call, "nothing is proven");
    cadence.done(1, Depth::Call, true);
    assert_eq!(cadence.depth(&1, false), Depth::Echo);
    assert_eq!(cadence.depth(&1, true), Depth::Call);
}
