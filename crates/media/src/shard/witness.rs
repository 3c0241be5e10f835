//! What the shard tells of what it saw. Nobody waits for it: what is not taken at once is lost, and counted.

use std::time::{Duration, Instant};

use super::Shard;
use super::connection::Connection;
use super::slots::Key;
use super::strangers::Record;
use super::timers::Timer;
use crate::api::{Direction, Id, Stage};
use crate::evidence::{Evidence, EvidenceSink, Occasion, Seen};

/// A transport that is not connected after this is told of. Clients need 1 s; their first checks come within 200 ms.
pub const LATE: Duration = Duration::from_secs(5);
/// A transport that is connected is told of when its first packets should have come.
const SETTLED: Duration = Duration::from_secs(2);

/// Where it goes, and what belongs to no transport.
pub struct Witness {
    sink: EvidenceSink,
    /// Of those who belong to no transport.
    pub strangers: Record,
}

impl Witness {
    /// Without a sink nothing is recorded.
    pub fn new(now: Instant, sink: Option<EvidenceSink>) -> Option<Self> {
        Some(Self {
            sink: sink?,
            strangers: Record::new(now),
        })
    }
}

impl Shard {
    /// Tells what was seen of a transport so far.
    pub(super) fn testify(&mut self, key: Key, now: Instant, occasion: Occasion) {
        let connection = self.connections.get(key);
        let seen = connection.and_then(|connection| self.seen(now, connection, occasion));
        self.tell_evidence(seen);
    }

    /// Tells the last of a transport that has been taken out.
    pub(super) fn testify_end(&mut self, now: Instant, gone: &mut Connection, occasion: Occasion) {
        gone.count_media();
        let seen = self.seen(now, gone, occasion);
        self.tell_evidence(seen);
    }

    fn seen(&self, now: Instant, of: &Connection, occasion: Occasion) -> Option<Evidence> {
        let recorder = of.recorder.as_ref()?;
        let publisher = (self.streams.get(of.stream)).and_then(|stream| stream.publisher);
        let source = publisher.and_then(|key| self.connections.get(key)?.recorder.as_ref());
        let subscribes = of.direction == Direction::Subscribe;
        Some(Evidence {
            ufrag: of.ufrag.clone(),
            source_packets: subscribes.then(|| source.map_or(0, |source| source.srtp.packets)),
            load: u32::try_from(self.connections.len()).unwrap_or(u32::MAX),
            ..recorder.evidence(now, of.state(), occasion)
        })
    }

    fn tell_evidence(&self, evidence: Option<Evidence>) {
        if let (Some(witness), Some(evidence)) = (&self.witness, evidence)
            && !(witness.sink)(Seen::Transport(Box::new(evidence)))
        {
            self.counters.evidence_lost.add(1);
        }
    }

    /// Tells of these transports, or of all.
    pub(super) fn testify_all(&mut self, now: Instant, wanted: &[Id]) {
        let keys: Vec<Key> = match wanted {
            [] => self.by_id.values().copied().collect(),
            ids => ids
                .iter()
                .filter_map(|id| self.by_id.get(id).copied())
                .collect(),
        };
        for key in keys {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.count_media();
            }
            self.testify(key, now, Occasion::Asked);
        }
    }

    /// A transport came to a stage: what is to be told of it, and when.
    pub(super) fn witness_stage(&mut self, key: Key, now: Instant, before: Stage, stage: Stage) {
        if self.witness.is_none() {
            return;
        }
        match (before, stage) {
            (_, Stage::New) => self.timers.set(now + LATE, Timer::Evidence(key)),
            (Stage::Disconnected, Stage::Connected) => self.testify(key, now, Occasion::Back),
            (_, Stage::Connected) => self.timers.set(now + SETTLED, Timer::Evidence(key)),
            (_, Stage::Disconnected) => self.testify(key, now, Occasion::Disconnected),
            _ => {}
        }
    }

    /// It is time to look at a transport. Of two looks that were meant for the same, the second says nothing.
    pub(super) fn look_at(&mut self, key: Key, now: Instant) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.count_media();
        let Some(recorder) = &mut connection.recorder else {
            return;
        };
        let connected = recorder.since(now, Stage::Connected);
        let occasion = match connection.stage {
            Stage::New | Stage::IceConnected => Occasion::Late,
            Stage::Connected if connected >= Some(SETTLED) && recorder.tells_connected() => {
                Occasion::Connected
            }
            _ => return,
        };
        self.testify(key, now, occasion);
    }

    /// Tells of strangers when it is time.
    pub(super) fn tell_of_strangers(&mut self, now: Instant) {
        let Some(witness) = &mut self.witness else {
            return;
        };
        if let Some(strangers) = witness.strangers.due(now)
            && !(witness.sink)(Seen::Strangers(strangers))
        {
            self.counters.evidence_lost.add(1);
        }
    }
}
