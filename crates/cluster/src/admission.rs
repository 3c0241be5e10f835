//! Who is let in, and what happens to the boot that was there before.

use crate::addresses::Addresses;
use crate::cluster::Cluster;
use crate::effect::{Effect, LostReason, Refusal};
use crate::ended::Ending;
use crate::ids::{AttachmentId, Moment, NodeId};
use crate::input::{Boot, Hello};
use crate::node::{Intent, Link, Node};
use crate::rules::Rules;
use crate::status::MediaNodeStatus;

impl<R: Rules> Cluster<R> {
    pub(crate) fn hello(
        &mut self,
        now: Moment,
        attachment: AttachmentId,
        hello: Hello,
        out: &mut Vec<Effect>,
    ) {
        if let Some((refusal, reason)) = self.refusal(&hello) {
            out.push(Effect::Refuse {
                attachment,
                refusal,
                reason,
            });
            return;
        }
        let id = hello.node.clone();
        let node = self.nodes.get(&id);
        let known = node.and_then(Node::boot);
        let again = known.is_some_and(|boot| boot.id == hello.boot.id);
        let overtaken = node.is_some_and(|node| node.latest > Some(attachment));
        if again && overtaken && R::STREAMS_IN_ORDER {
            // The node has given this stream up for a later one, whose hello said more.
            out.push(Effect::Drop { attachment });
            return;
        }
        if known.is_some() && !again {
            self.supersede(now, &hello, out);
        } else if !again {
            self.expected(now, &id);
        }
        self.admit(now, attachment, hello, again, out);
        self.settle(now, &id, out);
    }

    fn refusal(&self, hello: &Hello) -> Option<(Refusal, String)> {
        let bar = self.endings.bars(&hello.node, &hello.boot.id);
        if let Some(bar) = bar.filter(|_| R::ENDED_STAYS_ENDED) {
            let (refusal, how) = match bar {
                LostReason::Terminated => (Refusal::Terminated, "was terminated"),
                _ => (Refusal::Superseded, "was replaced by a later one"),
            };
            let reason = format!(
                "boot {} of node {} {how}: start the process anew if the node is to come back",
                hello.boot.id, hello.node
            );
            return Some((refusal, reason));
        }
        let known = self.nodes.get(&hello.node)?.boot.as_ref()?;
        let outdated = known.id != hello.boot.id && !later(&hello.boot, known);
        (outdated && R::LATER_BOOT_WINS)
            .then(|| (Refusal::Superseded, superseded_by(&hello.node, known)))
    }

    /// A first hello: of a node that was launched, or of one that nobody asked for.
    fn expected(&mut self, now: Moment, id: &NodeId) {
        let Some(node) = self.nodes.get_mut(id) else {
            let node = Node::new(id.clone(), now, Intent::Stay);
            self.nodes.insert(id.clone(), node);
            return;
        };
        match node.intent {
            Intent::Launch { .. } => {
                node.intent = Intent::Stay;
                self.launches.succeeded();
            }
            // Given up and here after all: a new life, if it is wanted.
            Intent::Fail { .. } => {
                let wanted = self.wants_more(now);
                let intent = if wanted {
                    Intent::Stay
                } else {
                    self.termination(now)
                };
                let environment = self.nodes.remove(id).map(|node| node.environment);
                let mut node = Node::new(id.clone(), now, intent);
                node.environment = environment.unwrap_or_default();
                self.nodes.insert(id.clone(), node);
            }
            Intent::Stay
            | Intent::Cancel { .. }
            | Intent::Drain { .. }
            | Intent::Terminate { .. } => {}
        }
    }

    fn admit(
        &mut self,
        now: Moment,
        attachment: AttachmentId,
        hello: Hello,
        again: bool,
        out: &mut Vec<Effect>,
    ) {
        let term = self.settings.term;
        let Some(node) = self.nodes.get_mut(&hello.node) else {
            return;
        };
        let (id, boot) = (hello.node.clone(), hello.boot.id.clone());
        if let Some(attachment) = node.attachment() {
            if R::CURRENT_STREAM_ONLY {
                self.streams.remove(&attachment);
            }
            out.push(Effect::Drop { attachment });
        }
        self.streams.insert(attachment, id.clone());
        let version = node.addresses.version;
        node.attach(now, attachment, hello);
        if node.addresses.version != version {
            node.probe.anew(now);
        }
        node.lease = self
            .registrations
            .get(&id)
            .map_or(node.lease, |it| it.lease_of(&boot));
        out.push(Effect::Admit {
            attachment,
            node: id.clone(),
            boot,
            term,
            again,
        });
        let crashed = |ending: &Ending| ending.reason.is_crash();
        if !again && self.endings.of(&id).is_some_and(crashed) {
            out.push(Effect::Recovered { node: id });
        }
    }

    fn supersede(&mut self, now: Moment, by: &Hello, out: &mut Vec<Effect>) {
        let Some(old) = self.nodes.get(&by.node) else {
            return;
        };
        if let Some(attachment) = old.attachment() {
            out.push(Effect::Refuse {
                attachment,
                refusal: Refusal::Superseded,
                reason: superseded_by(&by.node, &by.boot),
            });
        }
        let (intent, environment) = (old.intent.clone(), old.environment.clone());
        let proof = old.probe.proof;
        self.lose(&by.node, LostReason::Superseded, out);
        // A machine that is to go has to go, however often it reboots; a drain was for what it carried.
        let intent = match intent {
            Intent::Terminate { .. } | Intent::Cancel { .. } => self.termination(now),
            _ => Intent::Stay,
        };
        let mut node = Node::new(by.node.clone(), now, intent);
        node.environment = environment;
        if !R::PROOF_PER_BOOT {
            node.probe.proof = proof;
        }
        self.nodes.insert(by.node.clone(), node);
    }

    pub(crate) fn addresses(
        &mut self,
        now: Moment,
        attachment: AttachmentId,
        addresses: Addresses,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.speaker(attachment) else {
            return;
        };
        let known = &node.addresses;
        let same = addresses.version == known.version && addresses.ips == known.ips;
        if addresses.version <= known.version && !same {
            return;
        }
        node.take_addresses(now, addresses);
        if same {
            return;
        }
        node.probe.anew(now);
        let id = node.id.clone();
        self.settle(now, &id, out);
    }

    pub(crate) fn leaving(&mut self, now: Moment, attachment: AttachmentId, out: &mut Vec<Effect>) {
        let Some(node) = self.speaker(attachment) else {
            return;
        };
        node.leaving = true;
        let id = node.id.clone();
        self.settle(now, &id, out);
    }

    pub(crate) fn detached(
        &mut self,
        now: Moment,
        attachment: AttachmentId,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.speaker(attachment) else {
            return;
        };
        let id = node.id.clone();
        let ended = match node.intent {
            Intent::Terminate { told: true, .. } => Some(LostReason::Terminated),
            _ if node.leaving => Some(LostReason::Left),
            _ if !R::SUSPICION_FIRST => Some(LostReason::SuspicionOver),
            _ => None,
        };
        if let Some(reason) = ended {
            return self.lose(&id, reason, out);
        }
        node.link = Link::Down(node.silent.take().unwrap_or(now));
        node.probe.hasten(now);
        self.streams.remove(&attachment);
        self.settle(now, &id, out);
        self.settle_death(&id, out);
    }

    /// Takes a node out of the books, with all that it carried.
    pub(crate) fn lose(&mut self, id: &NodeId, reason: LostReason, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.remove(id) else {
            return;
        };
        if let Some(attachment) = node.attachment() {
            self.streams.remove(&attachment);
        }
        for session in &node.sessions {
            self.sessions.remove(session);
        }
        if let Some(boot) = node.boot {
            let ending = Ending {
                node: id.clone(),
                boot: boot.id.clone(),
                reason,
            };
            self.endings.record(ending);
            out.push(Effect::Lost {
                node: id.clone(),
                boot: boot.id,
                reason,
                sessions: node.sessions.into_iter().collect(),
            });
        }
        farewell(id, node.told.map(|(_, status)| status), out);
        self.desire.stale = true;
        self.prune_registrations();
    }
}

/// The last statuses of a node. A failed launch has had its last already.
fn farewell(id: &NodeId, last: Option<MediaNodeStatus>, out: &mut Vec<Effect>) {
    use MediaNodeStatus::{Failed, Terminated, Terminating};
    let Some(last) = last.filter(|last| *last != Failed) else {
        return;
    };
    let mut tell = |old, new| {
        out.push(Effect::StatusChanged {
            node: id.clone(),
            old: Some(old),
            new,
        });
    };
    if last != Terminating {
        tell(last, Terminating);
    }
    tell(Terminating, Terminated);
}

/// Boots of one node are ordered by the node's own clock; its id breaks a tie, so that two processes that started
/// within one millisecond do not supersede each other for ever.
fn later(boot: &Boot, than: &Boot) -> bool {
    (boot.started, &boot.id) > (than.started, &than.id)
}

fn superseded_by(node: &NodeId, boot: &Boot) -> String {
    format!(
        "boot {} of node {node}, started later, is attached: a node id belongs to one process at a time, so give this \
         one another data directory or stop it",
        boot.id
    )
}
