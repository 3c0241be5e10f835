//! The four questions.
#![allow(clippy::unwrap_used)]

use diagnosis::*;

const MINUTE: u64 = 60_000;
const BEGIN: u64 = 1_700_000_000_000;

fn case(minute: u64, failed: bool, node: &str, connection: &str) -> Case {
    Case {
        at: BEGIN + minute * MINUTE,
        failed,
        transport: format!("{node}{connection}{minute}"),
        session: "s".into(),
        connection: connection.into(),
        node: node.into(),
        client: Some("198.51.100.7".parse().unwrap()),
        protocol: Protocol::Udp,
        ..Case::default()
    }
}

fn mark(minute: u64, kind: MarkKind, subject: &str) -> Mark {
    Mark {
        at: BEGIN + minute * MINUTE,
        kind,
        subject: subject.into(),
        detail: String::new(),
    }
}

#[test]
fn nothing_failed() {
    let cases: Vec<Case> = (0..20)
        .map(|minute| case(minute, false, "n1", "a"))
        .collect();
    let seen = correlate(&cases, &[mark(3, MarkKind::Boot, "n1")]);
    assert_eq!(
        (seen.course, seen.failed, seen.began, seen.ended),
        (Course::Well, 0, None, None)
    );
    assert_eq!(seen.alike, Vec::new());
    assert_eq!(
        correlate(&[], &[]).answers,
        ["None of the last 0 transports failed."]
    );
}

#[test]
fn permanent_since_a_boot_of_the_master() {
    let mut cases: Vec<Case> = (0..5)
        .map(|minute| case(minute, false, "n1", "a"))
        .collect();
    cases.extend((10..15).map(|minute| case(minute, true, "n1", "b")));
    cases.extend((10..15).map(|minute| case(minute, true, "n2", "c")));
    let seen = correlate(
        &cases,
        &[
            mark(9, MarkKind::Boot, "master"),
            mark(1, MarkKind::Boot, "n1"),
        ],
    );
    assert_eq!(seen.course, Course::Permanent);
    let Some(Beginning::Mark { mark, .. }) = &seen.began else {
        panic!("{:?}", seen.began)
    };
    assert_eq!(mark.subject, "master");
    assert!(
        !seen.alike.iter().any(|it| it.dimension == Dimension::Node),
        "{:?}",
        seen.alike
    );
    assert!(
        seen.answers[0].starts_with("Permanent"),
        "{:?}",
        seen.answers
    );
}

#[test]
fn always_the_same_node_now_and_then() {
    let nodes = [("n1", false), ("n2", true), ("n3", false)];
    let cases: Vec<Case> = (0..30)
        .map(|minute| {
            let (node, bad) = nodes[minute % 3];
            case(
                minute as u64,
                bad && minute % 2 == 0,
                node,
                &format!("c{minute}"),
            )
        })
        .collect();
    let seen = correlate(&cases, &[]);
    assert_eq!(seen.course, Course::NowAndThen);
    let first = &seen.alike[0];
    assert_eq!(
        (first.dimension, first.value.as_str(), first.others_failed),
        (Dimension::Node, "n2", 0)
    );
    assert!(
        seen.answers[1].contains("Always the same node, n2"),
        "{:?}",
        seen.answers
    );
}

#[test]
fn a_client_network_is_told_from_others() {
    let cases: Vec<Case> = (0..12)
        .map(|minute| {
            let ours = minute % 3 == 0;
            let ip = if ours {
                format!("192.0.2.{minute}")
            } else {
                format!("198.51.{minute}.1")
            };
            Case {
                client: Some(ip.parse().unwrap()),
                ..case(minute, ours, "n1", &format!("c{minute}"))
            }
        })
        .collect();
    let seen = correlate(&cases, &[]);
    let values: Vec<_> = seen
        .alike
        .iter()
        .map(|it| (it.dimension, it.value.as_str()))
        .collect();
    assert_eq!(values, [(Dimension::Network, "192.0.2.0/24")]);
}

#[test]
fn a_change_of_addresses_that_others_survived_is_not_to_blame() {
    let mut cases: Vec<Case> = (0..10)
        .map(|minute| case(minute, false, "n1", "a"))
        .collect();
    cases.push(case(11, true, "n1", "b"));
    let marks = [mark(1, MarkKind::AddressChange, "n1")];
    assert_eq!(correlate(&cases, &marks).began, None);
    // Another node's boot does not concern this one.
    assert_eq!(
        correlate(&cases, &[mark(10, MarkKind::Boot, "n2")]).began,
        None
    );
    assert!(
        correlate(&cases, &[mark(10, MarkKind::AddressChange, "n1")])
            .began
            .is_some()
    );
}

#[test]
fn a_boot_is_not_to_blame_where_nothing_was_before_it() {
    let failed: Vec<Case> = (3..8).map(|minute| case(minute, true, "n1", "a")).collect();
    let boots = [mark(2, MarkKind::Boot, "n1")];
    assert_eq!(correlate(&failed, &boots).began, None, "a fresh start");
    let mut others = failed.clone();
    others.push(case(1, false, "n2", "b"));
    assert_eq!(correlate(&others, &boots).began, None, "of another node");
    let mut before = failed;
    before.push(case(1, false, "n1", "b"));
    assert!(correlate(&before, &boots).began.is_some());
}

#[test]
fn a_load_level() {
    let cases: Vec<Case> = (0..12)
        .map(|minute| Case {
            load: minute as u32 * 10,
            ..case(minute, minute > 6, "n1", &format!("c{minute}"))
        })
        .collect();
    let seen = correlate(&cases, &[]);
    assert_eq!(
        seen.began,
        Some(Beginning::Load {
            above: 60,
            at_least: 70
        })
    );
}

#[test]
fn a_remedy_ended_it() {
    let mut cases: Vec<Case> = (0..5).map(|minute| case(minute, true, "n1", "a")).collect();
    cases.extend((7..12).map(|minute| case(minute, false, "n1", "a")));
    let seen = correlate(
        &cases,
        &[
            mark(2, MarkKind::Remedy, "n1"),
            mark(6, MarkKind::Remedy, "n1"),
        ],
    );
    assert_eq!(seen.course, Course::Over);
    assert_eq!(seen.ended.unwrap().at, BEGIN + 6 * MINUTE);
    let without = correlate(&cases, &[mark(9, MarkKind::Remedy, "n1")]);
    assert_eq!(without.ended, None);
}

#[test]
fn the_window_is_bounded_and_keeps_one_case_per_transport() {
    let mut window = Window::default();
    for minute in 0..2000 {
        window.remember(case(minute, true, "n1", "a"));
        window.remember(case(minute, false, "n1", "a"));
        window.mark(mark(minute, MarkKind::Remedy, "n1"));
    }
    assert_eq!(window.cases().count(), MOST_CASES);
    assert!(window.cases().all(|case| !case.failed));
    let carried = window.carried(BEGIN + 1990 * MINUTE);
    assert_eq!(carried["n1"].udp, 10);
}
