use std::collections::HashMap;

use super::*;
use crate::noise::Noise;

const SEED: Seed = Seed {
    sequence: 0x9234,
    timestamp: u32::MAX - 10,
};
const FIRST: u64 = 0x1234;
const MS: Duration = Duration::from_millis(1);

fn out(index: u64, timestamp: u32) -> Result<Outgoing, NotMapped> {
    Ok(Outgoing { index, timestamp })
}

#[test]
fn holes_stay_holes_and_late_packets_find_their_place() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(SEED, 90_000);
    assert_eq!(rewriter.map(now, 500, 0), Err(NotMapped::NoSource));
    assert!(!rewriter.has_source());
    rewriter.switch(now, 500, 1_000);
    assert_eq!(rewriter.map(now, 500, 1_000), out(FIRST, SEED.timestamp));
    assert_eq!(
        rewriter.map(now, 503, 4_000),
        out(FIRST + 3, SEED.timestamp.wrapping_add(3_000))
    );
    assert_eq!(
        rewriter.map(now, 501, 1_000),
        out(FIRST + 1, SEED.timestamp)
    );
    assert_eq!(
        rewriter.map(now, 501, 1_000),
        out(FIRST + 1, SEED.timestamp),
        "a duplicate is the same packet"
    );
    assert_eq!(rewriter.map(now, 499, 1_000), Err(NotMapped::BeforeSwitch));
    assert_eq!(rewriter.newest_index(), Some(FIRST + 3));
    assert_eq!(
        rewriter.timestamp(500),
        Some(SEED.timestamp.wrapping_sub(500))
    );
}

#[test]
fn a_switch_continues_the_sequence_and_the_time() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(SEED, 90_000);
    rewriter.switch(now, 500, 0);
    rewriter.map(now, 500, 0).unwrap();
    let last = rewriter.map(now + 10 * MS, 510, 900).unwrap();
    rewriter.switch(now + 110 * MS, 70_000, 0xffff_ffff);
    let next = last.timestamp.wrapping_add(9_000);
    assert_eq!(
        rewriter.map(now + 110 * MS, 70_000, 0xffff_ffff),
        out(last.index + 1, next)
    );
    assert_eq!(
        rewriter.map(now + 110 * MS, 70_001, 0),
        out(last.index + 2, next.wrapping_add(1))
    );
    assert_eq!(
        rewriter.map(now + 110 * MS, 511, 900),
        Err(NotMapped::BeforeSwitch)
    );
    assert_eq!(
        rewriter.timestamp_at(now + 111 * MS),
        Some(next.wrapping_add(91))
    );
}

#[test]
fn a_switch_in_the_same_instant_still_moves_the_time() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(SEED, 48_000);
    rewriter.switch(now, 1, 0);
    let last = rewriter.map(now, 1, 0).unwrap();
    rewriter.switch(now, 9, 77);
    rewriter.switch(now, 10, 77);
    assert_eq!(
        rewriter.map(now, 10, 77),
        out(last.index + 1, last.timestamp.wrapping_add(1))
    );
}

#[test]
fn nacks_find_the_packet_of_the_current_source_only() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(
        Seed {
            sequence: 0x7ff0,
            timestamp: 0,
        },
        90_000,
    );
    assert_eq!(rewriter.source_of(0x7ff0), None);
    rewriter.switch(now, 100, 0);
    assert_eq!(rewriter.source_of(0x7ff0), None, "nothing went out");
    rewriter.map(now, 100, 0).unwrap();
    rewriter.map(now, 130, 0).unwrap();
    assert_eq!(rewriter.source_of(0x7ff0), Some((100, 0x7ff0)));
    assert_eq!(rewriter.source_of(0x800e), Some((130, 0x800e)));
    assert_eq!(rewriter.source_of(0x800f), None, "has not gone out");
    assert_eq!(rewriter.source_of(0x7fef), None, "before the first");
    rewriter.switch(now, 5_000, 0);
    rewriter.map(now, 5_002, 0).unwrap();
    assert_eq!(rewriter.source_of(0x800e), None, "of the source before");
    assert_eq!(rewriter.source_of(0x800f), Some((5_000, 0x800f)));
    assert_eq!(rewriter.source_of(0x8011), Some((5_002, 0x8011)));
}

#[test]
fn nacks_are_found_across_the_roll_over() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(
        Seed {
            sequence: 0x7fff,
            timestamp: 0,
        },
        90_000,
    );
    rewriter.switch(now, 0, 0);
    for sequence in 0..0x9000 {
        rewriter.map(now, sequence, 0).unwrap();
    }
    let newest = rewriter.newest_index().unwrap();
    assert!(newest > 0xffff);
    assert_eq!(rewriter.source_of(newest as u16), Some((0x8fff, newest)));
    assert_eq!(rewriter.source_of(0xffff), Some((0x8000, 0xffff)));
}

#[test]
fn indices_end() {
    let now = Instant::now();
    let mut rewriter = Rewriter::new(
        Seed {
            sequence: 0,
            timestamp: 0,
        },
        90_000,
    );
    rewriter.switch(now, 0, 0);
    assert_eq!(rewriter.map(now, INDEX_END - 1, 0), out(INDEX_END - 1, 0));
    assert_eq!(rewriter.map(now, INDEX_END, 0), Err(NotMapped::Exhausted));
    rewriter.switch(now, 0, 0);
    assert_eq!(rewriter.map(now, 0, 0), Err(NotMapped::Exhausted));
    assert_eq!(rewriter.map(now, u64::MAX, 0), Err(NotMapped::Exhausted));
}

/// Random sources, losses, reordering and switches, against what must always hold.
#[test]
fn one_index_is_one_packet_for_ever() {
    for seed in 0..30 {
        let mut noise = Noise::new(seed);
        let mut now = Instant::now();
        let mut rewriter = Rewriter::new(SEED, 90_000);
        let mut sent = HashMap::new();
        let mut last_switch = None;
        for source in 0..20_u64 {
            let first = noise.below(1 << 30) + 100;
            let offset = noise.next() as u32;
            rewriter.switch(now, first, offset);
            let before = rewriter.newest_index();
            let mut newest = first;
            for _ in 0..300 {
                now += MS * noise.below(10) as u32;
                newest += noise.below(4);
                let sequence = newest - noise.below(40);
                let timestamp = offset.wrapping_add((sequence.saturating_sub(first) * 10) as u32);
                let mapped = rewriter.map(now, sequence, timestamp);
                assert_eq!(mapped.is_ok(), sequence >= first);
                let Ok(out) = mapped else { continue };
                assert!(before.is_none_or(|before| out.index > before));
                let name = (source, sequence, out.timestamp);
                assert_eq!(*sent.entry(out.index).or_insert(name), name, "seed {seed}");
                assert_eq!(
                    rewriter.source_of(out.index as u16),
                    Some((sequence, out.index))
                );
            }
            let own = sent.iter().filter(|(_, name)| name.0 == source);
            let started = own.min_by_key(|(index, _)| **index).map(|(_, name)| name.2);
            if let (Some(previous), Some(started)) = (last_switch, started) {
                let advanced = u32::wrapping_sub(started, previous);
                assert!(
                    advanced > 0 && advanced < 1 << 31,
                    "seed {seed}: time went back at a switch"
                );
            }
            last_switch = started;
        }
    }
}
