//! Peer connections that somebody else finds to be broken: their clients are made to make them anew, with what they do
//! on their own account anyway.

use crate::conference::{Conference, Member};
use crate::ids::*;
use crate::legs::Receiving;
use crate::outbox::Outbox;

/// Whose peer connection a transport is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct LegOf {
    pub session: SessionId,
    pub connection: ConnectionId,
    pub stream: StreamId,
    /// The connection sends the stream, and does not receive it.
    pub publishes: bool,
}

impl Conference {
    /// Whose peer connection this is, as long as it is wanted: the present one, or one that is about to be.
    pub fn leg_of(&self, transport: &TransportId) -> Option<LegOf> {
        let (owner, _) = transport.as_str().rsplit_once('/')?;
        let who = self.member(&ConnectionId::new(owner))?;
        let room = self.session(&who.session)?;
        let (_, active) = room.participant(&who.connection)?;
        let legs = self.legs.get(&who.connection)?;
        let leg = |stream: &StreamId, publishes| LegOf {
            session: who.session.clone(),
            connection: who.connection.clone(),
            stream: stream.clone(),
            publishes,
        };
        let same = |it: Option<&TransportId>| it == Some(transport);
        if let Some(publisher) = &active.publisher
            && same(publisher.transport.as_ref())
        {
            return Some(leg(&publisher.stream, true));
        }
        if let Some(publishing) = &legs.publishing
            && same(publishing.transport())
        {
            return Some(leg(&publishing.stream, true));
        }
        let mut present = active.subscribers.iter();
        let present = present.find(|(_, it)| same(it.transport.as_ref()));
        let mut coming = legs.receiving.iter();
        let coming = coming.find(|(_, it)| same(it.transport()));
        let stream = present
            .map(|(stream, _)| stream)
            .or(coming.map(|(stream, _)| stream))?;
        Some(leg(stream, false))
    }

    /// Whether this leg is still there.
    pub fn has_leg(&self, leg: &LegOf) -> bool {
        let known = self.connection(&leg.connection);
        let active = known.and_then(|(_, connection)| connection.active.as_ref());
        active.is_some_and(|active| match leg.publishes {
            true => active
                .publisher
                .as_ref()
                .is_some_and(|it| it.stream == leg.stream),
            false => active.subscribers.contains_key(&leg.stream),
        })
    }

    /// Whether another peer connection for this leg is on its way between its client and the node.
    pub fn is_coming(&self, leg: &LegOf) -> bool {
        let legs = self.legs.get(&leg.connection);
        legs.is_some_and(|legs| match leg.publishes {
            true => legs.publishing.is_some(),
            false => legs.receiving.contains_key(&leg.stream),
        })
    }

    /// A subscriber is sent an offer, also when its first one was never answered; a publisher's WebSocket is closed, whereupon it looks after its stream. Who is about
    /// to have another peer connection, or is being placed anew, is left alone.
    pub(crate) fn repair(
        &mut self,
        now: Timestamp,
        connection: &ConnectionId,
        stream: &StreamId,
        out: &mut Outbox,
    ) {
        let Some(who) = self.member(connection).filter(|who| who.node.is_some()) else {
            return;
        };
        let room = self.session(&who.session);
        let Some((_, active)) = room.and_then(|room| room.participant(connection)) else {
            return;
        };
        let publishes = active
            .publisher
            .as_ref()
            .is_some_and(|it| it.stream == *stream);
        let receives = active.subscribers.contains_key(stream);
        if publishes {
            self.dial_again(now, who);
        } else if receives {
            self.offer_again(now, &who, stream, out);
        }
    }

    fn dial_again(&mut self, now: Timestamp, who: Member) {
        let legs = self.legs.get_mut(&who.connection);
        if let Some(legs) = legs.filter(|legs| legs.publishing.is_none() && !legs.stranded) {
            legs.stranded = true;
            self.help_stranded(now, vec![who]);
        }
    }

    /// An offer that was not answered is replaced: its client cannot be asking.
    fn offer_again(&mut self, now: Timestamp, who: &Member, stream: &StreamId, out: &mut Outbox) {
        let legs = self.legs.get(&who.connection);
        let unanswered = legs
            .and_then(|legs| legs.receiving.get(stream))
            .is_some_and(|next| matches!(next, Receiving::Offered { .. }));
        if unanswered {
            let replaced = crate::publish::overtaken("a newer offer");
            out.withdraw(who, stream.clone());
            self.give_up_reception(who, stream, &replaced, out);
        }
        self.renew_reception(now, who, stream, out);
    }
}
