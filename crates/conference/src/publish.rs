//! Publishing: a stream begins when the node has answered, and ends for everybody at once.

use crate::conference::{Conference, Handled, Member};
use crate::effect::{EndReason, MediaAnswer, MediaCommand, Notification, Reply};
use crate::error::Error;
use crate::event::{Happening, Leg};
use crate::ids::*;
use crate::input::MediaError;
use crate::lately::News;
use crate::legs::{Publishing, Purpose, Sent};
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
        let publishing = Publishing {
            request,
            stream,
            purpose: Purpose::New { options },
            sent: Sent::Held { offer },
        };
        self.begin_publish(now, who, publishing, out)
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
        let publishing = Publishing {
            request,
            stream,
            purpose: Purpose::Again,
            sent: Sent::Held { offer },
        };
        self.begin_publish(now, who, publishing, out)
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

    fn begin_publish(
        &mut self,
        now: Timestamp,
        who: &Member,
        publishing: Publishing,
        out: &mut Outbox,
    ) -> Handled {
        let request = publishing.request;
        let legs = self.legs_of(who)?;
        legs.publishing = Some(publishing);
        legs.stranded = false;
        let waiting = Waiting::Publish(who.connection.clone());
        self.open.insert(request, waiting);
        match who.node {
            Some(_) => self.send_publish(now, who, out),
            None => self.hold(now, request),
        }
        Ok(None)
    }

    /// Tells the node of a publish that was held until now.
    pub(crate) fn send_publish(&mut self, now: Timestamp, who: &Member, out: &mut Outbox) {
        let Ok(room) = self.room(&who.session) else {
            return;
        };
        let forced_video_codec = room.properties.forced_video_codec;
        let legs = self.legs.get_mut(&who.connection);
        let held = legs.and_then(|legs| legs.publishing.take_if(|made| made.is_held()));
        let Some(Publishing {
            request,
            stream,
            purpose,
            sent: Sent::Held { offer },
        }) = held
        else {
            return;
        };
        let transport = self.fresh_transport(now, &who.connection);
        if let Some(legs) = self.legs.get_mut(&who.connection) {
            legs.publishing = Some(Publishing {
                request,
                stream: stream.clone(),
                purpose,
                sent: Sent::On(transport.clone()),
            });
        }
        let command = MediaCommand::Publish {
            key: request,
            session: who.session.clone(),
            stream,
            transport: transport.clone(),
            offer,
            forced_video_codec,
        };
        out.command(who, command);
        self.send_early(who, &who.connection, &transport, out);
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
        let (answer, transport) = match (outcome, made.sent) {
            (Ok(MediaAnswer::Answer(answer)), Sent::On(transport)) => (answer, transport),
            (outcome, sent) => {
                let error = refusal(outcome);
                self.drop_source(&who, &made.purpose, sent, &error, out);
                return Err(error);
            }
        };
        match made.purpose {
            Purpose::New { options } => {
                let publisher = Publisher {
                    stream: made.stream,
                    created_at: now,
                    options,
                    transport: Some(transport),
                };
                self.begin_stream(key, &who, publisher, answer, out)
            }
            Purpose::Again => self.swap_source(now, key, &who, transport, answer, out),
        }
    }

    /// Gets rid of a source that the node refused.
    fn drop_source(
        &mut self,
        who: &Member,
        purpose: &Purpose,
        sent: Sent,
        error: &Error,
        out: &mut Outbox,
    ) {
        let unavailable = matches!(error, Error::Media(MediaError::Unavailable(_)));
        let Sent::On(transport) = sent else { return };
        match purpose {
            // Nobody knows whether the node has carried it out, or will yet.
            Purpose::Again if unavailable => {
                self.keep_replaced(who, transport, out);
                self.strand(who);
            }
            _ => out.close(who, transport),
        }
    }

    /// Its client has no source any more and waits for something to happen.
    pub(crate) fn strand(&mut self, who: &Member) {
        if let Some(legs) = self.legs.get_mut(&who.connection) {
            legs.stranded = true;
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
        room.remember(out.now(), &who.connection, News::Published);
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
        now: Timestamp,
        request: RequestId,
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
        let stream = publisher.stream.clone();
        let reply = Reply::Published {
            stream: stream.clone(),
            created_at: publisher.created_at,
            answer,
        };
        out.close_any(who, before);
        self.close_replaced(who, out);
        out.reply(request, Ok(reply));
        self.renew_receptions_of(now, who, &stream, out);
        Ok(None)
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
        match (given_up.purpose, given_up.sent) {
            (_, Sent::Held { .. }) => {}
            (Purpose::New { .. }, Sent::On(transport)) => out.close(who, transport),
            (Purpose::Again, Sent::On(transport)) => self.keep_replaced(who, transport, out),
        }
        self.give_up(given_up.request, error.clone(), out);
        true
    }

    /// Keeps a new source that came to nothing here until the stream has another one: the node may have made it the
    /// source already, and closing that would end the stream.
    fn keep_replaced(&mut self, who: &Member, transport: TransportId, out: &mut Outbox) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return out.close(who, transport);
        };
        legs.replaced.push(transport);
        if legs.replaced.len() > REPLACED_TRANSPORTS {
            out.close(who, legs.replaced.remove(0));
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
        if let Some(legs) = self.legs.get_mut(&who.connection) {
            legs.stranded = false;
        }
        let Some(room) = self.sessions.get_mut(&who.session) else {
            return false;
        };
        let active = room.active_mut(&who.connection);
        let Some(publisher) = active.and_then(|active| active.publisher.take()) else {
            return false;
        };
        let leg = Leg::outbound(&who.connection, &publisher);
        out.event(room, Happening::LegClosed(leg, reason));
        out.close_any(who, publisher.transport);
        true
    }

    pub(crate) fn close_replaced(&mut self, who: &Member, out: &mut Outbox) {
        let Some(legs) = self.legs.get_mut(&who.connection) else {
            return;
        };
        for transport in legs.replaced.drain(..) {
            out.close(who, transport);
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
