//! What the master says of how to work.

use super::{Agent, RETRY};
use crate::effect::Effect;
use crate::input::Input;
use crate::message::ToMaster;
use addresses::Moment;

impl Agent {
    pub(super) fn take_settings(&mut self, now: Moment, input: Input, out: &mut Vec<Effect>) {
        match input {
            // What comes otherwise is of an attempt that was hung up on.
            Input::Settings(settings) if self.is_attached() => {
                self.addresses.set_stun_servers(now, &settings.stun_servers);
                self.kept.take(*settings);
                out.extend(self.apply());
                self.settle_addresses(now, out);
            }
            Input::Clock(ahead_ms) => {
                let changed = self.kept.take_clock(ahead_ms);
                out.extend(self.apply().filter(|_| changed));
            }
            Input::Applied {
                version,
                relay_fingerprint,
            } => {
                if let Some(running) = self.kept.applied(version, relay_fingerprint) {
                    self.say(ToMaster::Running(running), out);
                }
            }
            Input::NotApplied => {
                self.owed.settings();
                self.retry_at = now + RETRY;
            }
            _ => {}
        }
    }

    pub(super) fn apply(&self) -> Option<Effect> {
        let clock_ahead_ms = self.kept.clock_ahead_ms();
        self.kept.told().map(|settings| Effect::Apply {
            settings,
            clock_ahead_ms,
        })
    }
}
