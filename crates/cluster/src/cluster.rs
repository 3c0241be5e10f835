//! The nodes and the one door to them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::deadline::{Deadline, DeadlineReason};
use crate::effect::{Effect, LostReason, Refusal};
use crate::ids::{AttachmentId, Moment, NodeId};
use crate::input::{Addresses, Boot, Hello, Input, Load};
use crate::node::{Link, Node, Status};

/// How long a node's link may be down before the node is taken for dead. A node redials within seconds after a break of
/// the link; one that has not returned after this has crashed or is cut off, and its participants are better off with a
/// new session than with waiting.
pub const SUSPICION: Duration = Duration::from_secs(10);

/// All nodes that are not known to be dead.
#[derive(Debug, Default)]
pub struct Cluster {
    nodes: BTreeMap<NodeId, Node>,
}

/// The health of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How many nodes can take a session.
    pub serving: usize,
    /// Those that are known and cannot.
    pub troubled: Vec<NodeId>,
}

impl Cluster {
    /// A cluster without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input at time `now` and says what is to be done about it. Input on a stream that is not (or no longer)
    /// a node's current one changes nothing.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        match input {
            Input::Hello { attachment, hello } => self.hello(attachment, hello),
            Input::Addresses {
                attachment,
                addresses,
            } => self.addresses(attachment, addresses),
            Input::Load { attachment, load } => self.load(attachment, load),
            Input::Leaving { attachment } => self.leaving(attachment),
            Input::Detached { attachment } => self.detached(now, attachment),
            Input::Tick => self.expire(now),
        }
    }

    /// When [`Input::Tick`] is due next.
    pub fn next_deadline(&self) -> Option<Deadline> {
        self.nodes
            .values()
            .filter_map(|node| match node.link {
                Link::Down(at) => Some(Deadline {
                    at,
                    node: node.id.clone(),
                    reason: DeadlineReason::SuspicionOver,
                }),
                Link::Up(_) => None,
            })
            .min_by_key(|deadline| deadline.at)
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// One node.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The node that speaks on this stream.
    pub fn attached(&self, attachment: AttachmentId) -> Option<&Node> {
        self.nodes
            .values()
            .find(|node| node.link == Link::Up(attachment))
    }

    #[allow(missing_docs)]
    pub fn health(&self) -> Health {
        let (serving, troubled): (Vec<&Node>, Vec<&Node>) = self
            .nodes
            .values()
            .partition(|node| node.status() == Status::Serving);
        Health {
            serving: serving.len(),
            troubled: troubled.into_iter().map(|node| node.id.clone()).collect(),
        }
    }

    pub(crate) fn count_placement(&mut self, id: &NodeId) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.placed_since_load = node.placed_since_load.saturating_add(1);
            node.placed_ever += 1;
        }
    }

    fn hello(&mut self, attachment: AttachmentId, hello: Hello) -> Vec<Effect> {
        match self.nodes.get(&hello.node) {
            None => self.admit(attachment, hello),
            Some(known) if known.boot.id == hello.boot.id => self.admit_again(attachment, hello),
            Some(known) if later(&hello.boot, &known.boot) => {
                let mut effects = self.supersede(&hello);
                effects.extend(self.admit(attachment, hello));
                effects
            }
            Some(known) => vec![Effect::Refuse {
                attachment,
                refusal: Refusal::Superseded,
                reason: superseded_by(&known.id, &known.boot),
            }],
        }
    }

    fn admit(&mut self, attachment: AttachmentId, hello: Hello) -> Vec<Effect> {
        let node = Node::new(attachment, hello);
        let effects = vec![
            Effect::Admit {
                attachment,
                node: node.id.clone(),
                boot: node.boot.id.clone(),
                again: false,
            },
            Effect::Changed {
                node: node.id.clone(),
                from: None,
                to: node.status(),
            },
        ];
        self.nodes.insert(node.id.clone(), node);
        effects
    }

    fn admit_again(&mut self, attachment: AttachmentId, hello: Hello) -> Vec<Effect> {
        let Some(node) = self.nodes.get_mut(&hello.node) else {
            return Vec::new();
        };
        let (before, previous) = (node.status(), node.attachment());
        node.reattach(attachment, hello);
        let mut effects: Vec<Effect> = previous
            .map(|attachment| Effect::Drop { attachment })
            .into_iter()
            .collect();
        effects.push(Effect::Admit {
            attachment,
            node: node.id.clone(),
            boot: node.boot.id.clone(),
            again: true,
        });
        effects.extend(changed(node, before));
        effects
    }

    fn supersede(&mut self, by: &Hello) -> Vec<Effect> {
        let Some(old) = self.nodes.remove(&by.node) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if let Some(attachment) = old.attachment() {
            effects.push(Effect::Refuse {
                attachment,
                refusal: Refusal::Superseded,
                reason: superseded_by(&by.node, &by.boot),
            });
        }
        effects.push(Effect::Lost {
            node: old.id,
            boot: old.boot.id,
            reason: LostReason::Superseded,
        });
        effects
    }

    fn addresses(&mut self, attachment: AttachmentId, addresses: Addresses) -> Vec<Effect> {
        let Some(node) = self.current(attachment) else {
            return Vec::new();
        };
        if addresses.version <= node.addresses.version {
            return Vec::new();
        }
        let before = node.status();
        node.addresses = addresses;
        changed(node, before).into_iter().collect()
    }

    fn load(&mut self, attachment: AttachmentId, load: Load) -> Vec<Effect> {
        if let Some(node) = self.current(attachment) {
            node.take_load(load);
        }
        Vec::new()
    }

    fn leaving(&mut self, attachment: AttachmentId) -> Vec<Effect> {
        let Some(node) = self.current(attachment) else {
            return Vec::new();
        };
        let before = node.status();
        node.leaving = true;
        changed(node, before).into_iter().collect()
    }

    fn detached(&mut self, now: Moment, attachment: AttachmentId) -> Vec<Effect> {
        let Some(node) = self.current(attachment) else {
            return Vec::new();
        };
        if node.leaving {
            let id = node.id.clone();
            return self.lose(&id, LostReason::Left);
        }
        let before = node.status();
        node.link = Link::Down(now + SUSPICION);
        changed(node, before).into_iter().collect()
    }

    fn expire(&mut self, now: Moment) -> Vec<Effect> {
        let over: Vec<NodeId> = self
            .nodes
            .values()
            .filter(|node| matches!(node.link, Link::Down(at) if at <= now))
            .map(|node| node.id.clone())
            .collect();
        over.iter()
            .flat_map(|id| self.lose(id, LostReason::SuspicionOver))
            .collect()
    }

    fn lose(&mut self, id: &NodeId, reason: LostReason) -> Vec<Effect> {
        self.nodes
            .remove(id)
            .map(|node| Effect::Lost {
                node: node.id,
                boot: node.boot.id,
                reason,
            })
            .into_iter()
            .collect()
    }

    fn current(&mut self, attachment: AttachmentId) -> Option<&mut Node> {
        self.nodes
            .values_mut()
            .find(|node| node.link == Link::Up(attachment))
    }
}

/// Boots of one node are ordered by the node's own clock; its id breaks a tie, so that two processes that started
/// within one millisecond do not supersede each other for ever.
fn later(boot: &Boot, than: &Boot) -> bool {
    (boot.started, &boot.id) > (than.started, &than.id)
}

fn changed(node: &Node, before: Status) -> Option<Effect> {
    let to = node.status();
    (to != before).then(|| Effect::Changed {
        node: node.id.clone(),
        from: Some(before),
        to,
    })
}

fn superseded_by(node: &NodeId, boot: &Boot) -> String {
    format!(
        "boot {} of node {node}, started later, is attached: a node id belongs to one process at a time, so give this \
         one another data directory or stop it",
        boot.id
    )
}
