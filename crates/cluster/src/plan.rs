//! From what is wanted and what is there to what is to be done.
//!
//! [`plan`] compares the number of nodes with the bounds and returns a whole [`Plan`]; whoever carries it out may do so
//! twice. [`judge`] checks a plan by rules of its own. Neither knows how a node is launched.

mod judge;

use std::net::IpAddr;

pub use judge::{Fault, judge};

use crate::ids::{Moment, NodeId};
use crate::schedule::Bounds;
use crate::status::MediaNodeStatus;

/// What is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Every node that is known, also those on their way in or out; each id once.
    pub nodes: Vec<Seen>,
    /// How many launches may be begun now: zero where nodes are started by somebody else, or while a failed launch is
    /// being waited out.
    pub launchable: u32,
}

/// One node, as far as planning is concerned.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Seen {
    pub id: NodeId,
    /// The provider's name for the machine.
    pub environment_id: Option<String>,
    pub ip: Option<IpAddr>,
    /// 0 to 100, of the processor.
    pub load: f64,
    pub status: MediaNodeStatus,
    pub sessions: u32,
    /// When it was asked for or came by itself.
    pub since: Moment,
    /// An operator drained or canceled it: only an operator wins it back.
    pub held: bool,
}

impl Observed {
    /// How many nodes there are: running and launching ones.
    pub fn count(&self) -> u32 {
        let counted = self.nodes.iter().filter(|node| node.status.counts());
        u32::try_from(counted.count()).unwrap_or(u32::MAX)
    }

    pub(crate) fn with(&self, status: MediaNodeStatus) -> impl Iterator<Item = &Seen> {
        self.nodes.iter().filter(move |node| node.status == status)
    }
}

/// One thing to do. Each is said of a node by its id and can be said twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A node that was waiting for its last session goes on.
    UnDrain(NodeId),
    /// A launch that was given up is wanted again.
    UnCancel(NodeId),
    /// Launch a new node that will have this id: its launch key, by which the provider tags all that it starts.
    Launch(NodeId),
    /// Give up a launch.
    Cancel(NodeId),
    /// Take no more sessions; go with the last one.
    Drain(NodeId),
    /// Go now: it carries nothing.
    Terminate(NodeId),
}

impl Step {
    /// The node that it is about.
    pub fn node(&self) -> &NodeId {
        match self {
            Self::UnDrain(node)
            | Self::UnCancel(node)
            | Self::Launch(node)
            | Self::Cancel(node)
            | Self::Drain(node)
            | Self::Terminate(node) => node,
        }
    }

    /// Whether there is one node more afterwards, or one less.
    pub fn adds(&self) -> bool {
        matches!(self, Self::UnDrain(_) | Self::UnCancel(_) | Self::Launch(_))
    }
}

/// All that is to be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of preference in which they were chosen.
    pub steps: Vec<Step>,
    /// How many nodes are still missing because no more may be launched now.
    pub missing: u32,
}

/// Chooses what to do so that the number of nodes comes within the bounds, and no further. Nodes are won back from
/// draining before launches are won back from cancelling, oldest first, before new ones are launched; launches are
/// cancelled, youngest first, before running nodes go, lowest load first. `keys` gives ids that no node ever had; as
/// many are taken as there are launches.
pub fn plan(observed: &Observed, wanted: Bounds, keys: impl IntoIterator<Item = NodeId>) -> Plan {
    let count = observed.count();
    if count < wanted.minimum {
        grow(observed, wanted.minimum - count, keys)
    } else if count > wanted.maximum {
        shrink(observed, count - wanted.maximum)
    } else {
        Plan::default()
    }
}

fn grow(observed: &Observed, by: u32, keys: impl IntoIterator<Item = NodeId>) -> Plan {
    let mut draining: Vec<&Seen> = observed
        .with(MediaNodeStatus::WaitingIdleToTerminate)
        .filter(|node| !node.held)
        .collect();
    draining.sort_by_key(|node| (std::cmp::Reverse(node.sessions), node.since, &node.id));
    let mut canceled: Vec<&Seen> = observed
        .with(MediaNodeStatus::Canceled)
        .filter(|node| !node.held)
        .collect();
    canceled.sort_by_key(|node| (node.since, &node.id));

    let won_back = draining
        .into_iter()
        .map(|node| Step::UnDrain(node.id.clone()))
        .chain(
            canceled
                .into_iter()
                .map(|node| Step::UnCancel(node.id.clone())),
        );
    let mut steps: Vec<Step> = won_back.take(by as usize).collect();
    let lacking = by as usize - steps.len();
    let launches = lacking.min(observed.launchable as usize);
    steps.extend(keys.into_iter().take(launches).map(Step::Launch));
    let missing = by.saturating_sub(u32::try_from(steps.len()).unwrap_or(u32::MAX));
    Plan { steps, missing }
}

fn shrink(observed: &Observed, by: u32) -> Plan {
    let mut launching: Vec<&Seen> = observed.with(MediaNodeStatus::Launching).collect();
    launching.sort_by_key(|node| std::cmp::Reverse((node.since, &node.id)));
    let mut running: Vec<&Seen> = observed.with(MediaNodeStatus::Running).collect();
    running.sort_by(|a, b| {
        let order = a.load.total_cmp(&b.load);
        order.then_with(|| (a.sessions, &a.id).cmp(&(b.sessions, &b.id)))
    });
    let canceled = launching
        .into_iter()
        .map(|node| Step::Cancel(node.id.clone()));
    let removed = running.into_iter().map(|node| match node.sessions {
        0 => Step::Terminate(node.id.clone()),
        _ => Step::Drain(node.id.clone()),
    });
    Plan {
        steps: canceled.chain(removed).take(by as usize).collect(),
        missing: 0,
    }
}
