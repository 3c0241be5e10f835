//! For every cause the least that must be seen for it to be named first, what comes near to it and must not be taken
//! for it, and what is no failure at all.
#![allow(clippy::unwrap_used)]

mod chances;
mod table;
mod world;

use diagnosis::{Cause, Outcome, Surroundings, diagnose, survey};

use table::{CASES, FLEET};

#[test]
fn every_cause_is_named_first_by_the_least_that_proves_it() {
    for case in CASES {
        let (mut evidence, mut around) = ((case.from)(), world::around());
        (case.with)(&mut evidence, &mut around);
        let findings = diagnose(&evidence, &around);
        let named: Vec<_> = findings
            .iter()
            .map(|it| (it.cause.code(), it.confidence, &it.proof))
            .collect();
        assert_eq!(
            findings.first().map(|it| it.cause),
            Some(case.cause),
            "{}: {named:#?}",
            case.what
        );
        let first = &findings[0];
        for part in case.proof {
            assert!(
                first.proof.contains(part),
                "{}: no {part:?} in {:?}",
                case.what,
                first.proof
            );
        }
    }
    let tried: Vec<Cause> = CASES.iter().map(|case| case.cause).collect();
    let untried: Vec<&Cause> = Cause::ALL
        .iter()
        .filter(|cause| !tried.contains(cause))
        .collect();
    assert_eq!(untried, Vec::<&Cause>::new());
}

#[test]
fn what_comes_near_to_a_cause_is_not_taken_for_it() {
    for case in CASES {
        let (mut evidence, mut around) = ((case.from)(), world::around());
        (case.with)(&mut evidence, &mut around);
        (case.but)(&mut evidence, &mut around);
        let findings = diagnose(&evidence, &around);
        let found = findings.iter().find(|finding| finding.cause == case.cause);
        assert_eq!(found, None, "{}", case.what);
    }
}

#[test]
fn what_goes_well_has_no_cause_whatever_is_wrong_around_it() {
    for case in CASES {
        let (mut evidence, mut around) = ((case.from)(), world::around());
        (case.with)(&mut evidence, &mut around);
        for outcome in [
            Outcome::Pending,
            Outcome::Connected,
            Outcome::Disconnected,
            Outcome::Ended,
        ] {
            evidence.outcome = outcome;
            assert_eq!(
                diagnose(&evidence, &around),
                Vec::new(),
                "{} {outcome:?}",
                case.what
            );
        }
    }
}

#[test]
fn a_cluster_that_is_well_has_nothing_to_tell() {
    assert_eq!(survey(&world::around()), Vec::new());
    assert_eq!(survey(&diagnosis::Surroundings::default()), Vec::new());
}

#[test]
fn a_transport_that_failed_is_never_without_a_word() {
    let bare = diagnosis::Evidence {
        outcome: Outcome::Failed,
        ..Default::default()
    };
    let findings = diagnose(&bare, &diagnosis::Surroundings::default());
    assert_eq!(
        findings.first().map(|it| it.cause),
        Some(Cause::Unexplained)
    );
}

#[test]
fn what_is_wrong_with_a_fleet_is_seen_before_anything_fails() {
    for (cause, spoil) in FLEET {
        let mut around = world::around();
        spoil(&mut around);
        let findings = survey(&around);
        assert_eq!(
            findings.first().map(|it| it.cause),
            Some(*cause),
            "{findings:#?}"
        );
    }
}

#[test]
fn what_has_another_cause_is_not_called_blocked() {
    type Spoil = fn(&mut Surroundings);
    let spoils: [(&str, Spoil); 4] = [
        ("blocked indeed", |_| {}),
        ("a bridge", |around| tell(around, "172.17.0.1")),
        ("somebody else's address", |around| {
            around.hosts[1].seen_from_outside = vec![world::ip("203.0.113.21")];
            tell(around, "203.0.113.99");
        }),
        ("answers from elsewhere", |around| {
            around.reach.iter_mut().for_each(|row| row.astray = true);
        }),
    ];
    for (what, spoil) in spoils {
        let mut around = world::around();
        for row in &mut around.reach {
            row.ok = row.to != "media_1";
        }
        spoil(&mut around);
        let findings = survey(&around);
        let blocked = findings.iter().any(|it| it.cause == Cause::MediaUdpBlocked);
        assert_eq!(blocked, what == "blocked indeed", "{what}: {findings:#?}");
    }
}

/// The first node tells this address, and is tried there.
fn tell(around: &mut Surroundings, ip: &str) {
    around.hosts[1].advertised = vec![world::ip(ip)];
    let rows = around.reach.iter_mut().filter(|row| row.to == "media_1");
    for row in rows {
        row.address = Some(std::net::SocketAddr::new(world::ip(ip), 40_000));
    }
}

#[test]
fn a_rule_that_is_missing_is_named() {
    let case = CASES
        .iter()
        .find(|case| case.what == "UDP probes end at a firewall")
        .unwrap();
    let (mut evidence, mut around) = ((case.from)(), world::around());
    (case.with)(&mut evidence, &mut around);
    let rule = diagnose(&evidence, &around)[0]
        .missing_rule
        .clone()
        .unwrap();
    assert_eq!(rule.to_string(), "UDP from 10.0.0.1 to 10.0.0.11:40000");
}
