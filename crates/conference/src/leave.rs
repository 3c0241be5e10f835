//! How participants go: by themselves, by losing their network, or by being sent away.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{Effect, EndReason, Notification, Reply};
use crate::error::Error;
use crate::event::{Happening, Presence};
use crate::ids::*;
use crate::lately::News;
use crate::outbox::Outbox;

impl Conference {
    pub(crate) fn leave(&mut self, request: RequestId, who: &Member, out: &mut Outbox) -> Handled {
        self.depart(who, EndReason::Disconnect, out);
        out.reply(request, Ok(Reply::Done));
        disconnected(who, out);
        Ok(None)
    }

    /// A connection that was only joining may try again with its token.
    pub(crate) fn lost(&mut self, connection: &ConnectionId, out: &mut Outbox) {
        match self.member(connection) {
            Some(who) => {
                self.depart(&who, EndReason::NetworkDisconnect, out);
                disconnected(&who, out);
            }
            None => self.cancel_join(connection, out),
        }
    }

    /// Sends a participant away: the others hear that it left, then who asked for it gets its answer, then the
    /// evicted one is told. OpenVidu tells everybody of the eviction, but only the addressed client reacts, so only
    /// that one is told here.
    pub(crate) fn evict(
        &mut self,
        who: &Member,
        reason: EndReason,
        request: Option<RequestId>,
        out: &mut Outbox,
    ) {
        self.depart(who, reason, out);
        if let Some(request) = request {
            out.reply(request, Ok(Reply::Done));
        }
        let evicted = Notification::ParticipantEvicted {
            connection: who.connection.clone(),
            reason,
        };
        out.notify(&who.connection, evicted);
        disconnected(who, out);
    }

    /// Takes a participant out of its session with everything it had, and ends the session with the last one.
    fn depart(&mut self, who: &Member, reason: EndReason, out: &mut Outbox) {
        let closed = Error::ConnectionClosed(who.connection.clone());
        self.give_up_publish(who, &closed, out);
        self.end_stream(who, reason, out);
        self.end_receptions(who, &closed, reason, out);
        self.legs.remove(&who.connection);
        self.homes.remove(&who.connection);
        let Some(session) = self.sessions.get_mut(&who.session) else {
            return;
        };
        if let Some(connection) = session.connections.remove(&who.connection)
            && let Some(active) = &connection.active
        {
            let presence = Presence::of(&connection, active);
            out.event(session, Happening::ParticipantLeft(presence, reason));
        }
        session.remember(out.now(), &who.connection, News::Left(reason));
        let left = Notification::ParticipantLeft {
            connection: who.connection.clone(),
            reason,
        };
        for other in session.others(&who.connection) {
            out.notify(other, left.clone());
            if let Some(legs) = self.legs.get_mut(other) {
                legs.take_early(&who.connection);
            }
        }
        if session.participants().next().is_none() {
            self.remove_session(&who.session, of_session(reason), out);
        }
    }
}

fn disconnected(who: &Member, out: &mut Outbox) {
    out.push(Effect::Disconnected {
        connection: who.connection.clone(),
    });
}

/// The end of the last participant, seen as the end of the session.
fn of_session(reason: EndReason) -> EndReason {
    match reason {
        EndReason::Disconnect
        | EndReason::NetworkDisconnect
        | EndReason::ForceDisconnectByUser
        | EndReason::ForceDisconnectByServer => EndReason::LastParticipantLeft,
        other => other,
    }
}
