//! Commands that a node has not answered yet.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cluster::{AttachmentId, Moment};
use conference::RequestId;

/// How long a node may take. Clients give up after 10 s of their own; a refusal must reach them before that, or a stream
/// would be published of which its client knows nothing.
pub const ANSWER: Duration = Duration::from_secs(8);

/// Which commands wait, on which stream, until when. All wait equally long, so the order of sending is the order of
/// the deadlines.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    waiting: BTreeMap<RequestId, Sent>,
    order: VecDeque<(Moment, RequestId)>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    by: Moment,
    to: AttachmentId,
}

impl InFlight {
    pub(crate) fn sent(&mut self, now: Moment, key: RequestId, to: AttachmentId) {
        let by = now + ANSWER;
        self.waiting.insert(key, Sent { by, to });
        self.order.push_back((by, key));
    }

    /// Whether this answer is waited for from there. An answer counts once.
    pub(crate) fn answered(&mut self, key: RequestId, from: AttachmentId) -> bool {
        let ours = self.waiting.get(&key).is_some_and(|sent| sent.to == from);
        if ours {
            self.waiting.remove(&key);
        }
        ours
    }

    /// It never left. Says whether it was waited for.
    pub(crate) fn unsent(&mut self, key: RequestId) -> bool {
        self.waiting.remove(&key).is_some()
    }

    /// The stream is gone and with it the answers to these.
    pub(crate) fn detached(&mut self, from: AttachmentId) -> Vec<RequestId> {
        let gone: Vec<RequestId> = self
            .waiting
            .iter()
            .filter(|(_, sent)| sent.to == from)
            .map(|(key, _)| *key)
            .collect();
        for key in &gone {
            self.waiting.remove(key);
        }
        gone
    }

    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.order.front().map(|(at, _)| *at)
    }

    /// Those whose time is over.
    pub(crate) fn expired(&mut self, now: Moment) -> Vec<RequestId> {
        let mut late = Vec::new();
        while let Some((at, key)) = self.order.front().copied().filter(|(at, _)| *at <= now) {
            self.order.pop_front();
            // A key that was answered and used again has a deadline of its own further back.
            if self.waiting.get(&key).is_some_and(|sent| sent.by <= at) {
                self.waiting.remove(&key);
                late.push(key);
            }
        }
        late
    }
}
