//! Sessions that outlive their node. The participants and their streams stay; peer connections are forgotten, and
//! the session is placed anew.
//!
//! Stock clients notice that a peer connection is dead after some ten seconds and make a new one by `reconnectStream`,
//! once: publishers and subscribers each for themselves, in any order. What they ask while their session has no node is
//! held. A subscriber that did not come by itself is sent an offer as soon as the publisher is back.

use crate::conference::{Conference, Member};
use crate::effect::{Effect, EndReason};
use crate::error::Error;
use crate::ids::*;
use crate::input::{MediaError, Remedy};
use crate::legs::{Purpose, Receiving};
use crate::limits::{HELD_MS, QUIET_MS, REDIAL_MS};
use crate::model::Session;
use crate::open::Waiting;
use crate::outbox::Outbox;

impl Conference {
    /// Sessions that have participants and no node. A shell that has started again asks for these.
    pub fn homeless(&self) -> impl Iterator<Item = &Session> {
        self.sessions().filter(|session| is_homeless(session))
    }

    /// When [`Input::Elapsed`](crate::Input::Elapsed) is due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.held.first().map(|(until, _)| *until)
    }

    pub(crate) fn is_homeless(&self, session: &SessionId) -> bool {
        self.session(session).is_some_and(is_homeless)
    }

    pub(crate) fn node_lost(
        &mut self,
        now: Timestamp,
        node: NodeId,
        remedy: Remedy,
    ) -> Vec<Effect> {
        let carried: Vec<SessionId> = self
            .sessions()
            .filter(|session| session.node.as_ref() == Some(&node))
            .map(|session| session.id.clone())
            .collect();
        let mut out = Outbox::without(now, node.clone());
        for session in carried {
            match remedy {
                Remedy::Evict => self.close(&session, EndReason::NodeCrashed, &mut out),
                Remedy::Recover => self.unhouse(&session, &node, &mut out),
            }
        }
        out.into_effects()
    }

    pub(crate) fn move_away(&mut self, session: &SessionId, out: &mut Outbox) {
        let room = self.sessions.get(session);
        if let Some(node) = room.and_then(|room| room.node.clone()) {
            self.unhouse(session, &node, out);
        }
    }

    /// Joins on their way are left alone: they ask again when they come to another answer than the session's node.
    fn unhouse(&mut self, session: &SessionId, from: &NodeId, out: &mut Outbox) {
        for connection in self.present(session) {
            if let Some(who) = self.member(&connection) {
                self.forget_transports(&who, out);
            }
        }
        if let Some(room) = self.sessions.get_mut(session) {
            room.node = None;
        }
        out.push(Effect::Rehouse {
            session: session.clone(),
            from: from.clone(),
        });
    }

    fn forget_transports(&mut self, who: &Member, out: &mut Outbox) {
        let gone = Error::Media(MediaError::Unavailable(
            "the media node of the session is gone, and another is being found".into(),
        ));
        let again = self.legs.get(&who.connection).is_some_and(is_repairing);
        self.give_up_publish(who, &gone, out);
        self.close_replaced(who, out);
        if again {
            self.strand(who);
        }
        let legs = self.legs.get_mut(&who.connection);
        let receiving = legs.map(|legs| std::mem::take(&mut legs.receiving));
        for (stream, given_up) in receiving.unwrap_or_default() {
            if matches!(given_up, Receiving::Offered { .. }) {
                out.withdraw(who, stream);
            }
            out.close_any(who, given_up.transport().cloned());
            if let Some(request) = given_up.request() {
                self.give_up(request, gone.clone(), out);
            }
        }
        self.forget_current(who, out);
    }

    /// An offered transport is among those on their way, and closed with them.
    fn forget_current(&mut self, who: &Member, out: &mut Outbox) {
        let room = self.sessions.get_mut(&who.session);
        let Some(active) = room.and_then(|room| room.active_mut(&who.connection)) else {
            return;
        };
        for subscriber in active.subscribers.values_mut() {
            let transport = subscriber.transport.take();
            out.close_any(who, transport.filter(|_| subscriber.established));
        }
        if let Some(publisher) = &mut active.publisher {
            out.close_any(who, publisher.transport.take());
        }
    }

    pub(crate) fn rehoused(
        &mut self,
        now: Timestamp,
        session: &SessionId,
        node: NodeId,
        out: &mut Outbox,
    ) {
        if !self.is_homeless(session) {
            return;
        }
        if let Some(room) = self.sessions.get_mut(session) {
            room.node = Some(node);
        }
        self.take_up(now, session, out);
    }

    /// The session has a node again: it is told what was held, publishers first, so that offers name their codecs.
    pub(crate) fn take_up(&mut self, now: Timestamp, session: &SessionId, out: &mut Outbox) {
        self.resume_joins(session, out);
        let present = self.present(session);
        let members: Vec<Member> = present.iter().filter_map(|it| self.member(it)).collect();
        for who in &members {
            self.send_publish(now, who, out);
        }
        for who in &members {
            self.expect_source(now, who);
            for stream in self.held_receptions(who) {
                self.send_subscribe(now, who, &stream, out);
            }
        }
        self.help_stranded(now, members);
    }

    /// The node answers again: what publishers asked of it in vain they can ask once more, and what subscribers asked of
    /// it is offered to them.
    pub(crate) fn node_back(&mut self, now: Timestamp, node: &NodeId, out: &mut Outbox) {
        let carried = self.sessions().filter(|it| it.node.as_ref() == Some(node));
        let members: Vec<Member> = carried
            .flat_map(Session::participants)
            .filter_map(|(connection, _)| self.member(&connection.id))
            .collect();
        for who in &members {
            self.renew_refused(now, who, out);
        }
        self.help_stranded(now, members);
    }

    pub(crate) fn help_stranded(&mut self, now: Timestamp, members: Vec<Member>) {
        for who in members {
            if self.legs.get(&who.connection).is_some_and(|it| it.stranded) {
                self.to_redial.insert(who.connection, now);
                self.look_again(now, QUIET_MS);
                self.look_again(now, HELD_MS);
            }
        }
    }

    pub(crate) fn look_again(&mut self, now: Timestamp, after_ms: u64) {
        let at = Timestamp(now.0.saturating_add(after_ms));
        self.held.insert((at, RequestId::own(0)));
    }

    /// Clients that lost their source can publish again now. But a stock client that loses its WebSocket forgets its
    /// open requests, and never repairs their streams again: first what it has sent arrives, its requests are answered,
    /// and for a while it may answer offers.
    pub(crate) fn redial(&mut self, now: Timestamp, out: &mut Outbox) {
        if self.to_redial.is_empty() || now < self.redial_from {
            return;
        }
        let waiting = std::mem::take(&mut self.to_redial);
        let mut again = None;
        for (connection, since) in waiting {
            let waited = now.0.saturating_sub(since.0);
            let housed = self.member(&connection).is_some_and(|it| it.node.is_some());
            let legs = self.legs.get_mut(&connection).filter(|_| housed);
            let Some(legs) = legs.filter(|legs| legs.stranded) else {
                continue;
            };
            let answering = waited < HELD_MS && !legs.receiving.is_empty();
            if waited < QUIET_MS || answering || legs.is_asking() {
                let pause = REDIAL_MS.max(QUIET_MS.saturating_sub(waited));
                again = again.map_or(Some(pause), |it: u64| Some(it.min(pause)));
                self.to_redial.insert(connection, since);
            } else {
                legs.stranded = false;
                out.push(Effect::Redial { connection });
            }
        }
        // A node that is lost may strand thousands, and all of them say a lot now: they are not looked at each time.
        if let Some(pause) = again {
            self.redial_from = Timestamp(now.0.saturating_add(pause));
            self.look_again(now, pause);
        }
    }

    fn held_receptions(&self, who: &Member) -> Vec<StreamId> {
        let legs = self.legs.get(&who.connection);
        let receiving = legs.into_iter().flat_map(|legs| &legs.receiving);
        receiving
            .filter(|(_, next)| matches!(next, Receiving::Held { .. }))
            .map(|(stream, _)| stream.clone())
            .collect()
    }

    pub(crate) fn give_up_session(&mut self, session: &SessionId, out: &mut Outbox) {
        if self.is_homeless(session) {
            self.close(session, EndReason::NodeCrashed, out);
        }
    }

    /// Lets a request wait for a place.
    pub(crate) fn hold(&mut self, now: Timestamp, request: RequestId) {
        let until = Timestamp(now.0.saturating_add(HELD_MS));
        self.held.insert((until, request));
    }

    /// Those that were taken up or answered meanwhile are not held any more.
    pub(crate) fn elapse(&mut self, now: Timestamp, out: &mut Outbox) {
        while let Some((until, request)) = self.held.first().copied()
            && until <= now
        {
            self.held.pop_first();
            self.stop_holding(request, out);
        }
        self.miss_sources(now);
        self.remind_all(now, out);
    }

    fn stop_holding(&mut self, request: RequestId, out: &mut Outbox) {
        let late = Error::Media(MediaError::Unavailable(
            "no media node could take the session in time".into(),
        ));
        match self.open.get(&request).cloned() {
            Some(Waiting::Publish(connection)) => {
                let legs = self.legs.get(&connection);
                let (Some(legs), Some(who)) = (legs, self.member(&connection)) else {
                    return;
                };
                let again = is_repairing(legs);
                if legs.publishing.as_ref().is_some_and(|it| it.is_held()) {
                    self.give_up_publish(&who, &late, out);
                    if again {
                        self.strand(&who);
                    }
                }
            }
            Some(Waiting::Offer(connection, stream)) => {
                let legs = self.legs.get(&connection);
                let next = legs.and_then(|legs| legs.receiving.get(&stream));
                if let Some(Receiving::Held { .. }) = next
                    && let Some(who) = self.member(&connection)
                {
                    self.give_up_reception(&who, &stream, &late, out);
                }
            }
            Some(Waiting::Accept(..)) => {}
            None => self.stop_holding_join(request, out),
        }
    }
}

/// It has participants and no node.
pub(crate) fn is_homeless(session: &Session) -> bool {
    session.node.is_none() && session.participants().next().is_some()
}

/// A publisher that has thrown its source away for a new one.
fn is_repairing(legs: &crate::legs::Legs) -> bool {
    let publishing = legs.publishing.as_ref();
    publishing.is_some_and(|made| matches!(made.purpose, Purpose::Again))
}
