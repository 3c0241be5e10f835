//! OpenVidu's autoscaling: how many nodes their average load asks for.
//!
//! [`Limits::decide`] answers with the number that is wanted and a sentence; [`plan`](crate::plan::plan) turns it into
//! steps, and [`Event::new`] into the `autoscaling` event with its snapshot.

mod event;

use std::time::Duration;

pub use event::{Event, Item, Launched, Status, Terminated};

use crate::plan::Observed;
use crate::schedule::Bounds;
use crate::status::MediaNodeStatus;

/// The parameters of autoscaling.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Limits {
    pub nodes: Bounds,
    /// Average load, percent, above which nodes are added.
    pub max_load: f64,
    /// Average load, percent, below which nodes are removed.
    pub min_load: f64,
    /// Between two runs.
    pub interval: Duration,
}

/// Parameters that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadLimits {
    #[allow(missing_docs)]
    #[error("the minimum of nodes has to be at most their maximum, not {minimum} and {maximum}")]
    Nodes { minimum: u32, maximum: u32 },
    #[allow(missing_docs)]
    #[error(
        "the loads have to be percentages from 0 to 100, the minimum below the maximum, not {minimum} and {maximum}"
    )]
    Load { minimum: f64, maximum: f64 },
    #[allow(missing_docs)]
    #[error("the interval has to be at least one second, not {0:?}")]
    Interval(Duration),
}

/// What a run of the algorithm came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// How many nodes there should be, running and launching together.
    pub target: u32,
    /// Why, in a sentence.
    pub reason: String,
}

/// The sums that the algorithm looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sums {
    pub(crate) nodes: u32,
    pub(crate) total: f64,
}

impl Sums {
    pub(crate) fn of(observed: &Observed) -> Self {
        use MediaNodeStatus::{Running, WaitingIdleToTerminate};
        let loaded = observed
            .nodes
            .iter()
            .filter(|node| matches!(node.status, Running | WaitingIdleToTerminate));
        Self {
            nodes: observed.count(),
            total: loaded.map(|node| percent(node.load)).sum(),
        }
    }

    pub(crate) fn average(self) -> f64 {
        self.average_of(self.nodes)
    }

    /// The average if there were so many nodes. Without any, what is left on nodes that are going is taken for one's.
    fn average_of(self, nodes: u32) -> f64 {
        self.total / f64::from(nodes.max(1))
    }
}

/// A load that is no number counts as none.
pub(crate) fn percent(load: f64) -> f64 {
    if load.is_nan() {
        0.0
    } else {
        load.clamp(0.0, 100.0)
    }
}

impl Limits {
    /// OpenVidu's defaults: 1 to 2 nodes, 20 to 70 percent. It has none for the interval; here it is 30 s.
    pub fn standard() -> Self {
        Self {
            nodes: Bounds {
                minimum: 1,
                maximum: 2,
            },
            max_load: 70.0,
            min_load: 20.0,
            interval: Duration::from_secs(30),
        }
    }

    /// Refuses what the algorithm could not work with.
    pub fn validate(self) -> Result<Self, BadLimits> {
        let Bounds { minimum, maximum } = self.nodes;
        if minimum > maximum {
            return Err(BadLimits::Nodes { minimum, maximum });
        }
        let (minimum, maximum) = (self.min_load, self.max_load);
        let percentages = (0.0..=100.0).contains(&minimum) && (0.0..=100.0).contains(&maximum);
        if !percentages || minimum >= maximum {
            return Err(BadLimits::Load { minimum, maximum });
        }
        if self.interval < Duration::from_secs(1) {
            return Err(BadLimits::Interval(self.interval));
        }
        Ok(self)
    }

    /// One run. `None` when nothing has to change. The limits on the number of nodes come before those on their load.
    pub fn decide(&self, observed: &Observed) -> Option<Decision> {
        let sums = Sums::of(observed);
        let Bounds { minimum, maximum } = self.nodes;
        if sums.nodes < minimum {
            let reason = format!(
                "There are {} nodes, fewer than the minimum of {minimum}",
                sums.nodes
            );
            return Some(Decision {
                target: minimum,
                reason,
            });
        }
        if sums.nodes > maximum {
            let reason = format!(
                "There are {} nodes, more than the maximum of {maximum}",
                sums.nodes
            );
            return Some(Decision {
                target: maximum,
                reason,
            });
        }
        if sums.average() > self.max_load && sums.nodes < maximum {
            return Some(self.more(sums));
        }
        if sums.average() < self.min_load && sums.nodes > minimum {
            return self.fewer(sums);
        }
        None
    }

    fn more(&self, sums: Sums) -> Decision {
        let target = (sums.nodes + 1..=self.nodes.maximum)
            .find(|nodes| sums.average_of(*nodes) <= self.max_load)
            .unwrap_or(self.nodes.maximum);
        Decision {
            target,
            reason: format!(
                "The average load of {:.2} % of {} nodes is above the maximum of {} %; {target} nodes bring it to \
                 {:.2} %",
                sums.average(),
                sums.nodes,
                self.max_load,
                sums.average_of(target)
            ),
        }
    }

    /// Never so few that the load of the rest would ask for more again.
    fn fewer(&self, sums: Sums) -> Option<Decision> {
        let down = (self.nodes.minimum..sums.nodes).rev();
        let bearable = down.take_while(|nodes| sums.average_of(*nodes) <= self.max_load);
        let mut target = None;
        for nodes in bearable {
            target = Some(nodes);
            if sums.average_of(nodes) >= self.min_load {
                break;
            }
        }
        let target = target?;
        Some(Decision {
            target,
            reason: format!(
                "The average load of {:.2} % of {} nodes is below the minimum of {} %; {target} nodes bring it to \
                 {:.2} %",
                sums.average(),
                sums.nodes,
                self.min_load,
                sums.average_of(target)
            ),
        })
    }
}
