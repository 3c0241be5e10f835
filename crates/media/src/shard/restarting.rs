//! Beginning anew: the last remedy, for a shard that serves nobody and of which nobody knows why.

use std::time::Instant;

use super::{Shard, UDP};
use crate::api::Stage;

/// As clients' masters are told.
pub const RESTARTED: &str = "the media shard began anew";

impl Shard {
    /// Gives up all transports and takes a new socket, if hardly any of the transports has media.
    pub(super) fn restart(&mut self, now: Instant) {
        let transports = self.connections.iter().count();
        let connections = self.connections.iter();
        let well = connections
            .filter(|it| it.stage == Stage::Connected)
            .count();
        if !is_right(well, transports) {
            tracing::warn!(
                port = self.port,
                transports,
                well,
                "the master wants this media shard to begin anew, but it serves too many well"
            );
            return;
        }
        let keys: Vec<_> = self.by_id.values().copied().collect();
        for key in keys {
            self.fail(key, now, RESTARTED);
        }
        match self.wire.renew_socket(UDP) {
            Ok(()) => tracing::warn!(
                port = self.port,
                transports,
                well,
                "this media shard began anew: it served hardly anybody, and nothing else had helped"
            ),
            Err(error) => tracing::error!(
                port = self.port,
                %error,
                "this media shard gave its transports up but keeps its socket: the system gives no other one"
            ),
        }
    }
}

/// Those who have media lose it, so nearly all have to be better off.
fn is_right(well: usize, transports: usize) -> bool {
    transports > 0 && well * 10 <= transports
}

#[cfg(test)]
mod tests {
    use super::is_right;

    #[test]
    fn a_shard_begins_anew_only_when_it_serves_hardly_anybody() {
        assert!(is_right(0, 1));
        assert!(is_right(1, 10));
        assert!(!is_right(2, 10));
        assert!(!is_right(1, 2));
        assert!(!is_right(0, 0));
    }
}
