//! A second opinion on plans: rules about the result, written without looking at how the planner comes to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Observed, Plan, Seen, Step};
use crate::ids::NodeId;
use crate::schedule::Bounds;
use crate::status::MediaNodeStatus;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Fault {
    #[error("node {0} is told two things at once")]
    Twice(NodeId),
    #[error("{0:?} is said of a node that is not known")]
    Unknown(Step),
    #[error("{0:?} is not possible in status {1}")]
    Impossible(Step, MediaNodeStatus),
    #[error("the id of {0:?} is taken")]
    KeyTaken(Step),
    #[error("nodes are added and removed in one plan")]
    Both,
    #[error("{count} nodes are within {wanted:?} and yet something is done")]
    Needless { count: u32, wanted: Bounds },
    #[error("from {before} nodes to {after}, beyond what {wanted:?} asks for")]
    TooFar {
        before: u32,
        after: u32,
        wanted: Bounds,
    },
    #[error("{after} nodes afterwards and {missing} said to be missing, though {wanted:?}")]
    NotEnough {
        after: u32,
        missing: u32,
        wanted: Bounds,
    },
    #[error("{0} more launches than are allowed now")]
    TooManyLaunches(u32),
    #[error("{0:?} although node {1} would have been better")]
    Preference(Step, NodeId),
    #[error("node {0} carries sessions and is terminated")]
    Occupied(NodeId),
    #[error("node {0} was put aside by an operator")]
    Held(NodeId),
    #[error("node {0} carries nothing and is drained")]
    EmptyDrained(NodeId),
}

/// Says all that is wrong with a plan; nothing when it is sound.
pub fn judge(observed: &Observed, wanted: Bounds, plan: &Plan) -> Vec<Fault> {
    let court = Court {
        nodes: observed.nodes.iter().map(|node| (&node.id, node)).collect(),
        named: plan.steps.iter().map(Step::node).collect(),
        observed,
        wanted,
        plan,
    };
    let mut faults = court.steps();
    faults.extend(court.numbers());
    faults.extend(court.preferences());
    faults
}

struct Court<'a> {
    nodes: BTreeMap<&'a NodeId, &'a Seen>,
    named: BTreeSet<&'a NodeId>,
    observed: &'a Observed,
    wanted: Bounds,
    plan: &'a Plan,
}

impl Court<'_> {
    fn steps(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut once = BTreeSet::new();
        for step in &self.plan.steps {
            if !once.insert(step.node()) {
                faults.push(Fault::Twice(step.node().clone()));
            }
            faults.extend(self.step(step));
        }
        faults
    }

    fn step(&self, step: &Step) -> Option<Fault> {
        let node = self.nodes.get(step.node());
        if let Step::Launch(_) = step {
            return node.map(|_| Fault::KeyTaken(step.clone()));
        }
        let Some(node) = node else {
            return Some(Fault::Unknown(step.clone()));
        };
        let from = match step {
            Step::UnDrain(_) => MediaNodeStatus::WaitingIdleToTerminate,
            Step::UnCancel(_) => MediaNodeStatus::Canceled,
            Step::Cancel(_) => MediaNodeStatus::Launching,
            Step::Drain(_) | Step::Terminate(_) | Step::Launch(_) => MediaNodeStatus::Running,
        };
        if node.status != from {
            return Some(Fault::Impossible(step.clone(), node.status));
        }
        match step {
            Step::Terminate(id) if node.sessions > 0 => Some(Fault::Occupied(id.clone())),
            Step::UnDrain(id) | Step::UnCancel(id) if node.held => Some(Fault::Held(id.clone())),
            Step::Drain(id) if node.sessions == 0 => Some(Fault::EmptyDrained(id.clone())),
            _ => None,
        }
    }

    fn numbers(&self) -> Vec<Fault> {
        let (wanted, before) = (self.wanted, self.observed.count());
        let (added, removed): (Vec<&Step>, Vec<&Step>) =
            self.plan.steps.iter().partition(|step| step.adds());
        let size = |steps: &[&Step]| u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let after = (before + size(&added)).saturating_sub(size(&removed));
        let mut faults = Vec::new();
        if !added.is_empty() && !removed.is_empty() {
            faults.push(Fault::Both);
        }
        let within = (wanted.minimum..=wanted.maximum).contains(&before);
        if within && !self.plan.steps.is_empty() {
            let count = before;
            faults.push(Fault::Needless { count, wanted });
        }
        let beyond_minimum = before < wanted.minimum && after > wanted.minimum;
        let beyond_maximum = before > wanted.maximum && after < wanted.maximum;
        if beyond_minimum || beyond_maximum {
            faults.push(Fault::TooFar {
                before,
                after,
                wanted,
            });
        }
        let missing = self.plan.missing;
        if after + missing < wanted.minimum || after > wanted.maximum || self.idle_launches() {
            faults.push(Fault::NotEnough {
                after,
                missing,
                wanted,
            });
        }
        let excess = self.launches().saturating_sub(self.observed.launchable);
        if excess > 0 {
            faults.push(Fault::TooManyLaunches(excess));
        }
        faults
    }

    /// Whether nodes are said to be missing although more could be launched.
    fn idle_launches(&self) -> bool {
        self.plan.missing > 0 && self.launches() < self.observed.launchable
    }

    fn launches(&self) -> u32 {
        let launches = self.plan.steps.iter();
        let launches = launches.filter(|step| matches!(step, Step::Launch(_)));
        u32::try_from(launches.count()).unwrap_or(u32::MAX)
    }

    /// For each step: is there a node that was left alone and would have been better?
    fn preferences(&self) -> Vec<Fault> {
        let left: Vec<&Seen> = self
            .observed
            .nodes
            .iter()
            .filter(|node| !self.named.contains(&node.id) && !node.held)
            .collect();
        let steps = self.plan.steps.iter();
        steps
            .filter_map(|step| {
                let subject = self.nodes.get(step.node()).copied();
                let better = left.iter().find(|other| better(step, subject, other))?;
                Some(Fault::Preference(step.clone(), better.id.clone()))
            })
            .collect()
    }
}

fn better(step: &Step, subject: Option<&Seen>, other: &Seen) -> bool {
    use MediaNodeStatus::*;
    match step {
        Step::UnDrain(_) => false,
        Step::UnCancel(_) => {
            other.status == WaitingIdleToTerminate
                || other.status == Canceled
                    && subject.is_some_and(|subject| other.since < subject.since)
        }
        Step::Launch(_) => matches!(other.status, WaitingIdleToTerminate | Canceled),
        Step::Cancel(_) => false,
        Step::Drain(_) | Step::Terminate(_) => {
            other.status == Launching
                || other.status == Running
                    && subject.is_some_and(|subject| other.load < subject.load)
        }
    }
}
