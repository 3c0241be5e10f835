//! Nodes that look at each other: what one that looks wants said to the other goes through here.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use ::control::{Input, Looked};
use cluster::{Addresses, AttachmentId, Cluster, NodeId};
use conference::MediaAnswer;
use link::proto::{self, answer, from_master, from_node, look_ask};
use link::serve::Event;
use probe::Name;
use reachability::{Depth, Party, Place, Relay};

use super::commands::{self, Asker, Commands, Said};
use super::nodes::Nodes;
use super::translate;

/// Calls of one look, and what it may ask in all.
const MOST_CALLS: u32 = 32;
const MOST_ASKS: u32 = 4 * MOST_CALLS;

/// A look that has not ended by then is forgotten.
const LONGEST: Duration = Duration::from_secs(30);

/// What one node is to do.
pub(super) struct Look {
    pub(super) attachment: AttachmentId,
    pub(super) from: NodeId,
    pub(super) node: NodeId,
    pub(super) place: Place,
    pub(super) addresses: Addresses,
    pub(super) relays: Vec<Relay>,
    pub(super) depth: Depth,
}

/// All that are under way. `control` bounds their number.
pub(super) struct Looks {
    /// Part of the names of what is published.
    who: String,
    next: u64,
    looking: HashMap<u64, Looking>,
}

struct Looking {
    look: Look,
    begun: Instant,
    name: Name,
    calls: HashSet<u32>,
    asks: u32,
}

/// What is left of an event when looks have taken what is theirs.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) event: Option<Event>,
    pub(super) inputs: Vec<Input>,
}

impl Looks {
    pub(super) fn new(who: &str) -> Self {
        Self {
            who: who.to_owned(),
            next: 1,
            looking: HashMap::new(),
        }
    }

    /// Begins one; an input when that cannot be.
    pub(super) fn begin(&mut self, look: Look, nodes: &Nodes) -> Option<Input> {
        self.looking
            .retain(|_, looking| looking.begun.elapsed() < LONGEST);
        let number = self.next;
        self.next += 1;
        let wanted = proto::Look {
            number,
            addresses: Some(translate::told_addresses(&look.addresses)),
            calls: look.depth == Depth::Call,
            relays: look.relays.iter().map(translate::told_relay).collect(),
        };
        let attachment = look.attachment;
        let looking = Looking {
            name: Name::new(&format!("{}/{}", self.who, look.from), number),
            look,
            begun: Instant::now(),
            calls: HashSet::new(),
            asks: 0,
        };
        match nodes.tell(attachment, from_master::Message::Look(wanted)) {
            Ok(()) => {
                self.looking.insert(number, looking);
                None
            }
            Err(reason) => {
                tracing::debug!(from = %looking.look.from, reason, "a node cannot be asked to look");
                Some(looking.input(None))
            }
        }
    }

    /// Takes what nodes say of looks, and hands the rest back.
    pub(super) fn hear(
        &mut self,
        event: Event,
        cluster: &Cluster,
        nodes: &Nodes,
        commands: &mut Commands,
    ) -> Heard {
        use from_node::Message;
        match event {
            Event::Message {
                attachment,
                message: Message::LookAsk(ask),
            } => {
                let from = AttachmentId(attachment.0);
                self.ask(from, ask, cluster, nodes, commands);
                Heard::default()
            }
            Event::Message {
                attachment,
                message: Message::LookReport(report),
            } => {
                let from = AttachmentId(attachment.0);
                let looking = self.looking.remove(&report.number);
                let looking = looking.filter(|it| it.look.attachment == from);
                let input = looking.map(|looking| {
                    looking.close(cluster, nodes, commands);
                    commands.forget(report.number);
                    let outcomes = translate::outcomes(report.outcomes, &looking.look);
                    looking.input(outcomes)
                });
                Heard {
                    event: None,
                    inputs: input.into_iter().collect(),
                }
            }
            Event::Detached { attachment, .. } => {
                let gone = AttachmentId(attachment.0);
                let over = self
                    .looking
                    .extract_if(|_, looking| looking.look.attachment == gone);
                let over = over.map(|(number, looking)| {
                    looking.close(cluster, nodes, commands);
                    commands.forget(number);
                    looking.input(None)
                });
                Heard {
                    inputs: over.collect(),
                    event: Some(event),
                }
            }
            event => Heard {
                event: Some(event),
                inputs: Vec::new(),
            },
        }
    }

    fn ask(
        &mut self,
        from: AttachmentId,
        ask: proto::LookAsk,
        cluster: &Cluster,
        nodes: &Nodes,
        commands: &mut Commands,
    ) {
        let proto::LookAsk { number, call, ask } = ask;
        let looking = self.looking.get_mut(&number);
        let Some(looking) = looking.filter(|it| it.look.attachment == from) else {
            return;
        };
        looking.asks += 1;
        let Some(ask) = ask.filter(|_| call < MOST_CALLS && looking.asks <= MOST_ASKS) else {
            return;
        };
        let name = looking.name.call(call as usize);
        let command = match ask {
            look_ask::Ask::Publish(offer) => {
                looking.calls.insert(call);
                commands::publish(&name, offer)
            }
            look_ask::Ask::Subscribe(_) => commands::subscribe(&name),
            look_ask::Ask::Accept(answer) => commands::accept(&name, answer),
            look_ask::Ask::Close(_) => {
                looking.calls.remove(&call);
                return looking.close_call(&name, cluster, nodes, commands);
            }
        };
        let (node, boot) = (&looking.look.node, &looking.look.place.boot);
        let asker = Some(Asker::Look(number, call));
        if let Err((_, reason)) = commands.say(node, boot, command, asker, cluster, nodes) {
            self.answered(nodes, number, call, Err(reason));
        }
    }

    /// The other node answered.
    pub(super) fn answered(&mut self, nodes: &Nodes, number: u64, call: u32, said: Said) {
        let Some(looking) = self.looking.get(&number) else {
            return;
        };
        let result = match said {
            Ok(MediaAnswer::Answer(sdp)) => answer::Result::AnswerSdp(sdp),
            Ok(MediaAnswer::Offer(sdp)) => answer::Result::OfferSdp(sdp),
            Ok(MediaAnswer::Accepted) => answer::Result::Accepted(proto::Accepted {}),
            Err(reason) => answer::Result::Failure(proto::Failure {
                kind: proto::failure::Kind::Unavailable.into(),
                reason,
            }),
        };
        let answer = proto::LookAnswer {
            number,
            call,
            answer: Some(proto::Answer {
                key: 0,
                result: Some(result),
            }),
        };
        let told = nodes.tell(
            looking.look.attachment,
            from_master::Message::LookAnswer(answer),
        );
        if let Err(reason) = told {
            tracing::debug!(from = %looking.look.from, reason, "a node that looks was not answered");
        }
    }
}

impl Looking {
    fn close(&self, cluster: &Cluster, nodes: &Nodes, commands: &mut Commands) {
        for call in &self.calls {
            let name = self.name.call(*call as usize);
            self.close_call(&name, cluster, nodes, commands);
        }
    }

    fn close_call(&self, name: &Name, cluster: &Cluster, nodes: &Nodes, commands: &mut Commands) {
        let (node, boot) = (&self.look.node, &self.look.place.boot);
        for command in commands::close(name) {
            if let Err((_, reason)) = commands.say(node, boot, command, None, cluster, nodes) {
                tracing::debug!(%node, %name, reason, "a look's transport was not closed");
            }
        }
    }

    fn input(self, outcomes: Option<Vec<reachability::Outcome>>) -> Input {
        let Look {
            from,
            node,
            place,
            depth,
            ..
        } = self.look;
        Input::Looked(Box::new(Looked {
            from: Party::Node(from),
            node,
            place,
            depth,
            outcomes,
        }))
    }
}
