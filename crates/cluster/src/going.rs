//! Drain and termination: nothing that is carried is lost silently.

use crate::cluster::{Cluster, Command};
use crate::deadline::Timer;
use crate::effect::{CloseReason, Effect, LostReason, Refusal};
use crate::ids::{Moment, NodeId, SessionId};
use crate::node::{Intent, Node};
use crate::rules::Rules;
use crate::status::MediaNodeStatus;

/// What an operator asked for cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Illegal {
    #[error("media node {0} is not known")]
    UnknownNode(NodeId),
    #[error("media node {node} is {from}; it cannot become {to}")]
    Transition {
        node: NodeId,
        from: MediaNodeStatus,
        to: MediaNodeStatus,
    },
    #[error("media node {node} is {status} already")]
    Already {
        node: NodeId,
        status: MediaNodeStatus,
    },
    #[error(
        "nodes are not launched by this cluster: start one with `muster node`, or configure a provider"
    )]
    NoProvider,
}

impl<R: Rules> Cluster<R> {
    pub(crate) fn obey(
        &mut self,
        now: Moment,
        command: Command,
        out: &mut Vec<Effect>,
    ) -> Result<(), Illegal> {
        use MediaNodeStatus::*;
        let (id, to, intent) = match command {
            Command::Drain { node, within } => {
                let intent = Intent::Drain {
                    until: now + within.unwrap_or(self.settings.drain),
                    by_operator: true,
                };
                (node, WaitingIdleToTerminate, intent)
            }
            Command::UnDrain(node) => (node, Running, Intent::Stay),
            Command::Cancel(node) => (node, Canceled, self.cancellation(now, true)),
            Command::UnCancel(node) => (node, Launching, self.launch_intent(now)),
            Command::Terminate(node) => (node, Terminating, self.termination(now)),
            Command::Launch if self.settings.launches == 0 => return Err(Illegal::NoProvider),
            Command::Launch => {
                self.launch_one_more(now, out);
                return Ok(());
            }
            Command::Count(count) => {
                self.desire.demand(now, Some(count));
                return Ok(());
            }
            Command::Uncount => {
                self.desire.demand(now, None);
                return Ok(());
            }
        };
        self.permit(&id, to)?;
        self.intend(now, &id, intent, out);
        Ok(())
    }

    fn permit(&self, id: &NodeId, to: MediaNodeStatus) -> Result<(), Illegal> {
        let node = self.nodes.get(id);
        let from = node
            .ok_or_else(|| Illegal::UnknownNode(id.clone()))?
            .status();
        if from == to {
            return Err(Illegal::Already {
                node: id.clone(),
                status: to,
            });
        }
        if !from.may_be_set(to) {
            return Err(Illegal::Transition {
                node: id.clone(),
                from,
                to,
            });
        }
        Ok(())
    }

    /// Gives a node another purpose.
    pub(crate) fn intend(
        &mut self,
        now: Moment,
        id: &NodeId,
        intent: Intent,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        node.intent = intent;
        if matches!(node.intent, Intent::Terminate { .. }) {
            self.close_sessions(id, CloseReason::Terminated, out);
        }
        self.settle(now, id, out);
    }

    pub(crate) fn close(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.launches.closed = true;
        let ids: Vec<NodeId> = self.nodes.keys().cloned().collect();
        for id in ids {
            let intent = match self.nodes.get(&id).map(|node| &node.intent) {
                Some(Intent::Stay | Intent::Drain { .. }) => self.termination(now),
                Some(Intent::Launch { .. }) => self.cancellation(now, false),
                _ => continue,
            };
            self.intend(now, &id, intent, out);
        }
    }

    pub(crate) fn termination(&self, now: Moment) -> Intent {
        Intent::Terminate {
            again: now + self.settings.terminate,
            told: false,
        }
    }

    pub(crate) fn going_timer(node: &Node) -> Option<(Moment, Timer)> {
        match node.intent {
            Intent::Launch { by } | Intent::Cancel { by, .. } => Some((by, Timer::LaunchOverdue)),
            Intent::Drain { until, .. } => Some((until, Timer::DrainOver)),
            Intent::Terminate { again, .. } => Some((again, Timer::TerminationOverdue)),
            Intent::Stay | Intent::Fail { .. } => None,
        }
    }

    pub(crate) fn drain_over(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        self.close_sessions(id, CloseReason::DrainOver, out);
        let termination = self.termination(now);
        if let Some(node) = self.nodes.get_mut(id) {
            node.intent = termination;
        }
        self.settle(now, id, out);
    }

    pub(crate) fn termination_overdue(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let termination = self.termination(now);
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        node.intent = termination;
        self.close_sessions(id, CloseReason::Terminated, out);
        self.settle(now, id, out);
    }

    fn close_sessions(&self, id: &NodeId, reason: CloseReason, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(id).filter(|node| !node.sessions.is_empty()) else {
            return;
        };
        out.push(Effect::CloseSessions {
            node: id.clone(),
            sessions: node.sessions.iter().cloned().collect(),
            reason,
        });
    }

    pub(crate) fn session_closed(
        &mut self,
        now: Moment,
        session: &SessionId,
        out: &mut Vec<Effect>,
    ) {
        let Some(id) = self.sessions.remove(session) else {
            return;
        };
        if let Some(node) = self.nodes.get_mut(&id) {
            node.sessions.remove(session);
        }
        self.settle(now, &id, out);
    }

    /// A drained node goes with its last session, a canceled launch as soon as it is there.
    pub(crate) fn settle_going(&mut self, now: Moment, id: &NodeId) {
        let termination = self.termination(now);
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let goes = match node.intent {
            Intent::Drain { .. } => node.sessions.is_empty(),
            Intent::Cancel { .. } => node.boot.is_some(),
            _ => false,
        };
        if goes {
            node.intent = termination;
        }
    }

    /// The machine is stopped when nothing is on it any more.
    pub(crate) fn settle_machine(&mut self, id: &NodeId, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let empty = node.sessions.is_empty() || !R::EMPTY_FIRST;
        if let Intent::Terminate { told, .. } = &mut node.intent
            && !*told
            && empty
        {
            *told = true;
            out.push(Effect::Terminate { node: id.clone() });
        }
    }

    /// A provider's word that a machine is gone is one sign; of a node that still speaks it is not believed, unless it
    /// falls silent soon.
    pub(crate) fn gone(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let reason = match node.intent {
            Intent::Terminate { .. } | Intent::Cancel { .. } | Intent::Fail { .. } => {
                LostReason::Terminated
            }
            Intent::Stay | Intent::Drain { .. } => {
                node.gone = Some(now);
                return self.settle_death(id, out);
            }
            Intent::Launch { .. } => LostReason::Crashed,
        };
        if let Some(attachment) = node.attachment() {
            // Nobody ended its process, or it lives on for a moment: it has to hear that it is over.
            out.push(Effect::Refuse {
                attachment,
                refusal: Refusal::Terminated,
                reason: format!("node {id} was terminated"),
            });
        }
        self.lose(id, reason, out);
    }
}
