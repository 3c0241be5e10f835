//! Commands to nodes that no client asked for: those of probes. They go over the node's link under keys that no client's
//! request has.

use std::collections::HashMap;

use cluster::{AttachmentId, BootId, Cluster, NodeId};
use conference::{MediaAnswer, MediaError};
use link::proto::command::Command;
use link::proto::{self, from_node};
use link::serve::Event;
use probe::{Name, Signalling};
use tokio::sync::{mpsc, oneshot};

use super::nodes::Nodes;
use super::translate;

/// Upper half of their keys. A client's request has its number there.
const KEYS: u64 = (u32::MAX as u64) << 32;

/// What a node said, or a sentence.
pub(super) type Said = Result<MediaAnswer, String>;

/// All that are not answered yet.
pub(super) struct Commands {
    next_key: u64,
    unanswered: HashMap<u64, (AttachmentId, Asker)>,
}

/// Who waits for an answer.
pub(super) enum Asker {
    /// A probe of this master's.
    Probe(oneshot::Sender<Said>),
    /// A look of a node's: its number, and the call.
    Look(u64, u32),
}

/// Something that a running probe wants said to its node. A probe has a few calls and each says little, so the number of
/// probes bounds them.
pub(super) struct Wish {
    node: NodeId,
    boot: BootId,
    command: Command,
    /// `None`: not answered.
    answer: Option<oneshot::Sender<Said>>,
}

/// Whose answer something was.
pub(super) enum Answered {
    /// Somebody else's.
    No(Box<Event>),
    /// A probe's, which has it; or nobody's any more.
    Probe,
    /// A look's.
    Look(u64, u32, Said),
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            next_key: KEYS,
            unanswered: HashMap::new(),
        }
    }
}

impl Commands {
    /// Says what a probe wants said.
    pub(super) fn grant(&mut self, wish: Wish, cluster: &Cluster, nodes: &Nodes) {
        let Wish {
            node,
            boot,
            command,
            answer,
        } = wish;
        let asker = answer.map(Asker::Probe);
        if let Err((Some(Asker::Probe(answer)), reason)) =
            self.say(&node, &boot, command, asker, cluster, nodes)
        {
            // The probe may have given up.
            let _ = answer.send(Err(reason));
        }
    }

    /// Says something to a boot of a node. What cannot be said comes back with the reason.
    pub(super) fn say(
        &mut self,
        node: &NodeId,
        boot: &BootId,
        command: Command,
        asker: Option<Asker>,
        cluster: &Cluster,
        nodes: &Nodes,
    ) -> Result<(), (Option<Asker>, String)> {
        // What waits for an answer may have given up.
        self.unanswered
            .retain(|_, (_, asker)| !matches!(asker, Asker::Probe(answer) if answer.is_closed()));
        let known = cluster.node(node);
        let known = known.filter(|known| known.boot().is_some_and(|known| known.id == *boot));
        let Some(attachment) = known.and_then(cluster::Node::attachment) else {
            return Err((asker, "its link is down".to_owned()));
        };
        let Some(asker) = asker else {
            // The node gives a transport up by itself that nobody connects to or stays with, within 30 s.
            return nodes
                .say(attachment, 0, command)
                .map_err(|reason| (None, reason));
        };
        self.next_key = KEYS | (self.next_key + 1) & !KEYS;
        let key = self.next_key;
        match nodes.say(attachment, key, command) {
            Ok(()) => {
                self.unanswered.insert(key, (attachment, asker));
                Ok(())
            }
            Err(reason) => Err((Some(asker), reason)),
        }
    }

    /// Takes the answers to these commands out of what nodes say.
    pub(super) fn hear(&mut self, event: Event) -> Answered {
        match event {
            Event::Message {
                attachment,
                message: from_node::Message::Answer(answer),
            } if answer.key >= KEYS => {
                let asked = self.unanswered.remove(&answer.key);
                // Only from whom it was asked.
                match asked.filter(|(to, _)| to.0 == attachment.0) {
                    Some((_, Asker::Probe(waits))) => {
                        // The probe may have given up.
                        let _ = waits.send(said(answer.result));
                        Answered::Probe
                    }
                    Some((_, Asker::Look(look, call))) => {
                        Answered::Look(look, call, said(answer.result))
                    }
                    None => Answered::Probe,
                }
            }
            Event::Detached { attachment, .. } => {
                self.unanswered.retain(|_, (to, _)| to.0 != attachment.0);
                Answered::No(Box::new(event))
            }
            event => Answered::No(Box::new(event)),
        }
    }

    /// Nobody waits for what this look asked.
    pub(super) fn forget(&mut self, look: u64) {
        let of_look = |asker: &Asker| matches!(asker, Asker::Look(number, _) if *number == look);
        self.unanswered.retain(|_, (_, asker)| !of_look(asker));
    }
}

fn said(result: Option<proto::answer::Result>) -> Said {
    translate::answer(result).map_err(|error| match error {
        MediaError::Sdp(reason)
        | MediaError::CodecImpossible(reason)
        | MediaError::Unknown(reason)
        | MediaError::Unavailable(reason) => reason,
    })
}

/// What a probe publishes.
pub(super) fn publish(name: &Name, offer: String) -> Command {
    let id = || name.as_str().to_owned();
    Command::Publish(proto::Publish {
        session_id: id(),
        stream_id: id(),
        transport_id: id(),
        offer,
        forced_video_codec: String::new(),
    })
}

/// Have it sent back.
pub(super) fn subscribe(name: &Name) -> Command {
    Command::Subscribe(proto::Subscribe {
        session_id: name.as_str().to_owned(),
        stream_id: name.as_str().to_owned(),
        transport_id: name.subscriber(),
        audio: true,
        video: false,
    })
}

/// The answer to the offer of that.
pub(super) fn accept(name: &Name, answer: String) -> Command {
    let transport_id = name.subscriber();
    Command::Accept(proto::Accept {
        transport_id,
        answer,
    })
}

/// Both are over.
pub(super) fn close(name: &Name) -> [Command; 2] {
    [name.subscriber(), name.as_str().to_owned()]
        .map(|transport_id| Command::Close(proto::Close { transport_id }))
}

/// The way of one probe to its node.
pub(super) struct Line {
    pub(super) node: NodeId,
    pub(super) boot: BootId,
    pub(super) wish: mpsc::UnboundedSender<Wish>,
}

impl Line {
    fn wish(&self, command: Command, answer: Option<oneshot::Sender<Said>>) -> Result<(), String> {
        let wish = Wish {
            node: self.node.clone(),
            boot: self.boot.clone(),
            command,
            answer,
        };
        self.wish
            .send(wish)
            .map_err(|_| "the master is going down".to_owned())
    }

    async fn ask(&self, command: Command) -> Said {
        let (answer, said) = oneshot::channel();
        self.wish(command, Some(answer))?;
        said.await
            .map_err(|_| "the link broke before it answered".to_owned())?
    }
}

impl Signalling for Line {
    async fn publish(&self, name: &Name, offer: String) -> Result<String, String> {
        description(self.ask(publish(name, offer)).await)
    }

    async fn subscribe(&self, name: &Name) -> Result<String, String> {
        description(self.ask(subscribe(name)).await)
    }

    async fn accept(&self, name: &Name, answer: String) -> Result<(), String> {
        self.ask(accept(name, answer)).await.map(|_| ())
    }

    fn close(&self, name: &Name) {
        for command in close(name) {
            // A master that is going down closes nothing; nodes give unused transports up by themselves.
            let _ = self.wish(command, None);
        }
    }
}

fn description(said: Said) -> Result<String, String> {
    match said? {
        MediaAnswer::Answer(sdp) | MediaAnswer::Offer(sdp) => Ok(sdp),
        MediaAnswer::Accepted => Err("it answered without a description".to_owned()),
    }
}
