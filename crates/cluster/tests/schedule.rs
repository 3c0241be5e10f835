//! Which entry is in force, and when another takes over.

use std::time::Duration;

use cluster::schedule::{Bounds, Entry, Field, Schedule, Wall, When};
use jiff::Timestamp;

#[test]
fn the_entry_whose_moment_came_last_is_in_force() {
    let schedule = night_and_morning();
    let at = |time: &str| schedule.in_force(wall(time)).expect("in force").entry;
    assert_eq!(at("2025-06-17T10:00:00Z"), "morning");
    assert_eq!(at("2025-06-17T17:59:59Z"), "morning");
    assert_eq!(at("2025-06-17T18:00:00Z"), "night", "20:00 in Berlin");
    assert_eq!(at("2025-06-21T12:00:00Z"), "night", "a Saturday");
    assert_eq!(at("2025-06-23T05:30:00Z"), "morning", "Monday, 07:30");
}

#[test]
fn the_next_transitions_are_visible() {
    let schedule = night_and_morning();
    let coming = schedule.next(wall("2025-06-20T12:00:00Z"), 3);
    let shown: Vec<(&str, String)> = coming
        .iter()
        .map(|transition| (transition.entry.as_str(), utc(transition.at)))
        .collect();
    assert_eq!(
        shown,
        [
            ("night", "2025-06-20T18:00:00Z".to_owned()),
            ("night", "2025-06-21T18:00:00Z".to_owned()),
            ("night", "2025-06-22T18:00:00Z".to_owned()),
        ]
    );
    let monday = schedule.next(wall("2025-06-22T20:00:00Z"), 1);
    assert_eq!(utc(monday[0].at), "2025-06-23T05:30:00Z");
}

#[test]
fn a_time_that_the_clocks_jump_over_takes_effect_right_after_the_jump() {
    let schedule = one(cron("30 2 * * *"), "Europe/Berlin");
    let coming = schedule.next(wall("2025-03-29T12:00:00Z"), 2);
    assert_eq!(
        utc(coming[0].at),
        "2025-03-30T01:00:00Z",
        "03:00 summer time"
    );
    assert_eq!(utc(coming[1].at), "2025-03-31T00:30:00Z");
    let force = |time: &str| schedule.in_force(wall(time)).map(|it| utc(it.at));
    assert_eq!(
        force("2025-03-30T00:59:59Z"),
        Some("2025-03-29T01:30:00Z".to_owned())
    );
    assert_eq!(
        force("2025-03-30T01:00:00Z"),
        Some("2025-03-30T01:00:00Z".to_owned())
    );
}

#[test]
fn a_time_that_the_clocks_pass_twice_takes_effect_once() {
    let schedule = one(cron("30 2 * * *"), "Europe/Berlin");
    let coming = schedule.next(wall("2025-10-25T12:00:00Z"), 2);
    assert_eq!(utc(coming[0].at), "2025-10-26T00:30:00Z", "the first pass");
    assert_eq!(utc(coming[1].at), "2025-10-27T01:30:00Z");
    assert_eq!(
        schedule
            .in_force(wall("2025-10-26T01:30:00Z"))
            .map(|it| utc(it.at)),
        Some("2025-10-26T00:30:00Z".to_owned()),
        "the second pass changes nothing"
    );
}

#[test]
fn a_day_that_a_zone_skips_ends_where_the_next_begins() {
    let schedule = one(cron("0 12 30 12 *"), "Pacific/Apia");
    let coming = schedule.next(wall("2011-12-01T00:00:00Z"), 1);
    assert_eq!(
        utc(coming[0].at),
        "2011-12-30T10:00:00Z",
        "midnight of the 31st"
    );
}

#[test]
fn a_jump_of_half_an_hour_is_understood() {
    let schedule = one(cron("15 2 * * *"), "Australia/Lord_Howe");
    let coming = schedule.next(wall("2025-10-04T12:00:00Z"), 1);
    assert_eq!(
        utc(coming[0].at),
        "2025-10-04T15:30:00Z",
        "02:30 after the jump"
    );
}

#[test]
fn the_lead_begins_earlier_and_the_moment_stays() {
    let mut night = entry("night", weekly(&[], "20:00"), "UTC", 0);
    night.lead = Duration::from_secs(30 * 60);
    let schedule = Schedule::new(vec![night]).expect("valid");
    let coming = schedule.next(wall("2025-06-17T12:00:00Z"), 1);
    assert_eq!(utc(coming[0].begins), "2025-06-17T19:30:00Z");
    assert_eq!(utc(coming[0].at), "2025-06-17T20:00:00Z");
    let force = schedule
        .in_force(wall("2025-06-17T19:30:00Z"))
        .expect("begun");
    assert_eq!(utc(force.at), "2025-06-17T20:00:00Z");
}

#[test]
fn what_a_longer_lead_has_overtaken_never_takes_over() {
    let mut late = entry("late", weekly(&[], "08:30"), "UTC", 1);
    late.lead = Duration::from_secs(60 * 60);
    let early = entry("early", weekly(&[], "08:00"), "UTC", 2);
    let schedule = Schedule::new(vec![late, early]).expect("valid");
    let now = wall("2025-06-17T07:00:00Z");
    let names: Vec<String> = schedule
        .next(now, 3)
        .into_iter()
        .map(|it| it.entry)
        .collect();
    assert_eq!(names, ["late", "late", "late"]);
    let at_eight = schedule
        .in_force(wall("2025-06-17T08:00:00Z"))
        .expect("begun");
    assert_eq!(at_eight.entry, "late");
}

#[test]
fn cron_means_what_it_means_elsewhere() {
    let next = |text: &str, after: &str| utc(one(cron(text), "UTC").next(wall(after), 1)[0].at);
    assert_eq!(
        next("*/15 9-17 * * mon-fri", "2025-06-20T17:45:00Z"),
        "2025-06-23T09:00:00Z"
    );
    assert_eq!(
        next("0 0 29 2 *", "2025-01-01T00:00:00Z"),
        "2028-02-29T00:00:00Z"
    );
    assert_eq!(
        next("0 0 13 * fri", "2025-06-13T00:00:00Z"),
        "2025-06-20T00:00:00Z",
        "either day"
    );
    assert_eq!(
        next("0 6 * jan,JUL 7", "2025-06-17T00:00:00Z"),
        "2025-07-06T06:00:00Z"
    );
    assert_eq!(
        next("5/20 * * * *", "2025-06-17T00:05:00Z"),
        "2025-06-17T00:25:00Z"
    );
    assert_eq!(
        next("0 3 * * sat-sun", "2025-06-21T03:00:00Z"),
        "2025-06-22T03:00:00Z"
    );
}

#[test]
fn what_is_in_force_is_what_took_over_last() {
    let schedule = Schedule::new(vec![
        entry("a", cron("*/7 1-3 * * *"), "Europe/Berlin", 1),
        entry("b", cron("30 2 * * *"), "America/New_York", 2),
        entry("c", weekly(&["sat-sun"], "02:59"), "Europe/London", 3),
    ])
    .expect("valid");
    for start in [
        "2025-03-08T00:00:00Z",
        "2025-03-29T00:00:00Z",
        "2025-10-25T00:00:00Z",
    ] {
        let mut last = None;
        for transition in schedule.next(wall(start), 120) {
            assert_eq!(
                schedule.in_force(transition.begins),
                Some(transition.clone())
            );
            if let Some(last) = last {
                let before = Wall(transition.begins.0 - 1);
                assert_eq!(schedule.in_force(before), Some(last));
            }
            last = Some(transition);
        }
    }
}

#[test]
fn a_bad_entry_is_named_with_its_field_and_what_was_expected() {
    let bad = |entry: Entry| Schedule::new(vec![entry]).expect_err("bad");
    let error = bad(entry("x", cron("0 8 * *"), "UTC", 1));
    assert_eq!(error.field, Field::Cron);
    assert!(error.to_string().contains("five fields"), "{error}");
    for wrong in [
        "61 * * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "* * * foo *",
        "0 0 31 2 *",
        "a b c d e",
        "1,,2 * * * *",
        "99999999999 * * * *",
    ] {
        assert_eq!(
            bad(entry("x", cron(wrong), "UTC", 1)).field,
            Field::Cron,
            "{wrong}"
        );
    }
    let error = bad(entry("x", weekly(&["mon", "funday"], "08:00"), "UTC", 1));
    assert_eq!(
        (error.field, error.found.as_str()),
        (Field::Weekdays, "mon,funday")
    );
    for wrong in ["8:00", "24:00", "08:60", "0800", "+8:00", ""] {
        assert_eq!(
            bad(entry("x", weekly(&[], wrong), "UTC", 1)).field,
            Field::Time,
            "{wrong}"
        );
    }
    let error = bad(entry("x", weekly(&[], "08:00"), "Mars/Olympus", 1));
    assert_eq!(error.field, Field::Zone);
    assert_eq!(
        error.to_string(),
        "schedule entry \"x\", field zone: expected the name of an IANA time zone such as Europe/Berlin or UTC, \
         found \"Mars/Olympus\""
    );
    assert_eq!(bad(entry(" ", weekly(&[], "08:00"), "UTC", 1)).entry, "#1");
    let mut backwards = entry("x", weekly(&[], "08:00"), "UTC", 1);
    backwards.wanted.maximum = 0;
    assert_eq!(bad(backwards).field, Field::Wanted);
    let mut lead = entry("x", weekly(&[], "08:00"), "UTC", 1);
    lead.lead = Duration::from_secs(86_401);
    assert_eq!(bad(lead).field, Field::Lead);
    let twice = entry("x", weekly(&[], "08:00"), "UTC", 1);
    let error = Schedule::new(vec![twice.clone(), twice]).expect_err("twice");
    assert_eq!(error.field, Field::Name);
}

#[test]
fn times_beyond_the_calendar_are_no_trouble() {
    let schedule = night_and_morning();
    for now in [Wall(i64::MIN), Wall(i64::MAX)] {
        assert_eq!(schedule.in_force(now), None);
        assert_eq!(schedule.next(now, 5), []);
    }
    assert!(Schedule::default().is_empty());
    assert_eq!(Schedule::default().next(Wall(0), 5), []);
}

fn night_and_morning() -> Schedule {
    Schedule::new(vec![
        entry("morning", weekly(&["mon-fri"], "07:30"), "Europe/Berlin", 4),
        entry("night", weekly(&[], "20:00"), "Europe/Berlin", 0),
    ])
    .expect("valid")
}

fn one(when: When, zone: &str) -> Schedule {
    Schedule::new(vec![entry("only", when, zone, 1)]).expect("valid")
}

fn entry(name: &str, when: When, zone: &str, nodes: u32) -> Entry {
    Entry {
        name: name.to_owned(),
        when,
        zone: zone.to_owned(),
        wanted: Bounds::exactly(nodes),
        lead: Duration::ZERO,
    }
}

fn cron(text: &str) -> When {
    When::Cron(text.to_owned())
}

fn weekly(weekdays: &[&str], time: &str) -> When {
    When::Weekly {
        weekdays: weekdays.iter().map(|&day| day.to_owned()).collect(),
        time: time.to_owned(),
    }
}

fn wall(text: &str) -> Wall {
    Wall(
        text.parse::<Timestamp>()
            .expect("a timestamp")
            .as_millisecond(),
    )
}

fn utc(at: Wall) -> String {
    Timestamp::from_millisecond(at.0)
        .expect("in range")
        .to_string()
}
