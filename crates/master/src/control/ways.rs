//! The ways to nodes: probes, looks of nodes at each other, and what nodes are told to withhold.

use ::control::{Effect, Input};
use cluster::AttachmentId;
use link::proto::{self, from_master};

use super::{Shell, looks, now, translate};

impl Shell {
    pub(super) fn carry_out_on_ways(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Probe {
                node,
                boot,
                addresses,
            } => {
                let now = now(&self.clock);
                self.prober.ask(now, &self.control, node, boot, addresses);
                None
            }
            Effect::Look {
                attachment,
                from,
                node,
                place,
                addresses,
                relays,
                depth,
            } => {
                let look = looks::Look {
                    attachment,
                    from,
                    node,
                    place,
                    addresses,
                    relays,
                    depth,
                };
                self.prober.look(look, &self.nodes)
            }
            Effect::Withhold { attachment, paths } => {
                let withhold = from_master::Message::Withhold(translate::withhold(paths));
                if let Err(reason) = self.nodes.tell(attachment, withhold) {
                    // It is told anew when it dials in again.
                    tracing::debug!(
                        attachment = attachment.0,
                        reason,
                        "a node was not told what to withhold"
                    );
                }
                None
            }
            Effect::ResolveAddresses { attachment } => {
                let resolve = from_master::Message::ResolveAddresses(proto::ResolveAddresses {});
                self.remedy(attachment, resolve)
            }
            Effect::RestartShard {
                attachment,
                transport,
            } => {
                let transport_id = transport.to_string();
                let restart = proto::RestartShard { transport_id };
                self.remedy(attachment, from_master::Message::RestartShard(restart))
            }
            // Carried out by `carry_out_on_nodes`.
            _ => None,
        }
    }

    /// One that is not told is as one that did not help: the next step follows.
    fn remedy(&self, attachment: AttachmentId, remedy: from_master::Message) -> Option<Input> {
        if let Err(reason) = self.nodes.tell(attachment, remedy) {
            tracing::warn!(
                attachment = attachment.0,
                reason,
                "a node was not told of a remedy"
            );
        }
        None
    }
}
