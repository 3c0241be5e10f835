//! `forceDisconnect`, by a moderator or by the application's server.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{EndReason, Reply};
use crate::error::Error;
use crate::ids::*;
use crate::model::Role;
use crate::outbox::Outbox;

impl Conference {
    /// Participants only: moderators know nothing of pending connections.
    pub(crate) fn disconnect_by_moderator(
        &mut self,
        request: RequestId,
        who: &Member,
        target: &ConnectionId,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(&who.session)?;
        if room.role_of(&who.connection) != Some(Role::Moderator) {
            return Err(Error::Unauthorized(
                "Unable to force disconnect. The user does not have a valid token",
            ));
        }
        if room.participant(target).is_none() {
            return Err(Error::UserNotFound(target.clone()));
        }
        let evicted = Member {
            connection: target.clone(),
            ..who.clone()
        };
        self.evict(
            &evicted,
            EndReason::ForceDisconnectByUser,
            Some(request),
            out,
        );
        Ok(None)
    }

    /// A pending connection just disappears.
    pub(crate) fn disconnect_by_server(
        &mut self,
        request: RequestId,
        session: &SessionId,
        target: &ConnectionId,
        out: &mut Outbox,
    ) -> Handled {
        if !self.room(session)?.connections.contains_key(target) {
            return Err(Error::ConnectionNotFound {
                session: session.clone(),
                connection: target.clone(),
            });
        }
        let Some(who) = self.member(target) else {
            self.remove_pending(session, target, out);
            return Ok(Some(Reply::Done));
        };
        self.evict(&who, EndReason::ForceDisconnectByServer, Some(request), out);
        Ok(None)
    }
}
