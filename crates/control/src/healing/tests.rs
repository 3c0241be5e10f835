//! The ladder by itself.

use std::time::Duration;

use cluster::Moment;
use conference::{ConnectionId, LegOf, SessionId, StreamId};
use diagnosis::{Cause, Step};

use super::{Advice, Circumstances, GRACE, Ladder};

fn leg(name: &str) -> LegOf {
    leg_of(name, "str")
}

fn leg_of(name: &str, stream: &str) -> LegOf {
    LegOf {
        session: SessionId::new("S"),
        connection: ConnectionId::new(name),
        stream: StreamId::new(stream),
        publishes: false,
    }
}

fn publisher(name: &str) -> LegOf {
    LegOf {
        publishes: true,
        ..leg(name)
    }
}

fn under(others: u64) -> Circumstances {
    Circumstances(others)
}

fn next(ladder: &mut Ladder, now: Moment, leg: &LegOf) -> Advice {
    let cause = Cause::Unexplained;
    let first = Some(Step::AnotherPath);
    ladder.next(now, leg, cause, first, under(0), |_| true)
}

/// The same where a person has to act.
fn next_without_remedy(ladder: &mut Ladder, now: Moment, leg: &LegOf) -> Advice {
    ladder.next(now, leg, Cause::Unexplained, None, under(0), |_| true)
}

/// All steps that are taken for legs that never recover, until they are given up.
fn climb(ladder: &mut Ladder, now: &mut Moment, first: Step, others: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(at) = ladder.next_deadline() {
        *now = at.max(*now);
        for leg in ladder.due(*now) {
            let cause = Cause::MediaUdpBlocked;
            let possible = |step| step != Step::AnotherNode || others > 0;
            match ladder.next(*now, &leg, cause, Some(first), under(others), possible) {
                Advice::Take(step) => steps.push(step),
                Advice::Wait | Advice::Attempt(_) => return steps,
            }
        }
    }
    steps
}

/// The seconds after `from` in which legs are attempted that are given up and never recover, until `until`.
fn attempts(ladder: &mut Ladder, from: Moment, until: Duration) -> Vec<(u64, LegOf)> {
    let mut attempts = Vec::new();
    while let Some(now) = ladder.next_deadline().filter(|at| *at <= from + until) {
        for leg in ladder.due(now) {
            match next_without_remedy(ladder, now, &leg) {
                Advice::Take(step) => panic!("{step:?} for {leg:?}"),
                Advice::Wait => {}
                Advice::Attempt(step) => {
                    assert_eq!(step, Step::AnotherPath);
                    attempts.push(((now.0 - from.0) / 1000, leg));
                }
            }
        }
    }
    attempts
}

/// These legs failed, and nothing is left on the ladder; since when.
fn given_up(ladder: &mut Ladder, legs: &[LegOf]) -> Moment {
    for leg in legs {
        ladder.fails(Moment(0), leg.clone(), Duration::ZERO);
    }
    let mut given_up = Moment(0);
    while legs.iter().any(|leg| !ladder.is_given_up(leg)) {
        given_up = ladder.next_deadline().expect("they climb");
        for leg in ladder.due(given_up) {
            next_without_remedy(ladder, given_up, &leg);
        }
    }
    given_up
}

#[test]
fn gentle_steps_come_first_and_what_did_not_help_twice_is_not_tried_again() {
    let (mut ladder, mut now) = (Ladder::default(), Moment(0));
    ladder.fails(now, leg("a"), GRACE);
    assert!(ladder.due(Moment(1_499)).is_empty());
    let steps = climb(&mut ladder, &mut now, Step::ResolveAddresses, 1);
    use Step::*;
    let expected = [
        ResolveAddresses,
        Republish,
        AnotherPath,
        AnotherPath,
        AnotherNode,
        AnotherNode,
        RestartShard,
    ];
    assert_eq!(steps, expected);
    assert!(now > Moment(60_000), "each had its time: {now:?}");
    assert!(ladder.is_given_up(&leg("a")));
    ladder.fails(now, leg("a"), GRACE);
    assert_eq!(ladder.due(now + GRACE), [], "it failed before");
    ladder.reconsider(now);
    assert_eq!(climb(&mut ladder, &mut now, ResolveAddresses, 1), []);
    ladder.reconsider(now);
    let again = climb(&mut ladder, &mut now, AnotherPath, 0);
    assert_eq!(
        again,
        [AnotherPath, AnotherPath, RestartShard],
        "others are gone: something has changed"
    );
}

/// Rougher steps would only disturb it.
#[test]
fn when_a_way_to_his_node_is_back_everybody_tries_that_first() {
    let mut ladder = Ladder::default();
    let given_up_at = given_up(&mut ladder, &[leg("a"), leg("c")]);
    let now = given_up_at + Duration::from_secs(1);
    let climbing = publisher("b");
    ladder.fails(now, climbing.clone(), Duration::ZERO);
    assert_eq!(
        next(&mut ladder, now, &climbing),
        Advice::Take(Step::AnotherPath)
    );
    ladder.hope(now, |other| *other != leg("c"));
    assert_eq!(ladder.due(now), [leg("a")], "it was another's way");
    assert_eq!(
        next(&mut ladder, now, &leg("a")),
        Advice::Attempt(Step::AnotherPath)
    );
    let later = now + Duration::from_secs(10);
    let due = ladder.due(later);
    assert_eq!(due, std::slice::from_ref(&climbing), "a step is under way");
    assert_eq!(
        next(&mut ladder, later, &climbing),
        Advice::Attempt(Step::AnotherPath)
    );
    let later = later + Duration::from_secs(20);
    assert_eq!(
        next(&mut ladder, later, &climbing),
        Advice::Take(Step::AnotherPath),
        "and then it climbs anew"
    );
}

#[test]
fn a_leg_that_recovers_is_left_alone_and_says_by_what() {
    let mut ladder = Ladder::default();
    ladder.fails(Moment(0), leg("a"), GRACE);
    assert_eq!(
        ladder.recovers(Moment(900), &leg("a")).map(|it| it.by),
        Some(None)
    );
    ladder.fails(Moment(1_000), leg("a"), Duration::ZERO);
    let step = next(&mut ladder, Moment(1_000), &leg("a"));
    assert_eq!(step, Advice::Take(Step::AnotherPath));
    let recovered = ladder
        .recovers(Moment(3_500), &leg("a"))
        .expect("it was failing");
    let by = (Cause::Unexplained, Step::AnotherPath);
    assert_eq!(recovered.by, Some(by));
    assert_eq!(recovered.after, Duration::from_millis(2_500));
    assert_eq!(ladder.next_deadline(), None);
    assert_eq!(ladder.recovers(Moment(9_000), &leg("a")), None);
}

#[test]
fn nobody_is_shaken_more_than_the_budget_allows() {
    let mut ladder = Ladder::default();
    let now = Moment(50_000);
    let taken = |ladder: &mut Ladder, leg: LegOf| {
        ladder.fails(now, leg.clone(), Duration::ZERO);
        usize::from(next(ladder, now, &leg) != Advice::Wait)
    };
    let streams = (0..200).map(|stream| leg_of("a", &format!("str{stream}")));
    let own: usize = streams.map(|leg| taken(&mut ladder, leg)).sum();
    assert_eq!(own, 16);
    assert_eq!(
        ladder.due(now + Duration::from_secs(1)).len(),
        184,
        "they come back"
    );
    let all = (0..300).map(|who| leg(&format!("c{who}")));
    let session: usize = all.map(|leg| taken(&mut ladder, leg)).sum();
    assert_eq!(session, 84, "100 a session at once");
}

#[test]
fn what_was_given_up_is_attempted_for_as_long_as_it_is_wanted() {
    let mut ladder = Ladder::default();
    let from = given_up(&mut ladder, &[leg("a")]);
    let hour = attempts(&mut ladder, from, Duration::from_secs(3_600));
    let at: Vec<u64> = hour.iter().map(|(at, _)| *at).collect();
    assert_eq!(at[..3], [30, 60, 90], "browsers check paths for 15 s");
    assert_eq!(at.last(), Some(&3_570));
    let pauses = at.windows(2).map(|it| it[1] - it[0]);
    assert_eq!(pauses.max(), Some(60), "nobody waits before a screen");
    let recovered = ladder.recovers(from + Duration::from_secs(3_601), &leg("a"));
    let by = recovered.and_then(|recovered| recovered.by);
    assert_eq!(by, Some((Cause::Unexplained, Step::AnotherPath)));
    assert_eq!(ladder.next_deadline(), None);
}

/// Each attempt costs a publisher its WebSocket for a moment.
#[test]
fn a_publisher_is_attempted_at_growing_pauses() {
    let mut ladder = Ladder::default();
    let from = given_up(&mut ladder, &[publisher("a")]);
    let hours = attempts(&mut ladder, from, Duration::from_secs(4 * 3_600));
    let at: Vec<u64> = hours.iter().map(|(at, _)| *at).collect();
    assert_eq!(at[..5], [30, 60, 90, 120, 150]);
    let pauses: Vec<u64> = at.windows(2).map(|it| it[1] - it[0]).collect();
    assert!(pauses.windows(2).all(|it| it[0] <= it[1]), "{pauses:?}");
    assert_eq!(pauses.last(), Some(&600));
}

#[test]
fn of_all_that_somebody_receives_one_is_attempted_at_a_time_and_the_others_follow_it() {
    let mut ladder = Ladder::default();
    let legs = ["x", "y", "z"].map(|stream| leg_of("a", stream));
    let all = [legs.to_vec(), vec![publisher("a"), leg("b")]].concat();
    let from = given_up(&mut ladder, &all);
    let until = Duration::from_secs(95);
    let hers = |(_, leg): &(u64, LegOf)| leg.connection == ConnectionId::new("a");
    let made: Vec<_> = attempts(&mut ladder, from, until);
    let hers: Vec<_> = made.into_iter().filter(hers).collect();
    let expected = [30, 60, 90].into_iter().zip(legs.clone());
    assert_eq!(hers, expected.collect::<Vec<_>>(), "each in its turn");
    let now = from + until;
    ladder.recovers(now, &legs[0]);
    let (session, who) = (&legs[0].session, &legs[0].connection);
    ladder.encourage(now, session, who);
    let follow = ladder.due(now);
    assert_eq!(
        follow,
        [publisher("a"), legs[1].clone()],
        "and not those of b"
    );
    for leg in follow {
        assert_eq!(
            next_without_remedy(&mut ladder, now, &leg),
            Advice::Attempt(Step::AnotherPath)
        );
    }
    ladder.encourage(now, session, who);
    let due = |after| ladder.due(now + Duration::from_secs(after));
    assert_eq!(due(4), []);
    assert_eq!(due(5), [legs[2].clone()], "attempted ten seconds ago");
    assert_eq!(due(10).len(), 3);
}
