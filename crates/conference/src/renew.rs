//! Offers that nobody asked for: a subscriber whose peer connection is gone, or is none of ours, is sent a new one
//! (`forciblyReconnectSubscriber`). Its client answers by `reconnectStream`, as it answers any other offer.

use crate::conference::{Conference, Member};
use crate::effect::Notification;
use crate::ids::*;
use crate::legs::Legs;
use crate::outbox::Outbox;

impl Conference {
    /// The stream has a source again: whoever lost its peer connection and is not about to have another gets one.
    pub(crate) fn renew_receptions_of(
        &mut self,
        now: Timestamp,
        owner: &Member,
        stream: &StreamId,
        out: &mut Outbox,
    ) {
        let Some(room) = self.sessions.get(&owner.session) else {
            return;
        };
        let lost: Vec<Member> = room
            .participants()
            .filter(|(connection, active)| {
                let subscriber = active.subscribers.get(stream);
                subscriber.is_some_and(|it| it.transport.is_none())
                    || self.repairs_in_vain(&connection.id, stream)
            })
            .filter_map(|(connection, _)| self.member(&connection.id))
            .collect();
        for who in lost {
            self.renew_reception(now, &who, stream, out);
        }
    }

    /// The node answers again: whoever asked it for a repair in vain is sent an offer.
    pub(crate) fn renew_refused(&mut self, now: Timestamp, who: &Member, out: &mut Outbox) {
        let legs = self.legs.get(&who.connection);
        let refused: Vec<StreamId> = legs.into_iter().flat_map(Legs::refused).cloned().collect();
        for stream in refused {
            self.renew_reception(now, who, &stream, out);
        }
    }

    fn repairs_in_vain(&self, connection: &ConnectionId, stream: &StreamId) -> bool {
        let legs = self.legs.get(connection);
        legs.is_some_and(|legs| legs.refused().any(|refused| refused == stream))
    }

    /// A client that answers an offer which is no more has thrown its peer connection away for it: stock clients keep
    /// the last offer that came during a repair of their own, and take it up afterwards.
    pub(crate) fn renew_if_received(
        &mut self,
        now: Timestamp,
        who: &Member,
        stream: &StreamId,
        out: &mut Outbox,
    ) {
        let room = self.sessions.get(&who.session);
        let own = room.and_then(|room| room.participant(&who.connection));
        if own.is_some_and(|(_, active)| active.subscribers.contains_key(stream)) {
            self.renew_reception(now, who, stream, out);
        }
    }

    /// Asks the node for an offer to push, unless another is on its way already.
    pub(crate) fn renew_reception(
        &mut self,
        now: Timestamp,
        who: &Member,
        stream: &StreamId,
        out: &mut Outbox,
    ) {
        let legs = self.legs.get(&who.connection);
        let coming = legs.is_none_or(|legs| legs.receiving.contains_key(stream));
        if coming || who.node.is_none() {
            return;
        }
        self.last_own = self.last_own.wrapping_add(1);
        let key = RequestId::own(self.last_own);
        // The only error is that the participant has no legs.
        let _ = self.begin_reception(now, key, who, stream.clone(), out);
    }

    pub(crate) fn push_offer(
        &self,
        who: &Member,
        stream: StreamId,
        offer: String,
        out: &mut Outbox,
    ) {
        let room = self.sessions.get(&who.session);
        let Some(Ok((owner, _))) = room.map(|room| room.owner_of(&stream)) else {
            return;
        };
        let pushed = Notification::ForciblyReconnectSubscriber {
            connection: owner.clone(),
            stream,
            offer,
        };
        out.notify(&who.connection, pushed);
    }
}
