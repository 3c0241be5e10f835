//! Subscribing: the server offers, the client answers, the node accepts. The same three steps replace a
//! subscriber's transport; the old one is closed when the new one is accepted.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{EndReason, MediaAnswer, MediaCommand, Reply};
use crate::error::Error;
use crate::event::Happening;
use crate::ids::*;
use crate::input::MediaError;
use crate::legs::Receiving;
use crate::model::Subscriber;
use crate::open::Waiting;
use crate::outbox::Outbox;
use crate::publish::{overtaken, refusal};

impl Conference {
    /// Whether this is a first subscription or a repair is known here without the client's `reconnect` flag, which
    /// may be wrong on either side after a request that timed out. The flag says whether the client can take an offer
    /// that it has not asked for.
    pub(crate) fn prepare_receive(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        repair: bool,
        out: &mut Outbox,
    ) -> Handled {
        let (owner, _) = self.room(&who.session)?.owner_of(&stream)?;
        if *owner == who.connection {
            return Err(Error::NotPublishing(who.connection.clone()));
        }
        let repairing = &mut self.legs_of(who)?.repairing;
        match repair {
            true => repairing.insert(stream.clone()),
            false => repairing.remove(&stream),
        };
        self.give_up_reception(who, &stream, &overtaken("prepareReceiveVideoFrom"), out);
        self.begin_reception(now, request, who, stream, out)
    }

    /// On behalf of the client's `request`, or of the conference itself.
    pub(crate) fn begin_reception(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        out: &mut Outbox,
    ) -> Handled {
        let held = Receiving::Held { request };
        self.legs_of(who)?.receiving.insert(stream.clone(), held);
        let waiting = Waiting::Offer(who.connection.clone(), stream.clone());
        self.open.insert(request, waiting);
        match who.node {
            Some(_) => self.send_subscribe(now, who, &stream, out),
            None => self.hold(now, request),
        }
        Ok(None)
    }

    /// Tells the node of a subscription that was held until now.
    pub(crate) fn send_subscribe(
        &mut self,
        now: Timestamp,
        who: &Member,
        stream: &StreamId,
        out: &mut Outbox,
    ) {
        let legs = self.legs.get(&who.connection);
        let next = legs.and_then(|legs| legs.receiving.get(stream));
        let Some(Receiving::Held { request }) = next else {
            return;
        };
        let request = *request;
        let owned = self
            .room(&who.session)
            .and_then(|room| room.owner_of(stream));
        let (owner, audio, video) = match owned {
            Ok((owner, it)) => (owner.clone(), it.options.has_audio, it.options.has_video),
            Err(error) => return self.give_up_reception(who, stream, &error, out),
        };
        let transport = self.fresh_transport(now, &who.connection);
        if let Some(legs) = self.legs.get_mut(&who.connection) {
            let transport = transport.clone();
            let offering = Receiving::Offering { request, transport };
            legs.receiving.insert(stream.clone(), offering);
        }
        let command = MediaCommand::Subscribe {
            key: request,
            session: who.session.clone(),
            stream: stream.clone(),
            transport: transport.clone(),
            audio,
            video,
        };
        out.command(who, command);
        self.send_early(who, &owner, &transport, out);
    }

    pub(crate) fn offered(
        &mut self,
        now: Timestamp,
        key: RequestId,
        connection: &ConnectionId,
        stream: StreamId,
        outcome: Result<MediaAnswer, MediaError>,
        out: &mut Outbox,
    ) -> Handled {
        let closed = || Error::ConnectionClosed(connection.clone());
        let who = self.member(connection).ok_or_else(closed)?;
        let offer = match outcome {
            Ok(MediaAnswer::Offer(offer)) => offer,
            other => {
                let error = refusal(other);
                self.give_up_reception(&who, &stream, &error, out);
                return Err(error);
            }
        };
        let legs = self.legs_of(&who)?;
        let next = legs.receiving.get(&stream).and_then(Receiving::transport);
        let transport = next.cloned().ok_or_else(closed)?;
        let waits = Receiving::Offered {
            transport: transport.clone(),
        };
        legs.receiving.insert(stream.clone(), waits);
        if let Some(active) = self.room_mut(&who.session)?.active_mut(connection) {
            let first = || Subscriber {
                created_at: now,
                transport: Some(transport),
                established: false,
            };
            let entry = active.subscribers.entry(stream.clone());
            entry.or_insert_with(first);
        }
        if key.is_own() {
            self.push_offer(&who, stream, offer, out);
            return Ok(None);
        }
        Ok(Some(Reply::Offer(offer)))
    }

    /// The client's answer to the last offer, by `receiveVideoFrom` or by `reconnectStream`.
    pub(crate) fn receive(
        &mut self,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        answer: String,
        out: &mut Outbox,
    ) -> Handled {
        self.room(&who.session)?.owner_of(&stream)?;
        let legs = self.legs_of(who)?;
        let Some(Receiving::Offered { transport }) = legs.receiving.get(&stream) else {
            return Err(Error::Media(MediaError::Unknown(format!(
                "no offer of stream {stream} waits for an answer; ask for one with prepareReceiveVideoFrom"
            ))));
        };
        let transport = transport.clone();
        let accepting = Receiving::Accepting {
            request,
            transport: transport.clone(),
        };
        legs.receiving.insert(stream.clone(), accepting);
        let waiting = Waiting::Accept(who.connection.clone(), stream);
        self.open.insert(request, waiting);
        let command = MediaCommand::Accept {
            key: request,
            transport,
            answer,
        };
        out.command(who, command);
        Ok(None)
    }

    pub(crate) fn accepted(
        &mut self,
        connection: &ConnectionId,
        stream: &StreamId,
        outcome: Result<MediaAnswer, MediaError>,
        out: &mut Outbox,
    ) -> Handled {
        let closed = || Error::ConnectionClosed(connection.clone());
        let who = self.member(connection).ok_or_else(closed)?;
        if !matches!(outcome, Ok(MediaAnswer::Accepted)) {
            let error = refusal(outcome);
            self.give_up_reception(&who, stream, &error, out);
            return Err(error);
        }
        let legs = self.legs_of(&who)?;
        let receiving = legs.receiving.remove(stream);
        legs.repairing.remove(stream);
        let room = self.room_mut(&who.session)?;
        let subscriber = room
            .active_mut(connection)
            .and_then(|active| active.subscribers.get_mut(stream));
        let (Some(receiving), Some(subscriber)) = (receiving, subscriber) else {
            return Err(closed());
        };
        let Some(accepted) = receiving.transport() else {
            return Err(closed());
        };
        let before = subscriber.transport.replace(accepted.clone());
        out.close_any(&who, before.filter(|before| before != accepted));
        let first = !std::mem::replace(&mut subscriber.established, true);
        if first
            && let Some(leg) = self.inbound_leg(&who, stream)
            && let Some(room) = self.session(&who.session)
        {
            out.event(room, Happening::LegOpened(leg));
        }
        Ok(Some(Reply::Done))
    }

    /// Also ends a subscription that is only on its way. Not receiving that sender's stream is no error.
    pub(crate) fn unsubscribe(
        &mut self,
        who: &Member,
        sender: &ConnectionId,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(&who.session)?;
        let (_, active) = room
            .participant(sender)
            .ok_or_else(|| Error::UserNotFound(sender.clone()))?;
        if let Some(publisher) = &active.publisher {
            let stream = publisher.stream.clone();
            let overtaken = overtaken("unsubscribeFromVideo");
            self.end_reception(who, &stream, &overtaken, EndReason::Unsubscribe, out);
        }
        Ok(Some(Reply::Done))
    }

    /// Drops the transport that is on its way, if there is one; an established one stays.
    pub(crate) fn give_up_reception(
        &mut self,
        who: &Member,
        stream: &StreamId,
        error: &Error,
        out: &mut Outbox,
    ) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return;
        };
        let Some(given_up) = legs.receiving.remove(stream) else {
            return;
        };
        let active = self
            .sessions
            .get_mut(&who.session)
            .and_then(|session| session.active_mut(&who.connection));
        if let Some(active) = active
            && let Some(subscriber) = active.subscribers.get(stream)
            && !subscriber.established
            && subscriber.transport.as_ref() == given_up.transport()
            && subscriber.transport.is_some()
        {
            active.subscribers.remove(stream);
        }
        out.close_any(who, given_up.transport().cloned());
        if let Some(request) = given_up.request() {
            self.give_up(request, error.clone(), out);
        }
    }

    /// Ends what `who` receives, or is about to receive, of `stream`.
    fn end_reception(
        &mut self,
        who: &Member,
        stream: &StreamId,
        error: &Error,
        reason: EndReason,
        out: &mut Outbox,
    ) {
        if let Some(leg) = self.inbound_leg(who, stream)
            && let Some(room) = self.session(&who.session)
        {
            out.event(room, Happening::LegClosed(leg, reason));
        }
        self.give_up_reception(who, stream, error, out);
        if let Some(legs) = self.legs.get_mut(&who.connection) {
            legs.repairing.remove(stream);
        }
        let subscriber = self
            .sessions
            .get_mut(&who.session)
            .and_then(|session| session.active_mut(&who.connection))
            .and_then(|active| active.subscribers.remove(stream));
        if let Some(subscriber) = subscriber {
            out.close_any(who, subscriber.transport);
        }
    }

    /// Ends everything that `who` receives.
    pub(crate) fn end_receptions(
        &mut self,
        who: &Member,
        error: &Error,
        reason: EndReason,
        out: &mut Outbox,
    ) {
        let mut streams: Vec<StreamId> = match self.legs.get(&who.connection) {
            Some(legs) => legs.receiving.keys().cloned().collect(),
            None => Vec::new(),
        };
        if let Some((_, connection)) = self.connection(&who.connection)
            && let Some(active) = &connection.active
        {
            streams.extend(active.subscribers.keys().cloned());
        }
        for stream in streams {
            self.end_reception(who, &stream, error, reason, out);
        }
    }

    /// Ends what everybody else receives of a stream of `owner`.
    pub(crate) fn end_receptions_of(
        &mut self,
        owner: &Member,
        stream: &StreamId,
        reason: EndReason,
        out: &mut Outbox,
    ) {
        let Ok(room) = self.room(&owner.session) else {
            return;
        };
        let others: Vec<ConnectionId> = room.others(&owner.connection).cloned().collect();
        let ended = Error::NotPublishing(owner.connection.clone());
        for connection in others {
            let receiver = Member {
                connection,
                ..owner.clone()
            };
            self.end_reception(&receiver, stream, &ended, reason, out);
        }
    }
}
