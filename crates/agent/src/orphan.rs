//! When a node that nobody needs ends by itself. Pure.

use std::time::Duration;

use addresses::Moment;

/// Watches for the time without a master and without a transport.
#[derive(Debug)]
pub(crate) struct OrphanRule {
    after: Option<Duration>,
    alone_since: Option<Moment>,
}

impl OrphanRule {
    /// `None` never ends a node.
    pub(crate) fn new(after: Option<Duration>) -> Self {
        Self {
            after,
            alone_since: None,
        }
    }

    /// Takes a look. True when the node has been alone for long enough.
    pub(crate) fn is_met(&mut self, now: Moment, attached: bool, transports: usize) -> bool {
        let Some(after) = self.after else {
            return false;
        };
        if attached || transports > 0 {
            self.alone_since = None;
            return false;
        }
        let since = *self.alone_since.get_or_insert(now);
        now.since(since) >= after
    }
}

#[cfg(test)]
mod tests;
