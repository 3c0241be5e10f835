//! The ladder of remedies. It knows which step comes next for which leg, and when; it takes none itself.
//!
//! Gentle steps come before rough ones, each gets its time to help, and what did not help twice is not tried again for
//! the same cause until something about the node or its fellows has changed. What was given up is
//! [attempted](attempts) now and then for as long as it is wanted, since what is wrong may lie where nobody here sees it
//! change. Whatever happens, no more steps are taken than the [budget](budget) allows a participant, a session and the
//! cluster.

mod attempts;
mod budget;

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::Moment;
use conference::LegOf;
use diagnosis::{Cause, Step};

use attempts::GivenUp;
pub(crate) use budget::Budget;

/// From the gentlest.
const LADDER: [Step; 5] = [
    Step::ResolveAddresses,
    Step::Republish,
    Step::AnotherPath,
    Step::AnotherNode,
    Step::RestartShard,
];
/// What did not help so often will not help until something has changed.
const OFTEN: usize = 2;
/// Steps for one leg under unchanged circumstances, whatever the causes.
const MOST_STEPS: usize = 8;
/// Consent that comes back by itself within this is no failure.
pub(crate) const GRACE: Duration = Duration::from_millis(1500);
/// A client that is about to repair its stream itself, or has no WebSocket, is given so long.
pub(crate) const PAUSE: Duration = Duration::from_secs(3);
/// When the budget is used up.
const REFUSED: Duration = Duration::from_millis(500);

/// What a remedy that failed may hope for a change of: the nodes, their boots and addresses, and which of them serve, as
/// one number. That a session was moved among them changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Circumstances(pub u64);

/// The legs that are being healed.
#[derive(Debug, Default)]
pub(crate) struct Ladder {
    climbs: BTreeMap<LegOf, Climb>,
    budget: Budget,
}

#[derive(Debug)]
struct Climb {
    began: Moment,
    /// When the next step is due, or the next attempt.
    due: Moment,
    under: Option<Circumstances>,
    tried: Vec<(Cause, Step)>,
    /// Taken last, whatever has changed since.
    last: Option<(Cause, Step)>,
    /// Something speaks for an attempt, whatever has been tried.
    hoped: bool,
    /// Set when nothing is left on the ladder.
    given_up: Option<GivenUp>,
}

/// What is to be done for a leg now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// To wait, or there is nothing.
    Wait,
    Take(Step),
    /// Nothing is left to be tried, and this once more all the same.
    Attempt(Step),
}

/// How a climb ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// The cause and the last step, if one was taken.
    pub by: Option<(Cause, Step)>,
    /// Since the leg failed.
    pub after: Duration,
}

impl Ladder {
    /// The leg is without media; it is looked at `within` this, or as soon as was meant already.
    pub(crate) fn fails(&mut self, now: Moment, leg: LegOf, within: Duration) {
        let due = now + within;
        let climb = self.climbs.entry(leg).or_insert(Climb {
            began: now,
            due,
            under: None,
            tried: Vec::new(),
            last: None,
            hoped: false,
            given_up: None,
        });
        let untouched = climb.tried.is_empty() && climb.given_up.is_none();
        if untouched && due < climb.due {
            climb.due = due;
        }
    }

    /// The leg has media again.
    pub(crate) fn recovers(&mut self, now: Moment, leg: &LegOf) -> Option<Recovered> {
        let climb = self.climbs.remove(leg)?;
        let after = Duration::from_millis(now.0.saturating_sub(climb.began.0));
        let by = climb.last;
        Some(Recovered { by, after })
    }

    /// Nothing is left to be tried for it, as things are.
    pub(crate) fn is_given_up(&self, leg: &LegOf) -> bool {
        self.climbs
            .get(leg)
            .is_some_and(|climb| climb.given_up.is_some())
    }

    /// The leg is no more, or is not to be healed.
    pub(crate) fn forget(&mut self, leg: &LegOf) {
        self.climbs.remove(leg);
    }

    /// Legs that are to be looked at now.
    pub(crate) fn due(&self, now: Moment) -> Vec<LegOf> {
        let due = self.climbs.iter().filter(|(_, climb)| climb.due <= now);
        due.map(|(leg, _)| leg.clone()).collect()
    }

    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.climbs.values().map(|climb| climb.due).min()
    }

    /// It is looked at again later, and nothing is counted.
    pub(crate) fn postpone(&mut self, now: Moment, leg: &LegOf, by: Duration) {
        if let Some(climb) = self.climbs.get_mut(leg) {
            climb.due = now + by;
        }
    }

    /// Something may have changed: what was given up is looked at again.
    pub(crate) fn reconsider(&mut self, now: Moment) {
        for climb in self.climbs.values_mut() {
            if let Some(given_up) = &mut climb.given_up {
                given_up.reconsidered = true;
                climb.look_sooner(now);
            }
        }
    }

    /// A way that was lost is there again for these: what did not help before may help now.
    pub(crate) fn hope(&mut self, now: Moment, concerned: impl Fn(&LegOf) -> bool) {
        let climbs = self.climbs.iter_mut().filter(|(leg, _)| concerned(leg));
        for (_, climb) in climbs {
            climb.tried.clear();
            climb.hoped = true;
            climb.look_sooner(now);
        }
    }

    /// The next step for this cause, whose remedy begins with `first` (`None`: a person has to act), among those that are
    /// `possible`. The step counts as taken.
    pub(crate) fn next(
        &mut self,
        now: Moment,
        leg: &LegOf,
        cause: Cause,
        first: Option<Step>,
        under: Circumstances,
        possible: impl Fn(Step) -> bool,
    ) -> Advice {
        let Some(climb) = self.climbs.get_mut(leg) else {
            return Advice::Wait;
        };
        if climb.under.as_ref() != Some(&under) {
            climb.tried.clear();
            climb.given_up = None;
            climb.under = Some(under);
        }
        // What is found by now of a failure of long ago says nothing new.
        if climb.hoped || climb.given_up.is_some_and(|it| !it.reconsidered) {
            return self.attempt(now, leg, cause);
        }
        let often = |step: Step| {
            climb
                .tried
                .iter()
                .filter(|it| **it == (cause, step))
                .count()
        };
        let mut rungs = LADDER
            .iter()
            .copied()
            .filter(|step| first.is_some_and(|first| *step >= first));
        let step = rungs.find(|step| often(*step) < times(*step) && possible(*step));
        let Some(step) = step.filter(|_| climb.tried.len() < MOST_STEPS) else {
            return self.attempt(now, leg, cause);
        };
        if !self.budget.spend(now, &leg.connection, &leg.session) {
            climb.due = now + REFUSED;
            return Advice::Wait;
        }
        climb.tried.push((cause, step));
        climb.last = Some((cause, step));
        climb.given_up = None;
        climb.due = now + patience(step, leg.publishes);
        Advice::Take(step)
    }
}

fn times(step: Step) -> usize {
    match step {
        // Those of the whole node: saying it again says nothing new.
        Step::ResolveAddresses | Step::Republish | Step::RestartShard => 1,
        Step::AnotherPath | Step::AnotherNode => OFTEN,
    }
}

/// How long a step has to help.
fn patience(step: Step, publishes: bool) -> Duration {
    let seconds = match (step, publishes) {
        (Step::ResolveAddresses | Step::Republish, _) => 1,
        (Step::AnotherPath, false) => 12,
        // It dials first.
        (Step::AnotherPath, true) => 20,
        (Step::AnotherNode | Step::RestartShard, _) => 30,
    };
    Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests;
