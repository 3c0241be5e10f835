//! What a node tells of the transports that feed streams.
//!
//! A stock client that repairs its stream forgets the request after ten seconds. When the answer comes later, nobody
//! ever uses the new transport, and the client does not ask again by itself; the node gives the transport up after half
//! a minute. A WebSocket that breaks makes the client look after its streams once more.

use crate::conference::{Conference, Member};
use crate::ids::*;
use crate::limits::{HELD_MS, NOTICED_MS, SOURCE_REDIALS};

impl Conference {
    pub(crate) fn source_up(&mut self, transport: &TransportId) {
        if let Some(who) = self.fed_by(transport)
            && let Some(legs) = self.legs.get_mut(&who.connection)
        {
            legs.redials = SOURCE_REDIALS;
        }
    }

    pub(crate) fn source_gone(&mut self, now: Timestamp, transport: &TransportId) {
        if let Some(who) = self.given_up(transport) {
            return self.help_stranded(now, vec![who]);
        }
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

    /// The session has another node, and its publishers will notice by themselves that they have to come there. All but
    /// those whose question whether we hear them was not answered in time: stock clients leave it at that.
    pub(crate) fn expect_source(&mut self, now: Timestamp, who: &Member) {
        if self.lacks_source(who) {
            let until = Timestamp(now.0.saturating_add(NOTICED_MS));
            self.sourceless.insert((until, who.connection.clone()));
            self.look_again(now, HELD_MS);
        }
    }

    pub(crate) fn miss_sources(&mut self, now: Timestamp) {
        while let Some((until, connection)) = self.sourceless.first().cloned()
            && until <= now
        {
            self.sourceless.pop_first();
            let who = self.member(&connection).filter(|who| who.node.is_some());
            if let Some(who) = who.filter(|who| self.lacks_source(who)) {
                self.strand(&who);
                self.help_stranded(now, vec![who]);
            }
        }
        // As often as requests are held: nothing hangs on the moment.
        if !self.sourceless.is_empty() {
            self.look_again(now, HELD_MS);
        }
    }

    fn lacks_source(&self, who: &Member) -> bool {
        let room = self.session(&who.session);
        let own = room.and_then(|room| room.participant(&who.connection));
        let publisher = own.and_then(|(_, active)| active.publisher.as_ref());
        let legs = self.legs.get(&who.connection);
        publisher.is_some_and(|it| it.transport.is_none())
            && legs.is_some_and(|legs| legs.publishing.is_none() && !legs.stranded)
    }

    /// Who waits for something to happen since the node's answer about this transport did not come. The node says by it
    /// that it can be asked again.
    fn given_up(&self, transport: &TransportId) -> Option<Member> {
        let (owner, _) = transport.as_str().rsplit_once('/')?;
        let who = self.member(&ConnectionId::new(owner))?;
        let legs = self.legs.get(&who.connection)?;
        (legs.stranded && legs.replaced.contains(transport)).then_some(who)
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
