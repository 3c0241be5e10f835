//! Keeping the store equal to what is known here.

use crate::control::Control;
use crate::effect::{Effect, Told};
use crate::journal::{News, Outcome, Slot};
use crate::notice::Notice;
use crate::records::{
    self, DemandRecord, MemberRecord, NodeRecord, OutboxRecord, PolicyRecord, SessionRecord,
};
use crate::relay::Secrets;

impl Control {
    /// Whether the store has not answered for so long that nothing waits for it.
    pub fn store_is_silent(&self) -> bool {
        self.journal.is_silent()
    }

    /// How many sessions, nodes and other things are not written yet.
    pub fn unwritten(&self) -> usize {
        self.journal.unwritten()
    }

    /// Commits that failed, since the start.
    pub fn failed_commits(&self) -> u64 {
        self.journal.failures()
    }

    pub(crate) fn note(&mut self, slot: Slot) {
        if self.settings.durable {
            self.journal.note(slot);
        }
    }

    /// Notes what the last input changed, begins a commit when none is under way, and holds back what has to wait.
    pub(crate) fn write_down(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut effects = self.let_out(effects);
        if self.has_stopped() {
            self.stopping = None;
            if self.leaving {
                // Their sockets are closed; what they were told before is on its way.
                effects.extend(self.clients.all().map(|client| Effect::Tell {
                    client,
                    told: Told::Stop,
                }));
            }
            effects.push(Effect::Stopped);
        }
        effects
    }

    /// All is written, or nobody waits for it any more.
    fn has_stopped(&self) -> bool {
        let over = |until| until <= self.now.moment || self.journal.unwritten() == 0;
        self.stopping.is_some_and(over)
    }

    fn let_out(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let changed = self.conference.take_changed();
        if !self.settings.durable {
            return effects;
        }
        for session in changed {
            self.journal.note(Slot::Session(session));
        }
        let mut now_out = Vec::new();
        for effect in effects {
            if effect.is_visible() {
                self.journal.hold(self.now.moment, effect);
            } else {
                now_out.push(effect);
            }
        }
        let mut journal = std::mem::take(&mut self.journal);
        let commit = journal.next_commit(self.now.moment, |slot| self.render(slot));
        self.journal = journal;
        let misfits = self.journal.misfits().into_iter();
        now_out.extend(misfits.map(|it| {
            Effect::Log(Notice::NotWritable {
                key: it.key,
                bytes: it.bytes,
            })
        }));
        now_out.extend(commit.map(|(number, writes)| Effect::Commit { number, writes }));
        now_out.extend(self.journal.let_out());
        now_out
    }

    pub(crate) fn committed(&mut self, number: u64, outcome: Outcome) {
        let news = self.journal.committed(self.now.moment, number, outcome);
        self.take_store_news(news);
    }

    pub(crate) fn take_store_news(&mut self, news: News) {
        match news {
            News::Nothing => {}
            News::Answers { after } => {
                self.log(Notice::StoreAnswers(after));
                self.tell_cluster(cluster::Input::Store { answers: true });
            }
            News::Silent(reason) => {
                self.log(Notice::StoreSilent(reason));
                self.tell_cluster(cluster::Input::Store { answers: false });
            }
            News::Deposed(reason) => {
                self.log(Notice::SteppingDown(reason.clone()));
                self.out(Effect::StepDown { reason });
            }
        }
    }

    /// What the keys of a slot should hold; none when it is gone.
    fn render(&self, slot: &Slot) -> Vec<(String, Vec<u8>)> {
        match slot {
            Slot::Session(id) => self.render_session(id),
            Slot::Node(id) => {
                let known = self.cluster.node(id).and_then(cluster::Node::known);
                let record = known.map(|known| NodeRecord::of(self.now, known));
                one(NodeRecord::key(id), record)
            }
            Slot::Policy => {
                let record = self.policy_set.then(|| self.cluster.policy());
                one(PolicyRecord::KEY.to_owned(), record.map(PolicyRecord::of))
            }
            Slot::Demand => {
                let record = self
                    .cluster
                    .demanded()
                    .map(|(count, at)| DemandRecord { count, at: at.0 });
                one(DemandRecord::KEY.to_owned(), record)
            }
            Slot::Relay => one(Secrets::KEY.to_owned(), self.secrets.as_ref()),
            Slot::Outbox(number) => {
                let record = self.outbox.get(*number).map(OutboxRecord::of);
                one(outbox_key(*number), record)
            }
        }
    }

    fn render_session(&self, id: &conference::SessionId) -> Vec<(String, Vec<u8>)> {
        let Some(session) = self.conference.session(id) else {
            return Vec::new();
        };
        let record = SessionRecord::of(session);
        let mut keys = one(SessionRecord::key(id), Some(record));
        keys.extend(session.connections.values().map(|connection| {
            let rpc_session = self.clients.session_of(&connection.id);
            let record = MemberRecord::of(id, connection, rpc_session);
            let key = MemberRecord::key(id, &connection.id);
            (key, records::write(&record))
        }));
        keys
    }
}

/// Numbers sort as they count.
fn outbox_key(number: u64) -> String {
    format!("outbox/{number:020}")
}

fn one<T: serde::Serialize>(key: String, record: Option<T>) -> Vec<(String, Vec<u8>)> {
    let value = record.map(|record| (key, records::write(&record)));
    value.into_iter().collect()
}
