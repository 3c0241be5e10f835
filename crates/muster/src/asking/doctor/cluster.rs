//! What the master says of its cluster.

use std::collections::BTreeMap;

use api::{Diagnosis, Nodes, Status};
use diagnosis::{Applied, Cause, Failure, Finding};

use super::{Check, State};

/// Of one that was reached.
pub(super) fn checks(status: &Status, nodes: &Nodes, diagnosis: &Diagnosis) -> Vec<Check> {
    let mut checks = vec![Check::well(
        "master",
        format!("version {} answers", status.version),
    )];
    for problem in &status.problems {
        checks.push(Check::of("cluster", State::Doubtful, problem, ""));
    }
    for node in &nodes.nodes {
        let serves = node.state == "serving";
        let name = format!("node {}", node.id);
        checks.push(match serves {
            true => Check::well(&name, &node.why.sentence),
            false => Check::of(
                &name,
                State::Doubtful,
                &node.why.sentence,
                node.why.evidence.join("; "),
            ),
        });
    }
    checks.extend(diagnosis.fleet.iter().map(fleet));
    checks.extend(failures(&diagnosis.failures));
    checks
}

/// Of one that was not.
pub(super) fn unreached(why: &str) -> Check {
    let remedy = "start it (`muster up`, or `muster master`), or name it with --url or --data-dir. Until then nobody can \
                  join or publish; calls that run go on at their nodes, and are taken up again by the next master with \
                  the same data directory";
    Check::of("master", State::Ill, why, remedy)
}

fn fleet(finding: &Finding) -> Check {
    let state = match finding.is_sure() {
        true => State::Ill,
        false => State::Doubtful,
    };
    let name = match finding.subject.as_str() {
        "" => finding.cause.code().to_owned(),
        subject => format!("{} of {subject}", finding.cause),
    };
    let mut remedy = finding.remedy.text.clone();
    if let Some(rule) = &finding.missing_rule {
        remedy = format!("let through {rule}; {remedy}");
    }
    Check::of(&name, state, &finding.proof, remedy)
}

/// One line for each cause of late, with what became of its remedy.
fn failures(failures: &[Failure]) -> Vec<Check> {
    let mut causes: BTreeMap<Cause, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        if let Some(first) = failure.first() {
            causes.entry(first.cause).or_default().push(failure);
        }
    }
    let checks = causes.into_iter().filter_map(|(cause, failures)| {
        let latest = failures.first()?;
        let first = latest.first()?;
        let healed = failures
            .iter()
            .filter(|failure| failure.healed.is_some())
            .count();
        let helped = failures
            .iter()
            .filter(|failure| {
                failure
                    .first()
                    .is_some_and(|it| it.applied == Applied::Helped)
            })
            .count();
        let seen = format!(
            "{} of late, {healed} of them over, {helped} by what was done; the latest: {}",
            failures.len(),
            first.proof
        );
        Some(Check::of(
            &format!("failures by {cause}"),
            State::Doubtful,
            seen,
            &first.remedy.text,
        ))
    });
    checks.collect()
}
