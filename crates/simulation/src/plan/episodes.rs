//! What goes wrong: episodes with a beginning and an end.

use super::{Fault, Plan, StoreFault};
use crate::queue::Time;
use crate::random::Random;

impl Plan {
    /// Some episodes after `from`. Returns when they are over.
    pub(super) fn go_wrong(&mut self, random: &mut Random, from: Time) -> Time {
        let from = from + random.between(0, 25_000);
        let count = *random.pick(&[0, 1, 1, 1, 2, 2, 3, 4, 6]);
        let stretch = *random.pick(&[2_000, 20_000, 60_000]);
        let mut over = from;
        for _ in 0..count {
            let at = from + random.between(0, stretch);
            over = over.max(self.episode(random, at));
        }
        over
    }

    fn episode(&mut self, random: &mut Random, at: Time) -> Time {
        let span = *random.pick(&[300, 2_000, 5_000, 9_000, 14_000, 30_000, 45_000]);
        let over = at + random.between(span / 2, span);
        let node = random.below(self.nodes.len() as u64) as usize;
        let person = random.below(self.persons.len() as u64) as usize;
        let of_node = self.machine_of_node(node);
        let of_person = self.machine_of_person(person);
        match random.below(22) {
            0..3 => self.master_down(random, at, over),
            3 => self.between(at, over, |on| Fault::Freeze(0, on)),
            4..7 => self.node_down(random, node, at, over),
            7 => self.between(at, over, |on| Fault::Freeze(of_node, on)),
            8 => self.push(at, Fault::ReaddressNode(node)),
            9 => self.cut(random, 0, of_node, at, over),
            10 => self.cut(random, 0, of_person, at, over),
            11 => self.cut(random, of_node, of_person, at, over),
            12 => self.lone(of_node, at, over),
            13 => self.push(
                at,
                Fault::Reset(random.below(1 + self.nodes.len() as u64) as usize),
            ),
            14 => self.person_away(random, person, at, over),
            15 => self.between(at, over, |on| Fault::Mute(person, on)),
            16 => {
                let machine = random.below(1 + self.nodes.len() as u64) as usize;
                let ahead = random.between(0, 1_200_000) as i64 - 600_000;
                self.push(at, Fault::SetClock(machine, ahead));
            }
            17 => self.between(at, over, |on| Fault::BlockMedia(node, on)),
            18 => self.push(at, Fault::Zombie(node)),
            19..21 => self.store_ill(random, span, at, over),
            _ => {
                self.push(at, Fault::Drain(node, random.between(0, 60_000)));
                if random.percent(70) {
                    self.push(over, Fault::UnDrain(node));
                }
            }
        }
        over
    }

    fn push(&mut self, at: Time, fault: Fault) {
        self.faults.push((at, fault));
    }

    fn between(&mut self, at: Time, over: Time, fault: impl Fn(bool) -> Fault) {
        self.push(at, fault(true));
        self.push(over, fault(false));
    }

    fn master_down(&mut self, random: &mut Random, at: Time, over: Time) {
        match random.below(4) {
            0 => self.push(at, Fault::StopMaster),
            1 => {
                self.push(at, Fault::PowerMaster(false));
                self.push(over, Fault::PowerMaster(true));
            }
            _ => self.push(at, Fault::KillMaster),
        }
        self.push(over, Fault::StartMaster);
    }

    fn node_down(&mut self, random: &mut Random, node: usize, at: Time, over: Time) {
        match random.below(4) {
            0 => self.push(at, Fault::StopNode(node)),
            1 => {
                self.push(at, Fault::PowerNode(node, false));
                if random.percent(60) {
                    self.push(over, Fault::ReaddressNode(node));
                }
                if random.percent(20) {
                    self.push(over, Fault::WipeNode(node));
                }
                self.push(over, Fault::PowerNode(node, true));
            }
            _ => self.push(at, Fault::KillNode(node)),
        }
        self.push(over, Fault::StartNode(node));
    }

    fn store_ill(&mut self, random: &mut Random, span: Time, at: Time, over: Time) {
        let fault = match random.below(4) {
            0 => StoreFault::Stormy,
            1 => StoreFault::Full,
            2 => StoreFault::Freeze(span),
            _ => StoreFault::Compact,
        };
        self.push(at, Fault::Store(fault));
        self.push(over, Fault::Store(StoreFault::Well));
    }

    fn cut(&mut self, random: &mut Random, one: usize, other: usize, at: Time, over: Time) {
        let ways = random.below(4);
        if ways != 0 {
            self.between(at, over, |on| Fault::Cut(one, other, on));
        }
        if ways != 1 {
            self.between(at, over, |on| Fault::Cut(other, one, on));
        }
    }

    /// The machine is alone in the world.
    fn lone(&mut self, machine: usize, at: Time, over: Time) {
        let machines = 1 + self.nodes.len() + self.persons.len();
        for other in (0..machines).filter(|other| *other != machine) {
            self.between(at, over, |on| Fault::Cut(machine, other, on));
            self.between(at, over, |on| Fault::Cut(other, machine, on));
        }
    }

    fn person_away(&mut self, random: &mut Random, person: usize, at: Time, over: Time) {
        match random.below(3) {
            0 => self.push(at, Fault::Leave(person)),
            1 => self.push(at, Fault::ClosePage(person)),
            _ => {
                self.push(at, Fault::PowerPerson(person, false));
                self.push(over, Fault::PowerPerson(person, true));
            }
        }
        self.push(over, Fault::Arrive(person));
    }

    /// Everything stops, in any way and order, and is elsewhere in the morning. Returns the morning.
    pub(super) fn night(&mut self, random: &mut Random, at: Time) -> Time {
        let evening = at + random.between(0, 10_000);
        for person in 0..self.persons.len() {
            self.push(evening + random.below(5_000), Fault::ClosePage(person));
        }
        let dark = evening + random.between(5_000, 30_000);
        let last = dark + 10_000;
        let morning = last + random.between(60_000, 10 * 3_600_000);
        let master = match random.below(3) {
            0 => Fault::StopMaster,
            _ => Fault::KillMaster,
        };
        self.push(dark + random.below(5_000), master);
        self.push(last, Fault::PowerMaster(false));
        self.push(morning, Fault::PowerMaster(true));
        for node in 0..self.nodes.len() {
            let stop = match random.below(3) {
                0 => Fault::StopNode(node),
                _ => Fault::KillNode(node),
            };
            self.push(dark + random.below(5_000), stop);
            self.push(last, Fault::PowerNode(node, false));
            if random.percent(70) {
                self.push(morning, Fault::ReaddressNode(node));
            }
            if random.percent(10) {
                self.push(morning, Fault::WipeNode(node));
            }
            self.push(morning, Fault::PowerNode(node, true));
        }
        morning
    }
}
