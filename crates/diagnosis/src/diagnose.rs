//! The way from evidence to findings.

use crate::cause::Cause;
use crate::evidence::Evidence;
use crate::finding::{Applied, Finding, Likewise};
use crate::rules::{FAINT, RULES, Rule, Suspicion};
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

/// Others of which it is said that they have the same.
const MOST_ALIKE: usize = 8;

/// What is wrong with the fleet, whether or not anything has failed because of it yet: the likeliest to hurt first. Each
/// cause is told once, of the first that has it, with the others that have it too.
pub fn survey(around: &Surroundings) -> Vec<Finding> {
    let mut findings = look(&Scene::fleet(around));
    for finding in &mut findings {
        let rule = RULES.iter().find(|(cause, _)| *cause == finding.cause);
        if let Some((_, rule)) = rule {
            finding.likewise = likewise(around, finding, *rule);
        }
    }
    findings
}

fn likewise(around: &Surroundings, first: &Finding, rule: Rule) -> Vec<Likewise> {
    let mut alike = Vec::new();
    let mut scene = Scene::fleet(around);
    scene.passed = vec![first.subject.clone()];
    while alike.len() < MOST_ALIKE && !scene.passed.iter().any(String::is_empty) {
        let another = rule(&scene).filter(|it| !scene.passed.contains(&it.subject));
        let Some(Suspicion {
            weight,
            subject,
            rule: missing_rule,
            ..
        }) = another
        else {
            break;
        };
        scene.passed.push(subject.clone());
        if weight >= first.confidence {
            alike.push(Likewise {
                subject,
                missing_rule,
            });
        }
    }
    alike.retain(|it| !it.subject.is_empty());
    alike
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
        likewise: Vec::new(),
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
