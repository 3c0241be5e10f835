//! Between the cluster, which wants nodes, and the provider, which launches machines.
//!
//! A launch's key is its node's id. What the cluster asks for at once goes to the provider as one plan; what becomes of
//! it comes back as inputs. After a restart of the master the provider is asked first what there is, so that nothing is
//! launched a second time.

mod pace;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use ::control::{Input, Notice};
use cluster::{Cluster, Environment, NodeId, State};
use provider::executor::{Bounds, Executor};
use provider::keeper::Keeper;
use provider::launches::{Effect, FailureReason, Input as Said, Phase, Timing};
use provider::{ClusterId, LaunchKey, Machine, MachineId, Provider, Spec};
use tokio::time::{Instant, sleep_until};

use pace::Pace;

/// Who launches a master's nodes, and how.
#[derive(Clone)]
pub struct Fleet {
    #[allow(missing_docs)]
    pub provider: Arc<dyn Provider>,
    /// What the machines are tagged with.
    pub cluster: ClusterId,
    #[allow(missing_docs)]
    pub timing: Timing,
    #[allow(missing_docs)]
    pub bounds: Bounds,
    /// What a launch is told.
    pub spec: SpecOf,
    /// Whether whoever stops the master ends the nodes too.
    pub ends_with_master: bool,
}

/// Says what a node of this name needs to know when the master's link listens at this address. An error is a sentence
/// for the operator.
pub type SpecOf = Arc<dyn Fn(&LaunchKey, SocketAddr) -> Result<Spec, String> + Send + Sync>;

/// The provider, with all that is wanted of it.
pub(crate) struct Providing {
    keeper: Keeper,
    spec: SpecOf,
    link: SocketAddr,
    /// Asked for and not yet said.
    asked: Vec<LaunchKey>,
    /// When those were said that have not been heard of since.
    said: BTreeMap<LaunchKey, Instant>,
    /// Nodes that have dialled in, in this run of the master or an earlier one.
    joined: BTreeSet<LaunchKey>,
    /// The cluster has heard what there was at the start.
    listed: bool,
    pace: Pace,
    /// Why nothing is launched any more.
    given_up: Option<String>,
}

/// What the provider says next; waits for ever without one. May be dropped and asked again.
pub(crate) async fn next(providing: &mut Option<Providing>) -> Vec<Effect> {
    match providing {
        Some(providing) => providing.next().await,
        None => std::future::pending().await,
    }
}

impl Providing {
    /// `cluster` as it was restored. To be called within a tokio runtime.
    pub(crate) fn new(fleet: Fleet, link: SocketAddr, cluster: &Cluster) -> Self {
        let executor = Executor::new(fleet.provider, fleet.cluster, fleet.bounds);
        let mut keeper = Keeper::new(fleet.timing, executor);
        let known = cluster.nodes().filter_map(|node| {
            // One without was not launched by anybody.
            let machine = MachineId::parse(node.environment().id.as_deref()?).ok()?;
            Some((key(node.id())?, Some(machine)))
        });
        let known: Vec<_> = known.collect();
        let joined = known.iter().map(|(key, _)| key.clone()).collect();
        // The first of all; it asks the provider for nothing but a list.
        let effects = keeper.handle(Said::Known(known));
        debug_assert!(effects.is_empty(), "{effects:?}");
        Self {
            keeper,
            spec: fleet.spec,
            link,
            asked: Vec::new(),
            said: BTreeMap::new(),
            joined,
            listed: false,
            pace: Pace::default(),
            given_up: None,
        }
    }

    async fn next(&mut self) -> Vec<Effect> {
        let due = self.pace.until().filter(|_| !self.asked.is_empty());
        tokio::select! {
            effects = self.keeper.next() => effects,
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Vec::new(),
        }
    }

    /// The cluster wants a node. Said to the provider with all others by [`Providing::flush`].
    pub(crate) fn launch(&mut self, node: &NodeId) {
        self.asked.extend(key(node));
    }

    /// The cluster wants a node to be gone.
    pub(crate) fn terminate(&mut self, node: &NodeId, cluster: &Cluster) -> Vec<Input> {
        let Some(key) = key(node) else {
            return vec![Input::Gone { node: node.clone() }];
        };
        if let Some(at) = self.asked.iter().position(|asked| *asked == key) {
            self.asked.remove(at);
        }
        let launches = self.keeper.launches();
        let nobody = match launches.phase(&key) {
            None => true,
            Some(Phase::Joined) => launches.machine(&key).is_none(),
            Some(_) => false,
        };
        // It dialled in by itself, and there is no machine to wait for.
        if nobody && self.listed {
            return vec![Input::Gone { node: node.clone() }];
        }
        let told = self.keeper.handle(Said::Unwant(vec![key]));
        self.take(told, cluster)
    }

    /// A node was let in.
    pub(crate) fn welcomed(&mut self, node: &NodeId, cluster: &Cluster) -> Vec<Input> {
        let Some(key) = key(node) else {
            return Vec::new();
        };
        self.joined.insert(key.clone());
        let told = self.keeper.handle(Said::Joined(key));
        self.take(told, cluster)
    }

    /// Reads what the log is told of nodes.
    pub(crate) fn note(&mut self, notice: &Notice, cluster: &Cluster) -> Vec<Input> {
        let (node, lost) = match notice {
            Notice::NodeLost { node, .. } => (node, true),
            Notice::NodeState {
                node,
                to: State::Failed,
                ..
            } => (node, false),
            _ => return Vec::new(),
        };
        let Some(key) = key(node) else {
            return Vec::new();
        };
        let over = matches!(
            self.keeper.launches().phase(&key),
            None | Some(Phase::Ending(_))
        );
        let said = match lost {
            true => {
                self.joined.remove(&key);
                Said::Left(key)
            }
            // The provider itself had said so.
            false if over => return Vec::new(),
            false => Said::Unwant(vec![key]),
        };
        let told = self.keeper.handle(said);
        self.take(told, cluster)
    }

    /// Says to the provider what was asked for, all at once. To be called when the cluster has said all it had to say.
    pub(crate) fn flush(&mut self, cluster: &Cluster) -> Vec<Input> {
        let early = self
            .pace
            .until()
            .is_some_and(|until| Instant::now() < until);
        if self.asked.is_empty() || (early && self.given_up.is_none()) {
            return Vec::new();
        }
        let mut inputs = Vec::new();
        let mut plan = Vec::new();
        for key in std::mem::take(&mut self.asked) {
            match self.specification(&key) {
                Ok(spec) => {
                    self.said.insert(key.clone(), Instant::now());
                    plan.push((key, spec));
                }
                Err(reason) => inputs.push(Input::LaunchFailed {
                    node: node(&key),
                    reason,
                }),
            }
        }
        let told = self.keeper.handle(Said::Launch(plan));
        inputs.extend(self.take(told, cluster));
        inputs
    }

    fn specification(&self, key: &LaunchKey) -> Result<Arc<Spec>, String> {
        if let Some(reason) = &self.given_up {
            return Err(format!(
                "nothing is launched any more since a launch failed for good: {reason}; mend that and start the master anew"
            ));
        }
        (self.spec)(key, self.link).map(Arc::new)
    }

    /// What the provider says, as inputs.
    pub(crate) fn take(&mut self, told: Vec<Effect>, cluster: &Cluster) -> Vec<Input> {
        let mut inputs = Vec::new();
        for effect in told {
            self.hear(effect, cluster, &mut inputs);
        }
        if !self.listed && self.keeper.launches().first_list_is_over() {
            self.listed = true;
            inputs.push(Input::Listed);
        }
        inputs
    }

    fn hear(&mut self, effect: Effect, cluster: &Cluster, inputs: &mut Vec<Input>) {
        match effect {
            // Carried out by the keeper itself.
            Effect::Call { .. } => {}
            Effect::Launched { machine } => {
                tracing::info!(node = %machine.key, machine = %machine.id, "launched");
                inputs.extend(launched(machine, cluster));
            }
            Effect::Adopted { key, machine } => {
                tracing::info!(node = %key, ?machine, "a machine of an earlier launch is taken over");
                inputs.extend(machine.and_then(|machine| launched(machine, cluster)));
            }
            Effect::Stray { machine } => self.stray(machine, cluster, inputs),
            Effect::Failed { key, reason } => self.failed(&key, &reason, inputs),
            Effect::Lost { key, reason } => {
                tracing::warn!(node = %key, "the machine of a node is gone: {reason}");
                self.ended(&key, &reason);
                inputs.push(Input::Gone { node: node(&key) });
            }
            Effect::Gone { key } => {
                self.said.remove(&key);
                let node = node(&key);
                let failed = cluster.node(&node).map(cluster::Node::state) == Some(State::Failed);
                // What has failed stays to be seen.
                if !failed {
                    inputs.push(Input::Gone { node });
                }
            }
            Effect::Troubled { about, reason, .. } => {
                tracing::warn!(?about, "the provider fails and is asked again: {reason}");
            }
        }
    }

    /// At the start it is what an earlier run launched and had not heard of yet. Later it is nobody's.
    fn stray(&mut self, machine: Machine, cluster: &Cluster, inputs: &mut Vec<Input>) {
        let Machine { key, id, .. } = &machine;
        if self.listed {
            tracing::warn!(node = %key, machine = %id,
                "a machine is there that nobody asked for; it is ended unless its node dials in soon");
            return;
        }
        let spec = match (self.spec)(key, self.link) {
            Ok(spec) => Arc::new(spec),
            Err(reason) => return tracing::warn!(node = %key, "not taken over: {reason}"),
        };
        let key = key.clone();
        inputs.push(Input::Launched {
            node: node(&key),
            environment: environment(&machine),
        });
        for effect in self.keeper.handle(Said::Launch(vec![(key, spec)])) {
            self.hear(effect, cluster, inputs);
        }
    }

    fn failed(&mut self, key: &LaunchKey, reason: &FailureReason, inputs: &mut Vec<Input>) {
        tracing::warn!(node = %key, "a launch has failed: {reason}");
        if self.joined.contains(key) {
            self.ended(key, reason);
            return inputs.push(Input::Gone { node: node(key) });
        }
        self.said.remove(key);
        self.give_up_if_final(reason);
        inputs.push(Input::LaunchFailed {
            node: node(key),
            reason: reason.to_string(),
        });
    }

    /// A node that had dialled in has no machine any more.
    fn ended(&mut self, key: &LaunchKey, reason: &FailureReason) {
        self.give_up_if_final(reason);
        if let Some(since) = self.said.remove(key) {
            self.pace.ended(Instant::now(), since.elapsed());
        }
    }

    fn give_up_if_final(&mut self, reason: &FailureReason) {
        if reason.is_final() && self.given_up.is_none() {
            tracing::error!(
                "nothing is launched any more, it would fail in the same way: {reason}"
            );
            self.given_up = Some(reason.to_string());
        }
    }
}

/// `None` for a name that no provider could have been given.
fn key(node: &NodeId) -> Option<LaunchKey> {
    LaunchKey::parse(node.as_str()).ok()
}

fn node(key: &LaunchKey) -> NodeId {
    NodeId::new(key.as_str())
}

/// Of a node that was forgotten meanwhile nobody has to hear.
fn launched(machine: Machine, cluster: &Cluster) -> Option<Input> {
    let node = node(&machine.key);
    cluster.node(&node)?;
    Some(Input::Launched {
        node,
        environment: environment(&machine),
    })
}

fn environment(machine: &Machine) -> Environment {
    Environment {
        id: Some(machine.id.to_string()),
        ip: machine.address,
    }
}

#[cfg(test)]
mod tests;
