//! How often a call is due.

use probe::{Cadence, Depth};

#[test]
fn a_place_is_called_first_and_then_every_nth_time() {
    let mut cadence = Cadence::new(4);
    let mut depths = Vec::new();
    for _ in 0..9 {
        let depth = cadence.depth(&"here");
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
    assert_eq!(cadence.depth(&1), Depth::Echo);
    assert_eq!(cadence.depth(&2), Depth::Call);
    cadence.done(1, Depth::Echo, false);
    assert_eq!(cadence.depth(&1), Depth::Call);
    cadence.done(1, Depth::Call, false);
    assert_eq!(cadence.depth(&1), Depth::Call);
    cadence.done(1, Depth::Call, true);
    assert_eq!(cadence.depth(&1), Depth::Echo);
}

#[test]
fn echoes_prove_nothing() {
    let mut cadence = Cadence::new(10);
    cadence.done(1, Depth::Echo, true);
    assert_eq!(cadence.depth(&1), Depth::Call);
}
