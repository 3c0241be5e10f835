//! The way from evidence to findings.

use crate::cause::Cause;
use crate::evidence::Evidence;
use crate::finding::{Applied, Finding};
use crate::rules::{FAINT, RULES, Suspicion};
use crate::scene::Scene;
use crate::surroundings::Surroundings;

/// Why a transport failed, the likeliest cause first. Empty if it did not fail; never empty if it did.
///
/// A candidate or pair that fails while another succeeds is no failure.
pub fn diagnose(evidence: &Evidence, around: &Surroundings) -> Vec<Finding> {
    let Some(scene) = Scene::of(evidence, around) else {
        return Vec::new();
    };
    let mut findings = look(&scene);
    if findings.iter().all(|finding| finding.confidence < FAINT) {
        findings.insert(0, unexplained(&scene));
    }
    findings
}

/// What is wrong with the fleet, whether or not anything has failed because of it yet: the likeliest to hurt first.
pub fn survey(around: &Surroundings) -> Vec<Finding> {
    look(&Scene::fleet(around))
}

fn look(scene: &Scene) -> Vec<Finding> {
    let suspected = RULES.iter().filter_map(|(cause, rule)| {
        let suspicion = rule(scene)?;
        Some(finding(*cause, suspicion))
    });
    let mut findings: Vec<Finding> = suspected.collect();
    // Stable: of equally sure causes the order of the rules decides.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.confidence));
    findings
}

fn finding(cause: Cause, suspicion: Suspicion) -> Finding {
    Finding {
        cause,
        confidence: suspicion.weight,
        proof: suspicion.proof,
        remedy: cause.remedy(),
        missing_rule: suspicion.rule,
        subject: suspicion.subject,
        applied: Applied::No,
    }
}

fn unexplained(scene: &Scene) -> Finding {
    let evidence = scene.evidence;
    let ended = scene.ended.map_or("it failed", |ended| ended.words());
    let told = evidence.map(|evidence| evidence.reason.as_str());
    let told = told.filter(|reason| !reason.is_empty());
    let proof = match told {
        Some(reason) => format!("{ended} ({reason}), and nothing that is known explains it"),
        None => format!("{ended}, and nothing that is known explains it"),
    };
    let node = evidence.map_or("", |evidence| &evidence.node);
    finding(Cause::Unexplained, Suspicion::new(10, node, proof))
}
