//! Where the effects of one input are collected.

use crate::effect::{Effect, MediaCommand, Notification, Reply};
use crate::error::Error;
use crate::ids::*;

/// The effects of one input, in the order in which they are to be carried out.
#[derive(Debug)]
pub(crate) struct Outbox {
    now: Timestamp,
    effects: Vec<Effect>,
    dead: Option<NodeId>,
}

impl Outbox {
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            effects: Vec::new(),
            dead: None,
        }
    }

    /// An outbox that drops commands to `node`, which cannot hear them any more.
    pub fn without(now: Timestamp, node: NodeId) -> Self {
        Self {
            dead: Some(node),
            ..Self::at(now)
        }
    }

    /// When all of it happens.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) {
        self.push(Effect::Reply { request, result });
    }

    pub fn notify(&mut self, to: &ConnectionId, notification: Notification) {
        self.push(Effect::Notify {
            to: to.clone(),
            notification,
        });
    }

    pub fn command(&mut self, node: &NodeId, command: MediaCommand) {
        if self.dead.as_ref() != Some(node) {
            self.push(Effect::Media {
                node: node.clone(),
                command,
            });
        }
    }

    pub fn close(&mut self, node: &NodeId, transport: TransportId) {
        self.command(node, MediaCommand::Close { transport });
    }

    pub fn close_any(&mut self, node: &NodeId, transport: Option<TransportId>) {
        if let Some(transport) = transport {
            self.close(node, transport);
        }
    }

    pub fn into_effects(self) -> Vec<Effect> {
        self.effects
    }
}
