//! What the diagnosis found, with what follows from it: whoever knows the cause need not read its consequences one by one.

use api::{Diagnosis, NodeReach};
use diagnosis::{Applied, Cause, Failure, Finding};

use super::ways::{Failing, url};
use super::words::{count, list};
use super::{Check, State};

/// A finding, and the paths that fail because of it.
pub(super) struct Explained<'a> {
    pub finding: &'a Finding,
    pub paths: Vec<Failing<'a>>,
}

/// Puts failing paths to the first finding that explains them, and gives back those that none does.
pub(super) fn explained<'a>(
    diagnosis: &'a Diagnosis,
    failing: impl Iterator<Item = Failing<'a>>,
) -> (Vec<Explained<'a>>, Vec<Failing<'a>>) {
    let findings = diagnosis.fleet.iter();
    let mut known: Vec<Explained<'a>> = findings
        .map(|finding| Explained {
            finding,
            paths: Vec::new(),
        })
        .collect();
    let mut rest = Vec::new();
    for path in failing {
        match known.iter_mut().find(|it| it.explains(&path)) {
            Some(it) => it.paths.push(path),
            None => rest.push(path),
        }
    }
    (known, rest)
}

impl<'a> Explained<'a> {
    /// Whose fault it is.
    pub fn subjects(&self) -> Vec<&'a str> {
        let finding: &'a Finding = self.finding;
        let likewise = finding.likewise.iter().map(|it| it.subject.as_str());
        let first = Some(finding.subject.as_str()).filter(|id| !id.is_empty());
        first.into_iter().chain(likewise).collect()
    }

    fn explains(&self, failing: &Failing<'_>) -> bool {
        let subjects = self.subjects();
        let way = &failing.path.path;
        let relayed = way.relay.is_some();
        let of_relay = way.relay.as_ref().is_some_and(|relay| {
            let at = way.at.as_deref().unwrap_or_default();
            let place = url(at, &way.protocol);
            let is = |id: &&str| *id == relay || id.split('?').next() == place.split('?').next();
            subjects.iter().any(is)
        });
        let of_node = subjects.contains(&failing.node.id.as_str());
        match self.finding.cause {
            Cause::MediaUdpBlocked => of_node && (relayed || way.protocol == "udp"),
            Cause::DtlsOrSrtp | Cause::Conntrack => of_node || of_relay,
            cause if is_of_node(cause) => of_node || of_relay,
            cause if is_of_relay(cause) => of_relay,
            _ => false,
        }
    }

    /// Whether calls work all the same: only one of several relays fails.
    fn is_made_up_for(&self, nodes: &[NodeReach]) -> bool {
        let subjects = self.subjects();
        let another = |node: &NodeReach| {
            let mut paths = node.paths.iter().filter(|path| path.good && path.ok);
            paths.any(|path| {
                let way = &path.path;
                let at = way.at.as_deref().unwrap_or_default();
                let place = url(at, &way.protocol);
                let relay = way.relay.as_deref().filter(|_| is_anywhere(at));
                relay.is_some_and(|relay| !subjects.iter().any(|id| *id == relay || *id == place))
            })
        };
        let mut serving = nodes
            .iter()
            .filter(|node| node.state == "serving")
            .peekable();
        is_of_relay(self.finding.cause) && serving.peek().is_some() && serving.all(another)
    }

    pub fn check(&self, nodes: &[NodeReach], failures: &[Failure]) -> Check {
        let finding = self.finding;
        let state = match finding.is_sure() && !self.is_made_up_for(nodes) {
            true => State::Ill,
            false => State::Doubtful,
        };
        let known = finding.subject.is_empty() || finding.proof.contains(&finding.subject);
        let name = match known {
            true => finding.cause.code().to_owned(),
            false => format!("{} of {}", finding.cause, finding.subject),
        };
        // The remedy names it.
        let proof = match &finding.missing_rule {
            Some(rule) => finding
                .proof
                .replace(&format!("; missing rule: {rule}"), ""),
            None => finding.proof.clone(),
        };
        let draining = nodes
            .iter()
            .any(|node| node.id == finding.subject && node.state == "draining");
        let remedy = match finding.cause {
            Cause::NodeLeftOut if draining => format!(
                "`muster nodes undrain {}` takes it back; else it goes with its last session",
                finding.subject
            ),
            _ => remedy(finding),
        };
        let mut check = Check::of(&name, state, proof, remedy);
        check.follows = self.follows(nodes, failures);
        check
    }

    fn follows(&self, nodes: &[NodeReach], failures: &[Failure]) -> Vec<String> {
        let mut follows = Vec::new();
        if let Some(others) = finding_others(self.finding) {
            follows.push(others);
        }
        let concerned = |node: &&NodeReach| self.paths.iter().any(|it| it.node.id == node.id);
        let mut cut = Vec::new();
        for node in nodes.iter().filter(concerned) {
            if node.verdict == "unusable" {
                cut.push(node.id.as_str());
            }
        }
        let rest = self.paths.iter().filter(|it| it.node.verdict != "unusable");
        let rest = rest.count();
        if !cut.is_empty() {
            follows.push(format!(
                "media gets through to {} by no path; nothing is placed there until it does",
                list(cut)
            ));
        }
        if rest > 0 {
            let all: usize = nodes.iter().map(|node| node.paths.len()).sum();
            follows.push(format!(
                "{rest} of {} that are probed fail by it",
                count(all, "path")
            ));
        }
        follows.extend(of_late(self.finding.cause, failures));
        follows
    }
}

/// Whether clients outside can be there, as far as `HOST:PORT` says.
fn is_anywhere(at: &str) -> bool {
    let host = at.rsplit_once(':').map_or(at, |(host, _)| host);
    let ip = host.trim_matches(['[', ']']).parse();
    ip.is_err() || ip.is_ok_and(|ip| diagnosis::is_public(&ip))
}

fn finding_others(finding: &Finding) -> Option<String> {
    let others = finding.likewise.iter().map(|it| it.subject.as_str());
    let others: Vec<&str> = others.collect();
    (!others.is_empty()).then(|| format!("the same is true of {}", list(others)))
}

fn remedy(finding: &Finding) -> String {
    let others = finding.likewise.iter().map(|it| &it.missing_rule);
    let rules = std::iter::once(&finding.missing_rule)
        .chain(others)
        .flatten();
    let rules: Vec<String> = rules.map(ToString::to_string).collect();
    match rules.is_empty() {
        true => finding.remedy.text.clone(),
        false => format!(
            "let through {}; clients go through TCP or a relay meanwhile",
            list(rules)
        ),
    }
}

/// Streams that failed of late by a cause, and what became of them.
fn of_late(cause: Cause, failures: &[Failure]) -> Option<String> {
    let by_it = failures
        .iter()
        .filter(|failure| failure.first().is_some_and(|first| first.cause == cause));
    let by_it: Vec<&Failure> = by_it.collect();
    if by_it.is_empty() {
        return None;
    }
    let over = by_it.iter().filter(|it| it.healed.is_some()).count();
    let helped = by_it
        .iter()
        .filter(|it| it.first().is_some_and(|it| it.applied == Applied::Helped))
        .count();
    let over = match over {
        0 => "none has come back yet".to_owned(),
        all if all == by_it.len() && all > 1 => format!("all are back, {helped} by what was done"),
        some => format!("{some} back, {helped} by what was done"),
    };
    Some(format!(
        "{} failed by it of late, {over}",
        count(by_it.len(), "stream")
    ))
}

/// Failures of late whose causes the fleet does not show any more, a line for each cause.
pub(super) fn past(diagnosis: &Diagnosis) -> Vec<Check> {
    let present = |cause: Cause| diagnosis.fleet.iter().any(|it| it.cause == cause);
    let mut told: Vec<Cause> = Vec::new();
    let mut checks = Vec::new();
    for first in diagnosis.failures.iter().filter_map(Failure::first) {
        if present(first.cause) || told.contains(&first.cause) {
            continue;
        }
        told.push(first.cause);
        let mut check = Check::of(
            &format!("failures by {}", first.cause),
            State::Doubtful,
            format!("the latest: {}", first.proof),
            &first.remedy.text,
        );
        check
            .follows
            .extend(of_late(first.cause, &diagnosis.failures));
        checks.push(check);
    }
    checks
}

/// Whether a node that has it is cut off in all ways.
pub(super) fn is_of_node(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NodeIdentity
            | Cause::FrozenPublicAddress
            | Cause::StaleNodeSettings
            | Cause::BridgeCandidates
            | Cause::NodeNotReady
            | Cause::ControlSplit
            | Cause::DeafListener
            | Cause::Conntrack
            | Cause::DtlsOrSrtp
            | Cause::MediaUdpBlocked
    )
}

fn is_of_relay(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::RelayUnreachable
            | Cause::WrongRelayAddress
            | Cause::RelaySecret
            | Cause::ClockSkew
            | Cause::RelayPeerDenied
            | Cause::RelayPermissionMismatch
            | Cause::RelayCapacity
    )
}
