//! What comes from the nodes, and carrying out what the cluster wants.

use std::collections::{HashMap, HashSet};

use cluster::{AttachmentId, Cluster, Effect, Input};
use conference::{NodeId, RequestId, ServerOperation, SessionId, TransportId};
use link::proto::command::Command;
use link::proto::{self, from_node, refused};
use link::serve::{Event, Handle};

use super::{Control, translate};

/// The ways to the nodes.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    handles: HashMap<AttachmentId, Handle>,
}

impl Nodes {
    /// Hands a command over, and says on which stream; or why it could not.
    pub(super) fn command(
        &self,
        cluster: &Cluster,
        node: &NodeId,
        key: Option<RequestId>,
        command: Command,
    ) -> Result<AttachmentId, String> {
        let attachment = cluster
            .node(&cluster::NodeId::new(node.as_str()))
            .ok_or_else(|| format!("media node {node} is gone"))?
            .attachment()
            .ok_or_else(|| format!("the link to media node {node} is down"))?;
        let handle = self
            .handles
            .get(&attachment)
            .ok_or_else(|| format!("the link to media node {node} is down"))?;
        match handle.command(key.map_or(0, |key| key.0), command) {
            Ok(()) => Ok(attachment),
            Err(error) => Err(format!("media node {node} cannot be told: {error}")),
        }
    }
}

impl Control {
    pub(super) fn link(&mut self, event: Event) {
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
                        let carries = snapshot(&hello);
                        tracing::info!(node = %known.node, boot = %known.boot.id, version = known.version, ?peer,
                            ips = ?known.addresses.ips, ports = ?known.addresses.ports, transports = carries.len(),
                            "node attached");
                        self.attached(attachment, known, carries, handle);
                    }
                    Err(reason) => {
                        tracing::warn!(?peer, reason, "a node's hello is malformed; it is refused");
                        handle.refuse(refused::Cause::Malformed, reason);
                    }
                }
            }
            Event::Message {
                attachment,
                message,
            } => self.node_says(AttachmentId(attachment.0), message),
            Event::Detached { attachment, reason } => {
                self.detached(AttachmentId(attachment.0), &reason)
            }
        }
    }

    fn attached(
        &mut self,
        attachment: AttachmentId,
        hello: cluster::Hello,
        carries: HashSet<TransportId>,
        handle: Handle,
    ) {
        let node = NodeId::new(hello.node.as_str());
        self.nodes.handles.insert(attachment, handle);
        self.tell_cluster(Input::Hello { attachment, hello });
        if self.cluster.attached(attachment).is_none() {
            return;
        }
        for transport in self.carried.returned(&node, &carries) {
            if let Err(reason) =
                self.nodes
                    .command(&self.cluster, &node, None, translate::close(&transport))
            {
                tracing::debug!(%node, %transport, reason, "a transport to be closed stays open");
            }
        }
    }

    fn node_says(&mut self, attachment: AttachmentId, message: from_node::Message) {
        use from_node::Message;
        match message {
            Message::Heartbeat(heartbeat) => {
                if let Some(load) = heartbeat.load {
                    self.tell_cluster(Input::Load {
                        attachment,
                        load: translate::load(load),
                    });
                }
            }
            Message::Answer(answer) => self.node_answers(attachment, answer),
            Message::TransportChanged(changed) => self.transport_changed(attachment, changed),
            Message::AddressesChanged(changed) => self.addresses_changed(attachment, changed),
            Message::Leaving(leaving) => {
                let node = self.cluster.attached(attachment).map(cluster::Node::id);
                tracing::info!(?node, reason = leaving.reason, "node is leaving");
                self.tell_cluster(Input::Leaving { attachment });
            }
            Message::Hello(_) => tracing::warn!(
                attachment = attachment.0,
                "a second hello on one stream is ignored"
            ),
        }
    }

    fn node_answers(&mut self, attachment: AttachmentId, answer: proto::Answer) {
        let key = RequestId(answer.key);
        if !self.in_flight.answered(key, attachment) {
            tracing::debug!(key = key.0, "an answer that nobody waits for");
            return;
        }
        self.inputs.push_back(conference::Input::Media {
            key,
            outcome: translate::answer(answer.result),
        });
    }

    fn transport_changed(&mut self, attachment: AttachmentId, changed: proto::TransportChanged) {
        let (Some(state), Some(node)) = (changed.state, self.cluster.attached(attachment)) else {
            return;
        };
        tracing::debug!(node = %node.id(), transport = state.transport_id, stream = state.stream_id,
            stage = ?state.stage(), reason = changed.reason, "transport changed");
        if state.stage() == proto::Stage::Closed {
            let node = NodeId::new(node.id().as_str());
            self.carried
                .gone(&node, &TransportId::new(state.transport_id));
        }
    }

    fn addresses_changed(&mut self, attachment: AttachmentId, changed: proto::AddressesChanged) {
        let node = self
            .cluster
            .attached(attachment)
            .map(|node| node.id().clone());
        match translate::addresses(&changed.addresses.unwrap_or_default()) {
            Ok(addresses) => {
                tracing::info!(?node, ips = ?addresses.ips, ports = ?addresses.ports, problem = addresses.problem,
                    "node's addresses changed");
                self.tell_cluster(Input::Addresses {
                    attachment,
                    addresses,
                });
            }
            Err(reason) => {
                tracing::warn!(?node, reason, "malformed addresses of a node are ignored")
            }
        }
    }

    fn detached(&mut self, attachment: AttachmentId, reason: &link::serve::Detached) {
        let node = self
            .cluster
            .attached(attachment)
            .map(|node| node.id().clone());
        if let Some(node) = &node {
            tracing::warn!(%node, %reason, "link to a node lost");
        }
        self.nodes.handles.remove(&attachment);
        for key in self.in_flight.detached(attachment) {
            self.media_failed(
                key,
                "the link to the media node broke before it answered".to_owned(),
            );
        }
        self.tell_cluster(Input::Detached { attachment });
    }

    pub(super) fn tick_cluster(&mut self) {
        self.tell_cluster(Input::Tick);
    }

    fn tell_cluster(&mut self, input: Input) {
        for effect in self.cluster.handle(self.settings.clock.moment(), input) {
            self.carry_out_cluster(effect);
        }
    }

    fn carry_out_cluster(&mut self, effect: Effect) {
        match effect {
            Effect::Admit { attachment, .. } => {
                if let Some(error) = self
                    .nodes
                    .handles
                    .get(&attachment)
                    .and_then(|handle| handle.welcome().err())
                {
                    // Its `Detached` is on the way.
                    tracing::debug!(attachment = attachment.0, %error, "a node went before it was welcomed");
                }
            }
            Effect::Refuse {
                attachment,
                reason,
                // Either way the process must stop serving.
                refusal: cluster::Refusal::Superseded | cluster::Refusal::Terminated,
            } => {
                tracing::warn!(attachment = attachment.0, reason, "a node is refused");
                if let Some(handle) = self.nodes.handles.remove(&attachment) {
                    handle.refuse(refused::Cause::Superseded, reason);
                }
            }
            Effect::Drop { attachment } => {
                self.nodes.handles.remove(&attachment);
            }
            Effect::CloseSessions {
                node,
                sessions,
                reason,
            } => {
                tracing::warn!(%node, ?reason, "what is left on the node is closed");
                self.close_sessions(sessions);
            }
            Effect::Lost {
                node, boot, reason, ..
            } => {
                tracing::warn!(%node, %boot, ?reason, "node lost; the sessions it carried end with nodeCrashed");
                let node = NodeId::new(node.as_str());
                self.carried.lost(&node);
                self.inputs.push_back(conference::Input::NodeLost { node });
            }
            told => tell_log(&told),
        }
    }

    pub(super) fn session_closed(&mut self, session: &SessionId) {
        let session = cluster::SessionId::new(session.as_str());
        self.tell_cluster(Input::SessionClosed { session });
    }

    fn close_sessions(&mut self, sessions: Vec<cluster::SessionId>) {
        for session in sessions {
            let request = self.server_request();
            // Nobody asked: the events tell it.
            self.responds.insert(request, Box::new(|_, _| {}));
            let session = SessionId::new(session.as_str());
            let operation = ServerOperation::CloseSession { session };
            self.inputs
                .push_back(conference::Input::Server { request, operation });
        }
    }
}

/// What asks for nothing here: there is neither a prober nor a provider, and the cluster's settings say so.
fn tell_log(effect: &Effect) {
    match effect {
        Effect::Changed { node, from, to } => {
            tracing::info!(%node, ?from, ?to, "node's state changed");
        }
        Effect::StatusChanged { node, old, new } => {
            tracing::debug!(%node, ?old, %new, "media node's status changed");
        }
        Effect::Recovered { node } => tracing::info!(%node, "a node that was lost is back"),
        Effect::Brake { on } => {
            tracing::warn!(on, "mass brake: while on, nobody is taken for dead");
        }
        other => tracing::warn!(?other, "the cluster asks for what this master cannot do"),
    }
}

fn snapshot(hello: &proto::Hello) -> HashSet<TransportId> {
    let transports = hello
        .snapshot
        .iter()
        .flat_map(|snapshot| &snapshot.transports);
    transports
        .map(|transport| TransportId::new(transport.transport_id.as_str()))
        .collect()
}
