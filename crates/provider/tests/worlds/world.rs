//! A provider, its machines, their nodes, a master that may crash, and an operator.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use provider::launches::{
    Answer, Call, CallId, Effect, Failure, Input, Launches, Moment, Phase, Timing,
};
use provider::{LaunchKey, Machine, MachineId, Spec};

use super::random::Random;

/// Something that must not be.
#[derive(Debug)]
#[allow(dead_code)]
pub enum Finding {
    /// A machine that nobody wants is there at the end.
    Leaked { machine: MachineId, key: LaunchKey },
    /// A launch is wanted, has not failed, and its node is not there.
    Lost(LaunchKey),
    /// The core is not at rest at the end.
    Unsettled(LaunchKey, Phase),
    /// A machine was ended whose node had dialled in and was wanted.
    Killed { machine: MachineId, key: LaunchKey },
    /// The same was said twice at once.
    Twice(Call),
    /// Calls are still under way at the end.
    Busy(usize),
}

#[derive(Debug)]
enum Event {
    Tick,
    Operator,
    Made(LaunchKey),
    Dies(MachineId),
    Dials(MachineId),
    LinkBreaks(LaunchKey),
    Answered(u32, CallId, Answer),
    MasterCrashes,
}

struct Real {
    key: LaunchKey,
    made: u64,
    gone: Option<u64>,
    dials: bool,
}

/// What the master's store has of a launch.
#[derive(Clone, Default)]
struct Stored {
    given_up: bool,
    answered: bool,
}

pub struct World {
    random: Random,
    now: u64,
    master: Launches,
    /// How many masters there were before this one.
    term: u32,
    calls: BTreeMap<CallId, Call>,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    machines: BTreeMap<MachineId, Real>,
    joined: BTreeMap<LaunchKey, MachineId>,
    store: BTreeMap<LaunchKey, Stored>,
    keys: u64,
    faults: bool,
    lists: bool,
    pub findings: Vec<Finding>,
    /// A fingerprint of all that was said.
    pub trace: u64,
}

/// A list lags by this at most, which is less than the time that the core gives it to settle.
const LAG: u64 = 30_000;

impl World {
    pub fn new(seed: u64, lists: bool) -> Self {
        let mut world = Self {
            random: Random(seed),
            now: 0,
            master: Launches::new(Timing::default(), true),
            term: 0,
            calls: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            machines: BTreeMap::new(),
            joined: BTreeMap::new(),
            store: BTreeMap::new(),
            keys: 0,
            faults: true,
            lists,
            findings: Vec::new(),
            trace: 0,
        };
        world.tell(Input::Tick);
        world.after(0, 1000, Event::Operator);
        world.after(600_000, 3_000_000, Event::MasterCrashes);
        world
    }

    pub fn end_faults(&mut self) {
        self.faults = false;
    }

    pub fn run_until(&mut self, end: u64) {
        loop {
            let tick = self.master.next_deadline().map(|deadline| deadline.at.0);
            let event = self.queue.keys().next().map(|(at, _)| *at);
            let next = tick.into_iter().chain(event).min().unwrap_or(end);
            if next >= end {
                self.now = end;
                return;
            }
            self.now = self.now.max(next);
            let due = event.is_some_and(|at| at <= self.now);
            match due.then(|| self.queue.pop_first()).flatten() {
                Some((_, event)) => self.happen(event),
                None => self.happen(Event::Tick),
            }
        }
    }

    /// Looks for what must not be at the end.
    pub fn judge(&mut self) {
        for (id, real) in &self.machines {
            let wanted = self.store.get(&real.key).is_some_and(|s| !s.given_up);
            if real.gone.is_none() && !(wanted && self.joined.get(&real.key) == Some(id)) {
                let (machine, key) = (id.clone(), real.key.clone());
                self.findings.push(Finding::Leaked { machine, key });
            }
        }
        for (key, stored) in &self.store {
            if !stored.given_up && !self.joined.contains_key(key) {
                self.findings.push(Finding::Lost(key.clone()));
            }
        }
        for (key, phase, _) in self.master.iter() {
            if phase != Phase::Joined {
                self.findings.push(Finding::Unsettled(key.clone(), phase));
            }
        }
        let busy = self.calls.values().filter(|call| **call != Call::List);
        match busy.count() {
            0 => {}
            count => self.findings.push(Finding::Busy(count)),
        }
    }

    fn after(&mut self, least: u64, most: u64, event: Event) {
        let at = self.now + self.random.between(least, most);
        self.queued += 1;
        self.queue.insert((at, self.queued), event);
    }

    fn fault(&mut self, percent: u64) -> bool {
        self.faults && self.random.percent(percent)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick => self.tell(Input::Tick),
            Event::Operator => self.operate(),
            Event::Made(key) => {
                self.make(key);
            }
            Event::Dies(id) => self.end(&id),
            Event::Dials(id) => self.dial(id),
            Event::LinkBreaks(key) => self.link_breaks(&key),
            Event::Answered(term, call, answer) if term == self.term => {
                self.calls.remove(&call);
                self.tell(Input::Answered { call, answer });
            }
            Event::Answered(..) => {}
            Event::MasterCrashes => self.master_crashes(),
        }
    }

    fn operate(&mut self) {
        if !self.faults {
            return;
        }
        let now = Moment(self.now);
        let launchable = u64::from(self.master.launchable(now));
        let keys: Vec<LaunchKey> = self.store.keys().cloned().collect();
        match self.random.between(0, 4) {
            0 | 1 if launchable > 0 => {
                let count = self.random.between(1, launchable.min(12) + 1);
                let batch = (0..count).map(|_| {
                    self.keys += 1;
                    LaunchKey::parse(&format!("k{}", self.keys)).unwrap()
                });
                let batch: Vec<LaunchKey> = batch.collect();
                self.launch(batch);
            }
            2 if !keys.is_empty() => {
                let at = self.random.between(0, keys.len() as u64) as usize;
                let key = keys[at].clone();
                self.store.entry(key.clone()).or_default().given_up = true;
                self.tell(Input::Unwant(vec![key]));
            }
            3 if !keys.is_empty() => {
                let at = self.random.between(0, keys.len() as u64) as usize;
                // Only what the core still knows may be wanted again; other keys have been used up.
                if self.master.phase(&keys[at]).is_some() {
                    self.store.entry(keys[at].clone()).or_default().given_up = false;
                    self.launch(vec![keys[at].clone()]);
                }
            }
            _ => {}
        }
        self.after(1000, 120_000, Event::Operator);
    }

    fn launch(&mut self, keys: Vec<LaunchKey>) {
        for key in &keys {
            self.store.entry(key.clone()).or_default();
        }
        let wanted = keys.into_iter().map(|key| (key, Arc::<Spec>::default()));
        self.tell(Input::Launch(wanted.collect()));
    }

    fn tell(&mut self, input: Input) {
        let effects = self.master.handle(Moment(self.now), input);
        for effect in effects {
            let mut hasher = DefaultHasher::new();
            (self.trace, self.now, format!("{effect:?}")).hash(&mut hasher);
            self.trace = hasher.finish();
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Call { id, call } => self.say(id, call),
            Effect::Launched { machine } => {
                self.store.entry(machine.key).or_default().answered = true;
            }
            Effect::Adopted { key, .. } => {
                let stored = self.store.entry(key).or_default();
                stored.answered = true;
                stored.given_up = false;
            }
            Effect::Failed { key, .. } => {
                self.store.entry(key).or_default().given_up = true;
            }
            Effect::Gone { key } => {
                self.store.remove(&key);
            }
            Effect::Lost { .. } | Effect::Stray { .. } | Effect::Troubled { .. } => {}
        }
    }

    fn say(&mut self, id: CallId, call: Call) {
        if self.calls.values().any(|other| *other == call) {
            self.findings.push(Finding::Twice(call.clone()));
        }
        self.calls.insert(id, call.clone());
        match call {
            Call::List => self.say_list(id),
            Call::Launch { key, .. } => self.say_launch(id, key),
            Call::Terminate { machine } => self.say_terminate(id, machine),
        }
    }

    fn answer(&mut self, most: u64, call: CallId, answer: Answer) {
        let event = Event::Answered(self.term, call, answer);
        self.after(10, most, event);
    }

    fn say_list(&mut self, id: CallId) {
        if !self.lists {
            return;
        }
        if self.fault(15) {
            self.answer(60_000, id, failure("garbage"));
            return;
        }
        let lag = self.random.between(0, LAG);
        let as_of = self.now.saturating_sub(lag);
        let seen = self
            .machines
            .iter()
            .filter(|(_, real)| real.made <= as_of && real.gone.is_none_or(|gone| gone > as_of));
        let machines = seen.map(|(id, real)| machine(id, &real.key)).collect();
        self.answer(5_000, id, Answer::Listed(machines));
    }

    fn say_launch(&mut self, id: CallId, key: LaunchKey) {
        if self.fault(10) {
            self.answer(60_000, id, failure("failed without effect"));
        } else if self.fault(10) {
            // What was asked for comes nevertheless, within the call or long after.
            self.after(0, 2_000_000, Event::Made(key));
            self.answer(60_000, id, failure("timed out"));
        } else {
            let there = self.machines.iter();
            let mut there = there.filter(|(_, real)| real.key == key && real.gone.is_none());
            let found = there.next().map(|(id, _)| id.clone());
            // Now and then it forgets that saying a thing twice is saying it once.
            let found = found.filter(|_| !self.fault(20));
            let made = found.unwrap_or_else(|| self.make(key.clone()));
            self.answer(60_000, id, Answer::Launched(machine(&made, &key)));
        }
    }

    fn say_terminate(&mut self, call: CallId, id: MachineId) {
        self.check_termination(&id);
        let works = !self.fault(20);
        if works || self.fault(50) {
            self.after(0, 30_000, Event::Dies(id));
        }
        let answer = if works {
            Answer::Terminated
        } else {
            failure("busy")
        };
        self.answer(60_000, call, answer);
    }

    /// A machine whose node is there and wanted may only go if it is one of several of its launch.
    fn check_termination(&mut self, id: &MachineId) {
        let Some(key) = self.machines.get(id).map(|real| real.key.clone()) else {
            return;
        };
        let wanted = self.store.get(&key).is_some_and(|s| !s.given_up);
        let told = self.master.phase(&key) == Some(Phase::Joined);
        let siblings = self.machines.values().filter(|real| real.key == key);
        if wanted && told && siblings.count() < 2 {
            let machine = id.clone();
            self.findings.push(Finding::Killed { machine, key });
        }
    }

    fn make(&mut self, key: LaunchKey) -> MachineId {
        let id = MachineId::parse(&format!("m{}", self.machines.len() + 1)).unwrap();
        let dials = !self.fault(15);
        let real = Real {
            key,
            made: self.now,
            gone: None,
            dials,
        };
        self.machines.insert(id.clone(), real);
        let slow = self.fault(10);
        let most = if slow { 900_000 } else { 200_000 };
        self.after(5_000, most, Event::Dials(id.clone()));
        if self.fault(5) {
            self.after(0, 1_000_000, Event::Dies(id.clone()));
        }
        id
    }

    fn end(&mut self, id: &MachineId) {
        let now = self.now;
        let Some(real) = self.machines.get_mut(id).filter(|real| real.gone.is_none()) else {
            return;
        };
        real.gone = Some(now);
        let key = real.key.clone();
        if self.joined.get(&key) == Some(id) {
            self.joined.remove(&key);
            self.tell(Input::Left(key));
        }
    }

    fn dial(&mut self, id: MachineId) {
        let Some(real) = self.machines.get(&id) else {
            return;
        };
        let key = real.key.clone();
        if !real.dials || real.gone.is_some() || self.joined.get(&key) == Some(&id) {
            return;
        }
        if self.joined.contains_key(&key) {
            // Two of one launch: the second one keeps trying.
            self.after(10_000, 60_000, Event::Dials(id));
            return;
        }
        self.joined.insert(key.clone(), id);
        self.tell(Input::Joined(key.clone()));
        if self.fault(20) {
            self.after(1_000, 1_000_000, Event::LinkBreaks(key));
        }
    }

    fn link_breaks(&mut self, key: &LaunchKey) {
        if let Some(id) = self.joined.remove(key) {
            self.tell(Input::Left(key.clone()));
            self.after(1_000, 400_000, Event::Dials(id));
        }
    }

    fn master_crashes(&mut self) {
        if !self.faults {
            return;
        }
        self.term += 1;
        self.calls.clear();
        self.master = Launches::new(Timing::default(), true);
        let stored: Vec<(LaunchKey, Stored)> = self.store.clone().into_iter().collect();
        let (known, unanswered): (Vec<_>, Vec<_>) = stored
            .into_iter()
            .partition(|(_, stored)| stored.answered || stored.given_up);
        let given_up = known.iter().filter(|(_, stored)| stored.given_up);
        let given_up: BTreeSet<LaunchKey> = given_up.map(|(key, _)| key.clone()).collect();
        let known = known.into_iter().map(|(key, _)| (key, None)).collect();
        self.tell(Input::Known(known));
        self.tell(Input::Unwant(given_up.into_iter().collect()));
        self.launch(unanswered.into_iter().map(|(key, _)| key).collect());
        for (_, id) in std::mem::take(&mut self.joined) {
            self.after(100, 30_000, Event::Dials(id));
        }
        self.after(60_000, 3_000_000, Event::MasterCrashes);
    }
}

fn machine(id: &MachineId, key: &LaunchKey) -> Machine {
    Machine {
        id: id.clone(),
        key: key.clone(),
        address: None,
    }
}

fn failure(reason: &str) -> Answer {
    Answer::Failed(Failure {
        is_final: false,
        reason: reason.into(),
    })
}
