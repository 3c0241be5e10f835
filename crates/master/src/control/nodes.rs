//! Between the link and the inputs and effects of the nodes.

use std::collections::HashMap;

use ::control::{Input, Says};
use cluster::{AttachmentId, Refusal};
use conference::{MediaCommand, RequestId};
use link::proto::command::Command;
use link::proto::{from_node, refused};
use link::serve::{Event, Handle};

use super::translate;

/// The ways to the nodes.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    handles: HashMap<AttachmentId, Handle>,
}

impl Nodes {
    /// What an event of the link means; `None` when it has been dealt with.
    pub(super) fn input(&mut self, event: Event) -> Option<Input> {
        match event {
            Event::Attached {
                attachment,
                peer,
                hello,
                handle,
            } => {
                let attachment = AttachmentId(attachment.0);
                match translate::hello(&hello) {
                    Ok(known) => {
                        let carries = translate::carries(&hello);
                        tracing::info!(node = %known.node, boot = %known.boot.id, version = known.version, ?peer,
                            ips = ?known.addresses.ips, ports = ?known.addresses.ports, transports = carries.len(),
                            "node attached");
                        self.handles.insert(attachment, handle);
                        Some(Input::Attached {
                            attachment,
                            hello: Box::new(known),
                            carries,
                        })
                    }
                    Err(reason) => {
                        tracing::warn!(?peer, reason, "a node's hello is malformed; it is refused");
                        handle.refuse(refused::Cause::Malformed, reason);
                        None
                    }
                }
            }
            Event::Message {
                attachment,
                message,
            } => {
                let attachment = AttachmentId(attachment.0);
                let says = says(attachment, message)?;
                Some(Input::Says { attachment, says })
            }
            Event::Silence { attachment, silent } => {
                let attachment = AttachmentId(attachment.0);
                Some(Input::Silence { attachment, silent })
            }
            Event::Detached { attachment, reason } => {
                let attachment = AttachmentId(attachment.0);
                self.handles.remove(&attachment);
                let reason = reason.to_string();
                Some(Input::Detached { attachment, reason })
            }
        }
    }

    pub(super) fn welcome(&self, attachment: AttachmentId) {
        let handle = self.handles.get(&attachment);
        if let Some(error) = handle.and_then(|handle| handle.welcome().err()) {
            // Its `Detached` is on the way.
            tracing::debug!(attachment = attachment.0, %error, "a node went before it was welcomed");
        }
    }

    pub(super) fn refuse(&mut self, attachment: AttachmentId, refusal: Refusal, reason: String) {
        if let Some(handle) = self.handles.remove(&attachment) {
            let cause = match refusal {
                // Either way the process must stop serving.
                Refusal::Superseded | Refusal::Terminated => refused::Cause::Superseded,
            };
            handle.refuse(cause, reason);
        }
    }

    pub(super) fn drop_stream(&mut self, attachment: AttachmentId) {
        self.handles.remove(&attachment);
    }

    /// Hands a command over; what it could not comes back as an input.
    pub(super) fn command(
        &self,
        attachment: AttachmentId,
        key: Option<RequestId>,
        command: MediaCommand,
    ) -> Option<Input> {
        let number = key.map_or(0, |key| key.0);
        let sent = self.say(attachment, number, translate::outgoing(command));
        let reason = sent.err()?;
        Some(Input::Unsent { key, reason })
    }

    /// Hands a command over, with `key` 0 when no answer is wanted.
    pub(super) fn say(
        &self,
        attachment: AttachmentId,
        key: u64,
        command: Command,
    ) -> Result<(), String> {
        match self.handles.get(&attachment) {
            Some(handle) => handle
                .command(key, command)
                .map_err(|error| format!("the media node cannot be told: {error}")),
            None => Err("the link to the media node is down".to_owned()),
        }
    }
}

/// What a node says, as far as it can be understood.
fn says(attachment: AttachmentId, message: from_node::Message) -> Option<Says> {
    use from_node::Message;
    match message {
        Message::Heartbeat(heartbeat) => Some(Says::Load(translate::load(heartbeat.load?))),
        Message::Answer(answer) => Some(Says::Answer {
            key: RequestId(answer.key),
            outcome: translate::answer(answer.result),
        }),
        Message::TransportChanged(changed) => Some(Says::Transport {
            transport: translate::transport(&changed.state?),
            reason: changed.reason,
        }),
        Message::AddressesChanged(changed) => {
            match translate::addresses(&changed.addresses.unwrap_or_default()) {
                Ok(addresses) => {
                    tracing::info!(attachment = attachment.0, ips = ?addresses.ips, ports = ?addresses.ports,
                        problem = addresses.problem, "node's addresses changed");
                    Some(Says::Addresses(addresses))
                }
                Err(reason) => {
                    tracing::warn!(
                        attachment = attachment.0,
                        reason,
                        "malformed addresses of a node are ignored"
                    );
                    None
                }
            }
        }
        Message::Leaving(leaving) => Some(Says::Leaving {
            reason: leaving.reason,
        }),
        Message::Hello(_) => {
            tracing::warn!(
                attachment = attachment.0,
                "a second hello on one stream is ignored"
            );
            None
        }
    }
}
