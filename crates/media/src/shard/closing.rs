//! Stages, and the end of transports and streams.

use std::time::Instant;

use super::slots::Key;
use super::{Gone, Shard};
use crate::api::{Direction, Event, Id, Stage, TransportState};
use crate::evidence::Occasion;

/// Closed transports remembered, to be told again.
const REMEMBERED: usize = 4096;

impl Shard {
    /// Tells of a new stage.
    pub(super) fn change(&mut self, key: Key, now: Instant, stage: Stage, reason: &'static str) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut connection.stage, stage);
        if let Some(recorder) = &mut connection.recorder {
            recorder.stage(now, stage, reason);
        }
        let state = connection.state();
        tracing::debug!(transport = %state.transport, ?stage, reason, "transport");
        self.outbox.tell(Event::Transport { state, reason });
        self.witness_stage(key, now, before, stage);
    }

    /// Closes a transport because that is wanted.
    pub(super) fn close(&mut self, key: Key, now: Instant, reason: &'static str) {
        self.end(key, now, reason, Occasion::Closed);
    }

    /// Closes a transport because it does not work.
    pub(super) fn fail(&mut self, key: Key, now: Instant, reason: &'static str) {
        self.end(key, now, reason, Occasion::Failed);
    }

    /// Forgets a transport. The stream that it fed stays for its subscribers, without a source.
    fn end(&mut self, key: Key, now: Instant, reason: &'static str, occasion: Occasion) {
        let Some(mut connection) = self.connections.remove(key) else {
            return;
        };
        if let Some(recorder) = &mut connection.recorder {
            recorder.stage(now, Stage::Closed, reason);
        }
        self.testify_end(now, &mut connection, occasion);
        self.counters.transports_closed.add(1);
        self.by_id.remove(&connection.id);
        self.by_ufrag.remove(&connection.ufrag);
        for peer in connection.peers() {
            self.by_peer.remove(&peer);
            if peer.via == crate::net::Via::Tcp {
                self.wire.tcp.close(peer.addr);
            }
        }
        if let Some(stream) = self.streams.get_mut(connection.stream) {
            if stream.publisher == Some(key) {
                stream.publisher = None;
            }
            stream.subscribers.retain(|subscriber| *subscriber != key);
        }
        self.drop_if_unused(connection.stream);
        let mut state = connection.state();
        state.stage = Stage::Closed;
        // The plane is gone only when the shard is about to be.
        let _ = self.gone.send(Gone {
            transport: state.transport.clone(),
            session: state.session.clone(),
        });
        if self.closed.len() == REMEMBERED {
            self.closed.pop_front();
        }
        self.closed.push_back(state.clone());
        tracing::debug!(transport = %state.transport, reason, "transport closed");
        self.outbox.tell(Event::Transport { state, reason });
    }

    /// Closes everybody who gets `stream`.
    pub(super) fn close_subscribers(&mut self, stream: Key, now: Instant, reason: &'static str) {
        let stream = self.streams.get(stream);
        let subscribers = stream.map(|stream| stream.subscribers.clone());
        for subscriber in subscribers.unwrap_or_default() {
            self.close(subscriber, now, reason);
        }
    }

    pub(super) fn drop_if_unused(&mut self, key: Key) {
        let Some(stream) = self.streams.get(key) else {
            return;
        };
        if stream.publisher.is_none() && stream.subscribers.is_empty() {
            self.stream_by_id.remove(&stream.id);
            self.streams.remove(key);
        }
    }

    /// Tells once more of a transport that is gone, or never was.
    pub(super) fn tell_closed(&mut self, transport: Id) {
        let known = self.closed.iter().rev();
        let known = known.into_iter().find(|state| state.transport == transport);
        let (state, reason) = match known {
            Some(state) => (state.clone(), "closed before"),
            None => (unknown(transport), "there is no such transport"),
        };
        self.outbox.tell(Event::Transport { state, reason });
    }
}

/// What can be said of a transport that nobody knows.
fn unknown(transport: Id) -> TransportState {
    TransportState {
        transport,
        session: "".into(),
        stream: "".into(),
        direction: Direction::Subscribe,
        stage: Stage::Closed,
        addresses: 0,
    }
}
