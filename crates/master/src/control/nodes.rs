//! Between the link and the inputs and effects of the nodes.

use std::collections::HashMap;
use std::net::SocketAddr;

use ::control::{Input, NodeSettings, Says};
use cluster::{AttachmentId, Refusal};
use conference::{MediaCommand, RequestId, TransportId};
use link::proto::command::Command;
use link::proto::{self, from_master, from_node, refused};
use link::serve::{Event, Handle};

use super::translate;

/// The ways to the nodes.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    handles: HashMap<AttachmentId, Handle>,
}

impl Nodes {
    /// What an event of the link means; nothing when it has been dealt with.
    pub(super) fn inputs(&mut self, event: Event) -> Vec<Input> {
        match event {
            Event::Attached {
                attachment,
                peer,
                hello,
                handle,
            } => {
                let attachment = AttachmentId(attachment.0);
                Vec::from_iter(self.attached(attachment, peer, &hello, handle))
            }
            Event::Message {
                attachment,
                message,
            } => {
                let attachment = AttachmentId(attachment.0);
                let says = says(attachment, message).into_iter();
                says.map(|says| Input::Says { attachment, says }).collect()
            }
            Event::Skew { attachment, skew } => {
                let attachment = AttachmentId(attachment.0);
                let says = Says::Clock(translate::skew(skew));
                vec![Input::Says { attachment, says }]
            }
            Event::Silence { attachment, silent } => {
                let attachment = AttachmentId(attachment.0);
                vec![Input::Silence { attachment, silent }]
            }
            Event::Detached { attachment, reason } => {
                let attachment = AttachmentId(attachment.0);
                self.handles.remove(&attachment);
                let reason = reason.to_string();
                vec![Input::Detached { attachment, reason }]
            }
        }
    }

    fn attached(
        &mut self,
        attachment: AttachmentId,
        peer: Option<SocketAddr>,
        hello: &proto::Hello,
        handle: Handle,
    ) -> Option<Input> {
        match translate::hello(hello) {
            Ok(known) => {
                let carries = translate::carries(hello);
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

    /// What cannot be asked is left: the node tells at the latest when the transport ends.
    pub(super) fn want_evidence(&self, attachment: AttachmentId, transport: &TransportId) {
        if let Some(handle) = self.handles.get(&attachment)
            && let Err(error) = handle.want_evidence(vec![transport.to_string()])
        {
            tracing::debug!(%transport, %error, "evidence is not asked for");
        }
    }

    pub(super) fn drop_stream(&mut self, attachment: AttachmentId) {
        self.handles.remove(&attachment);
    }

    /// Hands settings over. A node that does not get them says so with its next heartbeats.
    pub(super) fn settings(&self, attachment: AttachmentId, settings: &NodeSettings) {
        let handle = self.handles.get(&attachment);
        let told = handle.map(|handle| handle.settings(translate::settings(settings)));
        if let Some(Err(error)) = told {
            tracing::warn!(attachment = attachment.0, %error, "a node was not told its settings; it is told again");
        }
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

    /// Says something that is no command.
    pub(super) fn tell(
        &self,
        attachment: AttachmentId,
        message: from_master::Message,
    ) -> Result<(), String> {
        match self.handles.get(&attachment) {
            Some(handle) => handle
                .tell(message)
                .map_err(|error| format!("the media node cannot be told: {error}")),
            None => Err("the link to the media node is down".to_owned()),
        }
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
fn says(attachment: AttachmentId, message: from_node::Message) -> Vec<Says> {
    use from_node::Message;
    let said = match message {
        Message::Heartbeat(heartbeat) => return translate::heartbeat(heartbeat),
        Message::Answer(answer) => Some(Says::Answer {
            key: RequestId(answer.key),
            outcome: translate::answer(answer.result),
        }),
        Message::TransportChanged(changed) => changed.state.map(|state| Says::Transport {
            transport: translate::transport(&state),
            reason: changed.reason,
        }),
        Message::CandidatesAdded(added) => Some(Says::Candidates(translate::new_candidates(added))),
        Message::AddressesChanged(changed) => addresses(attachment, changed),
        Message::Fenced(fenced) => Some(Says::Fenced {
            master: fenced.master_boot_id,
            term: fenced.term,
        }),
        Message::Leaving(leaving) => Some(Says::Leaving {
            reason: leaving.reason,
        }),
        Message::RelayVisits(told) => Some(Says::Visits(translate::visits(told))),
        // Taken out before.
        Message::Evidence(_) | Message::Strangers(_) => None,
        Message::LookAsk(_) | Message::LookReport(_) => None,
        Message::Hello(_) => {
            tracing::warn!(
                attachment = attachment.0,
                "a second hello on one stream is ignored"
            );
            None
        }
    };
    said.into_iter().collect()
}

fn addresses(attachment: AttachmentId, changed: proto::AddressesChanged) -> Option<Says> {
    match translate::addresses(&changed.addresses.unwrap_or_default()) {
        Ok(addresses) => Some(Says::Addresses(addresses)),
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
