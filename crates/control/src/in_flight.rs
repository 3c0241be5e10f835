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
    /// `None`: it waits for a link.
    to: Option<AttachmentId>,
}

impl InFlight {
    pub(crate) fn sent(&mut self, now: Moment, key: RequestId, to: AttachmentId) {
        self.insert(now, key, Some(to));
    }

    /// There is no link on which it could be sent yet. Its time runs all the same.
    pub(crate) fn waits(&mut self, now: Moment, key: RequestId) {
        self.insert(now, key, None);
    }

    fn insert(&mut self, now: Moment, key: RequestId, to: Option<AttachmentId>) {
        let by = now + ANSWER;
        self.waiting.insert(key, Sent { by, to });
        self.order.push_back((by, key));
    }

    /// A command that waited can be sent. `false` when nobody waits for its answer any more.
    pub(crate) fn leaves(&mut self, key: RequestId, to: AttachmentId) -> bool {
        let waiting = self.waiting.get_mut(&key).filter(|sent| sent.to.is_none());
        waiting.map(|sent| sent.to = Some(to)).is_some()
    }

    /// Whether this answer is waited for from there. An answer counts once.
    pub(crate) fn answered(&mut self, key: RequestId, from: AttachmentId) -> bool {
        let sent = self.waiting.get(&key);
        let ours = sent.is_some_and(|sent| sent.to == Some(from));
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
            .filter(|(_, sent)| sent.to == Some(from))
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
