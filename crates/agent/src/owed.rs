//! What the media plane was too busy to take.

use std::collections::BTreeSet;

use crate::effect::Effect;
use crate::message::{Addresses, Ask, Id};

/// More closes than this are not kept; the master sees what is left in the next snapshot.
const MOST: usize = 4096;

/// Closes, addresses and settings that have to be said again. All else is answered, or lost without harm.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    closes: BTreeSet<Id>,
    addresses: bool,
    settings: bool,
}

impl Owed {
    pub(crate) fn close(&mut self, transport: Id) {
        if self.closes.len() < MOST {
            self.closes.insert(transport);
        }
    }

    pub(crate) fn addresses(&mut self) {
        self.addresses = true;
    }

    pub(crate) fn settings(&mut self) {
        self.settings = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.closes.is_empty() && !self.addresses && !self.settings
    }

    /// Everything once more, with the addresses and the settings as they are now.
    pub(crate) fn again(&mut self, now: &Addresses, settings: Option<Effect>) -> Vec<Effect> {
        let closes = std::mem::take(&mut self.closes).into_iter();
        let mut effects: Vec<_> = closes
            .map(|transport| Effect::Submit {
                key: 0,
                ask: Ask::Close { transport },
            })
            .collect();
        if std::mem::take(&mut self.addresses) {
            effects.push(Effect::SetAddresses {
                version: now.version,
                ips: now.ips.clone(),
            });
        }
        if std::mem::take(&mut self.settings) {
            effects.extend(settings);
        }
        effects
    }
}
