//! Where launched nodes run: machines that a provider makes and ends, well or badly.

use std::collections::BTreeMap;

use provider::launches::{Answer, Call, Failure};
use provider::{LaunchKey, Machine, MachineId};

use crate::queue::Time;
use crate::random::Random;

/// The generator of what becomes of calls.
const PURPOSE: u64 = 9;

/// Every machine that there is or was.
#[derive(Debug)]
pub struct Cloud {
    random: Random,
    machines: BTreeMap<MachineId, Made>,
    next: u64,
    /// How many machines there can be.
    places: usize,
    /// Calls that go wrong, percent.
    trouble: u64,
    /// The provider cannot be reached.
    away: bool,
}

/// One machine.
#[derive(Clone, Debug)]
pub struct Made {
    #[allow(missing_docs)]
    pub key: LaunchKey,
    /// Which place of the rack.
    pub place: usize,
    made: Time,
    gone: Option<Time>,
}

/// What a call comes to.
#[derive(Debug)]
pub struct Comes {
    /// When its answer is there.
    pub after: Time,
    #[allow(missing_docs)]
    pub answer: Answer,
    /// What happens besides.
    pub deed: Deed,
}

/// What the provider does.
#[derive(Clone, Debug)]
pub enum Deed {
    #[allow(missing_docs)]
    Nothing,
    /// The node of a machine starts after that time.
    Starts(Time, MachineId),
    /// A machine is there after that time; its node starts so long after that, or never.
    Makes(Time, LaunchKey, Option<Time>),
    /// A machine is gone after that time.
    Ends(Time, MachineId),
}

impl Cloud {
    #[allow(missing_docs)]
    pub fn new(seed: u64, places: usize, trouble: u64) -> Self {
        Self {
            random: Random::new(seed, PURPOSE),
            machines: BTreeMap::new(),
            next: 1,
            places,
            trouble,
            away: false,
        }
    }

    /// Nothing goes wrong any more.
    pub fn heal(&mut self) {
        self.trouble = 0;
        self.away = false;
    }

    /// The provider can be reached, or not.
    pub fn set_away(&mut self, away: bool) {
        self.away = away;
    }

    /// The machines that are there.
    pub fn machines(&self) -> impl Iterator<Item = (&MachineId, &Made)> {
        self.machines.iter().filter(|(_, it)| it.gone.is_none())
    }

    /// The machine at a place of the rack.
    pub fn at(&self, place: usize) -> Option<(&MachineId, &Made)> {
        self.machines().find(|(_, it)| it.place == place)
    }

    /// A machine that is there.
    pub fn get(&self, id: &MachineId) -> Option<&Made> {
        self.machines.get(id).filter(|it| it.gone.is_none())
    }

    /// Makes a machine of this launch where there is room, but never two at once: that is promised.
    pub fn make(&mut self, now: Time, key: LaunchKey) -> Option<MachineId> {
        if self.machines().any(|(_, it)| it.key == key) {
            return None;
        }
        let place = (0..self.places).find(|place| self.at(*place).is_none())?;
        let id = MachineId::parse(&format!("m{}", self.next)).ok()?;
        self.next += 1;
        let made = Made {
            key,
            place,
            made: now,
            gone: None,
        };
        self.machines.insert(id.clone(), made);
        Some(id)
    }

    /// Takes a machine away. Says from where.
    pub fn end(&mut self, now: Time, id: &MachineId) -> Option<usize> {
        let machine = self.machines.get_mut(id)?;
        machine.gone.is_none().then(|| {
            machine.gone = Some(now);
            machine.place
        })
    }

    /// What this call comes to.
    pub fn call(&mut self, now: Time, call: &Call) -> Comes {
        let bad = self.away || self.random.percent(self.trouble);
        match call {
            Call::List => self.list(now, bad),
            Call::Launch { key, .. } => self.launch(now, key, bad),
            Call::Terminate { machine } => self.terminate(machine, bad),
        }
    }

    /// A list may lag behind a little, as those of clouds do.
    fn list(&mut self, now: Time, bad: bool) -> Comes {
        if bad {
            return fails(self.random.between(100, 30_000), "garbage");
        }
        let lag = if self.trouble > 0 { 20_000 } else { 1_000 };
        let then = now.saturating_sub(self.random.between(0, lag));
        let there = |it: &Made| it.made <= then && it.gone.is_none_or(|gone| gone > then);
        let listed = self.machines.iter().filter(|(_, it)| there(it));
        let listed = listed.map(|(id, it)| machine(id, &it.key)).collect();
        Comes {
            after: self.random.between(20, 2_000),
            answer: Answer::Listed(listed),
            deed: Deed::Nothing,
        }
    }

    fn launch(&mut self, now: Time, key: &LaunchKey, bad: bool) -> Comes {
        let starts = self.random.between(1_000, 20_000);
        // A launch that is said twice makes one machine.
        let known = self.machines().find(|(_, it)| it.key == *key);
        if let Some((id, _)) = known.filter(|_| !bad) {
            return Comes {
                after: 100,
                answer: Answer::Launched(machine(id, key)),
                deed: Deed::Nothing,
            };
        }
        let after = self.random.between(200, 8_000);
        if !bad {
            return match self.make(now, key.clone()) {
                Some(id) => Comes {
                    after,
                    answer: Answer::Launched(machine(&id, key)),
                    deed: Deed::Starts(starts, id),
                },
                None => fails(after, "there is no room"),
            };
        }
        let mut failed = fails(self.random.between(100, 40_000), "no answer in time");
        failed.deed = match self.random.below(4) {
            _ if self.away => Deed::Nothing,
            0 => Deed::Nothing,
            // It comes nevertheless, sooner or much later, and its node may not.
            1 => Deed::Makes(self.random.between(0, 10_000), key.clone(), Some(starts)),
            2 => Deed::Makes(self.random.between(0, 400_000), key.clone(), Some(starts)),
            _ => Deed::Makes(0, key.clone(), None),
        };
        failed
    }

    fn terminate(&mut self, id: &MachineId, bad: bool) -> Comes {
        let done = Comes {
            after: self.random.between(100, 3_000),
            answer: Answer::Terminated,
            deed: Deed::Ends(self.random.between(0, 2_000), id.clone()),
        };
        if !bad {
            return done;
        }
        let failed = fails(self.random.between(100, 40_000), "no answer in time");
        match self.random.below(3) {
            _ if self.away => failed,
            0 => failed,
            1 => Comes {
                deed: done.deed,
                ..failed
            },
            _ => Comes {
                deed: Deed::Ends(self.random.between(0, 50_000), id.clone()),
                ..done
            },
        }
    }
}

fn machine(id: &MachineId, key: &LaunchKey) -> Machine {
    Machine {
        id: id.clone(),
        key: key.clone(),
        address: None,
    }
}

fn fails(after: Time, reason: &str) -> Comes {
    let failure = Failure {
        is_final: false,
        reason: reason.to_owned(),
    };
    Comes {
        after,
        answer: Answer::Failed(failure),
        deed: Deed::Nothing,
    }
}
