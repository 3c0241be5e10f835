//! What is said of failures: each by itself, and of many at once what they have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::Moment;
use diagnosis::{Cause, Failure};

use crate::control::Control;
use crate::notice::Notice;

/// So many are told of one by one within [`SPAN`].
const FEW: u32 = 5;
const SPAN: Duration = Duration::from_secs(10);

/// Failures of late, for the log and for figures.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// When the span is over.
    until: Option<Moment>,
    said: u32,
    unsaid: Unsaid,
    counts: Counts,
}

/// Failures since the master's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By the cause that was first found.
    pub failed: BTreeMap<Cause, u64>,
    /// Of those that were diagnosed, by what ended them: the code of a step, or `itself`.
    pub healed: BTreeMap<&'static str, u64>,
}

impl Control {
    /// Failures since the master's start.
    pub fn failure_counts(&self) -> &Counts {
        &self.failures.crowd.counts
    }

    /// Something failed and was looked at.
    pub(super) fn count_failure(&mut self, failure: &Failure) {
        let cause = failure.first().map_or(Cause::Unexplained, |it| it.cause);
        *self.failures.crowd.counts.failed.entry(cause).or_default() += 1;
    }

    /// What had failed is well again.
    pub(super) fn count_healed(&mut self, by: &'static str) {
        *self.failures.crowd.counts.healed.entry(by).or_default() += 1;
    }

    /// Says it, or remembers it for the end of the span.
    pub(crate) fn log_failure(&mut self, notice: Notice) {
        let now = self.now.moment;
        let crowd = &mut self.failures.crowd;
        let until = *crowd.until.get_or_insert(now + SPAN);
        if crowd.said < FEW || now >= until {
            crowd.said += 1;
            return self.log(notice);
        }
        crowd.unsaid.take(&notice);
        // Whoever looks into one case finds it at another level, and in the ledger.
        self.log(Notice::OneOfMany(Box::new(notice)));
    }

    pub(crate) fn crowd_due(&self) -> Option<Moment> {
        self.failures.crowd.until
    }

    /// Tells what the span brought when it is over.
    pub(crate) fn tell_of_crowd(&mut self) {
        let crowd = &mut self.failures.crowd;
        if crowd.until.is_none_or(|until| until > self.now.moment) {
            return;
        }
        crowd.until = None;
        crowd.said = 0;
        let unsaid = std::mem::take(&mut crowd.unsaid);
        if let Some(many) = unsaid.many() {
            self.log(Notice::ManyFailed(Box::new(many)));
        }
    }
}

/// What many failures have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Many {
    /// Of media without a path.
    pub failed: u64,
    /// Of what was given up.
    pub given_up: u64,
    /// The most frequent first.
    pub causes: Vec<(Cause, u64)>,
    /// How many nodes carried them.
    pub nodes: usize,
    /// Of the most frequent cause.
    pub proof: String,
    pub remedy: String,
}

impl std::fmt::Display for Many {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = SPAN.as_secs();
        write!(
            f,
            "{} more failures within {seconds} s on {} nodes, {} given up:",
            self.failed, self.nodes, self.given_up
        )?;
        for (cause, count) in &self.causes {
            write!(f, " {cause} {count}")?;
        }
        match self.proof.as_str() {
            "" => Ok(()),
            proof => write!(f, "; the first: {proof}; remedy: {}", self.remedy),
        }
    }
}

/// Bounded by the causes and nodes that there are.
#[derive(Debug, Default)]
struct Unsaid {
    /// How often, proof and remedy of the first.
    causes: BTreeMap<Cause, (u64, String, String)>,
    nodes: BTreeSet<String>,
    failed: u64,
    given_up: u64,
}

impl Unsaid {
    fn take(&mut self, notice: &Notice) {
        let (cause, proof, remedy) = match notice {
            Notice::Diagnosed(failure) => {
                self.failed += 1;
                self.nodes.insert(failure.node.clone());
                failure.first().map_or_else(
                    || (Cause::Unexplained, String::new(), String::new()),
                    |it| (it.cause, it.proof.clone(), it.remedy.text.clone()),
                )
            }
            Notice::NotHealed { .. } => {
                self.given_up += 1;
                return;
            }
            _ => return,
        };
        let known = self.causes.entry(cause).or_insert((0, proof, remedy));
        known.0 += 1;
    }

    /// `None`: nothing was left unsaid.
    fn many(self) -> Option<Many> {
        let Self {
            causes,
            nodes,
            failed,
            given_up,
        } = self;
        if failed == 0 && given_up == 0 {
            return None;
        }
        let mut causes: Vec<_> = causes.into_iter().collect();
        causes.sort_by_key(|(_, (count, ..))| std::cmp::Reverse(*count));
        let common = causes
            .first()
            .map(|(_, (_, proof, remedy))| (proof.clone(), remedy.clone()));
        let (proof, remedy) = common.unwrap_or_default();
        Some(Many {
            failed,
            given_up,
            nodes: nodes.len(),
            proof,
            remedy,
            causes: causes
                .into_iter()
                .map(|(cause, (count, ..))| (cause, count))
                .collect(),
        })
    }
}
