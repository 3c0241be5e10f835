//! Thousands of inputs, sensible and not, in an order drawn from fixed seeds. A witness reads every effect as the
//! outside would and objects to whatever cannot be.

mod dice;
mod monkey;
mod witness;

use std::collections::{BTreeMap, BTreeSet};

use conference::*;
use dice::Dice;
use monkey::Monkey;
use witness::Witness;

const SEEDS: u64 = 40;
const INPUTS: usize = 3_000;
const LIMITS: Limits = Limits {
    sessions: 2,
    connections_per_session: 6,
};

#[test]
fn nothing_impossible_ever_happens() {
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        for _ in 0..INPUTS {
            world.step();
        }
        world.wind_up();
        for (kind, times) in world.witness.seen {
            *seen.entry(kind).or_insert(0) += times;
        }
    }
    for kind in witness::EVERYTHING {
        let times = seen.get(kind).copied().unwrap_or_default();
        assert!(
            times >= 10,
            "only {times} times {kind} in all runs: {seen:#?}"
        );
    }
}

/// Rooms in which little goes wrong, so that they grow full and stay long.
#[test]
fn long_calls_stay_in_order() {
    for seed in 100..110 {
        let mut world = World::new(seed);
        world.monkey.calm = true;
        for _ in 0..INPUTS {
            world.step();
        }
        world.wind_up();
    }
}

#[test]
fn the_same_inputs_have_the_same_effects() {
    let run = |seed| {
        let mut world = World::new(seed);
        let mut story = String::new();
        for _ in 0..500 {
            story += &format!("{:?}\n", world.step());
        }
        story
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

struct World {
    conference: Conference,
    witness: Witness,
    monkey: Monkey,
    now: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            conference: Conference::with_limits(LIMITS),
            witness: Witness::default(),
            monkey: Monkey::new(Dice::new(seed)),
            now: 1_000,
        }
    }

    fn step(&mut self) -> Vec<Effect> {
        if self.monkey.dice.below(1_000) == 0 {
            self.restart();
        }
        if let Some(due) = self.conference.next_deadline()
            && self.monkey.dice.below(30) == 0
        {
            self.now = self.now.max(due.0);
            return self.feed(Input::Elapsed);
        }
        let input = self.monkey.next(&self.conference, &mut self.witness);
        self.feed(input)
    }

    fn feed(&mut self, input: Input) -> Vec<Effect> {
        self.now += self.monkey.dice.below(3);
        self.witness.before(&input);
        let before = sessions(&self.conference);
        let effects = self.conference.handle(Timestamp(self.now), input);
        self.witness
            .deadline(self.now, self.conference.next_deadline());
        let noted = self.conference.take_changed();
        for changed in differing(&before, &sessions(&self.conference)) {
            assert!(noted.contains(changed), "{changed} changed unnoticed");
            self.witness.count("session changed");
        }
        self.witness.after(&effects);
        assert_eq!(self.conference.check(), Ok(()));
        self.witness.compare(&self.conference);
        effects
    }

    /// A new master takes over from what is written down.
    fn restart(&mut self) {
        let written = self.conference.sessions().cloned().collect();
        let mut conference = Conference::with_limits(LIMITS);
        assert_eq!(conference.restore(written), Ok(()));
        assert_eq!(conference.take_changed(), BTreeSet::new());
        assert_eq!(
            sessions(&conference),
            sessions(&self.conference),
            "the same sessions"
        );
        self.conference = conference;
        // Longer than the numbers of transports are ahead of the clock.
        self.now += 10_000;
        self.witness.restart(&self.conference);
        self.witness.compare(&self.conference);
    }

    /// Everybody who was asked answers, then everything ends.
    fn wind_up(&mut self) {
        let homeless = self.conference.homeless().map(|it| it.id.clone());
        for session in homeless.collect::<Vec<_>>() {
            let node = NodeId::new("n0");
            self.feed(Input::Rehoused { session, node });
        }
        while let Some(input) = self.monkey.answer(&mut self.witness) {
            self.feed(input);
        }
        assert_eq!(self.conference.open_requests().count(), 0);
        self.feed(Input::Stopping);
        self.witness.nothing_is_left();
        assert_eq!(self.conference.sessions().count(), 0);
    }
}

fn sessions(conference: &Conference) -> BTreeMap<SessionId, Session> {
    let all = conference.sessions();
    all.map(|session| (session.id.clone(), session.clone()))
        .collect()
}

fn differing<'a>(
    before: &'a BTreeMap<SessionId, Session>,
    after: &'a BTreeMap<SessionId, Session>,
) -> BTreeSet<&'a SessionId> {
    let ids = before.keys().chain(after.keys());
    ids.filter(|id| before.get(*id) != after.get(*id)).collect()
}
