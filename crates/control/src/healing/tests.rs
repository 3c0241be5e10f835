//! The ladder by itself.

use std::time::Duration;

use cluster::Moment;
use conference::{ConnectionId, LegOf, SessionId, StreamId};
use diagnosis::{Cause, Step};

use super::{Circumstances, GRACE, Ladder};

fn leg(name: &str) -> LegOf {
    LegOf {
        session: SessionId::new("S"),
        connection: ConnectionId::new(name),
        stream: StreamId::new("str"),
        publishes: false,
    }
}

fn under(others: u64) -> Circumstances {
    Circumstances(others)
}

/// All steps that are taken for one leg that never recovers.
fn climb(ladder: &mut Ladder, now: &mut Moment, first: Step, others: u64) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(at) = ladder.next_deadline() {
        *now = at;
        for leg in ladder.due(*now) {
            let cause = Cause::MediaUdpBlocked;
            let possible = |step| step != Step::AnotherNode || others > 0;
            steps.extend(ladder.next(*now, &leg, cause, first, under(others), possible));
        }
    }
    steps
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
    ladder.fails(now, leg("a"), GRACE);
    assert_eq!(ladder.next_deadline(), None);
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

#[test]
fn who_was_given_up_is_taken_up_again_when_a_way_to_his_node_is_back() {
    let (mut ladder, mut now) = (Ladder::default(), Moment(0));
    ladder.fails(now, leg("a"), GRACE);
    let steps = climb(&mut ladder, &mut now, Step::AnotherPath, 0);
    assert!(ladder.is_given_up(&leg("a")));
    ladder.hope(now, |other| *other == leg("b"));
    assert!(ladder.is_given_up(&leg("a")), "it was another's way");
    ladder.hope(now, |other| *other == leg("a"));
    assert_eq!(climb(&mut ladder, &mut now, Step::AnotherPath, 0), steps);
    assert!(ladder.is_given_up(&leg("a")), "and again it did not help");
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
    let cause = Cause::Unexplained;
    let step = ladder.next(
        Moment(1_000),
        &leg("a"),
        cause,
        Step::AnotherPath,
        under(0),
        |_| true,
    );
    assert_eq!(step, Some(Step::AnotherPath));
    let recovered = ladder
        .recovers(Moment(3_500), &leg("a"))
        .expect("it was failing");
    assert_eq!(recovered.by, Some((cause, Step::AnotherPath)));
    assert_eq!(recovered.after, Duration::from_millis(2_500));
    assert_eq!(ladder.next_deadline(), None);
    assert_eq!(ladder.recovers(Moment(9_000), &leg("a")), None);
}

#[test]
fn nobody_is_shaken_more_than_the_budget_allows() {
    let mut ladder = Ladder::default();
    let now = Moment(50_000);
    let mut taken = 0;
    for stream in 0..200 {
        let one = LegOf {
            stream: StreamId::new(format!("str{stream}")),
            ..leg("a")
        };
        ladder.fails(now, one.clone(), Duration::ZERO);
        let cause = Cause::Unexplained;
        let step = ladder.next(now, &one, cause, Step::AnotherPath, under(0), |_| true);
        taken += usize::from(step.is_some());
    }
    assert_eq!(taken, 16);
    assert_eq!(
        ladder.due(now + Duration::from_secs(1)).len(),
        184,
        "they come back"
    );
    let mut session = 0;
    for who in 0..300 {
        let one = leg(&format!("c{who}"));
        ladder.fails(now, one.clone(), Duration::ZERO);
        let step = ladder.next(
            now,
            &one,
            Cause::Unexplained,
            Step::AnotherPath,
            under(0),
            |_| true,
        );
        session += usize::from(step.is_some());
    }
    assert_eq!(session, 84, "100 a session at once");
}
