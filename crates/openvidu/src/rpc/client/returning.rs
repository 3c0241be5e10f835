//! Clients that come back: to a master that was restarted meanwhile, or because they were asked to.

use conference::{ConnectionId, Timestamp};

use super::{Client, Membership};
use crate::rpc::deadlines::Deadline;
use crate::rpc::effect::{Effect, Resume};

impl Client {
    /// The RPC session that [`Effect::Resume`] asked for is of an earlier run of the master: this client is that one
    /// from now on, and has joined as `connection`.
    pub fn adopted(
        &mut self,
        now: Timestamp,
        resume: &Resume,
        connection: ConnectionId,
    ) -> Vec<Effect> {
        let fresh = matches!(self.membership, Membership::Outside);
        if self.ended || !fresh || self.line.socket() != Some(resume.socket) {
            self.counters.stale += 1;
            return Vec::new();
        }
        self.identity.session = resume.session.clone();
        self.membership = Membership::Joined(connection);
        // How many streams it has published is not known any more, and their ids must not come again. Nobody publishes
        // more than one in a second.
        self.streams = u32::try_from(now.0 / 1000 % u64::from(u32::MAX)).unwrap_or_default();
        self.deadlines.clear(Deadline::Unjoined);
        self.expect_ping(now);
        self.deliver_value(&resume.id, "reconnection successful")
    }

    /// Closes the WebSocket, if there is one, so that the client opens another and renews what has to be renewed. Its
    /// grace begins.
    pub fn redial(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.ended {
            self.counters.stale += 1;
            return Vec::new();
        }
        self.hang_up(now, "Reconnect to renew what was lost")
    }
}
