//! Publishing: a stream begins when the node has answered, and ends for everybody at once.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{EndReason, MediaAnswer, MediaCommand, Notification, Reply};
use crate::error::Error;
use crate::event::{Happening, Leg};
use crate::ids::*;
use crate::input::MediaError;
use crate::legs::{Publishing, Purpose};
use crate::limits::REPLACED_TRANSPORTS;
use crate::model::{Active, MediaOptions, Publisher, Role, TypeOfVideo};
use crate::open::Waiting;
use crate::outbox::Outbox;

impl Conference {
    /// A publish of the same client that still waits for the node is given up: the client that asks again has
    /// stopped waiting for it.
    #[expect(clippy::too_many_arguments, reason = "the parts of one operation")]
    pub(crate) fn publish(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        offer: String,
        options: MediaOptions,
        nonce: &str,
        out: &mut Outbox,
    ) -> Handled {
        self.may_publish(who)?;
        self.give_up_publish(who, &overtaken("publishVideo"), out);
        let stream = stream_id(&options, nonce, &who.connection);
        let purpose = Purpose::New {
            stream: stream.clone(),
            options,
        };
        self.command_publish(now, request, who, stream, offer, purpose, out)
    }

    /// `reconnectStream` of a publisher: a new source for the same stream. Subscribers stay and nobody is told.
    pub(crate) fn publish_again(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        offer: String,
        out: &mut Outbox,
    ) -> Handled {
        self.give_up_publish(who, &overtaken("reconnectStream"), out);
        self.command_publish(now, request, who, stream, offer, Purpose::Again, out)
    }

    fn may_publish(&self, who: &Member) -> Result<(), Error> {
        let room = self.room(&who.session)?;
        let (connection, active) = room
            .participant(&who.connection)
            .ok_or_else(|| Error::ConnectionClosed(who.connection.clone()))?;
        if connection.properties.role == Role::Subscriber {
            return Err(Error::Unauthorized(
                "Unable to publish video. The user does not have a valid token",
            ));
        }
        match active.publisher {
            Some(_) => Err(Error::AlreadyPublishing(who.connection.clone())),
            None => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one command")]
    fn command_publish(
        &mut self,
        now: Timestamp,
        request: RequestId,
        who: &Member,
        stream: StreamId,
        offer: String,
        purpose: Purpose,
        out: &mut Outbox,
    ) -> Handled {
        let forced_video_codec = self.room(&who.session)?.properties.forced_video_codec;
        let transport = self.fresh_transport(now, &who.connection);
        self.legs_of(who)?.publishing = Some(Publishing {
            request,
            transport: transport.clone(),
            purpose,
        });
        let waiting = Waiting::Publish(who.connection.clone());
        self.open.insert(request, waiting);
        let command = MediaCommand::Publish {
            key: request,
            session: who.session.clone(),
            stream,
            transport: transport.clone(),
            offer,
            forced_video_codec,
        };
        out.command(&who.node, command);
        self.send_early(who, &who.connection, &transport, out);
        Ok(None)
    }

    pub(crate) fn published(
        &mut self,
        now: Timestamp,
        key: RequestId,
        connection: &ConnectionId,
        outcome: Result<MediaAnswer, MediaError>,
        out: &mut Outbox,
    ) -> Handled {
        let closed = || Error::ConnectionClosed(connection.clone());
        let who = self.member(connection).ok_or_else(closed)?;
        let made = self.legs_of(&who)?.publishing.take().ok_or_else(closed)?;
        let answer = match outcome {
            Ok(MediaAnswer::Answer(answer)) => answer,
            other => {
                let error = refusal(other);
                match (&made.purpose, &error) {
                    // Nobody knows whether the node has carried it out, or will yet.
                    (Purpose::Again, Error::Media(MediaError::Unavailable(_))) => {
                        self.keep_replaced(&who, made.transport, out)
                    }
                    _ => out.close(&who.node, made.transport),
                }
                return Err(error);
            }
        };
        match made.purpose {
            Purpose::New { stream, options } => {
                let publisher = Publisher {
                    stream,
                    created_at: now,
                    options,
                    transport: Some(made.transport),
                };
                self.begin_stream(key, &who, publisher, answer, out)
            }
            Purpose::Again => self.swap_source(&who, made.transport, answer, out),
        }
    }

    fn begin_stream(
        &mut self,
        request: RequestId,
        who: &Member,
        publisher: Publisher,
        answer: String,
        out: &mut Outbox,
    ) -> Handled {
        let news = Notification::ParticipantPublished {
            connection: who.connection.clone(),
            stream: publisher.as_seen(),
        };
        let reply = Reply::Published {
            stream: publisher.stream.clone(),
            created_at: publisher.created_at,
            answer,
        };
        let leg = Leg::outbound(&who.connection, &publisher);
        let room = self.room_mut(&who.session)?;
        if let Some(active) = room.active_mut(&who.connection) {
            active.publisher = Some(publisher);
        }
        out.event(room, Happening::LegOpened(leg));
        out.reply(request, Ok(reply));
        for other in room.others(&who.connection) {
            out.notify(other, news.clone());
        }
        Ok(None)
    }

    /// The node feeds the stream from `transport` now, so all earlier ones can go.
    fn swap_source(
        &mut self,
        who: &Member,
        transport: TransportId,
        answer: String,
        out: &mut Outbox,
    ) -> Handled {
        let not_publishing = || Error::NotPublishing(who.connection.clone());
        let room = self.room_mut(&who.session)?;
        let publisher = room
            .active_mut(&who.connection)
            .and_then(|active| active.publisher.as_mut())
            .ok_or_else(not_publishing)?;
        let before = publisher.transport.replace(transport);
        let reply = Reply::Published {
            stream: publisher.stream.clone(),
            created_at: publisher.created_at,
            answer,
        };
        out.close_any(&who.node, before);
        self.close_replaced(who, out);
        Ok(Some(reply))
    }

    /// Ends a publish that the node has not answered. True if there was one.
    pub(crate) fn give_up_publish(
        &mut self,
        who: &Member,
        error: &Error,
        out: &mut Outbox,
    ) -> bool {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return false;
        };
        let Some(given_up) = legs.publishing.take() else {
            return false;
        };
        match given_up.purpose {
            Purpose::New { .. } => out.close(&who.node, given_up.transport),
            Purpose::Again => self.keep_replaced(who, given_up.transport, out),
        }
        self.give_up(given_up.request, error.clone(), out);
        true
    }

    /// Keeps a new source that came to nothing here until the stream has another one: the node may have made it the
    /// source already, and closing that would end the stream.
    fn keep_replaced(&mut self, who: &Member, transport: TransportId, out: &mut Outbox) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return out.close(&who.node, transport);
        };
        legs.replaced.push(transport);
        if legs.replaced.len() > REPLACED_TRANSPORTS {
            out.close(&who.node, legs.replaced.remove(0));
        }
    }

    /// Ends the stream of `who` on the node and in the books, if there is one. Tells nobody.
    pub(crate) fn end_stream(&mut self, who: &Member, reason: EndReason, out: &mut Outbox) -> bool {
        let publishing = |active: &Active| active.publisher.as_ref().map(|it| it.stream.clone());
        let room = self.sessions.get(&who.session);
        let stream = room
            .and_then(|room| room.participant(&who.connection))
            .and_then(|(_, active)| publishing(active));
        let Some(stream) = stream else {
            return false;
        };
        self.end_receptions_of(who, &stream, reason, out);
        self.close_replaced(who, out);
        let Some(room) = self.sessions.get_mut(&who.session) else {
            return false;
        };
        let active = room.active_mut(&who.connection);
        let Some(publisher) = active.and_then(|active| active.publisher.take()) else {
            return false;
        };
        let leg = Leg::outbound(&who.connection, &publisher);
        out.event(room, Happening::LegClosed(leg, reason));
        out.close_any(&who.node, publisher.transport);
        true
    }

    fn close_replaced(&mut self, who: &Member, out: &mut Outbox) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return;
        };
        for transport in legs.replaced.drain(..) {
            out.close(&who.node, transport);
        }
    }
}

/// The answer to a request that a newer one of the same client made pointless.
pub(crate) fn overtaken(by: &str) -> Error {
    let text = format!("given up for a newer {by} of the same client");
    Error::Media(MediaError::Unavailable(text))
}

/// Why a node's outcome is not the one that was asked for.
pub(crate) fn refusal(outcome: Result<MediaAnswer, MediaError>) -> Error {
    let error = match outcome {
        Err(error) => error,
        Ok(other) => {
            let kind = match other {
                MediaAnswer::Answer(_) => "an SDP answer",
                MediaAnswer::Offer(_) => "an SDP offer",
                MediaAnswer::Accepted => "an acceptance",
            };
            MediaError::Unavailable(format!("the node answered another question, with {kind}"))
        }
    };
    Error::Media(error)
}

/// `str_CAM_Xabc_con_…`; clients cut the owner out of it.
fn stream_id(options: &MediaOptions, nonce: &str, owner: &ConnectionId) -> StreamId {
    let kind = match options.type_of_video {
        _ if !options.has_video => "MIC",
        Some(TypeOfVideo::Camera) | None => "CAM",
        Some(TypeOfVideo::Screen) => "SCR",
        Some(TypeOfVideo::Custom) => "CUS",
        Some(TypeOfVideo::Ipcam) => "IPC",
    };
    StreamId::new(format!("str_{kind}_{nonce}_{owner}"))
}
