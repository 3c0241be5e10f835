//! Probes nodes: at most [`AT_ONCE`] at a time and one of each node, the rest waits its turn. What a probe publishes
//! goes over the node's link, under keys that no client's request has.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use ::control::Input;
use cluster::{Addresses, AttachmentId, BootId, Cluster, Failure, FailureKind, NodeId, State};
use conference::{MediaAnswer, MediaError};
use link::proto::command::Command;
use link::proto::{self, from_node};
use probe::{Cadence, Depth, Limits, Name, Report, Signalling, Stage, Target};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use super::nodes::Nodes;
use super::translate;

/// Probes under way at once. One holds a few descriptors for milliseconds, or for 3 s when nothing answers.
const AT_ONCE: usize = 64;

/// Every so many probes of a node that is well is a call; the others are echoes.
const CALL_EVERY: u32 = 20;

/// Upper half of the keys of probes' commands. A client's request has its number there.
const KEYS: u64 = (u32::MAX as u64) << 32;

/// Nodes that may be remembered beyond those that there are.
const STRANGERS: usize = 64;

/// What one call proves: these addresses of this boot.
type Place = (BootId, u64);

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
    next_key: u64,
    unanswered: HashMap<u64, (AttachmentId, Published)>,
}

type Published = oneshot::Sender<Result<String, String>>;

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
struct Known {
    cadence: Cadence<Place>,
    /// Where it was reached when a probe last passed.
    reached: Vec<IpAddr>,
    /// What was wrong the last time.
    wrong: Vec<(probe::Path, Stage)>,
}

/// What a running probe wants said to its node. A probe has two at most, so the number of probes bounds them.
pub(super) enum Wish {
    Publish {
        node: NodeId,
        boot: BootId,
        name: Name,
        offer: String,
        answer: Published,
    },
    Close {
        node: NodeId,
        boot: BootId,
        name: Name,
    },
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
            who,
            probes: 0,
            waiting: VecDeque::new(),
            running: JoinSet::new(),
            busy: HashMap::new(),
            known: HashMap::new(),
            wishes,
            wish,
            next_key: KEYS,
            unanswered: HashMap::new(),
        }
    }

    /// Probes a node as soon as there is room. A probe of the same place that is under way will answer for this one; one
    /// of another place of the node is given up.
    pub(super) fn ask(
        &mut self,
        cluster: &Cluster,
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
        if self.known.len() > cluster.nodes().count() + STRANGERS {
            self.known.retain(|node, _| cluster.node(node).is_some());
        }
        self.fill(cluster);
    }

    fn fill(&mut self, cluster: &Cluster) {
        let mut blocked = VecDeque::new();
        while self.running.len() < AT_ONCE
            && let Some(ask) = self.waiting.pop_front()
        {
            if self.busy.contains_key(&ask.node) {
                blocked.push_back(ask);
            } else {
                self.begin(cluster, ask);
            }
        }
        blocked.append(&mut self.waiting);
        self.waiting = blocked;
    }

    fn begin(&mut self, cluster: &Cluster, ask: Ask) {
        let place = ask.place();
        let node = cluster.node(&ask.node);
        let doubted = node.is_some_and(|node| {
            !node.heard() && matches!(node.state(), State::Suspect | State::WaitingIdle)
        });
        let known = self.known.entry(ask.node.clone()).or_default();
        let depth = if doubted {
            // Nothing can be published there now, and an answer from its ports says that it lives.
            Depth::Echo
        } else {
            known.cadence.depth(&place)
        };
        self.probes += 1;
        let name = Name::new(&self.who, self.probes);
        let target = Target {
            ips: ask.addresses.ips,
            ports: ask.addresses.ports,
            stun_port: ask.addresses.stun_port,
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

    /// Takes what came; an input when that is what it was waited for.
    pub(super) fn take(&mut self, came: Came, cluster: &Cluster, nodes: &Nodes) -> Option<Input> {
        let input = match came {
            Came::Wish(wish) => {
                self.grant(wish, cluster, nodes);
                return None;
            }
            Came::Done(done) => Some(self.done(*done)),
            Came::Over => None,
        };
        self.busy.retain(|_, (_, task)| !task.is_finished());
        self.fill(cluster);
        input
    }

    fn done(&mut self, done: Done) -> Input {
        let Done {
            node,
            place,
            report,
        } = done;
        let outcome = report.verdict();
        let known = self.known.entry(node.clone()).or_default();
        known
            .cadence
            .done(place.clone(), report.depth, outcome.is_ok());
        let kind = known.judge(&report, outcome.is_ok());
        let wrong = report.failures();
        if wrong != known.wrong {
            match (&outcome, report.complaint()) {
                (Err(problem), _) => {
                    tracing::warn!(%node, problem, "the node cannot be reached as clients would");
                }
                (Ok(()), Some(problem)) => {
                    tracing::warn!(%node, problem, "the node can be reached, but not everywhere");
                }
                (Ok(()), None) => tracing::info!(%node, "the node can be reached everywhere"),
            }
            known.wrong = wrong;
        }
        tracing::debug!(%node, ?report, "probed");
        let (boot, version) = place;
        Input::Probed {
            node,
            boot,
            version,
            outcome: outcome.map_err(|problem| Failure { kind, problem }),
        }
    }

    fn grant(&mut self, wish: Wish, cluster: &Cluster, nodes: &Nodes) {
        let attachment = |node: &NodeId, boot: &BootId| {
            let node = cluster.node(node)?;
            let same = node.boot().is_some_and(|known| known.id == *boot);
            node.attachment().filter(|_| same)
        };
        match wish {
            Wish::Publish {
                node,
                boot,
                name,
                offer,
                answer,
            } => {
                let Some(attachment) = attachment(&node, &boot) else {
                    return refuse(answer, "its link is down".to_owned());
                };
                self.next_key = KEYS | (self.next_key + 1) & !KEYS;
                let key = self.next_key;
                match nodes.say(attachment, key, publish(&name, offer)) {
                    Ok(()) => _ = self.unanswered.insert(key, (attachment, answer)),
                    Err(reason) => refuse(answer, reason),
                }
            }
            Wish::Close { node, boot, name } => {
                // What waits for an answer has given up.
                self.unanswered.retain(|_, (_, answer)| !answer.is_closed());
                let Some(attachment) = attachment(&node, &boot) else {
                    return;
                };
                let transport_id = name.as_str().to_owned();
                let close = Command::Close(proto::Close { transport_id });
                if let Err(reason) = nodes.say(attachment, 0, close) {
                    // The node gives a transport up by itself that nobody connects to or stays with, within 30 s.
                    tracing::debug!(%node, %name, reason, "a probe's transport was not closed");
                }
            }
        }
    }

    /// Takes the answers to its own commands out of what nodes say, and hands the rest back.
    pub(super) fn hear(&mut self, event: link::serve::Event) -> Option<link::serve::Event> {
        match event {
            link::serve::Event::Message {
                attachment,
                message: from_node::Message::Answer(answer),
            } if answer.key >= KEYS => {
                let asked = self.unanswered.remove(&answer.key);
                // Only from whom it was asked.
                if let Some((to, published)) = asked
                    && to.0 == attachment.0
                {
                    // The probe may have given up.
                    let _ = published.send(description(answer.result));
                }
                None
            }
            link::serve::Event::Detached { attachment, .. } => {
                self.unanswered.retain(|_, (to, _)| to.0 != attachment.0);
                Some(event)
            }
            event => Some(event),
        }
    }
}

impl Ask {
    fn place(&self) -> Place {
        (self.boot.clone(), self.addresses.version)
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

impl Default for Known {
    fn default() -> Self {
        Self {
            cadence: Cadence::new(CALL_EVERY),
            reached: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

fn refuse(answer: Published, reason: String) {
    // The probe may have given up.
    let _ = answer.send(Err(reason));
}

fn publish(name: &Name, offer: String) -> Command {
    let id = || name.as_str().to_owned();
    Command::Publish(proto::Publish {
        session_id: id(),
        stream_id: id(),
        transport_id: id(),
        offer,
        forced_video_codec: String::new(),
    })
}

fn description(result: Option<proto::answer::Result>) -> Result<String, String> {
    match translate::answer(result) {
        Ok(MediaAnswer::Answer(sdp)) => Ok(sdp),
        Ok(_) => Err("it answered without a description".to_owned()),
        Err(
            MediaError::Sdp(reason)
            | MediaError::CodecImpossible(reason)
            | MediaError::Unknown(reason)
            | MediaError::Unavailable(reason),
        ) => Err(reason),
    }
}

/// The way of one probe to its node.
struct Line {
    node: NodeId,
    boot: BootId,
    wish: mpsc::UnboundedSender<Wish>,
}

impl Signalling for Line {
    async fn publish(&self, name: &Name, offer: String) -> Result<String, String> {
        let (answer, published) = oneshot::channel();
        let wish = Wish::Publish {
            node: self.node.clone(),
            boot: self.boot.clone(),
            name: name.clone(),
            offer,
            answer,
        };
        let broke = || "the link broke before it answered".to_owned();
        self.wish.send(wish).map_err(|_| broke())?;
        published.await.map_err(|_| broke())?
    }

    fn close(&self, name: &Name) {
        // A master that is going down closes nothing; nodes give unused transports up by themselves.
        let _ = self.wish.send(Wish::Close {
            node: self.node.clone(),
            boot: self.boot.clone(),
            name: name.clone(),
        });
    }
}
