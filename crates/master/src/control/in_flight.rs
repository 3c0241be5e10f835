//! Commands that a node has not answered yet.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use cluster::AttachmentId;
use conference::RequestId;

/// How long a node may take. Clients give up after 10 s of their own; a refusal must reach them before that, or a stream
/// would be published of which its client knows nothing.
pub(super) const ANSWER: Duration = Duration::from_secs(8);

/// Which commands wait, on which stream, until when. All wait equally long, so the order of sending is the order of
/// the deadlines.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    waiting: HashMap<RequestId, Sent>,
    order: VecDeque<(Instant, RequestId)>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    to: AttachmentId,
}

impl InFlight {
    pub(super) fn sent(&mut self, now: Instant, key: RequestId, to: AttachmentId) {
        self.waiting.insert(key, Sent { at: now, to });
        self.order.push_back((now + ANSWER, key));
    }

    /// Whether this answer is waited for from there. An answer counts once.
    pub(super) fn answered(&mut self, key: RequestId, from: AttachmentId) -> bool {
        let ours = self.waiting.get(&key).is_some_and(|sent| sent.to == from);
        if ours {
            self.waiting.remove(&key);
        }
        ours
    }

    /// The stream is gone and with it the answers to these.
    pub(super) fn detached(&mut self, from: AttachmentId) -> Vec<RequestId> {
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

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.order.front().map(|(at, _)| *at)
    }

    /// Those whose time is over.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<RequestId> {
        let mut late = Vec::new();
        while let Some((at, key)) = self.order.front().copied().filter(|(at, _)| *at <= now) {
            self.order.pop_front();
            // A key that was answered and used again has a deadline of its own further back.
            let due = self
                .waiting
                .get(&key)
                .is_some_and(|sent| sent.at + ANSWER <= at);
            if due {
                self.waiting.remove(&key);
                late.push(key);
            }
        }
        late
    }
}
