//! The ways to nodes: probes, looks of nodes at each other, and what nodes are told to withhold.

use ::control::{Effect, Input};
use link::proto::from_master;

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
                depth,
            } => {
                let look = looks::Look {
                    attachment,
                    from,
                    node,
                    place,
                    addresses,
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
            // Carried out by `carry_out_on_nodes`.
            _ => None,
        }
    }
}
