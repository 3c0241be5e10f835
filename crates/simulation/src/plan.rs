//! What a seed draws: who is there, when each begins, and what goes wrong.

mod episodes;
pub mod fleet;
mod twin;

use crate::clock::Clock;
use crate::queue::Time;
use crate::random::Random;

/// One thing that is done to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    StartMaster,
    /// SIGTERM.
    StopMaster,
    /// SIGKILL.
    KillMaster,
    /// The machine loses power.
    PowerMaster(bool),
    StartNode(usize),
    StopNode(usize),
    KillNode(usize),
    PowerNode(usize, bool),
    /// It is reached at another address from now on; a process that runs has to notice.
    ReaddressNode(usize),
    /// The disk is gone, and the node's id with it.
    WipeNode(usize),
    /// SIGSTOP and SIGCONT, of the master (0), a node or a browser, by machine.
    Freeze(usize, bool),
    /// Nothing gets from one machine to the other.
    Cut(usize, usize, bool),
    /// Every connection of the machine is reset.
    Reset(usize),
    /// Somebody sets the wall clock, to be so many milliseconds ahead.
    SetClock(usize, i64),
    /// The disk below the store has a bad day, or a good one again.
    Store(StoreFault),
    /// Media and probes do not get to the node, though its link does.
    BlockMedia(usize, bool),
    /// A command of an earlier run of the master, that was stuck somewhere, arrives at the node.
    Zombie(usize),
    /// Somebody comes to the call.
    Arrive(usize),
    /// Leaves it by the button.
    Leave(usize),
    /// Closes the page.
    ClosePage(usize),
    /// Loses power.
    PowerPerson(usize, bool),
    Mute(usize, bool),
    /// The operator drains a node, with this deadline, milliseconds.
    Drain(usize, Time),
    UnDrain(usize),
    /// The operator wants so many nodes.
    Count(u32),
    /// A machine of the provider's is gone from one moment to the next.
    EndMachine(usize),
    /// A machine appears that nobody asked for.
    Stray,
    /// The provider can be reached, or not.
    Provider(bool),
    /// From now on nothing goes wrong, and everything that should be up is started.
    Calm,
    /// Everybody leaves.
    Farewell,
}

/// What becomes of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StoreFault {
    /// A tenth of all requests ends unknown.
    Stormy,
    /// Nothing can be written.
    Full,
    /// Nothing is answered for so many milliseconds.
    Freeze(Time),
    /// History is dropped.
    Compact,
    Well,
}

/// A machine.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct MachinePlan {
    /// Milliseconds to anywhere.
    pub latency: Time,
    pub clock: Clock,
}

/// A machine for a node.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct NodePlan {
    pub machine: MachinePlan,
    pub id: String,
}

/// Somebody with a browser.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct PersonPlan {
    pub machine: MachinePlan,
    pub session: String,
}

/// A whole world.
#[derive(Clone, Debug)]
pub struct Plan {
    #[allow(missing_docs)]
    pub master: MachinePlan,
    #[allow(missing_docs)]
    pub nodes: Vec<NodePlan>,
    #[allow(missing_docs)]
    pub persons: Vec<PersonPlan>,
    /// In the order of their times.
    pub faults: Vec<(Time, Fault)>,
    /// When [`Fault::Calm`] comes.
    pub calm: Time,
    /// `None`: nodes are started by hand. Else they are launched into the machines of `nodes`.
    pub fleet: Option<fleet::FleetPlan>,
}

impl Plan {
    /// The world of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed, 1);
        let mut plan = Self::peopled(&mut random);
        let spread = start_spread(&mut random);
        let mut at = plan.start(&mut random, 0, spread);
        at = plan.go_wrong(&mut random, at);
        if random.percent(20) {
            at = plan.night(&mut random, at);
            let spread = start_spread(&mut random);
            at = plan.start(&mut random, at, spread);
            if random.percent(50) {
                at = plan.go_wrong(&mut random, at);
            }
        }
        plan.calm = at + random.between(0, 5_000);
        plan.faults.push((plan.calm, Fault::Calm));
        plan.faults.sort_by_key(|(at, _)| *at);
        if random.percent(8) {
            let at = random.between(0, plan.calm.min(120_000));
            return plan.with_twin(at);
        }
        plan
    }

    /// A world in which nothing goes wrong.
    pub fn quiet(nodes: usize, persons: usize) -> Self {
        let machine = MachinePlan {
            latency: 5,
            clock: Clock::default(),
        };
        let mut plan = Self::of(machine, nodes, persons, 1);
        plan.faults.push((0, Fault::StartMaster));
        for node in 0..nodes {
            plan.faults.push((0, Fault::StartNode(node)));
        }
        for person in 0..persons {
            plan.faults.push((1_000, Fault::Arrive(person)));
        }
        plan.calm = 30_000;
        plan.faults.push((plan.calm, Fault::Calm));
        plan
    }

    /// The same, with this going wrong on the way.
    pub fn with(mut self, faults: impl IntoIterator<Item = (Time, Fault)>) -> Self {
        self.faults.extend(faults);
        let last = self
            .faults
            .iter()
            .filter(|(_, fault)| *fault != Fault::Calm);
        let last = last.map(|(at, _)| *at).max().unwrap_or(0);
        self.calm = self.calm.max(last + 5_000);
        self.faults.retain(|(_, fault)| *fault != Fault::Calm);
        self.faults.push((self.calm, Fault::Calm));
        self.faults.sort_by_key(|(at, _)| *at);
        self
    }

    fn of(machine: MachinePlan, nodes: usize, persons: usize, sessions: usize) -> Self {
        let node = |index| NodePlan {
            machine,
            id: format!("media_{index}"),
        };
        let person = |index| PersonPlan {
            machine,
            session: format!("room{}", index % sessions),
        };
        Self {
            master: machine,
            nodes: (0..nodes).map(node).collect(),
            persons: (0..persons).map(person).collect(),
            faults: Vec::new(),
            calm: 0,
            fleet: None,
        }
    }

    fn peopled(random: &mut Random) -> Self {
        let nodes = *random.pick(&[1, 1, 2, 2, 2, 3, 3, 4]);
        let persons = *random.pick(&[2, 2, 2, 3, 3, 4]);
        let sessions = if persons == 4 && random.percent(60) {
            2
        } else {
            1
        };
        let mut plan = Self::of(machine(random), nodes, persons, sessions);
        plan.nodes
            .iter_mut()
            .for_each(|node| node.machine = machine(random));
        for person in &mut plan.persons {
            person.machine = machine(random);
            person.machine.latency = random.between(2, 80);
        }
        plan
    }

    /// Everybody begins, in any order. Returns when all have.
    fn start(&mut self, random: &mut Random, from: Time, spread: Time) -> Time {
        let mut starts = vec![Fault::StartMaster];
        starts.extend((0..self.nodes.len()).map(Fault::StartNode));
        starts.extend((0..self.persons.len()).map(Fault::Arrive));
        for fault in starts {
            self.faults.push((from + random.between(0, spread), fault));
        }
        from + spread
    }

    /// The number of a node's machine.
    pub fn machine_of_node(&self, node: usize) -> usize {
        1 + node
    }

    /// The number of a person's machine.
    pub fn machine_of_person(&self, person: usize) -> usize {
        1 + self.nodes.len() + person
    }
}

fn machine(random: &mut Random) -> MachinePlan {
    let drift = match random.below(10) {
        0 => random.between(0, 40_000) as i64 - 20_000,
        _ => random.between(0, 400) as i64 - 200,
    };
    let ahead = match random.below(10) {
        0 => random.between(0, 1_200_000) as i64 - 600_000,
        _ => random.between(0, 200) as i64 - 100,
    };
    MachinePlan {
        latency: random.between(0, 3),
        clock: Clock::new(drift, ahead),
    }
}

fn start_spread(random: &mut Random) -> Time {
    match random.below(20) {
        0..4 => 0,
        4..9 => 3_000,
        9..15 => 15_000,
        15..19 => 60_000,
        _ => 30 * 60_000,
    }
}
