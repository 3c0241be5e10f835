//! The store of the simulator: the same contract in memory, in virtual time, with faults on demand.
//!
//! [`Model`] is pure: it is told the time, draws from its seed and never waits. [`ModelStore`] puts the asynchronous
//! [`Store`](crate::Store) on top, for code that is tested without a simulator.

mod faults;
mod random;
mod store;
mod watchers;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::contract::check_ttl;
use crate::entry::{Batch, LeaseId, Rev, Snapshot};
use crate::error::StoreError;
use crate::key::Prefix;
use crate::state::State;
use crate::state::history::{Found, History, HistoryBound};
use crate::transaction::{Guard, Op, Outcome, check};

pub use faults::{Faults, FrozenLeases};
pub use store::ModelStore;

use faults::Fate;
use random::Random;
use watchers::Watchers;

/// Time since the beginning of the simulated world.
pub type Moment = Duration;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Request {
    Grant { ttl: Duration },
    Renew { lease: LeaseId },
    Revoke { lease: LeaseId },
    List { prefix: Prefix },
    Commit { guards: Vec<Guard>, ops: Vec<Op> },
}

/// What a client is answered, of the kind of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Reply {
    Granted(LeaseId),
    Renewed,
    Revoked,
    Listed(Snapshot),
    Committed(Outcome),
}

/// Names a request until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// Names a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(u64);

/// What comes out of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The one answer to a request.
    Answer {
        /// Whose.
        ticket: Ticket,
        /// What a client sees.
        result: Result<Reply, StoreError>,
    },
    /// The next of a watch. After an error there is nothing more of it.
    Watched {
        /// Whose.
        watch: WatchId,
        /// What a watcher sees.
        item: Result<Batch, StoreError>,
    },
}

/// Something under way.
#[derive(Debug)]
enum Event {
    Arrive {
        ticket: Ticket,
        request: Request,
        answer: Answering,
    },
    Deliver(Output),
}

/// What becomes of the answer when a request has been served.
#[derive(Clone, Copy, Debug)]
enum Answering {
    After(Duration),
    /// The client has been told, or will be, that there is none.
    Lost,
}

/// A store in virtual time. The same seed and the same calls give the same outputs.
///
/// Call [`Model::poll`] until it has nothing more for the moment, and again at [`Model::poll_timeout`]. Moments never
/// go back.
#[derive(Debug)]
pub struct Model {
    state: State,
    history: History,
    watchers: Watchers,
    /// By moment, then in the order in which they were set off.
    events: BTreeMap<(Moment, u64), Event>,
    next_number: u64,
    now: Moment,
    frozen_until: Moment,
    faults: Faults,
    random: Random,
}

impl Model {
    /// An empty store.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let history = HistoryBound {
            batches: faults.history,
            ..HistoryBound::default()
        };
        Self {
            state: State::default(),
            history: History::new(0, history),
            watchers: Watchers::default(),
            events: BTreeMap::new(),
            next_number: 0,
            now: Moment::ZERO,
            frozen_until: Moment::ZERO,
            faults,
            random: Random::new(seed),
        }
    }

    /// Other faults from now on. What is under way keeps its fate.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// Sends a request.
    pub fn request(&mut self, now: Moment, request: Request) -> Ticket {
        self.now = self.now.max(now);
        let ticket = Ticket(self.number());
        if let Err(misuse) = misuse(&request) {
            self.answer(self.now, ticket, Err(misuse.into()));
            return ticket;
        }
        let fate = self.faults.draw(&mut self.random);
        self.send(ticket, request, fate);
        ticket
    }

    /// Begins to watch, as [`Store::watch`](crate::Store::watch).
    pub fn watch(&mut self, now: Moment, prefix: &Prefix, after: Rev) -> WatchId {
        self.now = self.now.max(now);
        let watch = WatchId(self.number());
        self.watchers.begin(watch, prefix.clone(), after);
        self.feed(watch);
        watch
    }

    /// Ends a watch. What is under way to it is not delivered.
    pub fn unwatch(&mut self, watch: WatchId) {
        self.watchers.end(watch);
    }

    /// Breaks every watch, as when a member of the store dies.
    pub fn break_watches(&mut self, now: Moment) {
        self.now = self.now.max(now);
        for watch in self.watchers.all() {
            let error = StoreError::Unknown("the connection of the watch broke".into());
            self.tell(watch, Err(error));
        }
    }

    /// Drops history, so that watches from before are told.
    pub fn compact(&mut self, upto: Rev) {
        self.history.compact(upto);
    }

    /// The store does nothing for this long: requests wait, and leases do what [`Faults::frozen_leases`] says.
    pub fn freeze(&mut self, now: Moment, time: Duration) {
        self.now = self.now.max(now);
        let from = self.frozen_until.max(self.now);
        let until = from.max(self.now + time);
        if self.faults.frozen_leases == FrozenLeases::Kept {
            self.state.postpone(until - from);
        }
        self.frozen_until = until;
    }

    /// What the store holds, past every fault: for checking invariants, not for components.
    pub fn truth(&self, prefix: &Prefix) -> Snapshot {
        self.state.list(prefix)
    }

    /// What is due, one at a time, in order.
    pub fn poll(&mut self, now: Moment) -> Option<Output> {
        while let Some(step) = self.next_step().filter(|step| step.at() <= now) {
            self.now = self.now.max(step.at());
            match step {
                Step::Expire(_) => self.expire(),
                Step::Event(key) => {
                    let event = self.events.remove(&key).expect("it was just found");
                    if let Some(output) = self.happen(event) {
                        return Some(output);
                    }
                }
            }
        }
        self.now = self.now.max(now);
        None
    }

    /// When [`Model::poll`] has something to do.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.next_step().map(|step| step.at().max(self.now))
    }

    fn next_step(&self) -> Option<Step> {
        let lease = self.state.next_due().map(|due| due.max(self.frozen_until));
        let event = self.events.keys().next().copied();
        match (lease, event) {
            // Renewals that arrive at the very moment come in time, as in the embedded engine.
            (Some(lease), Some(event)) if lease < event.0 => Some(Step::Expire(lease)),
            (_, Some(event)) => Some(Step::Event(event)),
            (Some(lease), None) => Some(Step::Expire(lease)),
            (None, None) => None,
        }
    }

    fn happen(&mut self, event: Event) -> Option<Output> {
        match event {
            Event::Deliver(Output::Watched { watch, item }) => {
                let heard = self.watchers.delivered(watch, item.is_err());
                heard.then_some(Output::Watched { watch, item })
            }
            Event::Deliver(output) => Some(output),
            event @ Event::Arrive { .. } if self.now < self.frozen_until => {
                self.after(self.frozen_until - self.now, event);
                None
            }
            Event::Arrive {
                ticket,
                request,
                answer,
            } => {
                let result = self.serve(request);
                if let Answering::After(delay) = answer {
                    self.answer(self.now + delay, ticket, result);
                }
                None
            }
        }
    }

    fn send(&mut self, ticket: Ticket, request: Request, fate: Fate) {
        let (there, back) = (self.delay(), self.delay());
        let unknown = || Err(StoreError::Unknown("no answer in time".into()));
        let timeout = self.now + self.faults.timeout;
        let (arrives, answer) = match fate {
            Fate::Served => (there, Answering::After(back)),
            Fate::Unavailable => {
                let error = StoreError::Unavailable("the model was told to be".into());
                return self.answer(self.now + there, ticket, Err(error));
            }
            Fate::LostRequest => return self.answer(timeout, ticket, unknown()),
            Fate::LostReply => {
                self.answer(timeout, ticket, unknown());
                (there, Answering::Lost)
            }
            Fate::ServedLate => {
                self.answer(timeout, ticket, unknown());
                (self.faults.timeout + there + back, Answering::Lost)
            }
        };
        let event = Event::Arrive {
            ticket,
            request,
            answer,
        };
        self.after(arrives, event);
    }

    fn serve(&mut self, request: Request) -> Result<Reply, StoreError> {
        match request {
            Request::Grant { ttl } => Ok(Reply::Granted(self.state.grant(ttl, self.now))),
            Request::Renew { lease } => self.state.renew(lease, self.now).map(|()| Reply::Renewed),
            Request::Revoke { lease } => self.end(lease).map(|()| Reply::Revoked),
            Request::List { prefix } => Ok(Reply::Listed(self.state.list(&prefix))),
            Request::Commit { guards, ops } => self.commit(&guards, ops).map(Reply::Committed),
        }
    }

    fn commit(&mut self, guards: &[Guard], ops: Vec<Op>) -> Result<Outcome, StoreError> {
        if !self.state.holds(guards) {
            return Ok(Outcome::Refused);
        }
        if let Some(batch) = self.state.plan(ops)? {
            self.apply(batch);
        }
        Ok(Outcome::Applied(self.state.rev()))
    }

    fn end(&mut self, lease: LeaseId) -> Result<(), StoreError> {
        if let Some(batch) = self.state.plan_end(lease)? {
            self.apply(batch);
        }
        self.state.end(lease);
        Ok(())
    }

    fn expire(&mut self) {
        for lease in self.state.due(self.now) {
            self.end(lease).expect("a lease that is due is there");
        }
    }

    fn apply(&mut self, batch: Batch) {
        self.state.apply(&batch);
        self.history.push(batch);
        for watch in self.watchers.all() {
            self.feed(watch);
        }
    }

    /// Sends a watcher all that it has not been sent.
    fn feed(&mut self, watch: WatchId) {
        while let Some((prefix, after)) = self.watchers.position(watch) {
            match self.history.after(prefix, after) {
                Found::Nothing(seen) => return self.watchers.seen(watch, seen),
                Found::Compacted(floor) => self.tell(watch, Err(StoreError::Compacted { floor })),
                Found::Batch(_) if self.random.hits(self.faults.watch_breaks) => {
                    let error = StoreError::Unknown("the connection of the watch broke".into());
                    self.tell(watch, Err(error));
                }
                Found::Batch(batch) => {
                    self.watchers.seen(watch, batch.at);
                    self.tell(watch, Ok(batch));
                }
            }
        }
    }

    fn tell(&mut self, watch: WatchId, item: Result<Batch, StoreError>) {
        let arrives = self.now + self.delay();
        let most = self.faults.watch_buffer;
        let (due, item) = self.watchers.send(watch, arrives, item, most);
        self.at(due, Event::Deliver(Output::Watched { watch, item }));
    }

    fn answer(&mut self, at: Moment, ticket: Ticket, result: Result<Reply, StoreError>) {
        self.at(at, Event::Deliver(Output::Answer { ticket, result }));
    }

    fn after(&mut self, delay: Duration, event: Event) {
        self.at(self.now + delay, event);
    }

    fn at(&mut self, at: Moment, event: Event) {
        let number = self.number();
        self.events.insert((at, number), event);
    }

    fn delay(&mut self) -> Duration {
        let (least, most) = self.faults.delay;
        self.random.between(least, most)
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

#[derive(Clone, Copy)]
enum Step {
    Expire(Moment),
    Event((Moment, u64)),
}

impl Step {
    fn at(self) -> Moment {
        match self {
            Self::Expire(at) | Self::Event((at, _)) => at,
        }
    }
}

fn misuse(request: &Request) -> Result<(), crate::error::Misuse> {
    match request {
        Request::Grant { ttl } => check_ttl(*ttl),
        Request::Commit { guards, ops } => check(guards, ops),
        _ => Ok(()),
    }
}
