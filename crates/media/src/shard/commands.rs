//! Does what the outside asks.

use std::sync::mpsc::TryRecvError;
use std::time::Instant;

use super::connection::{Connection, Parts};
use super::recorder::Recorder;
use super::slots::Key;
use super::{COMMANDS, Gone, Order, Shard};
use crate::api::{Answer, Command, Direction, Event, Id, Refusal, Stage, VideoCodec};
use crate::stream::Stream;
use crate::transport::{Kind, Transport};

/// Transports per shard.
const TRANSPORTS: usize = 16_384;

/// What [`Command::Publish`] says.
struct Publish {
    session: Id,
    stream: Id,
    transport: Id,
    offer: String,
    forced: Option<VideoCodec>,
}

/// What [`Command::Subscribe`] says.
struct Subscribe {
    session: Id,
    stream: Id,
    transport: Id,
    audio: bool,
    video: bool,
}

impl Shard {
    /// Obeys what waits. Returns whether more waits, or `None` when told to stop.
    pub(super) fn obey(&mut self, now: Instant) -> Option<bool> {
        for _ in 0..COMMANDS {
            match self.orders.try_recv() {
                Ok(Order::Command(command)) => self.command(now, command),
                Ok(Order::Addresses(version, ips)) => self.set_addresses(now, version, ips),
                Ok(Order::TellAgain) => self.tell_again(now),
                Ok(Order::Relay(settings)) => self.wire.relay.set_settings(settings),
                // Nobody waits any more: then nobody wants it.
                Ok(Order::RelayCounts(to)) => {
                    let _ = to.try_send(self.wire.relay.counts().clone());
                }
                Ok(Order::RelayEvents(to)) => {
                    let _ = to.try_send(self.wire.relay.take_events());
                }
                Ok(Order::Evidence(of)) => self.testify_all(now, &of),
                Ok(Order::Withhold(withheld)) => self.factory.withhold(withheld),
                Ok(Order::Restart) => self.restart(now),
                Ok(Order::Snapshot(to)) => {
                    let states = self.connections.iter().map(Connection::state);
                    // Nobody waits any more: then nobody wants it.
                    let _ = to.try_send(states.collect());
                }
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => return Some(false),
            }
        }
        Some(true)
    }

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Publish {
                key,
                session,
                stream,
                transport,
                offer,
                forced_video_codec: forced,
            } => {
                let publish = Publish {
                    session,
                    stream,
                    transport,
                    offer,
                    forced,
                };
                let ids = (publish.transport.clone(), publish.session.clone());
                let result = self.publish(now, publish);
                self.answer_new(key, ids, result);
            }
            Command::Subscribe {
                key,
                session,
                stream,
                transport,
                audio,
                video,
            } => {
                let subscribe = Subscribe {
                    session,
                    stream,
                    transport,
                    audio,
                    video,
                };
                let ids = (subscribe.transport.clone(), subscribe.session.clone());
                let result = self.subscribe(now, subscribe);
                self.answer_new(key, ids, result);
            }
            Command::Accept {
                key,
                transport,
                answer,
            } => {
                let result = self.accept(now, &transport, &answer);
                self.answer(key, result);
            }
            Command::Candidate {
                transport,
                candidate,
            } => self.candidate(now, &transport, &candidate),
            Command::Close { transport } => self.close_by_id(now, transport),
        }
    }

    /// Answers a command that would have made a transport.
    fn answer_new(&mut self, key: u64, ids: (Id, Id), result: Result<Answer, Refusal>) {
        let (transport, session) = ids;
        if result.is_err() && !self.by_id.contains_key(&transport) {
            // The plane has booked it when it sent the command.
            let _ = self.gone.send(Gone { transport, session });
        }
        self.answer(key, result);
    }

    fn answer(&mut self, key: u64, result: Result<Answer, Refusal>) {
        self.outbox.tell(Event::Answered { key, result });
    }

    fn publish(&mut self, now: Instant, publish: Publish) -> Result<Answer, Refusal> {
        if let Some(known) = self.known(&publish.transport, Direction::Publish)? {
            return Ok(Answer::Answer(known));
        }
        let made = self.factory.publish(now, &publish.offer, publish.forced);
        let (transport, sdp, codecs) = made?;
        let stream = self.stream(publish.stream.clone());
        let parts = Parts {
            id: publish.transport,
            session: publish.session,
            stream_id: publish.stream,
            stream,
            direction: Direction::Publish,
            transport,
            sdp: sdp.clone(),
        };
        let key = self.open(now, parts);
        self.described(key, now, &publish.offer);
        let before = self.streams.get_mut(stream).and_then(|stream| {
            let before = stream.publisher;
            stream.publish(key, codecs);
            before
        });
        if let Some(before) = before {
            self.close(before, now, "replaced by another publisher of the stream");
        }
        Ok(Answer::Answer(sdp))
    }

    fn subscribe(&mut self, now: Instant, subscribe: Subscribe) -> Result<Answer, Refusal> {
        if let Some(known) = self.known(&subscribe.transport, Direction::Subscribe)? {
            return Ok(Answer::Offer(known));
        }
        let wanted = [
            subscribe.audio.then_some(Kind::Audio),
            subscribe.video.then_some(Kind::Video),
        ];
        let kinds: Vec<Kind> = wanted.into_iter().flatten().collect();
        let stream = self.stream_by_id.get(&subscribe.stream);
        let codecs = stream.and_then(|key| self.streams.get(*key));
        let codecs = codecs.map(|stream| stream.codecs.clone());
        let name = &subscribe.stream;
        let offered = self
            .factory
            .subscribe(now, name, &kinds, &codecs.unwrap_or_default())?;
        let stream = self.stream(subscribe.stream.clone());
        let parts = Parts {
            id: subscribe.transport,
            session: subscribe.session,
            stream_id: subscribe.stream,
            stream,
            direction: Direction::Subscribe,
            transport: offered.transport,
            sdp: offered.sdp.clone(),
        };
        let key = self.open(now, parts);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.subscribers.push(key);
        }
        Ok(Answer::Offer(offered.sdp))
    }

    /// The description that was given before for this transport, if any.
    fn known(&self, transport: &Id, direction: Direction) -> Result<Option<String>, Refusal> {
        let key = self.by_id.get(transport);
        let Some(known) = key.and_then(|key| self.connections.get(*key)) else {
            if self.connections.len() >= TRANSPORTS {
                return Err(Refusal::Unavailable(format!(
                    "the shard carries {TRANSPORTS} transports and takes no more: use another node"
                )));
            }
            return Ok(None);
        };
        if known.direction != direction {
            return Err(Refusal::Unknown(format!(
                "expected a new transport id, got {transport}, which is in use the other way round"
            )));
        }
        Ok(Some(known.sdp.clone()))
    }

    fn stream(&mut self, id: Id) -> Key {
        let streams = &mut self.streams;
        let entry = self.stream_by_id.entry(id);
        *entry.or_insert_with_key(|id| streams.insert(Stream::new(id.clone())))
    }

    fn open(&mut self, now: Instant, parts: Parts) -> Key {
        let mut connection = Connection::new(now, parts);
        if self.witness.is_some() {
            connection.recorder = Some(Box::new(Recorder::new(now, &connection.sdp)));
        }
        let (id, ufrag) = (connection.id.clone(), connection.ufrag.clone());
        let key = self.connections.insert(connection);
        self.by_id.insert(id, key);
        self.by_ufrag.insert(ufrag, key);
        self.counters.transports_opened.add(1);
        self.change(key, now, Stage::New, "described");
        self.be_patient(key, now);
        self.settle(key, now);
        key
    }

    fn accept(&mut self, now: Instant, transport: &Id, answer: &str) -> Result<Answer, Refusal> {
        let key = self.by_id.get(transport).copied();
        let found = key.and_then(|key| Some((key, self.connections.get_mut(key)?)));
        let Some((key, connection)) = found else {
            self.counters.commands_unknown.add(1);
            return Err(Refusal::Unknown(format!(
                "expected a transport of this node, got {transport}"
            )));
        };
        if let Some(accepted) = connection.transport.accept(answer)? {
            connection.accepted = Some(accepted);
            self.described(key, now, answer);
            if let Some(connection) = self.connections.get_mut(key) {
                connection.transport.elapse(now);
            }
            self.settle(key, now);
        }
        Ok(Answer::Accepted)
    }

    fn candidate(&mut self, now: Instant, transport: &Id, candidate: &str) {
        let key = self.by_id.get(transport).copied();
        let Some(connection) = key.and_then(|key| self.connections.get_mut(key)) else {
            return self.counters.commands_unknown.add(1);
        };
        if let Some(recorder) = &mut connection.recorder {
            recorder.candidate(now, candidate);
        }
        if !Transport::is_candidate(candidate) {
            self.counters.candidates_unusable.add(1);
        }
    }

    /// The client's description is known: for the record.
    fn described(&mut self, key: Key, now: Instant, sdp: &str) {
        let connection = self.connections.get_mut(key);
        if let Some(recorder) = connection.and_then(|connection| connection.recorder.as_mut()) {
            recorder.describe(now, sdp);
        }
    }

    fn close_by_id(&mut self, now: Instant, transport: Id) {
        let key = self.by_id.get(&transport).copied();
        let Some((key, connection)) = key.and_then(|key| Some((key, self.connections.get(key)?)))
        else {
            self.counters.commands_unknown.add(1);
            return self.tell_closed(transport);
        };
        let stream = connection.stream;
        let publishes = self.streams.get(stream);
        let publishes = publishes.is_some_and(|stream| stream.publisher == Some(key));
        self.close(key, now, "asked for");
        if publishes {
            self.close_subscribers(stream, now, "the stream ended");
        }
    }
}
