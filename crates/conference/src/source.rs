//! What a node tells of the transports that feed streams.
//!
//! A stock client that repairs its stream forgets the request after ten seconds. When the answer comes later, nobody
//! ever uses the new transport, and the client does not ask again by itself; the node gives the transport up after half
//! a minute. A WebSocket that breaks makes the client look after its streams once more.

use crate::conference::{Conference, Member};
use crate::ids::*;
use crate::limits::SOURCE_REDIALS;

impl Conference {
    pub(crate) fn source_up(&mut self, transport: &TransportId) {
        if let Some(who) = self.fed_by(transport)
            && let Some(legs) = self.legs.get_mut(&who.connection)
        {
            legs.redials = SOURCE_REDIALS;
        }
    }

    pub(crate) fn source_gone(&mut self, now: Timestamp, transport: &TransportId) {
        let Some(who) = self.fed_by(transport) else {
            return;
        };
        let legs = self.legs.get_mut(&who.connection);
        // With a repair under way it is gone because another takes its place.
        let Some(legs) = legs.filter(|it| !it.stranded && it.publishing.is_none()) else {
            return;
        };
        if legs.redials > 0 {
            legs.redials -= 1;
            legs.stranded = true;
            self.help_stranded(now, vec![who]);
        }
    }

    /// Whose stream has this transport as its source.
    fn fed_by(&self, transport: &TransportId) -> Option<Member> {
        let (owner, _) = transport.as_str().rsplit_once('/')?;
        let who = self.member(&ConnectionId::new(owner))?;
        let room = self.session(&who.session)?;
        let (_, active) = room.participant(&who.connection)?;
        let current = active.publisher.as_ref()?.transport.as_ref()?;
        (current == transport).then_some(who)
    }
}
