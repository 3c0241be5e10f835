//! Nodes that were asked of a provider. Machines that no node claims are the provider's to find.

use crate::cluster::Cluster;
use crate::effect::Effect;
use crate::ids::{Moment, NodeId};
use crate::input::Environment;
use crate::node::{Intent, Node, State};
use crate::rules::Rules;

/// Failed launches that are still shown.
const FAILED_SHOWN: usize = 20;

/// What is known of launches beside their nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Launches {
    /// The number of the next id.
    next: u64,
    /// Failed in a row.
    failures: u32,
    /// None before that.
    pub(crate) retry: Option<Moment>,
    /// What an earlier run of the master launched is known.
    pub(crate) listed: bool,
    /// The number of nodes is nobody's concern any more.
    pub(crate) closed: bool,
}

impl Launches {
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
        self.retry = None;
    }
}

impl<R: Rules> Cluster<R> {
    /// Ids that no node ever had.
    pub(crate) fn launch_keys(&self) -> impl Iterator<Item = NodeId> + use<R> {
        let prefix = self.settings.launch_prefix.clone();
        (self.launches.next..).map(move |number| NodeId::new(format!("{prefix}{number}")))
    }

    /// How many launches may be begun now.
    pub(crate) fn launchable(&self) -> u32 {
        let unheard = self.settings.list_first && !self.launches.listed;
        if self.launches.retry.is_some() || unheard {
            return 0;
        }
        let launching = |node: &&Node| node.state() == State::Launching;
        let under_way = self.nodes.values().filter(launching).count();
        let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
        self.settings.launches.saturating_sub(under_way)
    }

    pub(crate) fn launch_intent(&self, now: Moment) -> Intent {
        Intent::Launch {
            by: now + self.settings.launch,
        }
    }

    pub(crate) fn cancellation(&self, now: Moment, by_operator: bool) -> Intent {
        Intent::Cancel {
            by: now + self.settings.launch,
            by_operator,
        }
    }

    pub(crate) fn launch(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let Some(id) = self.launch_keys().next() else {
            return;
        };
        self.launches.next += 1;
        let node = Node::new(id.clone(), now, self.launch_intent(now));
        self.nodes.insert(id.clone(), node);
        self.settle(now, &id, out);
        out.push(Effect::Launch { node: id });
    }

    /// An operator's wish. Where it goes beyond what is wanted, it becomes what is wanted.
    pub(crate) fn launch_one_more(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.launch(now, out);
        let wanted = self.wanted(now);
        let count = self.observed().count();
        let beyond = wanted.bounds.is_some_and(|bounds| count > bounds.maximum);
        if beyond && wanted.autoscaling.is_none() {
            self.desire.demand(now, Some(count));
        }
    }

    pub(crate) fn launched(
        &mut self,
        now: Moment,
        id: &NodeId,
        environment: Environment,
        out: &mut Vec<Effect>,
    ) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.environment = environment;
            return;
        }
        let mut node = Node::new(id.clone(), now, self.launch_intent(now));
        node.environment = environment;
        self.nodes.insert(id.clone(), node);
        self.settle(now, id, out);
    }

    pub(crate) fn launch_failed(
        &mut self,
        now: Moment,
        id: &NodeId,
        reason: String,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        if !matches!(node.intent, Intent::Launch { .. } | Intent::Cancel { .. }) {
            return;
        }
        node.intent = Intent::Fail { reason };
        self.launches.failures = self.launches.failures.saturating_add(1);
        let doublings = self.launches.failures.saturating_sub(1).min(16);
        let pause = self.settings.launch_retry * 2_u32.pow(doublings);
        self.launches.retry = Some(now + pause.min(self.settings.launch_retry_longest));
        self.settle(now, id, out);
        self.forget_failed();
    }

    pub(crate) fn launch_overdue(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let limit = self.settings.launch;
        let reason = format!("it did not dial in within {limit:?} of being launched");
        self.launch_failed(now, id, reason, out);
    }

    fn forget_failed(&mut self) {
        let failed = |node: &&Node| matches!(node.intent, Intent::Fail { .. });
        if self.nodes.values().filter(failed).count() <= FAILED_SHOWN {
            return;
        }
        let oldest = self.nodes.values().filter(failed);
        let oldest = oldest.min_by_key(|node| (node.since, &node.id));
        if let Some(id) = oldest.map(|node| node.id.clone()) {
            self.nodes.remove(&id);
        }
    }
}
