//! What nodes are told beside commands: settings with the secrets of relays, which the master's shell draws, and remedies.

use control::{Effect, Input};

use super::{World, translate};
use crate::network::Payload;

impl World {
    /// A fingerprint of the model is the secret itself.
    pub(super) fn draw_relay_secret(&self) -> control::DrawnSecret {
        let text = format!("secret {} of {}", self.now(), self.runs);
        control::DrawnSecret {
            fingerprint: text.clone().into_bytes(),
            secret: text,
        }
    }

    pub(super) fn do_for_relays(&mut self, effect: Effect) {
        match effect {
            Effect::Settings {
                attachment,
                settings,
            } => self.send_to_node(
                attachment,
                Payload::Settings(translate::settings(&settings)),
            ),
            Effect::ResolveAddresses { attachment } => {
                self.send_to_node(attachment, Payload::ResolveAddresses);
            }
            Effect::RestartShard {
                attachment,
                transport,
            } => {
                let of = transport.as_str().into();
                self.send_to_node(attachment, Payload::RestartShard(of));
            }
            Effect::DrawRelaySecret => {
                let drawn = self.draw_relay_secret();
                let question = None;
                self.tell_control(Input::RelaySecret { question, drawn });
            }
            // There is no relay in the master, and the model of the media plane keeps no evidence; the rest is of clients,
            // applications and the store.
            _ => {}
        }
    }
}
