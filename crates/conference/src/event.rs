//! What an application's server may want to hear of (webhooks), as it happens.

use std::sync::Arc;

use crate::conference::{Conference, Member};
use crate::effect::{Effect, EndReason};
use crate::ids::*;
use crate::input::Signal;
use crate::model::{Active, Connection, MediaOptions, Publisher, Session};
use crate::outbox::Outbox;

/// One thing that has happened in a session. The events of a session are told in the order in which they happened;
/// whatever began in it ends before it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    #[allow(missing_docs)]
    pub session: SessionId,
    /// Since when the session exists: tells it from an earlier one of the same id.
    pub since: Timestamp,
    #[allow(missing_docs)]
    pub what: Happening,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Happening {
    SessionCreated,
    /// Not told of sessions that nobody ever joined and that were collected as garbage, as with OpenVidu.
    SessionDestroyed(EndReason),
    ParticipantJoined(Presence),
    ParticipantLeft(Presence, EndReason),
    /// A stream is published, or received by somebody. New transports of the same leg are not told of.
    LegOpened(Leg),
    LegClosed(Leg, EndReason),
    SignalSent {
        /// `None` for the application's server.
        from: Option<ConnectionId>,
        /// Everybody who heard it.
        to: Vec<ConnectionId>,
        /// Its own `to` is empty.
        signal: Arc<Signal>,
    },
}

/// A participant, as told to the application's server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Presence {
    pub connection: ConnectionId,
    /// When it joined.
    pub since: Timestamp,
    pub ip: String,
    pub platform: String,
    pub client_data: String,
    pub server_data: String,
}

/// A participant's part in a stream.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Leg {
    pub connection: ConnectionId,
    pub stream: StreamId,
    pub since: Timestamp,
    /// The stream's owner; `None` when it is the participant itself.
    pub receiving_from: Option<ConnectionId>,
    /// Of the stream, as they are now.
    pub options: MediaOptions,
}

impl Event {
    pub(crate) fn of(session: &Session, at: Timestamp, what: Happening) -> Self {
        Self {
            at,
            session: session.id.clone(),
            since: session.created_at,
            what,
        }
    }
}

impl Presence {
    pub(crate) fn of(connection: &Connection, active: &Active) -> Self {
        Self {
            connection: connection.id.clone(),
            since: active.since,
            ip: active.ip.clone(),
            platform: active.platform.clone(),
            client_data: active.client_data.clone(),
            server_data: connection.properties.server_data.clone(),
        }
    }
}

impl Leg {
    pub(crate) fn outbound(owner: &ConnectionId, publisher: &Publisher) -> Self {
        Self {
            connection: owner.clone(),
            stream: publisher.stream.clone(),
            since: publisher.created_at,
            receiving_from: None,
            options: publisher.options.clone(),
        }
    }
}

impl Outbox {
    pub(crate) fn event(&mut self, session: &Session, what: Happening) {
        let event = Event::of(session, self.now(), what);
        self.push(Effect::Event(Box::new(event)));
    }
}

impl Conference {
    /// What `who` receives of a stream that is still published; `None` before its client has answered the offer.
    pub(crate) fn inbound_leg(&self, who: &Member, stream: &StreamId) -> Option<Leg> {
        let room = self.session(&who.session)?;
        let (_, active) = room.participant(&who.connection)?;
        let subscriber = active.subscribers.get(stream).filter(|it| it.established)?;
        let (owner, publisher) = room.owner_of(stream).ok()?;
        Some(Leg {
            connection: who.connection.clone(),
            since: subscriber.created_at,
            receiving_from: Some(owner.clone()),
            ..Leg::outbound(owner, publisher)
        })
    }
}
