use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::*;
use crate::noise::Noise;

const MS: Duration = Duration::from_millis(1);

#[test]
fn ring_agrees_with_a_map() {
    for seed in 0..10 {
        let mut noise = Noise::new(seed);
        let mut ring = Ring::new(64);
        let mut model = BTreeMap::<u64, u64>::new();
        let mut near = noise.below(1 << 20);
        for step in 0..5000 {
            near += if noise.below(200) == 0 {
                noise.below(300)
            } else {
                noise.below(3)
            };
            let sequence = near.saturating_sub(noise.below(80));
            let newest = model.last_key_value().map(|(newest, _)| *newest);
            let expected = match newest {
                Some(newest) if sequence + 64 <= newest => Inserted::TooOld,
                _ if model.contains_key(&sequence) => Inserted::Duplicate,
                Some(newest) if sequence < newest => Inserted::Late,
                _ => Inserted::Newest,
            };
            assert_eq!(
                ring.insert(sequence, step),
                expected,
                "seed {seed} step {step}"
            );
            if matches!(expected, Inserted::Late | Inserted::Newest) {
                model.insert(sequence, step);
            }
            let newest = *model.last_key_value().unwrap().0;
            model.retain(|sequence, _| sequence + 64 > newest);
            assert_eq!(ring.newest(), Some(newest));
            for asked in newest.saturating_sub(70)..newest + 5 {
                assert_eq!(
                    ring.get(asked),
                    model.get(&asked),
                    "seed {seed} step {step} asked {asked}"
                );
            }
        }
    }
}

#[test]
fn ring_holds_no_more_than_its_slots() {
    let token = Rc::new(());
    let mut ring = Ring::default();
    for sequence in 0..10_000 {
        ring.insert(sequence, Rc::clone(&token));
    }
    assert_eq!(Rc::strong_count(&token), 1 + RING_LEN);
    assert_eq!(ring.capacity(), RING_LEN);
    ring.clear();
    assert_eq!(Rc::strong_count(&token), 1);
    assert_eq!(
        ring.insert(5, token),
        Inserted::Newest,
        "numbers may start again"
    );
}

#[test]
fn ring_forgets_after_a_jump() {
    let mut ring = Ring::new(8);
    ring.insert(1, 'a');
    ring.insert(u64::MAX, 'b');
    assert_eq!((ring.get(1), ring.get(u64::MAX)), (None, Some(&'b')));
    assert_eq!(ring.insert(1, 'c'), Inserted::TooOld);
    assert_eq!(Ring::<u8>::new(0).capacity(), 1);
}

#[test]
fn the_first_keyframe_request_passes_and_the_next_waits() {
    let (mut gate, start) = (KeyframeGate::default(), Instant::now());
    assert_eq!(gate.deadline(), None);
    assert!(gate.request(start));
    assert_eq!(gate.deadline(), None);
    assert!(!gate.request(start + 100 * MS));
    assert!(!gate.request(start + 200 * MS));
    assert_eq!(gate.deadline(), Some(start + KEYFRAME_INTERVAL));
    assert!(!gate.poll(start + 499 * MS));
    assert!(gate.poll(start + 500 * MS));
    assert!(!gate.poll(start + 2000 * MS), "one request, asked twice");
    assert!(gate.request(start + 2000 * MS));
}

#[test]
fn a_keyframe_satisfies_those_who_wait() {
    let (mut gate, start) = (KeyframeGate::default(), Instant::now());
    assert!(gate.request(start));
    assert!(!gate.request(start + 10 * MS));
    gate.arrived();
    assert_eq!(gate.deadline(), None);
    assert!(!gate.poll(start + 600 * MS));
}

#[test]
fn keyframe_requests_never_come_closer_and_none_is_forgotten() {
    let (mut gate, start, mut noise) = (KeyframeGate::default(), Instant::now(), Noise::new(4));
    let (mut sent, mut asked) = (Vec::<Instant>::new(), Vec::new());
    let mut now = start;
    while now < start + 60_000 * MS {
        now += MS * noise.below(40) as u32;
        let fire = if noise.below(5) == 0 {
            asked.push(now);
            gate.request(now)
        } else {
            gate.poll(now)
        };
        if fire {
            sent.push(now);
        }
    }
    assert!(
        sent.windows(2)
            .all(|pair| pair[1] - pair[0] >= KEYFRAME_INTERVAL)
    );
    let late = KEYFRAME_INTERVAL + 40 * MS;
    for asked in asked.into_iter().filter(|asked| *asked < now - late) {
        assert!(
            sent.iter()
                .any(|sent| (asked..=asked + late).contains(sent))
        );
    }
}

const LIMITS: ResendLimits = ResendLimits {
    interval: Duration::from_millis(50),
    copies: 3,
    rate: 10_000,
    burst: 5_000,
};

#[test]
fn a_packet_is_resent_rarely_and_not_for_ever() {
    let start = Instant::now();
    let mut policy = ResendPolicy::new(LIMITS, start);
    assert_eq!(policy.ask(start, 7, 100), Resend::Yes);
    assert_eq!(policy.ask(start + 49 * MS, 7, 100), Resend::TooSoon);
    assert_eq!(policy.ask(start + 49 * MS, 8, 100), Resend::Yes);
    assert_eq!(policy.ask(start + 50 * MS, 7, 100), Resend::Yes);
    assert_eq!(policy.ask(start + 100 * MS, 7, 100), Resend::Yes);
    assert_eq!(policy.ask(start + 900 * MS, 7, 100), Resend::TooOften);
    policy.set_round_trip(200 * MS);
    assert_eq!(policy.ask(start + 240 * MS, 8, 100), Resend::TooSoon);
    assert_eq!(policy.ask(start + 249 * MS, 8, 100), Resend::Yes);
    policy.set_round_trip(Duration::ZERO);
    assert_eq!(policy.ask(start + 258 * MS, 8, 100), Resend::TooSoon);
    assert_eq!(policy.ask(start + 259 * MS, 8, 100), Resend::Yes);
}

#[test]
fn resending_stays_within_its_budget() {
    let start = Instant::now();
    let mut policy = ResendPolicy::new(LIMITS, start);
    let mut bytes = 0;
    for step in 0..100_000_u64 {
        // Asked more than once per time in which a byte comes in.
        let now = start + Duration::from_micros(step * 50);
        if policy.ask(now, step, 100) == Resend::Yes {
            bytes += 100;
        }
    }
    let most = u64::from(LIMITS.burst) + 5 * u64::from(LIMITS.rate);
    assert!(bytes <= most, "{bytes} of {most}");
    assert!(bytes > most - 1_000, "{bytes} of {most}");
    let later = start + Duration::from_secs(1 << 40);
    assert_eq!(
        policy.ask(later, 1 << 30, 5_001),
        Resend::OverBudget,
        "the bucket has a rim"
    );
    assert_eq!(policy.ask(later, 1 << 30, 5_000), Resend::Yes);
    assert_eq!(policy.ask(later, 1 << 31, usize::MAX), Resend::OverBudget);
}
