//! Where the effects of one input are collected.

use crate::conference::Member;
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

    /// Nobody waits for replies to the conference's own questions.
    pub fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) {
        if !request.is_own() {
            self.push(Effect::Reply { request, result });
        }
    }

    pub fn notify(&mut self, to: &ConnectionId, notification: Notification) {
        self.push(Effect::Notify {
            to: to.clone(),
            notification,
        });
    }

    /// Tells the node that carries `who`. Without one there is nothing of its to be told about.
    pub fn command(&mut self, who: &Member, command: MediaCommand) {
        match &who.node {
            Some(node) if self.dead.as_ref() != Some(node) => self.push(Effect::Media {
                node: node.clone(),
                command,
            }),
            _ => {}
        }
    }

    pub fn close(&mut self, who: &Member, transport: TransportId) {
        self.command(who, MediaCommand::Close { transport });
    }

    /// Takes back an offer that its client may not have been told yet.
    pub fn withdraw(&mut self, who: &Member, stream: StreamId) {
        self.notify(&who.connection, Notification::OfferWithdrawn { stream });
    }

    pub fn close_any(&mut self, who: &Member, transport: Option<TransportId>) {
        if let Some(transport) = transport {
            self.close(who, transport);
        }
    }

    pub fn into_effects(self) -> Vec<Effect> {
        self.effects
    }
}
