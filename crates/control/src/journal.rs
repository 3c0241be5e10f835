//! What has to be written down before it may be told.
//!
//! What changes is noted as a [`Slot`]. One commit is under way at most; what changes meanwhile gathers and goes with
//! the next. Effects that somebody outside sees wait, in their order, until all that was noted before them is written.
//! A store that does not answer stops nobody: after [`PATIENCE`] what waits is let out, the store counts as silent, and
//! what is unwritten is tried again until it is written. Records are whole, so that writing one twice is harmless.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use cluster::{Moment, NodeId};
use conference::SessionId;

use crate::effect::{Effect, Write};

/// How long an effect may wait for the store.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// Most keys of one commit; the store takes 128.
const MOST_WRITES: usize = 120;

/// Most bytes of one commit; the store takes 1 MiB.
const MOST_BYTES: usize = 1_000_000;

/// Most bytes of one record; the store takes no more in a commit.
const LONGEST_RECORD: usize = 1024 * 1024;

/// Most bytes of a key; the store takes no more.
const LONGEST_KEY: usize = 512;

/// Longest pause after a commit that went well: what waits for the next one must not think that the store is ill.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// First pause after a commit that failed; doubled with each further one.
const PAUSE: Duration = Duration::from_millis(250);

/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is written and forgotten as a whole. Its keys are its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    /// With all its participants.
    Session(SessionId),
    Node(NodeId),
    Policy,
    Demand,
    Outbox(u64),
    Relay,
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is written.
    Applied,
    /// Another master leads, whom the reason names: this one has to end.
    Refused(String),
    /// It is not known to be written, and why.
    Failed(String),
}

/// What a commit's end means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    /// The store did not answer for so long, and does again.
    Answers {
        after: Duration,
    },
    Silent(String),
    Deposed(String),
}

#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Counts inputs: what an input changed carries its number.
    sequence: u64,
    noted: Noted,
    /// What the store holds: by key a hash of the bytes, `None` where a commit's end is not known.
    written: BTreeMap<Slot, BTreeMap<String, Option<u64>>>,
    under_way: Option<UnderWay>,
    last_commit: u64,
    /// Have records that the store would refuse for ever.
    misfits: BTreeSet<Slot>,
    /// Of those, what nobody was told yet.
    untold: Vec<Misfit>,
    held: VecDeque<Held>,
    silent: Option<Silent>,
    /// The next commit may not begin before.
    rest: Moment,
    /// Commits that failed, since the start.
    failures: u64,
}

/// A record that no store takes.
#[derive(Debug)]
pub(crate) struct Misfit {
    pub(crate) key: String,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
struct UnderWay {
    number: u64,
    slots: BTreeMap<Slot, u64>,
    /// What it makes of each key: a hash, or `None` for one that is removed.
    keys: Vec<(Slot, String, Option<u64>)>,
}

#[derive(Debug)]
struct Held {
    sequence: u64,
    since: Moment,
    effect: Effect,
}

#[derive(Clone, Copy, Debug)]
struct Silent {
    since: Moment,
    pause: Duration,
    retry: Moment,
}

impl Journal {
    /// The next input begins.
    pub(crate) fn begin(&mut self) {
        self.sequence += 1;
    }

    pub(crate) fn note(&mut self, slot: Slot) {
        self.noted.add(slot, self.sequence);
    }

    /// The store holds this already.
    pub(crate) fn found(&mut self, slot: Slot, key: &str, value: &[u8]) {
        let keys = self.written.entry(slot).or_default();
        keys.insert(key.to_owned(), Some(hash(value)));
    }

    /// The next commit, when there is something to write and none is under way. `render` says what a slot's keys should
    /// hold now.
    pub(crate) fn next_commit(
        &mut self,
        now: Moment,
        render: impl Fn(&Slot) -> Vec<(String, Vec<u8>)>,
    ) -> Option<(u64, Vec<Write>)> {
        let paused = self.silent.is_some_and(|silent| silent.retry > now);
        if self.under_way.is_some() || paused || self.rest > now {
            return None;
        }
        let mut batch = Batch::default();
        while let Some((since, slot)) = self.noted.oldest() {
            let wanted = self.fitting(&slot, render(&slot));
            let holds = self.written.entry(slot.clone()).or_default();
            if !batch.take(&slot, holds, wanted) {
                break;
            }
            self.noted.remove(&slot);
            batch.slots.insert(slot, since);
        }
        self.rest = now + batch.rest();
        if batch.writes.is_empty() {
            for slot in batch.slots.keys() {
                self.forget_empty(slot);
            }
            return None;
        }
        self.last_commit += 1;
        self.under_way = Some(UnderWay {
            number: self.last_commit,
            slots: batch.slots,
            keys: batch.keys,
        });
        Some((self.last_commit, batch.writes))
    }

    /// Leaves out what the store would refuse for ever: one such record would keep all others from being written.
    fn fitting(
        &mut self,
        slot: &Slot,
        mut wanted: Vec<(String, Vec<u8>)>,
    ) -> Vec<(String, Vec<u8>)> {
        let fits = |(key, value): &(String, Vec<u8>)| {
            key.len() <= LONGEST_KEY && value.len() <= LONGEST_RECORD
        };
        let Some((key, value)) = wanted.iter().find(|it| !fits(it)) else {
            self.misfits.remove(slot);
            return wanted;
        };
        if self.misfits.insert(slot.clone()) {
            self.untold.push(Misfit {
                key: key.chars().take(LONGEST_KEY).collect(),
                bytes: value.len(),
            });
        }
        wanted.retain(fits);
        wanted
    }

    /// What cannot be written, once of each session, node or message.
    pub(crate) fn misfits(&mut self) -> Vec<Misfit> {
        std::mem::take(&mut self.untold)
    }

    pub(crate) fn committed(&mut self, now: Moment, number: u64, outcome: Outcome) -> News {
        let Some(under_way) = self.under_way.take_if(|it| it.number == number) else {
            return News::Nothing;
        };
        match outcome {
            Outcome::Applied => {
                for (slot, key, hash) in under_way.keys {
                    let keys = self.written.entry(slot).or_default();
                    match hash {
                        Some(hash) => drop(keys.insert(key, Some(hash))),
                        None => drop(keys.remove(&key)),
                    }
                }
                for slot in under_way.slots.keys() {
                    self.forget_empty(slot);
                }
                self.silent.take().map_or(News::Nothing, |silent| {
                    let span = now.0.saturating_sub(silent.since.0);
                    News::Answers {
                        after: Duration::from_millis(span),
                    }
                })
            }
            Outcome::Refused(reason) => {
                self.take_back(under_way.slots);
                News::Deposed(reason)
            }
            Outcome::Failed(reason) => {
                self.take_back(under_way.slots);
                self.failures += 1;
                self.fall_silent(now, reason)
            }
        }
    }

    /// What waits has waited too long.
    pub(crate) fn lose_patience(&mut self, now: Moment) -> News {
        match self.held.front() {
            Some(held) if held.since + PATIENCE <= now && self.silent.is_none() => {
                self.fall_silent(now, format!("no answer within {PATIENCE:?}"))
            }
            _ => News::Nothing,
        }
    }

    fn fall_silent(&mut self, now: Moment, reason: String) -> News {
        match &mut self.silent {
            Some(silent) => {
                silent.retry = now + silent.pause;
                silent.pause = (silent.pause * 2).min(LONGEST_PAUSE);
                News::Nothing
            }
            None => {
                self.silent = Some(Silent {
                    since: now,
                    pause: PAUSE * 2,
                    retry: now + PAUSE,
                });
                News::Silent(reason)
            }
        }
    }

    /// The next commit need not wait for the pause after one that failed.
    pub(crate) fn hurry(&mut self, now: Moment) {
        self.rest = now;
        if let Some(silent) = &mut self.silent {
            silent.retry = now;
            silent.pause = PAUSE;
        }
    }

    fn take_back(&mut self, slots: BTreeMap<Slot, u64>) {
        for (slot, since) in slots {
            self.noted.add(slot, since);
        }
    }

    /// Nothing of the slot is left in the store.
    fn forget_empty(&mut self, slot: &Slot) {
        if self.written.get(slot).is_some_and(BTreeMap::is_empty) {
            self.written.remove(slot);
        }
    }

    pub(crate) fn hold(&mut self, now: Moment, effect: Effect) {
        self.held.push_back(Held {
            sequence: self.sequence,
            since: now,
            effect,
        });
    }

    /// What need not wait any more.
    pub(crate) fn let_out(&mut self) -> Vec<Effect> {
        let noted = self.noted.since();
        let under_way = self
            .under_way
            .iter()
            .flat_map(|it| it.slots.values())
            .copied();
        let open = noted.into_iter().chain(under_way).min();
        let free =
            |held: &Held| self.silent.is_some() || open.is_none_or(|oldest| held.sequence < oldest);
        let count = self.held.iter().take_while(|held| free(held)).count();
        self.held.drain(..count).map(|held| held.effect).collect()
    }

    /// When what waits is let out at the latest.
    pub(crate) fn patience_ends(&self) -> Option<Moment> {
        let held = self.held.front()?;
        self.silent.is_none().then(|| held.since + PATIENCE)
    }

    /// When the next commit can begin that could not yet, after a failure or a large one.
    pub(crate) fn retry(&self) -> Option<Moment> {
        let waits = self.under_way.is_none() && self.noted.since().is_some();
        let retry = self
            .silent
            .map_or(self.rest, |silent| silent.retry.max(self.rest));
        waits.then_some(retry)
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent.is_some()
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures
    }

    pub(crate) fn unwritten(&self) -> usize {
        let under_way = self.under_way.as_ref().map_or(0, |it| it.slots.len());
        self.noted.len() + under_way
    }
}

/// What is not written yet, since which input.
#[derive(Debug, Default)]
struct Noted {
    since: BTreeMap<Slot, u64>,
    oldest_first: BTreeSet<(u64, Slot)>,
}

impl Noted {
    /// The earlier one counts.
    fn add(&mut self, slot: Slot, since: u64) {
        let known = self.since.get(&slot).copied();
        if known.is_some_and(|known| known <= since) {
            return;
        }
        if let Some(known) = known {
            self.oldest_first.remove(&(known, slot.clone()));
        }
        self.oldest_first.insert((since, slot.clone()));
        self.since.insert(slot, since);
    }

    fn remove(&mut self, slot: &Slot) {
        if let Some(since) = self.since.remove(slot) {
            self.oldest_first.remove(&(since, slot.clone()));
        }
    }

    fn oldest(&self) -> Option<(u64, Slot)> {
        self.oldest_first.first().cloned()
    }

    fn since(&self) -> Option<u64> {
        self.oldest_first.first().map(|(since, _)| *since)
    }

    fn len(&self) -> usize {
        self.since.len()
    }
}

/// A commit in the making.
#[derive(Default)]
struct Batch {
    slots: BTreeMap<Slot, u64>,
    keys: Vec<(Slot, String, Option<u64>)>,
    writes: Vec<Write>,
    bytes: usize,
    /// Also of what had not changed.
    rendered: usize,
}

impl Batch {
    /// Adds what differs from what the store holds. `false` when not all of it fits.
    fn take(
        &mut self,
        slot: &Slot,
        holds: &mut BTreeMap<String, Option<u64>>,
        wanted: Vec<(String, Vec<u8>)>,
    ) -> bool {
        let kept: BTreeSet<&String> = wanted.iter().map(|(key, _)| key).collect();
        let gone: Vec<String> = holds
            .keys()
            .filter(|key| !kept.contains(key))
            .cloned()
            .collect();
        let removed = gone.into_iter().map(|key| (key, None));
        let put = wanted.into_iter().map(|(key, value)| (key, Some(value)));
        for (key, value) in removed.chain(put) {
            self.rendered += value.as_ref().map_or(0, Vec::len);
            let hash = value.as_deref().map(hash);
            if hash.is_some() && holds.get(&key) == Some(&hash) {
                continue;
            }
            let bytes = value.as_ref().map_or(0, Vec::len);
            let full = self.writes.len() >= MOST_WRITES || self.bytes + bytes > MOST_BYTES;
            if full && !self.writes.is_empty() {
                return false;
            }
            holds.insert(key.clone(), None);
            self.keys.push((slot.clone(), key.clone(), hash));
            self.writes.push(Write { key, value });
            self.bytes += bytes;
        }
        true
    }

    /// Large sessions change often and are rendered whole: at 20 MB/s most of the time is left for calls.
    fn rest(&self) -> Duration {
        let rest = Duration::from_micros(u64::try_from(self.rendered / 20).unwrap_or(u64::MAX));
        rest.min(LONGEST_REST)
    }
}

fn hash(value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
