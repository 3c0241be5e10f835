//! Why a node is in its state: a sentence, and the evidence.

use crate::cluster::Cluster;
use crate::deadline::Timer;
use crate::effect::LostReason;
use crate::ended::Ending;
use crate::ids::{Moment, NodeId};
use crate::liveness::since;
use crate::node::{Intent, Lease, Link, Node, State};
use crate::rules::Rules;

/// An explanation for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    #[allow(missing_docs)]
    pub sentence: String,
    /// Each a fact that it follows from.
    pub evidence: Vec<String>,
}

impl<R: Rules> Cluster<R> {
    /// Why a node is in its state; also of one that is gone, for as long as it is remembered. `None` for a stranger.
    pub fn why(&self, now: Moment, id: &NodeId) -> Option<Why> {
        let Some(node) = self.nodes.get(id) else {
            return self.endings.of(id).map(gone);
        };
        Some(Why {
            sentence: self.describe(node),
            evidence: self.evidence(now, node),
        })
    }

    pub(crate) fn describe(&self, node: &Node) -> String {
        let id = &node.id;
        match node.state() {
            State::Launching => format!("{id} was launched and has not dialled in yet"),
            State::Canceled => {
                format!("{id} is not wanted any more and will be stopped as soon as it dials in")
            }
            State::Failed => match &node.intent {
                Intent::Fail { reason } => format!("{id} could not be launched: {reason}"),
                _ => format!("{id} could not be launched"),
            },
            State::Joining if node.attachment().is_none() => {
                format!("{id} is not connected and has not served since it started")
            }
            State::Joining if node.addresses.usable() => {
                format!(
                    "{id} is connected, but its lease has ended and it has not registered again"
                )
            }
            State::Joining => format!("{id} has no usable address ({})", node.addresses.problem),
            State::Probing => match &node.probe.problem {
                Some(problem) => format!("{id} cannot be reached as clients would: {problem}"),
                None => format!("{id} is being probed at its addresses"),
            },
            State::Serving => format!("{id} is serving"),
            State::Suspect => format!("{id} is suspect: {}", doubts(node).join(", ")),
            State::WaitingIdle => format!(
                "{id} is being drained and waits for {} to end",
                sessions(node)
            ),
            State::Terminating if node.leaving => format!("{id} said that it is going down"),
            State::Terminating => {
                format!("{id} is being terminated; it carries {}", sessions(node))
            }
        }
    }

    fn evidence(&self, now: Moment, node: &Node) -> Vec<String> {
        let mut facts = vec![match &node.boot {
            Some(boot) => format!("boot {} of version {}", boot.id, node.version),
            None => "it has never dialled in".to_owned(),
        }];
        facts.push(match node.link {
            Link::Awaited => "no link yet".to_owned(),
            Link::Up(_) => match node.silent {
                Some(at) => format!("the link has been silent for {:?}", since(at, now)),
                None => "the link is up".to_owned(),
            },
            Link::Down(at) => format!("the link has been down for {:?}", since(at, now)),
        });
        match node.lease {
            Lease::Unused => {}
            Lease::Held(generation) => {
                facts.push(format!("its lease is held, generation {}", generation.0));
            }
            Lease::Lost(at) => facts.push(format!("its lease ended {:?} ago", since(at, now))),
        }
        facts.push(self.proof(node));
        let entries = node.address_entries(now);
        facts.extend(entries.map(|entry| format!("address {entry}")));
        let remarks = node.addresses.remarks.iter();
        facts.extend(remarks.map(|remark| format!("of its addresses: {remark}")));
        facts.push(sessions(node));
        if self.brake.since.is_some() {
            facts.push("the mass brake is on: nobody is taken for dead".to_owned());
        }
        let timers = self
            .timers()
            .filter(|it| it.node.as_ref() == Some(&node.id));
        facts.extend(timers.map(|it| {
            let seconds = since(now, it.at).as_secs();
            format!("in {seconds} s {}", coming(it.timer))
        }));
        facts
    }

    fn proof(&self, node: &Node) -> String {
        let version = node.addresses.version;
        match node.probe.proof {
            _ if !node.addresses.usable() => "no usable address".to_owned(),
            Some(proven) if proven == version => {
                format!(
                    "version {version} of its addresses is proven, {} failures since",
                    node.probe.failures
                )
            }
            Some(proven) => {
                format!("version {proven} of its addresses is proven, it has version {version}")
            }
            None if self.proven(node) => "its addresses are taken at its word".to_owned(),
            None => format!(
                "version {version} of its addresses is not proven, {} failures",
                node.probe.failures
            ),
        }
    }
}

fn sessions(node: &Node) -> String {
    match node.sessions.len() {
        1 => "1 session".to_owned(),
        many => format!("{many} sessions"),
    }
}

fn doubts(node: &Node) -> Vec<&'static str> {
    let doubts = [
        (node.attachment().is_none(), "its link is down"),
        (node.silent.is_some(), "its link is silent"),
        (matches!(node.lease, Lease::Lost(_)), "its lease has ended"),
        (node.probe.lost.is_some(), "its probes fail"),
    ];
    let doubts = doubts.into_iter().filter(|(true_of_it, _)| *true_of_it);
    doubts.map(|(_, doubt)| doubt).collect()
}

fn gone(ending: &Ending) -> Why {
    let how = match ending.reason {
        LostReason::SuspicionOver => "was lost: all signs of life were missing for too long",
        LostReason::Crashed => {
            "crashed: it had no link, and nothing listened at its ports or its machine was gone"
        }
        LostReason::Left => "said that it was going down, and went",
        LostReason::Superseded => "was replaced by a later boot",
        LostReason::Terminated => "was terminated as asked",
    };
    Why {
        sentence: format!("{} {how}", ending.node),
        evidence: vec![format!("its last boot was {}", ending.boot)],
    }
}

/// What happens when a timer of a node runs out.
fn coming(timer: Timer) -> &'static str {
    match timer {
        Timer::SuspicionOver => "it is taken for dead, unless a sign of life comes",
        Timer::ProbeDue => "it is probed again",
        Timer::ProbeUnanswered => "the probe under way counts as failed",
        Timer::DrainOver => "the sessions that are left on it are closed",
        Timer::LaunchOverdue => "its launch counts as failed",
        Timer::TerminationOverdue => "its termination is asked for again",
        Timer::BrakeOver => "the mass brake is released",
        Timer::LaunchRetry => "the next launch is tried",
        Timer::AutoscalingDue => "autoscaling looks at the load",
        Timer::ScheduleTransition => "the schedule's next entry takes over",
    }
}
