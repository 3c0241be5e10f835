//! Commands that a node has not answered yet.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cluster::{AttachmentId, Moment};
use conference::{MediaCommand, RequestId, TransportId};

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

#[derive(Clone, Debug)]
struct Sent {
    by: Moment,
    /// `None`: it waits for a link.
    to: Option<AttachmentId>,
    makes: Option<TransportId>,
}

/// A command whose answer was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waited {
    pub(crate) key: RequestId,
    /// What it was to make.
    pub(crate) makes: Option<TransportId>,
}

/// The transport that a command is to make.
pub(crate) fn makes(command: &MediaCommand) -> Option<TransportId> {
    match command {
        MediaCommand::Publish { transport, .. } | MediaCommand::Subscribe { transport, .. } => {
            Some(transport.clone())
        }
        _ => None,
    }
}

impl InFlight {
    pub(crate) fn sent(
        &mut self,
        now: Moment,
        key: RequestId,
        to: AttachmentId,
        makes: Option<TransportId>,
    ) {
        self.insert(now, key, Some(to), makes);
    }

    /// There is no link on which it could be sent yet. Its time runs all the same.
    pub(crate) fn waits(&mut self, now: Moment, key: RequestId, makes: Option<TransportId>) {
        self.insert(now, key, None, makes);
    }

    fn insert(
        &mut self,
        now: Moment,
        key: RequestId,
        to: Option<AttachmentId>,
        makes: Option<TransportId>,
    ) {
        let by = now + ANSWER;
        self.waiting.insert(key, Sent { by, to, makes });
        self.order.push_back((by, key));
    }

    /// A command that waited can be sent. `false` when nobody waits for its answer any more.
    pub(crate) fn leaves(&mut self, key: RequestId, to: AttachmentId) -> bool {
        let waiting = self.waiting.get_mut(&key).filter(|sent| sent.to.is_none());
        waiting.map(|sent| sent.to = Some(to)).is_some()
    }

    /// The command that this answers, if its answer is waited for from there. An answer counts once.
    pub(crate) fn answered(&mut self, key: RequestId, from: AttachmentId) -> Option<Waited> {
        let sent = self.waiting.get(&key);
        let ours = sent.is_some_and(|sent| sent.to == Some(from));
        ours.then(|| self.unsent(key)).flatten()
    }

    /// It never left. Returns what was waited for.
    pub(crate) fn unsent(&mut self, key: RequestId) -> Option<Waited> {
        let sent = self.waiting.remove(&key)?;
        let makes = sent.makes;
        Some(Waited { key, makes })
    }

    /// The stream is gone and with it the answers to these.
    pub(crate) fn detached(&mut self, from: AttachmentId) -> Vec<Waited> {
        let gone: Vec<RequestId> = self
            .waiting
            .iter()
            .filter(|(_, sent)| sent.to == Some(from))
            .map(|(key, _)| *key)
            .collect();
        gone.into_iter()
            .filter_map(|key| self.unsent(key))
            .collect()
    }

    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.order.front().map(|(at, _)| *at)
    }

    /// Those whose time is over.
    pub(crate) fn expired(&mut self, now: Moment) -> Vec<Waited> {
        let mut late = Vec::new();
        while let Some((at, key)) = self.order.front().copied().filter(|(at, _)| *at <= now) {
            self.order.pop_front();
            // A key that was answered and used again has a deadline of its own further back.
            if self.waiting.get(&key).is_some_and(|sent| sent.by <= at) {
                late.extend(self.unsent(key));
            }
        }
        late
    }
}
