//! The `autoscaling` event: what is done, why, and what was there.

use std::net::IpAddr;

use super::{Decision, Limits, Sums, percent};
use crate::ids::NodeId;
use crate::plan::{Observed, Plan, Seen, Step};
use crate::status::MediaNodeStatus;

/// All that the event tells beside the cluster's id. The fields stand in the order and nesting of the wire.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Event {
    pub reason: String,
    /// `mediaNodes.launch`
    pub launch: Launched,
    /// `mediaNodes.terminate`
    pub terminate: Terminated,
    /// `system.config`
    pub config: Limits,
    /// `system.status`
    pub status: Status,
}

/// The nodes that are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Launched {
    /// All three together.
    pub total: u32,
    /// The brand-new ones that are wanted; where nobody launches them here, somebody else is asked to by this number.
    pub new_nodes: u32,
    /// Won back from draining.
    pub waiting_idle_to_terminate_nodes: Vec<Item>,
    /// Won back from cancelling.
    pub canceled_nodes: Vec<Item>,
}

/// The nodes that are removed.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Terminated {
    pub total: u32,
    pub running_nodes: Vec<Item>,
    pub launching_nodes: Vec<Item>,
}

/// What was there before.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Status {
    pub num_nodes: u32,
    pub total_load: f64,
    pub avg_load: f64,
    pub running_nodes: Vec<Item>,
    pub launching_nodes: Vec<Item>,
    pub waiting_idle_to_terminate_nodes: Vec<Item>,
    pub canceled_nodes: Vec<Item>,
}

/// A node as it was when the algorithm ran.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Item {
    pub id: NodeId,
    pub environment_id: Option<String>,
    pub ip: Option<IpAddr>,
    pub load: f64,
    pub status: MediaNodeStatus,
}

impl Item {
    fn of(node: &Seen) -> Self {
        Self {
            id: node.id.clone(),
            environment_id: node.environment_id.clone(),
            ip: node.ip,
            load: percent(node.load),
            status: node.status,
        }
    }
}

impl Event {
    /// Tells of a plan that was made from this decision on what was observed.
    pub fn new(limits: Limits, decision: Decision, observed: &Observed, plan: &Plan) -> Self {
        let chosen = |wanted: fn(&Step) -> bool| -> Vec<Item> {
            let steps = plan.steps.iter().filter(|step| wanted(step));
            steps
                .filter_map(|step| observed.nodes.iter().find(|node| &node.id == step.node()))
                .map(Item::of)
                .collect()
        };
        let new_nodes = plan
            .steps
            .iter()
            .filter(|step| matches!(step, Step::Launch(_)))
            .count();
        let launch = Launched {
            total: 0,
            new_nodes: number(new_nodes).saturating_add(plan.missing),
            waiting_idle_to_terminate_nodes: chosen(|step| matches!(step, Step::UnDrain(_))),
            canceled_nodes: chosen(|step| matches!(step, Step::UnCancel(_))),
        };
        let terminate = Terminated {
            total: 0,
            running_nodes: chosen(|step| matches!(step, Step::Drain(_) | Step::Terminate(_))),
            launching_nodes: chosen(|step| matches!(step, Step::Cancel(_))),
        };
        Self {
            reason: decision.reason,
            launch: launch.summed(),
            terminate: terminate.summed(),
            config: limits,
            status: Status::of(observed),
        }
    }
}

impl Launched {
    fn summed(mut self) -> Self {
        let won_back = self.waiting_idle_to_terminate_nodes.len() + self.canceled_nodes.len();
        self.total = self.new_nodes.saturating_add(number(won_back));
        self
    }
}

impl Terminated {
    fn summed(mut self) -> Self {
        self.total = number(self.running_nodes.len() + self.launching_nodes.len());
        self
    }
}

impl Status {
    fn of(observed: &Observed) -> Self {
        let items = |status| observed.with(status).map(Item::of).collect();
        let sums = Sums::of(observed);
        Self {
            num_nodes: sums.nodes,
            total_load: sums.total,
            avg_load: sums.average(),
            running_nodes: items(MediaNodeStatus::Running),
            launching_nodes: items(MediaNodeStatus::Launching),
            waiting_idle_to_terminate_nodes: items(MediaNodeStatus::WaitingIdleToTerminate),
            canceled_nodes: items(MediaNodeStatus::Canceled),
        }
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
