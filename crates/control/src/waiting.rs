//! Commands for a node whose link is down for a moment: said when it is back, which is sooner than anybody would ask
//! again. A link that breaks is dialled anew within seconds, and after a restart of the master all of them are.

use std::collections::{BTreeMap, VecDeque};

use conference::{MediaCommand, NodeId, RequestId, TransportId};

use crate::control::Control;
use crate::effect::Effect;
use crate::in_flight::makes;
use crate::meeting::key;

/// Commands that wait for one node at most.
const MOST: usize = 512;

/// Bytes of descriptions that wait for one node at most.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(crate) struct Waiting {
    nodes: BTreeMap<NodeId, Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    commands: VecDeque<MediaCommand>,
    bytes: usize,
}

/// There is no room.
#[derive(Debug)]
pub(crate) struct Full;

impl Waiting {
    fn push(&mut self, node: &NodeId, command: MediaCommand) -> Result<(), Full> {
        let queue = self.nodes.entry(node.clone()).or_default();
        let bytes = size(&command);
        if queue.commands.len() >= MOST || queue.bytes + bytes > MOST_BYTES {
            return Err(Full);
        }
        queue.bytes += bytes;
        queue.commands.push_back(command);
        Ok(())
    }

    /// What was to be made is not wanted any more. Returns the keys of what waited for it.
    fn forget(&mut self, node: &NodeId, transport: &TransportId) -> Vec<RequestId> {
        let Some(queue) = self.nodes.get_mut(node) else {
            return Vec::new();
        };
        let (gone, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut queue.commands)
            .into_iter()
            .partition(|command| of(command) == transport);
        queue.commands = kept;
        queue.bytes = queue.commands.iter().map(size).sum();
        gone.iter().filter_map(key).collect()
    }
}

impl Control {
    /// Lets a command wait for the node's link.
    pub(crate) fn wait_for_link(
        &mut self,
        node: &NodeId,
        command: MediaCommand,
    ) -> Result<(), Full> {
        if let MediaCommand::Close { transport } = &command {
            // What the node still has of it when it is back is closed as an orphan.
            for key in self.waiting.forget(node, transport) {
                self.in_flight.unsent(key);
            }
            return Ok(());
        }
        let (key, makes) = (key(&command), makes(&command));
        self.waiting.push(node, command)?;
        if let Some(key) = key {
            self.in_flight.waits(self.now.moment, key, makes);
        }
        Ok(())
    }

    /// The node is back, as who it was: it is told what it missed, but nothing that nobody waits for any more.
    pub(crate) fn say_what_waited(&mut self, node: &NodeId) {
        let Some(queue) = self.waiting.nodes.remove(node) else {
            return;
        };
        let known = self.cluster.node(&cluster::NodeId::new(node.as_str()));
        let Some(attachment) = known.and_then(cluster::Node::attachment) else {
            return;
        };
        for command in queue.commands {
            let key = key(&command);
            if key.is_none_or(|key| self.in_flight.leaves(key, attachment)) {
                self.out(Effect::Command {
                    attachment,
                    key,
                    command,
                });
            }
        }
    }

    /// The node is dead. Who waited for it is told by the conference, which knows of its death.
    pub(crate) fn forget_what_waited(&mut self, node: &NodeId) {
        let queue = self.waiting.nodes.remove(node);
        let keys = queue.iter().flat_map(|queue| &queue.commands);
        for key in keys.filter_map(key) {
            self.in_flight.unsent(key);
        }
    }
}

fn of(command: &MediaCommand) -> &TransportId {
    match command {
        MediaCommand::Publish { transport, .. }
        | MediaCommand::Subscribe { transport, .. }
        | MediaCommand::Accept { transport, .. }
        | MediaCommand::Candidate { transport, .. }
        | MediaCommand::Close { transport } => transport,
    }
}

fn size(command: &MediaCommand) -> usize {
    match command {
        MediaCommand::Publish { offer: text, .. }
        | MediaCommand::Accept { answer: text, .. }
        | MediaCommand::Candidate {
            candidate: text, ..
        } => text.len(),
        MediaCommand::Subscribe { .. } | MediaCommand::Close { .. } => 0,
    }
}
