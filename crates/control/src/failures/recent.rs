//! The last failures, and what nodes have told of the transports concerned.

use std::collections::{BTreeMap, VecDeque};

use conference::LegOf;
use diagnosis::{Applied, Evidence, Failure, Finding, Outcome, Step, Taken};

use super::failed;
use super::interrupted::UNHEARD;

/// Failures remembered.
const MOST_FAILURES: usize = 200;
/// Transports of which evidence is remembered.
const MOST_EVIDENCE: usize = 1024;
/// A failure is judged anew for so long.
const OPEN_MS: u64 = 5 * 60_000;

/// Bounded: the oldest go.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    failures: VecDeque<(Failure, Evidence)>,
    evidence: BTreeMap<String, Evidence>,
    order: VecDeque<String>,
}

impl Recent {
    pub fn failures(&self) -> impl DoubleEndedIterator<Item = &Failure> {
        self.failures.iter().map(|(failure, _)| failure)
    }

    pub fn push(&mut self, failure: Failure, evidence: Evidence) {
        if self.failures.len() == MOST_FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back((failure, evidence));
    }

    pub fn of_mut(&mut self, transport: &str) -> Option<&mut Failure> {
        let mut failures = self.failures.iter_mut().rev();
        let found = failures.find(|(failure, _)| failure.transport == transport);
        found.map(|(failure, _)| failure)
    }

    pub fn took(&mut self, transport: &str, step: Step, at: u64) {
        if let Some(failure) = self.of_mut(transport) {
            failure.steps.push(Taken { step, at });
            failure.apply(Applied::Yes);
        }
    }

    /// Whether it was hoped for until now.
    pub fn gave_up(&mut self, transport: &str) -> bool {
        let Some(failure) = self.of_mut(transport) else {
            return false;
        };
        let hoped = failure
            .first()
            .is_some_and(|first| first.applied != Applied::DidNotHelp);
        failure.apply(Applied::DidNotHelp);
        hoped
    }

    /// The leg has media: whatever of it had failed is over.
    pub fn flows(&mut self, now: u64, leg: &LegOf) {
        for (failure, _) in &mut self.failures {
            let same = failure.connection == leg.connection.as_str()
                && failure.stream == leg.stream.as_str();
            if same && failure.healed.is_none() {
                failure.healed = Some(now);
            }
        }
    }

    /// Whether something of a node is still judged anew.
    pub fn is_open(&self, now: u64, node: &str) -> bool {
        let mut failures = self.failures.iter();
        failures.any(|(failure, _)| failure.node == node && failure.at + OPEN_MS >= now)
    }

    /// A node has told what it saw.
    pub fn learn(&mut self, evidence: Evidence) {
        let transport = evidence.transport.clone();
        for (failure, known) in &mut self.failures {
            if failure.transport == transport {
                *known = merged(known.clone(), evidence.clone());
            }
        }
        if self.evidence.insert(transport.clone(), evidence).is_none() {
            self.order.push_back(transport);
        }
        while self.order.len() > MOST_EVIDENCE {
            let oldest = self.order.pop_front().unwrap_or_default();
            self.evidence.remove(&oldest);
        }
    }

    /// What the node has told of the transport, or else what the master knows.
    pub fn better(&self, minimal: Evidence) -> Evidence {
        match self.evidence.get(&minimal.transport) {
            Some(told) => merged(minimal, told.clone()),
            None => minimal,
        }
    }

    /// Judges the failures of a node that are not long past anew, and returns those whose cause is another now.
    pub fn revise(
        &mut self,
        now: u64,
        node: &str,
        judge: impl Fn(&Evidence) -> Vec<Finding>,
    ) -> Vec<Failure> {
        let mut changed = Vec::new();
        for (failure, evidence) in &mut self.failures {
            if failure.node != node || failure.at + OPEN_MS < now {
                continue;
            }
            let mut findings = judge(evidence);
            let (before, after) = (failure.first(), findings.first());
            let surer = match (before, after) {
                (Some(before), Some(after)) => {
                    after.cause != before.cause && after.confidence > before.confidence
                }
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if !surer {
                continue;
            }
            if let (Some(before), Some(after)) = (before, findings.first_mut()) {
                after.applied = before.applied;
            }
            failure.findings = findings;
            changed.push(failure.clone());
        }
        changed
    }
}

/// Browsers ask for consent every 2.5 to 5 s; one that had not for so long, milliseconds, when it was given another path
/// had lost the one before.
const SILENT_MS: u64 = 5_000;

/// Whether a transport that was replaced or closed in order had lost its path before, which its client noticed sooner
/// than its node. It counts as failed then.
pub(super) fn desert(evidence: &mut Evidence) -> bool {
    let times = &mut evidence.times;
    let (Some(_), Some(last), Some(closed)) = (times.dtls_done, times.last_received, times.closed)
    else {
        return false;
    };
    let ended = matches!(evidence.outcome, Outcome::Ended | Outcome::Failed);
    if !ended || closed.saturating_sub(last) < SILENT_MS {
        return false;
    }
    evidence.outcome = Outcome::Failed;
    evidence.consent_losses = evidence.consent_losses.max(1);
    times.consent_lost = times.consent_lost.or(Some(last));
    true
}

/// What a node has told, with what only the master knows.
fn merged(known: Evidence, told: Evidence) -> Evidence {
    let mut times = told.times;
    times.nominated = times.nominated.or(known.times.nominated);
    times.dtls_done = times.dtls_done.or(known.times.dtls_done);
    times.consent_lost = times.consent_lost.or(known.times.consent_lost);
    failed(Evidence {
        session: known.session,
        connection: known.connection,
        stream: known.stream,
        direction: known.direction,
        local: if told.local.is_empty() {
            known.local
        } else {
            told.local
        },
        node: known.node,
        boot: if told.boot.is_empty() {
            known.boot
        } else {
            told.boot
        },
        address_set: match told.address_set {
            0 => known.address_set,
            told => told,
        },
        client: known.client,
        reason: match known.reason.as_str() {
            "" | UNHEARD => told.reason,
            _ => known.reason,
        },
        consent_losses: told.consent_losses.max(known.consent_losses),
        times,
        ..told
    })
}

/// A failure of which nothing is found yet.
pub(super) fn failure(evidence: &Evidence) -> Failure {
    Failure {
        transport: evidence.transport.clone(),
        session: evidence.session.clone(),
        connection: evidence.connection.clone(),
        stream: evidence.stream.clone(),
        direction: evidence.direction,
        node: evidence.node.clone(),
        client: evidence.client.address,
        ..Failure::default()
    }
}
