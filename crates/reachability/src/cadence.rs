//! When the dear form of a probe is due.

use std::time::Duration;

use cluster::Moment;

use crate::path::Depth;
use crate::settings::Settings;

/// Of one party's looks at one node in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cadence {
    /// `None`: at once.
    call_at: Option<Moment>,
    /// The last pause that grew.
    pause: Duration,
}

/// What a look left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// All is as it was found before, and well.
    Settled,
    /// A relay answers that nobody has called through.
    Unproven,
    /// Something fails that only calls see.
    Ailing,
    /// The next look decides.
    Doubt,
}

impl Cadence {
    pub(crate) fn depth(&self, now: Moment) -> Depth {
        match self.call_at {
            Some(at) if now < at => Depth::Echo,
            _ => Depth::Call,
        }
    }

    pub(crate) fn done(&mut self, now: Moment, depth: Depth, left: Left, settings: &Settings) {
        match (left, depth) {
            (Left::Doubt, _) => self.call_at = None,
            (Left::Unproven, Depth::Echo) => self.call_at = None,
            (_, Depth::Echo) => {}
            (Left::Settled, Depth::Call) => {
                self.pause = Duration::ZERO;
                self.call_at = Some(now + settings.call_every);
            }
            (Left::Ailing | Left::Unproven, Depth::Call) => {
                let longest = settings.call_every.max(settings.call_retry);
                self.pause = (self.pause * 2).clamp(settings.call_retry, longest);
                self.call_at = Some(now + self.pause);
            }
        }
    }
}
