//! The laws of the simulator's store: what each fault means, and that one seed is one run.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use store::model::{Faults, FrozenLeases, Model, Moment, Output, Reply, Request, Ticket};
use store::{Batch, Guard, Key, LeaseId, Op, Outcome, Prefix, StoreError};

const MS: Duration = Duration::from_millis(1);

fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

fn put(name: &str, lease: Option<LeaseId>) -> Request {
    let put = Op::Put {
        key: key(name),
        value: b"x"[..].into(),
        lease,
    };
    Request::Commit {
        guards: vec![],
        ops: vec![put],
    }
}

fn there(model: &Model, name: &str) -> bool {
    !model.truth(&Prefix::new(name)).entries.is_empty()
}

/// Everything up to a moment, each at its time.
fn run(model: &mut Model, until: Moment) -> Vec<(Moment, Output)> {
    let mut outputs = Vec::new();
    while let Some(at) = model.poll_timeout().filter(|at| *at <= until) {
        while let Some(output) = model.poll(at) {
            outputs.push((at, output));
        }
    }
    assert_eq!(model.poll(until), None);
    outputs
}

/// The one answer that a request gets, and when.
fn ask(model: &mut Model, now: Moment, request: Request) -> (Moment, Result<Reply, StoreError>) {
    let asked = model.request(now, request);
    while let Some(at) = model.poll_timeout() {
        while let Some(output) = model.poll(at) {
            if let Output::Answer { ticket, result } = output
                && ticket == asked
            {
                return (at, result);
            }
        }
    }
    panic!("no answer");
}

fn grant(model: &mut Model, ttl: Duration) -> LeaseId {
    let (_, reply) = ask(model, Moment::ZERO, Request::Grant { ttl });
    let Ok(Reply::Granted(lease)) = reply else {
        panic!("{reply:?}")
    };
    lease
}

/// A busy world: four clients, a watch that begins again when it ends, and a freeze.
fn world(seed: u64) -> Vec<(Moment, Output)> {
    let mut model = Model::new(seed, Faults::stormy());
    let mut outputs = Vec::new();
    let all = Prefix::new("");
    model.watch(Moment::ZERO, &all, 0);
    for step in 0..400_u32 {
        let now = MS * step * 5;
        let name = format!("k/{}", step % 7);
        match step % 5 {
            0 => model.request(now, Request::Grant { ttl: MS * 400 }),
            1 => model.request(
                now,
                Request::List {
                    prefix: all.clone(),
                },
            ),
            2 => {
                let lease = LeaseId(i64::from(step / 10));
                model.request(now, Request::Renew { lease })
            }
            3 => model.request(now, put(&name, Some(LeaseId(i64::from(step / 20))))),
            _ => model.request(now, put(&name, None)),
        };
        if step == 200 {
            model.freeze(now, MS * 300);
        }
        for (at, output) in run(&mut model, now) {
            if let Output::Watched { item: Err(_), .. } = output {
                let rev = model.truth(&all).at;
                model.watch(now, &all, rev);
            }
            outputs.push((at, output));
        }
    }
    outputs.extend(run(&mut model, MS * 60_000));
    outputs
}

#[test]
fn one_seed_is_one_run() {
    for seed in 0..20 {
        assert_eq!(world(seed), world(seed), "seed {seed}");
    }
    assert_ne!(world(1), world(2));
}

#[test]
fn each_request_is_answered_once_and_time_never_goes_back() {
    for seed in 0..50 {
        let mut answers: BTreeMap<Ticket, u32> = BTreeMap::new();
        let mut last = Moment::ZERO;
        for (at, output) in world(seed) {
            assert!(at >= last, "seed {seed}");
            last = at;
            if let Output::Answer { ticket, .. } = output {
                *answers.entry(ticket).or_default() += 1;
            }
        }
        assert_eq!(answers.len(), 400, "seed {seed}");
        assert!(answers.values().all(|n| *n == 1), "seed {seed}");
    }
}

#[test]
fn watches_stay_in_order_whatever_the_delay() {
    let mut broken = 0;
    for seed in 0..50 {
        let mut last: BTreeMap<_, u64> = BTreeMap::new();
        let mut ended = Vec::new();
        for (_, output) in world(seed) {
            let Output::Watched { watch, item } = output else {
                continue;
            };
            assert!(
                !ended.contains(&watch),
                "seed {seed}: something after the end"
            );
            match item {
                Ok(Batch { at, .. }) => {
                    let before = last.insert(watch, at).unwrap_or(0);
                    assert!(at > before, "seed {seed}: {at} after {before}");
                }
                Err(_) => ended.push(watch),
            }
        }
        broken += ended.len();
    }
    assert!(broken > 20, "the storm broke only {broken} watches");
}

#[test]
fn a_storm_has_every_fault() {
    let (mut unavailable, mut unknown, mut done) = (0, 0, 0);
    for seed in 0..20 {
        for (_, output) in world(seed) {
            match output {
                Output::Answer {
                    result: Err(StoreError::Unavailable(_)),
                    ..
                } => unavailable += 1,
                Output::Answer {
                    result: Err(StoreError::Unknown(_)),
                    ..
                } => unknown += 1,
                Output::Answer { .. } => done += 1,
                Output::Watched { .. } => {}
            }
        }
    }
    // 2 % and 10 % of 8000.
    assert!((80..320).contains(&unavailable), "{unavailable}");
    assert!((600..1000).contains(&unknown), "{unknown}");
    assert!(done > 6_000, "{done}");
}

#[test]
fn an_unavailable_store_does_nothing() {
    let faults = Faults {
        unavailable: 1000,
        ..Faults::none()
    };
    let mut model = Model::new(1, faults);
    let (_, result) = ask(&mut model, Moment::ZERO, put("k", None));
    assert!(matches!(result, Err(StoreError::Unavailable(_))));
    run(&mut model, MS * 60_000);
    assert!(!there(&model, "k"));
}

#[test]
fn a_lost_request_is_never_done() {
    let faults = Faults {
        lost_request: 1000,
        ..Faults::none()
    };
    let mut model = Model::new(1, faults);
    let (at, result) = ask(&mut model, MS * 7, put("k", None));
    assert!(matches!(result, Err(StoreError::Unknown(_))));
    assert_eq!(at, MS * 7 + Faults::none().timeout);
    run(&mut model, MS * 60_000);
    assert!(!there(&model, "k"));
}

#[test]
fn a_lost_reply_is_done() {
    let faults = Faults {
        lost_reply: 1000,
        ..Faults::none()
    };
    let mut model = Model::new(1, faults);
    let (_, result) = ask(&mut model, Moment::ZERO, put("k", None));
    assert!(matches!(result, Err(StoreError::Unknown(_))));
    assert!(there(&model, "k"));
}

#[test]
fn what_is_served_late_is_done_after_the_client_gave_up() {
    let faults = Faults {
        served_late: 1000,
        delay: (MS, MS * 2),
        ..Faults::none()
    };
    let mut model = Model::new(1, faults);
    let (at, result) = ask(&mut model, Moment::ZERO, put("k", None));
    assert!(matches!(result, Err(StoreError::Unknown(_))));
    assert_eq!(at, Faults::none().timeout);
    assert!(!there(&model, "k"), "it was done in time");
    run(&mut model, at + MS * 10);
    assert!(there(&model, "k"), "it was not done at all");
}

#[test]
fn answers_take_the_way_there_and_back() {
    let faults = Faults {
        delay: (MS * 10, MS * 20),
        ..Faults::none()
    };
    let mut model = Model::new(3, faults);
    let mut times = Vec::new();
    let mut now = Moment::ZERO;
    for _ in 0..100 {
        let (at, result) = ask(&mut model, now, put("k", None));
        assert!(matches!(result, Ok(Reply::Committed(Outcome::Applied(_)))));
        times.push(at - now);
        now = at;
    }
    assert!(
        times.iter().all(|t| (MS * 20..=MS * 40).contains(t)),
        "{times:?}"
    );
    assert!(
        times.iter().max() > times.iter().min(),
        "all delays are equal"
    );
}

#[test]
fn a_freeze_keeps_leases_or_not_as_asked() {
    for (frozen_leases, lives) in [(FrozenLeases::Kept, true), (FrozenLeases::Expire, false)] {
        let mut model = Model::new(
            1,
            Faults {
                frozen_leases,
                ..Faults::none()
            },
        );
        let lease = grant(&mut model, MS * 1_000);
        ask(&mut model, Moment::ZERO, put("k", Some(lease)))
            .1
            .unwrap();
        model.freeze(MS * 500, MS * 3_000);
        run(&mut model, MS * 3_499);
        assert!(there(&model, "k"), "a frozen store ended a lease");
        run(&mut model, MS * 3_600);
        assert_eq!(there(&model, "k"), lives, "{frozen_leases:?}");
        run(&mut model, MS * 4_001);
        assert!(!there(&model, "k"), "{frozen_leases:?}");
    }
}

#[test]
fn a_frozen_store_answers_when_it_wakes() {
    let mut model = Model::new(1, Faults::none());
    model.freeze(MS * 10, MS * 100);
    let (at, result) = ask(&mut model, MS * 20, put("k", None));
    assert!(matches!(result, Ok(Reply::Committed(_))));
    assert_eq!(at, MS * 110);
}

#[test]
fn leases_end_at_their_moment_and_not_before() {
    let mut model = Model::new(1, Faults::none());
    let lease = grant(&mut model, MS * 1_000);
    ask(&mut model, Moment::ZERO, put("k", Some(lease)))
        .1
        .unwrap();
    ask(&mut model, MS * 700, Request::Renew { lease })
        .1
        .unwrap();
    run(&mut model, MS * 1_699);
    assert!(there(&model, "k"));
    run(&mut model, MS * 1_700);
    assert!(!there(&model, "k"));
    let (_, late) = ask(&mut model, MS * 1_701, Request::Renew { lease });
    assert_eq!(late, Err(StoreError::LeaseGone));
}

#[test]
fn a_watch_with_too_much_under_way_is_told() {
    let faults = Faults {
        watch_buffer: 3,
        delay: (MS * 50, MS * 50),
        ..Faults::none()
    };
    let mut model = Model::new(1, faults);
    model.watch(Moment::ZERO, &Prefix::new(""), 0);
    for _ in 0..10 {
        model.request(Moment::ZERO, put("k", None));
    }
    let outputs = run(&mut model, MS * 1_000);
    let items: Vec<_> = outputs
        .into_iter()
        .filter_map(|(_, output)| match output {
            Output::Watched { item, .. } => Some(item),
            Output::Answer { .. } => None,
        })
        .collect();
    assert_eq!(items.len(), 4, "{items:?}");
    assert!(items[..3].iter().all(Result::is_ok));
    assert!(
        matches!(items[3], Err(StoreError::Compacted { floor: 4 })),
        "{items:?}"
    );
}

#[test]
fn guards_hold_in_a_race_of_delays() {
    for seed in 0..50 {
        let mut model = Model::new(seed, Faults::stormy());
        for i in 0..20 {
            let put = Op::Put {
                key: key("k"),
                value: vec![i].into(),
                lease: None,
            };
            let guards = vec![Guard::Absent(key("k"))];
            model.request(
                Moment::ZERO,
                Request::Commit {
                    guards,
                    ops: vec![put],
                },
            );
        }
        let won = |(_, output): &(Moment, Output)| {
            matches!(
                output,
                Output::Answer {
                    result: Ok(Reply::Committed(Outcome::Applied(_))),
                    ..
                }
            )
        };
        let winners = run(&mut model, MS * 60_000)
            .iter()
            .filter(|o| won(o))
            .count();
        assert!(winners <= 1, "seed {seed}: {winners} winners");
        assert_eq!(
            model.truth(&Prefix::new("")).entries.len(),
            1,
            "seed {seed}"
        );
    }
}
