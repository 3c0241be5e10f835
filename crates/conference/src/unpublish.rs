//! The end of a stream whose owner stays.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{EndReason, Notification, Reply};
use crate::error::Error;
use crate::ids::*;
use crate::lately::News;
use crate::model::Role;
use crate::outbox::Outbox;

impl Conference {
    /// Also takes back a publish that the node has not answered.
    pub(crate) fn unpublish(&mut self, who: &Member, out: &mut Outbox) -> Handled {
        let not_publishing = Error::NotPublishing(who.connection.clone());
        let given_up = self.give_up_publish(who, &not_publishing, out);
        let ended = self.end_stream(who, EndReason::Unpublish, out);
        if !ended && !given_up {
            return Err(not_publishing);
        }
        if ended {
            let room = self.room_mut(&who.session)?;
            let news = News::Unpublished(EndReason::Unpublish);
            room.remember(out.now(), &who.connection, news);
            let told = room.others(&who.connection);
            tell(told, &who.connection, EndReason::Unpublish, out);
        }
        Ok(Some(Reply::Done))
    }

    pub(crate) fn unpublish_by_moderator(
        &mut self,
        who: &Member,
        stream: &StreamId,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(&who.session)?;
        if room.role_of(&who.connection) != Some(Role::Moderator) {
            return Err(Error::Unauthorized(
                "Unable to force unpublish. The user does not have a valid token",
            ));
        }
        let (owner, _) = room.owner_of(stream)?;
        let owner = owner.clone();
        self.force_unpublish(&owner, EndReason::ForceUnpublishByUser, out)
    }

    pub(crate) fn unpublish_by_server(
        &mut self,
        session: &SessionId,
        stream: &StreamId,
        out: &mut Outbox,
    ) -> Handled {
        let room = self.room(session)?;
        let Ok((owner, _)) = room.owner_of(stream) else {
            return Err(Error::StreamNotFound(stream.clone()));
        };
        let owner = owner.clone();
        self.force_unpublish(&owner, EndReason::ForceUnpublishByServer, out)
    }

    /// Unlike with its own unpublish, the owner is told too.
    fn force_unpublish(
        &mut self,
        owner: &ConnectionId,
        reason: EndReason,
        out: &mut Outbox,
    ) -> Handled {
        let who = self
            .member(owner)
            .ok_or_else(|| Error::ConnectionClosed(owner.clone()))?;
        self.give_up_publish(&who, &Error::NotPublishing(owner.clone()), out);
        self.end_stream(&who, reason, out);
        let room = self.room_mut(&who.session)?;
        room.remember(out.now(), owner, News::Unpublished(reason));
        let told = room.participants().map(|(connection, _)| &connection.id);
        tell(told, owner, reason, out);
        Ok(Some(Reply::Done))
    }
}

fn tell<'a>(
    whom: impl Iterator<Item = &'a ConnectionId>,
    owner: &ConnectionId,
    reason: EndReason,
    out: &mut Outbox,
) {
    let news = Notification::ParticipantUnpublished {
        connection: owner.clone(),
        reason,
    };
    for to in whom {
        out.notify(to, news.clone());
    }
}
