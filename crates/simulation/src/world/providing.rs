//! What stands between the master's mind and the provider: the real `provider::launches`, and what the master's shell
//! (`master::providing`) does around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cluster::{Cluster, Environment, NodeId, State};
use control::{Input, Notice};
use provider::launches::{
    Answer, Call, CallId, Effect, Input as Said, Launches, Moment, Phase, Timing,
};
use provider::{LaunchKey, Machine, MachineId, Spec};

/// The provider, with all that is wanted of it in one run of the master.
#[derive(Debug)]
pub struct Desk {
    launches: Launches,
    /// Asked for and not yet said.
    asked: Vec<LaunchKey>,
    /// Nodes that have dialled in, in this run of the master or an earlier one.
    joined: BTreeSet<LaunchKey>,
    listed: bool,
    /// Calls that are to be made.
    calls: BTreeMap<CallId, Call>,
}

impl Desk {
    /// `cluster` as it was restored.
    pub fn new(now: Moment, cluster: &Cluster) -> Self {
        let known = cluster.nodes().filter_map(|node| {
            let machine = MachineId::parse(node.environment().id.as_deref()?).ok()?;
            Some((key(node.id())?, Some(machine)))
        });
        let known: Vec<_> = known.collect();
        let mut desk = Self {
            launches: Launches::new(Timing::default(), true),
            asked: Vec::new(),
            joined: known.iter().map(|(key, _)| key.clone()).collect(),
            listed: false,
            calls: BTreeMap::new(),
        };
        desk.say(now, Said::Known(known));
        desk
    }

    /// When something is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.launches.next_deadline().map(|deadline| deadline.at.0)
    }

    /// Calls to be made now.
    pub fn take_calls(&mut self) -> BTreeMap<CallId, Call> {
        std::mem::take(&mut self.calls)
    }

    fn say(&mut self, now: Moment, said: Said) -> Vec<Effect> {
        let effects = self.launches.handle(now, said);
        for effect in &effects {
            if let Effect::Call { id, call } = effect {
                self.calls.insert(*id, call.clone());
            }
        }
        effects
    }

    /// The cluster wants a node.
    pub fn launch(&mut self, node: &NodeId) {
        self.asked.extend(key(node));
    }

    /// The cluster wants a node to be gone.
    pub fn terminate(&mut self, now: Moment, node: &NodeId, cluster: &Cluster) -> Vec<Input> {
        let Some(key) = key(node) else {
            return vec![Input::Gone { node: node.clone() }];
        };
        self.asked.retain(|asked| *asked != key);
        let nobody = match self.launches.phase(&key) {
            None => true,
            Some(Phase::Joined) => self.launches.machine(&key).is_none(),
            Some(_) => false,
        };
        if nobody && self.listed {
            return vec![Input::Gone { node: node.clone() }];
        }
        let told = self.say(now, Said::Unwant(vec![key]));
        self.take(now, told, cluster)
    }

    /// A node was let in.
    pub fn welcomed(&mut self, now: Moment, node: &NodeId, cluster: &Cluster) -> Vec<Input> {
        let Some(key) = key(node) else {
            return Vec::new();
        };
        self.joined.insert(key.clone());
        let told = self.say(now, Said::Joined(key));
        self.take(now, told, cluster)
    }

    /// Reads what the log is told of nodes.
    pub fn note(&mut self, now: Moment, notice: &Notice, cluster: &Cluster) -> Vec<Input> {
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
        let phase = self.launches.phase(&key);
        let over = matches!(phase, None | Some(Phase::Ending(_)));
        let said = match lost {
            true => {
                self.joined.remove(&key);
                Said::Left(key)
            }
            false if over => return Vec::new(),
            false => Said::Unwant(vec![key]),
        };
        let told = self.say(now, said);
        self.take(now, told, cluster)
    }

    /// Says to the provider what was asked for, all at once.
    pub fn flush(&mut self, now: Moment, cluster: &Cluster) -> Vec<Input> {
        if self.asked.is_empty() {
            return Vec::new();
        }
        let plan = std::mem::take(&mut self.asked).into_iter();
        let plan = plan.map(|key| (key, Arc::<Spec>::default())).collect();
        let told = self.say(now, Said::Launch(plan));
        self.take(now, told, cluster)
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment, cluster: &Cluster) -> Vec<Input> {
        let told = self.say(now, Said::Tick);
        self.take(now, told, cluster)
    }

    /// The provider has answered.
    pub fn answered(
        &mut self,
        now: Moment,
        call: CallId,
        answer: Answer,
        cluster: &Cluster,
    ) -> Vec<Input> {
        let told = self.say(now, Said::Answered { call, answer });
        self.take(now, told, cluster)
    }

    fn take(&mut self, now: Moment, told: Vec<Effect>, cluster: &Cluster) -> Vec<Input> {
        let mut inputs = Vec::new();
        for effect in told {
            self.hear(now, effect, cluster, &mut inputs);
        }
        if !self.listed && self.launches.first_list_is_over() {
            self.listed = true;
            inputs.push(Input::Listed);
        }
        inputs
    }

    fn hear(&mut self, now: Moment, effect: Effect, cluster: &Cluster, inputs: &mut Vec<Input>) {
        match effect {
            Effect::Call { .. } | Effect::Troubled { .. } => {}
            Effect::Launched { machine } => inputs.extend(launched(machine, cluster)),
            Effect::Adopted { machine, .. } => {
                inputs.extend(machine.and_then(|machine| launched(machine, cluster)));
            }
            Effect::Stray { machine } => self.stray(now, machine, cluster, inputs),
            Effect::Failed { key, reason } if self.joined.contains(&key) => {
                let _ = reason;
                inputs.push(Input::Gone { node: node(&key) });
            }
            Effect::Failed { key, reason } => inputs.push(Input::LaunchFailed {
                node: node(&key),
                reason: reason.to_string(),
            }),
            Effect::Lost { key, .. } => inputs.push(Input::Gone { node: node(&key) }),
            Effect::Gone { key } => {
                let node = node(&key);
                let failed = cluster.node(&node).map(cluster::Node::state) == Some(State::Failed);
                if !failed {
                    inputs.push(Input::Gone { node });
                }
            }
        }
    }

    /// At the start it is what an earlier run launched and had not heard of yet. Later it is nobody's.
    fn stray(&mut self, now: Moment, machine: Machine, cluster: &Cluster, inputs: &mut Vec<Input>) {
        if self.listed {
            return;
        }
        inputs.push(Input::Launched {
            node: node(&machine.key),
            environment: environment(&machine),
        });
        let plan = vec![(machine.key, Arc::<Spec>::default())];
        for effect in self.say(now, Said::Launch(plan)) {
            self.hear(now, effect, cluster, inputs);
        }
    }
}

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
