//! Probes nodes: at most [`AT_ONCE`] at a time and one of each node, the rest waits its turn. Nodes that look at each other
//! are served beside ([`looks`](super::looks)).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use ::control::{Control, Input, Looked, Now};
use cluster::{Addresses, BootId, Cluster, Failure, FailureKind, NodeId, State};
use probe::{Depth, Limits, Name, Report, Stage, Target};
use reachability::{Party, Place};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::commands::{Answered, Commands, Line, Wish};
use super::looks::{Heard, Look, Looks};
use super::nodes::Nodes;

/// Probes under way at once. One holds a few descriptors for milliseconds, or for 3 s when nothing answers.
const AT_ONCE: usize = 64;

/// Nodes that may be remembered beyond those that there are.
const STRANGERS: usize = 64;

/// All probes.
pub(super) struct Prober {
    /// Part of the names of what is published.
    who: String,
    probes: u64,
    waiting: VecDeque<Ask>,
    running: JoinSet<Done>,
    /// By node.
    busy: HashMap<NodeId, (Place, AbortHandle)>,
    known: HashMap<NodeId, Known>,
    wishes: mpsc::UnboundedReceiver<Wish>,
    wish: mpsc::UnboundedSender<Wish>,
    commands: Commands,
    looks: Looks,
}

/// One probe to be made.
struct Ask {
    node: NodeId,
    boot: BootId,
    addresses: Addresses,
}

/// One probe that was made.
pub(super) struct Done {
    node: NodeId,
    place: Place,
    report: Report,
}

/// What is remembered of a node.
#[derive(Default)]
struct Known {
    /// Where it was reached when a probe last passed.
    reached: Vec<IpAddr>,
    /// What was wrong the last time.
    wrong: Vec<(probe::Path, Stage)>,
}

/// Something that a prober waited for.
pub(super) enum Came {
    Done(Box<Done>),
    Wish(Wish),
    /// A probe was given up, or failed in a way of its own.
    Over,
}

impl Prober {
    /// `who` is this run of the master.
    pub(super) fn new(who: String) -> Self {
        let (wish, wishes) = mpsc::unbounded_channel();
        Self {
            looks: Looks::new(&who),
            who,
            probes: 0,
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            busy: HashMap::new(),
            known: HashMap::new(),
            wishes,
            wish,
            commands: Commands::default(),
        }
    }

    /// Probes a node as soon as there is room. A probe of the same place that is under way will answer for this one; one
    /// of another place of the node is given up.
    pub(super) fn ask(
        &mut self,
        now: Now,
        control: &Control,
        node: NodeId,
        boot: BootId,
        addresses: Addresses,
    ) {
        let ask = Ask {
            node,
            boot,
            addresses,
        };
        match self.busy.get(&ask.node) {
            Some((place, _)) if *place == ask.place() => return,
            Some((_, task)) => task.abort(),
            None => {}
        }
        // In its old place in the queue, or those behind would wait for ever when many wait.
        match self.waiting.iter_mut().find(|it| it.node == ask.node) {
            Some(waiting) => *waiting = ask,
            None => self.waiting.push_back(ask),
        }
        let cluster = control.cluster();
        if self.known.len() > cluster.nodes().count() + STRANGERS {
            self.known.retain(|node, _| cluster.node(node).is_some());
        }
        self.fill(now, control);
    }

    fn fill(&mut self, now: Now, control: &Control) {
        let mut blocked = VecDeque::new();
        while self.running.len() < AT_ONCE
            && let Some(ask) = self.waiting.pop_front()
        {
            if self.busy.contains_key(&ask.node) {
                blocked.push_back(ask);
            } else {
                self.begin(now, control, ask);
            }
        }
        blocked.append(&mut self.waiting);
        self.waiting = blocked;
    }

    fn begin(&mut self, now: Now, control: &Control, ask: Ask) {
        let place = ask.place();
        let node = control.cluster().node(&ask.node);
        let doubted = node.is_some_and(|node| {
            !node.heard() && matches!(node.state(), State::Suspect | State::WaitingIdle)
        });
        let depth = if doubted {
            // Nothing can be published there now, and an answer from its ports says that it lives.
            Depth::Echo
        } else {
            let matrix = control.matrix();
            matrix.depth(now.moment, &Party::Master, &ask.node, &place)
        };
        self.probes += 1;
        let name = Name::new(&self.who, self.probes);
        let relays = if doubted {
            Vec::new()
        } else {
            control.relays_towards(&ask.node, &format!("probe{}", self.probes))
        };
        let target = Target {
            ips: ask.addresses.ips,
            ports: ask.addresses.ports,
            stun_port: ask.addresses.stun_port,
            relays,
        };
        let line = Line {
            node: ask.node.clone(),
            boot: ask.boot,
            wish: self.wish.clone(),
        };
        let done = place.clone();
        let limits = Limits {
            insist: doubted,
            ..Limits::default()
        };
        let task = self.running.spawn(async move {
            let report = probe::run(&target, depth, limits, &name, &line).await;
            Done {
                node: line.node,
                place: done,
                report,
            }
        });
        self.busy.insert(ask.node, (place, task));
    }

    /// Waits for whatever comes next of the probes.
    pub(super) async fn next(&mut self) -> Came {
        tokio::select! {
            Some(wish) = self.wishes.recv() => Came::Wish(wish),
            Some(ended) = self.running.join_next() => match ended {
                Ok(done) => Came::Done(Box::new(done)),
                Err(error) => {
                    if error.is_panic() {
                        tracing::error!(%error, "a probe failed in itself");
                    }
                    Came::Over
                }
            },
            else => std::future::pending().await,
        }
    }

    /// Takes what came; inputs when that is what it was waited for.
    pub(super) fn take(
        &mut self,
        came: Came,
        now: Now,
        control: &Control,
        nodes: &Nodes,
    ) -> Vec<Input> {
        let inputs = match came {
            Came::Wish(wish) => {
                self.commands.grant(wish, control.cluster(), nodes);
                return Vec::new();
            }
            Came::Done(done) => self.done(*done),
            Came::Over => Vec::new(),
        };
        self.busy.retain(|_, (_, task)| !task.is_finished());
        self.fill(now, control);
        inputs
    }

    fn done(&mut self, done: Done) -> Vec<Input> {
        let Done {
            node,
            place,
            report,
        } = done;
        let outcome = report.verdict();
        let known = self.known.entry(node.clone()).or_default();
        let kind = known.judge(&report, outcome.is_ok());
        let wrong = report.failures();
        if wrong != known.wrong {
            // What it comes to, with what others saw, the matrix says.
            match (&outcome, report.complaint()) {
                (Err(problem), _) => {
                    tracing::debug!(%node, problem, "the node cannot be reached as clients would");
                }
                (Ok(()), Some(problem)) => {
                    tracing::debug!(%node, problem, "the node can be reached, but not everywhere");
                }
                (Ok(()), None) => tracing::debug!(%node, "the node can be reached everywhere"),
            }
            known.wrong = wrong;
        }
        tracing::debug!(%node, ?report, "probed");
        let looked = Looked {
            from: Party::Master,
            node: node.clone(),
            place: place.clone(),
            depth: report.depth,
            outcomes: Some(report.paths()),
        };
        let probed = Input::Probed {
            node,
            boot: place.boot,
            version: place.version,
            outcome: outcome.map_err(|problem| Failure { kind, problem }),
        };
        vec![Input::Looked(Box::new(looked)), probed]
    }

    /// Takes what is meant for probes out of what nodes say, and hands the rest back.
    pub(super) fn hear(
        &mut self,
        event: link::serve::Event,
        cluster: &Cluster,
        nodes: &Nodes,
    ) -> Heard {
        let event = match self.commands.hear(event) {
            Answered::Probe => return Heard::default(),
            Answered::Look(look, call, result) => {
                self.looks.answered(nodes, look, call, result);
                return Heard::default();
            }
            Answered::No(event) => event,
        };
        self.looks.hear(*event, cluster, nodes, &mut self.commands)
    }

    /// Has one node look at another.
    pub(super) fn look(&mut self, look: Look, nodes: &Nodes) -> Option<Input> {
        self.looks.begin(look, nodes)
    }
}

impl Ask {
    fn place(&self) -> Place {
        Place {
            boot: self.boot.clone(),
            version: self.addresses.version,
        }
    }
}

impl Known {
    /// What a failure says of the node's process. Addresses at which it was never reached say nothing.
    fn judge(&mut self, report: &Report, passed: bool) -> FailureKind {
        if passed {
            self.reached = report.good_addresses().collect();
            return FailureKind::Other;
        }
        let stages = report.failures();
        let media = |path: &probe::Path| matches!(path, probe::Path::Media(_));
        let mut stages = stages.iter().filter(|(path, _)| media(path));
        if !self.reached.is_empty() && self.reached.iter().all(|ip| report.refused_at(*ip)) {
            FailureKind::Refused
        } else if stages.all(|(_, stage)| *stage == Stage::Echo) {
            FailureKind::Silent
        } else {
            FailureKind::Other
        }
    }
}
