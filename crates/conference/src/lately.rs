//! What a client that comes back is told again.
//!
//! A notification is lost that was written to a WebSocket which breaks before it arrives, and so is what a master that is
//! killed had written down and not told yet. Stock clients that go on do not ask what they missed. So what changed of
//! late is said once more, as it is now, as far as they take it well to hear it twice: who left, who came, which stream
//! ended, whether it is muted. A second `participantPublished` takes the place of a stream that the client may be about
//! to receive, so it is said of streams only that the client has not asked for after [`AGAIN_MS`]. Signals and other
//! properties are not repeated.

use std::collections::BTreeSet;

use crate::conference::Conference;
use crate::effect::{EndReason, Notification};
use crate::ids::*;
use crate::limits::{AGAIN_MS, LATELY, LATELY_MS};
use crate::model::{Publisher, Session};
use crate::outbox::Outbox;

/// Something that the others were told of a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lately {
    #[allow(missing_docs)]
    pub at: Timestamp,
    /// Of whom.
    pub connection: ConnectionId,
    #[allow(missing_docs)]
    pub news: News,
}

/// What it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum News {
    Joined,
    Left(EndReason),
    Published,
    Unpublished(EndReason),
    /// A property of its stream.
    Changed,
}

impl Session {
    /// Remembers what others are told now. Once somebody has left nothing else matters of them.
    pub(crate) fn remember(&mut self, now: Timestamp, connection: &ConnectionId, news: News) {
        let over = |it: &Lately| {
            let replaced = matches!(news, News::Left(_)) || same_kind(it.news, news);
            it.connection == *connection && replaced
        };
        self.lately.retain(|it| is_recent(it, now) && !over(it));
        if self.lately.len() >= LATELY {
            self.lately.remove(0);
        }
        self.lately.push(Lately {
            at: now,
            connection: connection.clone(),
            news,
        });
    }
}

fn same_kind(one: News, other: News) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

fn is_recent(lately: &Lately, now: Timestamp) -> bool {
    now.0.saturating_sub(lately.at.0) < LATELY_MS
}

/// What is remembered of one participant.
#[derive(Default)]
struct Remembered {
    joined: bool,
    left: Option<EndReason>,
    published: bool,
    unpublished: Option<EndReason>,
    changed: bool,
}

impl Remembered {
    fn of(session: &Session, since: Timestamp, connection: &ConnectionId) -> Self {
        let mut all = Self::default();
        let of = |it: &&Lately| it.connection == *connection && it.at >= since;
        for lately in session.lately.iter().filter(of) {
            match lately.news {
                News::Joined => all.joined = true,
                News::Left(reason) => all.left = Some(reason),
                News::Published => all.published = true,
                News::Unpublished(reason) => all.unpublished = Some(reason),
                News::Changed => all.changed = true,
            }
        }
        all
    }
}

impl Conference {
    /// This participant's client has a WebSocket again.
    pub(crate) fn resumed(&mut self, now: Timestamp, connection: ConnectionId, since: Timestamp) {
        if self.member(&connection).is_some() {
            let at = Timestamp(now.0.saturating_add(AGAIN_MS));
            self.reminders.insert((at, connection, since));
            self.look_again(now, AGAIN_MS);
        }
    }

    pub(crate) fn remind_all(&mut self, now: Timestamp, out: &mut Outbox) {
        while let Some((at, connection, since)) = self.reminders.first().cloned()
            && at <= now
        {
            self.reminders.pop_first();
            let oldest = Timestamp(now.0.saturating_sub(LATELY_MS - 1));
            self.remind(since.max(oldest), &connection, out);
        }
    }

    fn remind(&self, since: Timestamp, whom: &ConnectionId, out: &mut Outbox) {
        let Some((session, _)) = self.connection(whom) else {
            return;
        };
        if session.participant(whom).is_none() {
            return;
        }
        let recent = session.lately.iter().filter(|it| it.at >= since);
        let changed: BTreeSet<&ConnectionId> = recent.map(|it| &it.connection).collect();
        for of in changed {
            let remembered = Remembered::of(session, since, of);
            if of == whom {
                self.remind_of_itself(session, whom, &remembered, out);
            } else {
                self.remind_of(session, whom, of, &remembered, out);
            }
        }
    }

    /// Only of what others did to it.
    fn remind_of_itself(
        &self,
        session: &Session,
        whom: &ConnectionId,
        remembered: &Remembered,
        out: &mut Outbox,
    ) {
        use EndReason::{ForceUnpublishByServer, ForceUnpublishByUser};
        let own = session.participant(whom).map(|(_, active)| active);
        let publishes = own.is_some_and(|active| active.publisher.is_some())
            || (self.legs.get(whom)).is_some_and(|legs| legs.publishing.is_some());
        let forced =
            |reason: &EndReason| matches!(reason, ForceUnpublishByUser | ForceUnpublishByServer);
        if let Some(reason) = remembered.unpublished.filter(forced)
            && !publishes
        {
            out.notify(whom, unpublished(whom, reason));
        }
    }

    fn remind_of(
        &self,
        session: &Session,
        whom: &ConnectionId,
        of: &ConnectionId,
        remembered: &Remembered,
        out: &mut Outbox,
    ) {
        let Some(seen) = session.connections.get(of).and_then(|it| it.as_seen()) else {
            let left = |reason| Notification::ParticipantLeft {
                connection: of.clone(),
                reason,
            };
            return (remembered.left.into_iter()).for_each(|reason| out.notify(whom, left(reason)));
        };
        if remembered.joined {
            let joined = Notification::ParticipantJoined {
                connection: seen.connection,
                created_at: seen.created_at,
                metadata: seen.metadata,
            };
            out.notify(whom, joined);
        }
        let (_, active) = session.participant(of).unzip();
        let publisher = active.and_then(|active| active.publisher.as_ref());
        if let Some(publisher) = publisher.filter(|it| self.wants(session, whom, &it.stream)) {
            if remembered.changed {
                remind_of_properties(whom, of, publisher, out);
            }
            return;
        }
        if let Some(reason) = remembered.unpublished {
            out.notify(whom, unpublished(of, reason));
        }
        if let Some(stream) = seen.stream
            && (remembered.published || remembered.unpublished.is_some())
        {
            let published = Notification::ParticipantPublished {
                connection: of.clone(),
                stream,
            };
            out.notify(whom, published);
        }
    }

    /// It receives the stream, or has asked for it: so it knows of it.
    fn wants(&self, session: &Session, whom: &ConnectionId, stream: &StreamId) -> bool {
        let (_, active) = session.participant(whom).unzip();
        let legs = self.legs.get(whom);
        active.is_some_and(|active| active.subscribers.contains_key(stream))
            || legs.is_some_and(|legs| legs.receiving.contains_key(stream))
    }
}

fn unpublished(connection: &ConnectionId, reason: EndReason) -> Notification {
    Notification::ParticipantUnpublished {
        connection: connection.clone(),
        reason,
    }
}

fn remind_of_properties(
    whom: &ConnectionId,
    of: &ConnectionId,
    publisher: &Publisher,
    out: &mut Outbox,
) {
    let options = &publisher.options;
    let properties = [
        ("audioActive", options.audio_active, "publishAudio"),
        ("videoActive", options.video_active, "publishVideo"),
    ];
    for (property, value, reason) in properties {
        let changed = Notification::StreamPropertyChanged {
            connection: of.clone(),
            stream: publisher.stream.clone(),
            property,
            new_value: value.to_string(),
            reason: reason.to_owned(),
        };
        out.notify(whom, changed);
    }
}
