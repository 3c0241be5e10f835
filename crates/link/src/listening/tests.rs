use std::time::Duration;

use tokio::time::Instant;

use super::Listening;
use crate::{HEARTBEAT, SILENCE};

#[test]
fn silence_counts_from_what_was_heard_last() {
    let begun = Instant::now();
    let mut listening = Listening::new(begun);
    let mut now = begun;
    for _ in 0..10 {
        now += HEARTBEAT;
        listening.look(now);
    }
    assert_eq!(listening.look(now), HEARTBEAT * 10);
    listening.hear(now);
    assert_eq!(listening.look(now + HEARTBEAT), HEARTBEAT);
}

#[test]
fn time_asleep_is_no_silence() {
    let begun = Instant::now();
    let mut listening = Listening::new(begun);
    let woken = begun + SILENCE * 10;
    assert_eq!(listening.look(woken), Duration::ZERO);
    assert_eq!(listening.look(woken + HEARTBEAT), HEARTBEAT);
}
