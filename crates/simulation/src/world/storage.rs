//! The store beside the master: the model of `store`, and who waits for its answers.

use std::collections::BTreeMap;
use std::time::Duration;

use control::{Input, Outcome as Written, Write};
use store::model::{Faults, Model, Output, Reply, Request, Ticket};
use store::{Guard, Key, Op, Outcome, Prefix, Rev};

use super::{Event, MASTER, World};
use crate::plan::StoreFault;
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// Between two attempts of a master that cannot start.
const AGAIN: Time = 300;

/// Disk, thread and queue, and who waits.
#[derive(Debug)]
pub struct Storage {
    model: Model,
    waiting: BTreeMap<Ticket, Waits>,
    ill: bool,
    full: bool,
    pub(super) starting: Option<Starting>,
}

/// Who waits for an answer, in which run of the master.
#[derive(Clone, Copy, Debug)]
enum Waits {
    Start(u32),
    Commit(u32, u64),
}

/// A master on its way to its first input.
#[derive(Clone, Debug)]
pub(super) struct Starting {
    run: u32,
    step: Step,
    entries: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The leader before, if any, is no more.
    Depose,
    Lead,
    /// Which place, under which term.
    Read(usize, Rev),
}

impl Storage {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            model: Model::new(seed, well()),
            waiting: BTreeMap::new(),
            ill: false,
            full: false,
            starting: None,
        }
    }

    /// It did not answer, or not in time, at some point: then what was told may not have been written.
    pub fn was_ill(&self) -> bool {
        self.ill
    }

    /// A commit is under way.
    pub(super) fn writes(&self) -> bool {
        let mut waiting = self.waiting.values();
        waiting.any(|waits| matches!(waits, Waits::Commit(..)))
    }

    /// What is really there under a place, without it.
    pub fn names(&self, place: &str) -> std::collections::BTreeSet<String> {
        let snapshot = self.model.truth(&Prefix::new(place));
        let names = snapshot.entries.iter();
        names
            .map(|entry| entry.key.as_str()[place.len()..].to_owned())
            .collect()
    }
}

fn well() -> Faults {
    Faults {
        delay: (Duration::from_micros(200), Duration::from_millis(8)),
        ..Faults::none()
    }
}

fn leader() -> Key {
    store::names::leader()
}

impl World {
    fn store_now(&self) -> Duration {
        Duration::from_millis(self.now())
    }

    pub(super) fn store_fault(&mut self, fault: StoreFault) {
        let now = self.store_now();
        let storage = &mut self.storage;
        storage.ill |= !matches!(fault, StoreFault::Compact | StoreFault::Well);
        match fault {
            StoreFault::Stormy => storage.model.set_faults(Faults::stormy()),
            StoreFault::Full => {
                let full = Faults {
                    unavailable: 1000,
                    ..well()
                };
                storage.model.set_faults(full);
            }
            StoreFault::Well => storage.model.set_faults(well()),
            StoreFault::Freeze(time) => storage.model.freeze(now, Duration::from_millis(time)),
            StoreFault::Compact => storage.model.compact(Rev::MAX),
        }
        storage.full = fault == StoreFault::Full;
        self.schedule_store();
    }

    fn schedule_store(&mut self) {
        if let Some(at) = self.storage.model.poll_timeout() {
            let at = at.as_micros().div_ceil(1000) as Time;
            self.wake_at(super::Who::Store, Some(at));
        }
    }

    fn ask_store(&mut self, request: Request, waits: Waits) {
        let now = self.store_now();
        let ticket = self.storage.model.request(now, request);
        self.storage.waiting.insert(ticket, waits);
        self.schedule_store();
    }

    pub(super) fn wake_store(&mut self) {
        let now = self.store_now();
        while let Some(output) = self.storage.model.poll(now) {
            let Output::Answer { ticket, result } = output else {
                continue;
            };
            let Some(waits) = self.storage.waiting.remove(&ticket) else {
                continue;
            };
            let result = result.map_err(|error| error.to_string());
            match waits {
                Waits::Start(run) => self.start_answered(run, result),
                Waits::Commit(run, number) => self.committed(run, number, result),
            }
        }
        self.schedule_store();
    }

    pub(super) fn begin_start(&mut self, run: u32) {
        self.storage.starting = Some(Starting {
            run,
            step: Step::Depose,
            entries: Vec::new(),
        });
        self.try_start();
    }

    /// The step that is next, once more or for the first time.
    pub(super) fn try_start(&mut self) {
        if self.network.is_dark(MASTER) {
            return;
        }
        let Some(starting) = &self.storage.starting else {
            return;
        };
        let (run, key) = (starting.run, leader());
        let request = match starting.step {
            Step::Depose => Request::Commit {
                guards: Vec::new(),
                ops: vec![Op::Delete { key }],
            },
            Step::Lead => Request::Commit {
                guards: vec![Guard::Absent(key.clone())],
                ops: vec![Op::Put {
                    key,
                    value: run.to_string().as_bytes().into(),
                    lease: None,
                }],
            },
            Step::Read(place, _) => Request::List {
                prefix: Prefix::new(control::records::PLACES[place]),
            },
        };
        self.ask_store(request, Waits::Start(run));
    }

    fn start_answered(&mut self, run: u32, result: Result<Reply, String>) {
        let Some(starting) = (self.storage.starting.as_mut()).filter(|it| it.run == run) else {
            return;
        };
        let next = match (starting.step, result) {
            (Step::Depose, Ok(_)) => Step::Lead,
            (Step::Lead, Ok(Reply::Committed(Outcome::Applied(rev)))) => Step::Read(0, rev),
            // An attempt whose end was not known has come through after all.
            (Step::Lead, _) => Step::Depose,
            (Step::Read(place, term), Ok(Reply::Listed(snapshot))) => {
                let entries = snapshot.entries.into_iter();
                starting
                    .entries
                    .extend(entries.map(|it| (it.key.as_str().to_owned(), it.value.to_vec())));
                Step::Read(place + 1, term)
            }
            (step, _) => {
                starting.step = step;
                return self.queue.after(AGAIN, Event::TryStart { run });
            }
        };
        starting.step = next;
        match next {
            Step::Read(place, term) if place == control::records::PLACES.len() => {
                let entries = std::mem::take(&mut starting.entries);
                self.storage.starting = None;
                self.lead(run, term, entries);
            }
            _ => self.try_start(),
        }
    }

    pub(super) fn try_start_of(&mut self, run: u32) {
        if self
            .storage
            .starting
            .as_ref()
            .is_some_and(|it| it.run == run)
        {
            self.try_start();
        }
    }

    pub(super) fn commit(&mut self, number: u64, writes: Vec<Write>) {
        let Some((run, term)) = self.master.as_ref().map(|it| (it.run, it.term)) else {
            return;
        };
        let key = |text: String| Key::new(text).expect("the mind's keys are short plain words");
        let op = |write: Write| match write.value {
            Some(value) => Op::Put {
                key: key(write.key),
                value: value.into(),
                lease: None,
            },
            None => Op::Delete {
                key: key(write.key),
            },
        };
        let guards = vec![Guard::Generation(leader(), term)];
        let done = |op: &Op| match self.sabotage {
            Sabotage::ForgetfulStore => false,
            Sabotage::KeepingStore => matches!(op, Op::Put { .. }),
            _ => true,
        };
        let ops: Vec<Op> = writes.into_iter().map(op).filter(done).collect();
        self.ask_store(Request::Commit { guards, ops }, Waits::Commit(run, number));
    }

    fn committed(&mut self, run: u32, number: u64, result: Result<Reply, String>) {
        if self.master.as_ref().is_none_or(|master| master.run != run) {
            return;
        }
        let outcome = match result {
            Ok(Reply::Committed(Outcome::Applied(_))) => Written::Applied,
            Ok(_) => Written::Refused("another run of the master".to_owned()),
            Err(error) => Written::Failed(error),
        };
        self.note(format_args!("store: commit {number} {outcome:?}"));
        self.see(Seen::Written);
        self.tell_control(Input::Committed { number, outcome });
    }
}
