//! In order, at least once, within bounds.

use std::time::Duration;

use cluster::Moment;
use openvidu::webhook::{Delivery, EventName, Limits, Outcome, Post, Step, Waiting};

const OK: Outcome = Outcome::Answered(200);

fn limits() -> Limits {
    Limits {
        messages: 5,
        bytes: 1_000,
        retry: Duration::from_millis(500),
        retry_longest: Duration::from_secs(4),
        errors: 3,
    }
}

fn with(count: usize) -> Delivery {
    let mut delivery = Delivery::new(limits());
    for _ in 0..count {
        push(&mut delivery, "body");
    }
    delivery
}

fn push(delivery: &mut Delivery, body: &str) -> (u64, Vec<u64>) {
    delivery.push(EventName::SessionCreated, body.to_owned())
}

/// The number that is posted now, if any.
fn posted(delivery: &mut Delivery, now: u64) -> Option<u64> {
    match delivery.step(Moment(now)) {
        Waiting::Post(post) => Some(post.number),
        Waiting::Until(_) | Waiting::Idle => None,
    }
}

fn failed() -> Outcome {
    Outcome::Failed("connection refused".into())
}

#[test]
fn one_at_a_time_and_in_order() {
    let mut delivery = with(3);
    for number in 0..3 {
        assert_eq!(posted(&mut delivery, 0), Some(number));
        assert_eq!(posted(&mut delivery, 0), None, "one is under way");
        assert_eq!(delivery.answered(Moment(0), number, &OK), Step::Delivered);
    }
    assert_eq!(posted(&mut delivery, 0), None);
    assert_eq!(delivery.step(Moment(0)), Waiting::Idle);
    assert_eq!(delivery.counts(), (3, 0, 0));
}

#[test]
fn failures_are_tried_again_with_growing_pauses_up_to_a_ceiling() {
    let mut delivery = with(2);
    let mut now = 0;
    for pause in [500, 1_000, 2_000, 4_000, 4_000, 4_000] {
        assert_eq!(posted(&mut delivery, now), Some(0));
        let step = delivery.answered(Moment(now), 0, &failed());
        assert_eq!(step, Step::Again(Duration::from_millis(pause)));
        assert_eq!(delivery.next_deadline(), Some(Moment(now + pause)));
        assert_eq!(
            delivery.step(Moment(now + pause - 1)),
            Waiting::Until(Moment(now + pause))
        );
        now += pause;
    }
    assert_eq!(posted(&mut delivery, now), Some(0));
    assert_eq!(delivery.answered(Moment(now), 0, &OK), Step::Delivered);
    assert_eq!(posted(&mut delivery, now), Some(1), "without a pause again");
    assert_eq!(delivery.failures(), 0);
}

#[test]
fn what_an_answer_means() {
    for (status, step) in [
        (200, Step::Delivered),
        (204, Step::Delivered),
        (301, Step::Refused),
        (400, Step::Refused),
        (404, Step::Refused),
        (408, Step::Again(Duration::from_millis(500))),
        (429, Step::Again(Duration::from_millis(500))),
        (500, Step::Again(Duration::from_millis(500))),
        (503, Step::Again(Duration::from_millis(500))),
    ] {
        let mut delivery = with(1);
        posted(&mut delivery, 0);
        let outcome = Outcome::Answered(status);
        assert_eq!(delivery.answered(Moment(0), 0, &outcome), step, "{status}");
        let left = usize::from(matches!(step, Step::Again(_)));
        assert_eq!(delivery.waiting(), left);
    }
}

#[test]
fn an_endpoint_that_always_fails_on_one_message_gets_the_next() {
    let run = |status| {
        let mut delivery = with(2);
        let mut now = 0;
        for tried in 1..=20 {
            assert_eq!(posted(&mut delivery, now), Some(0));
            let step = delivery.answered(Moment(now), 0, &Outcome::Answered(status));
            if step == Step::Refused {
                assert_eq!(delivery.counts(), (0, 1, 0));
                return Some(tried);
            }
            now += 10_000;
        }
        None
    };
    assert_eq!(run(500), Some(3));
    assert_eq!(
        run(503),
        None,
        "somebody before the endpoint says that it is away"
    );
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut delivery = with(2);
    assert_eq!(delivery.answered(Moment(0), 0, &OK), Step::Stale);
    posted(&mut delivery, 0);
    assert_eq!(delivery.answered(Moment(0), 1, &OK), Step::Stale);
    assert_eq!(delivery.answered(Moment(0), 0, &OK), Step::Delivered);
    assert_eq!(delivery.answered(Moment(0), 0, &OK), Step::Stale);
    assert_eq!(delivery.waiting(), 1);
}

#[test]
fn an_endpoint_that_is_dead_for_days_costs_the_oldest() {
    let mut delivery = with(5);
    assert_eq!(posted(&mut delivery, 0), Some(0));
    assert_eq!(push(&mut delivery, "body"), (5, vec![1]), "0 is under way");
    assert_eq!(push(&mut delivery, "body"), (6, vec![2]));
    delivery.answered(Moment(0), 0, &failed());
    assert_eq!(push(&mut delivery, "body"), (7, vec![0]));
    assert_eq!(delivery.waiting(), 5);
    assert_eq!(delivery.counts(), (0, 0, 3));
    assert_eq!(posted(&mut delivery, 60_000), Some(3));
}

#[test]
fn large_bodies_count() {
    let mut delivery = Delivery::new(limits());
    let large = "x".repeat(600);
    assert_eq!(push(&mut delivery, &large), (0, vec![]));
    assert_eq!(push(&mut delivery, &large), (1, vec![0]));
    let larger_than_all = "x".repeat(2_000);
    assert_eq!(push(&mut delivery, &larger_than_all), (2, vec![1]));
    assert_eq!(posted(&mut delivery, 0), Some(2), "one is always kept");
    delivery.answered(Moment(0), 2, &OK);
    assert_eq!(push(&mut delivery, &large), (3, vec![]));
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let post = |number| Post {
        number,
        event: EventName::SessionCreated,
        body: "body".into(),
    };
    let mut delivery = Delivery::restore(limits(), [post(9), post(7)], 3);
    assert_eq!(delivery.next_number(), 10);
    assert_eq!(push(&mut delivery, "body").0, 10);
    for number in [7, 9, 10] {
        assert_eq!(posted(&mut delivery, 0), Some(number));
        delivery.answered(Moment(0), number, &OK);
    }
    let mut empty = Delivery::restore(limits(), [], 42);
    assert_eq!(push(&mut empty, "body").0, 42);
}

/// Endpoints that fail, take and lose answers in an order drawn from a seed: everything arrives, in order, and nothing
/// is said again that was taken.
#[test]
fn everything_arrives_in_order_whatever_the_endpoint_does() {
    for seed in 0..200_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut dice = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut delivery = Delivery::new(Limits {
            messages: 1_000,
            bytes: 1 << 20,
            ..limits()
        });
        let (mut now, mut pushed, mut taken) = (0, 0, Vec::new());
        while taken.len() < 50 {
            now += dice(700);
            if pushed < 50 && dice(2) == 0 {
                push(&mut delivery, "body");
                pushed += 1;
            }
            let Some(number) = posted(&mut delivery, now) else {
                continue;
            };
            let outcome = match dice(4) {
                0 => failed(),
                1 => Outcome::Answered(503),
                _ => OK,
            };
            if outcome == OK {
                taken.push(number);
            }
            delivery.answered(Moment(now), number, &outcome);
        }
        assert_eq!(taken, (0..50).collect::<Vec<_>>(), "seed {seed}");
    }
}
