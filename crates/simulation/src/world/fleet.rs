//! Launched nodes: between the master, its provider, and the machines that this one makes.

use std::collections::BTreeSet;

use cluster::{Cluster, Command, Policy, State};
use control::{Input, Question};
use provider::launches::{Answer, Call, CallId, Moment};
use provider::{LaunchKey, MachineId};

use super::cloud::{Cloud, Deed};
use super::providing::Desk;
use super::{Event, World};
use crate::plan::fleet;
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// How often the master is told the time of day.
const WALL: Time = 60_000;

/// Until a process that crashed is started again by its machine.
const AGAIN: Time = 3_000;

/// All launched nodes, and who launches them.
#[derive(Debug)]
pub struct Fleet {
    #[allow(missing_docs)]
    pub cloud: Cloud,
    policy: Policy,
    at_last: u32,
    /// Of the run of the master that there is.
    pub(super) desk: Option<Desk>,
}

impl Fleet {
    pub(super) fn new(seed: u64, places: usize, plan: &fleet::FleetPlan) -> Self {
        Self {
            cloud: Cloud::new(seed, places, plan.trouble),
            policy: plan.policy.clone(),
            at_last: plan.at_last,
            desk: None,
        }
    }
}

impl World {
    pub(super) fn happen_in_fleet(&mut self, event: Event) {
        match event {
            Event::Called { run, call, answer } => self.called(run, call, answer),
            Event::Made { key, starts } => self.made(key, starts),
            Event::NodeComes { machine } => self.node_comes(&machine),
            Event::MachineEnds { machine } => self.machine_ends(&machine),
            Event::Wall { run } => self.wall(run),
            _ => {}
        }
    }

    /// What a master is to want.
    pub(super) fn policy(&self) -> Policy {
        match &self.fleet {
            Some(fleet) if self.calm => fleet::count(fleet.at_last),
            Some(fleet) => fleet.policy.clone(),
            None => Policy::default(),
        }
    }

    /// A master has begun.
    pub(super) fn open_desk(&mut self) {
        let (Some(now), Some(master)) = (self.master_now(), &self.master) else {
            return;
        };
        let run = master.run;
        if let Some(fleet) = &mut self.fleet {
            fleet.desk = Some(Desk::new(Moment(now.moment.0), master.control.cluster()));
            self.wall(run);
            self.ask_desk(|_, _, _| Vec::new());
        }
    }

    pub(super) fn wall(&mut self, run: u32) {
        let Some(now) = self.master_now() else {
            return;
        };
        if self.master.as_ref().is_some_and(|it| it.run == run) {
            let wall = cluster::schedule::Wall(now.timestamp.0 as i64);
            self.tell_control(Input::Wall(wall));
            self.queue.after(WALL, Event::Wall { run });
        }
    }

    /// Says something to the provider, and to the master what comes of it.
    pub(super) fn ask_desk(
        &mut self,
        say: impl FnOnce(&mut Desk, Moment, &Cluster) -> Vec<Input>,
    ) -> bool {
        let (Some(now), Some(master)) = (self.master_now(), &self.master) else {
            return false;
        };
        let (run, desk) = (
            master.run,
            self.fleet.as_mut().and_then(|it| it.desk.as_mut()),
        );
        let Some(desk) = desk else {
            return false;
        };
        let inputs = say(desk, Moment(now.moment.0), master.control.cluster());
        for (id, call) in desk.take_calls() {
            self.call(run, id, &call);
        }
        let any = !inputs.is_empty();
        for input in inputs {
            self.note(format_args!("provider → master: {input:?}"));
            self.tell_control(input);
        }
        any
    }

    fn call(&mut self, run: u32, call: CallId, said: &Call) {
        let now = self.now();
        let Some(fleet) = &mut self.fleet else {
            return;
        };
        let comes = fleet.cloud.call(now, said);
        let answer = comes.answer;
        if !matches!(said, Call::List) {
            self.note(format_args!(
                "provider: {said:?} comes to {answer:?} and {:?}",
                comes.deed
            ));
        }
        self.queue
            .after(comes.after, Event::Called { run, call, answer });
        match comes.deed {
            Deed::Nothing => {}
            Deed::Starts(after, machine) => self.queue.after(after, Event::NodeComes { machine }),
            Deed::Makes(after, key, starts) => {
                self.queue.after(after, Event::Made { key, starts });
            }
            Deed::Ends(..) if self.sabotage == Sabotage::DeafProvider => {}
            Deed::Ends(after, machine) => self.queue.after(after, Event::MachineEnds { machine }),
        }
    }

    pub(super) fn called(&mut self, run: u32, call: CallId, answer: Answer) {
        if self.master.as_ref().is_some_and(|it| it.run == run) {
            self.ask_desk(|desk, now, cluster| desk.answered(now, call, answer, cluster));
            self.schedule_master();
        }
    }

    pub(super) fn made(&mut self, key: LaunchKey, starts: Option<Time>) {
        let now = self.now();
        let made = (self.fleet.as_mut()).and_then(|fleet| fleet.cloud.make(now, key));
        let Some(machine) = made else {
            return;
        };
        self.note(format_args!("provider: machine {machine} appears"));
        if let Some(after) = starts {
            self.queue.after(after, Event::NodeComes { machine });
        }
    }

    pub(super) fn node_comes(&mut self, machine: &MachineId) {
        let made = (self.fleet.as_ref()).and_then(|fleet| fleet.cloud.get(machine));
        let Some((place, key)) = made.map(|made| (made.place, made.key.to_string())) else {
            return;
        };
        let held = &mut self.nodes[place];
        let host = held.host;
        held.id = key;
        // Another disk.
        held.last_started = 0;
        self.network.set_dark(host, false);
        self.readdress(place);
        self.start_node(place);
    }

    /// As it was told to, and what was on it then.
    pub(super) fn machine_ends(&mut self, machine: &MachineId) {
        let made = (self.fleet.as_ref()).and_then(|fleet| fleet.cloud.get(machine));
        if let Some(node) = made.map(|made| made.place) {
            self.see(Seen::MachineTold { node });
        }
        self.lose_machine(machine);
    }

    fn lose_machine(&mut self, machine: &MachineId) {
        let now = self.now();
        let place = (self.fleet.as_mut()).and_then(|fleet| fleet.cloud.end(now, machine));
        if let Some(place) = place {
            self.note(format_args!("provider: machine {machine} is gone"));
            self.end_node(place, false);
            self.network.set_dark(self.nodes[place].host, true);
        }
    }

    pub(super) fn end_machine_at(&mut self, place: usize) {
        let there = self.fleet.as_ref().and_then(|fleet| fleet.cloud.at(place));
        if let Some(machine) = there.map(|(id, _)| id.clone()) {
            self.lose_machine(&machine);
        }
    }

    /// A machine that is tagged with this cluster, and that nobody has asked for.
    pub(super) fn stray(&mut self) {
        let starts = self.random.percent(50).then_some(5_000);
        if let Ok(key) = LaunchKey::parse(&format!("stray_{}", self.now())) {
            self.made(key, starts);
        }
    }

    /// A process of a launched node has crashed; what runs it may start it again.
    pub(super) fn may_start_again(&mut self, node: usize) {
        if self.fleet.is_some() && self.random.percent(50) {
            let again = Event::Fault(crate::plan::Fault::StartNode(node));
            self.queue.after(AGAIN, again);
        }
    }

    pub(super) fn set_provider(&mut self, reached: bool) {
        if let Some(fleet) = &mut self.fleet {
            fleet.cloud.set_away(!reached);
        }
    }

    /// From now on so many nodes are wanted, whatever was.
    pub(super) fn settle_fleet(&mut self) {
        if let Some(fleet) = &mut self.fleet {
            fleet.cloud.heal();
            let policy = Some(Box::new(self.policy()));
            let question = Question(u64::MAX);
            self.tell_control(Input::Policy { question, policy });
            self.operate(Command::Uncount);
        }
    }

    /// Whether a place of the rack is without a machine.
    pub(super) fn is_vacant(&self, node: usize) -> bool {
        (self.fleet.as_ref()).is_some_and(|fleet| fleet.cloud.at(node).is_none())
    }
}

impl World {
    /// What is not as it should be with launched nodes: as many serve as are wanted, and nothing else is there.
    pub fn unfleeted(&self) -> Option<String> {
        let (Some(fleet), Some(master)) = (&self.fleet, &self.master) else {
            return None;
        };
        let cluster = master.control.cluster();
        let mut serving = BTreeSet::new();
        for node in cluster.nodes().filter(|it| it.state() != State::Failed) {
            if node.state() != State::Serving {
                return Some(format!("{} is {:?}", node.id(), node.state()));
            }
            serving.insert(node.id().as_str().to_owned());
        }
        if serving.len() != fleet.at_last as usize {
            let wanted = fleet.at_last;
            return Some(format!("{wanted} nodes are wanted, {serving:?} serve"));
        }
        let mut there = BTreeSet::new();
        for (id, machine) in fleet.cloud.machines() {
            let key = machine.key.to_string();
            if !serving.contains(&key) || !there.insert(key) {
                return Some(format!("machine {id} of {} is leaked", machine.key));
            }
        }
        None
    }
}
