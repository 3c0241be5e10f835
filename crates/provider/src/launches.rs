//! Which launches are wanted, and what has become of them. Pure.
//!
//! [`Launches::handle`] takes the time and one [`Input`] and returns [`Effect`]s; [`Launches::next_deadline`] says when
//! to come back with [`Input::Tick`]. What is wanted is compared with what the provider lists, again and again, so that
//! nothing is leaked whatever a call's answer was and whenever a machine appears: a machine of a wanted launch is
//! kept, one of a launch that has failed or is not wanted is ended, one that nobody asked for is left alone for a while
//! and ended unless its node dials in. A machine whose node has dialled in is only ended when it is said to be unwanted,
//! or when a second one came of the same launch.
//!
//! ```text
//! Requested ──► Launched ⇄ Joined          Stray ──► Joined (adopted)
//!      └────────────┴────────┴──► Ending ◄───┘
//! ```

mod answers;
mod due;
mod effect;
mod input;
mod record;
mod timing;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use effect::{About, Call, CallId, Effect, FailureReason};
pub use input::{Answer, Failure, Input};
pub use record::{Phase, Why};
pub use timing::{BackOff, Deadline, DeadlineReason, Moment, Timing};

use crate::ids::{LaunchKey, MachineId};
use crate::machine::Spec;
use record::Record;

/// All launches that are wanted, or of which something may still be there.
#[derive(Debug)]
pub struct Launches {
    timing: Timing,
    can_launch: bool,
    records: BTreeMap<LaunchKey, Record>,
    calls: BTreeMap<CallId, Pending>,
    last_call: u64,
    listing: Listing,
    blocked: Blocked,
}

/// A call without an answer.
#[derive(Clone, Debug)]
enum Pending {
    List { begun: Moment },
    Launch(LaunchKey),
    Terminate(LaunchKey, MachineId),
}

#[derive(Debug, Default)]
struct Listing {
    calling: bool,
    /// A list has been answered, well or badly.
    answered: bool,
    due: Moment,
    failures: u32,
}

#[derive(Debug, Default)]
struct Blocked {
    failures: u32,
    until: Moment,
    /// Lest its end is a deadline for ever.
    until_passed: bool,
}

impl Launches {
    /// No launches. `can_launch` as [`Provider::launches`](crate::Provider::launches) says.
    pub fn new(timing: Timing, can_launch: bool) -> Self {
        Self {
            timing,
            can_launch,
            records: BTreeMap::new(),
            calls: BTreeMap::new(),
            last_call: 0,
            listing: Listing::default(),
            blocked: Blocked::default(),
        }
    }

    /// Takes one input at time `now` and says what is to be done about it.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Known(known) => self.known(now, known),
            Input::Launch(wanted) => {
                for (key, spec) in wanted {
                    self.want(now, key, spec, &mut effects);
                }
            }
            Input::Unwant(keys) => keys.iter().for_each(|key| self.unwant(now, key)),
            Input::Joined(key) => self.joined(now, key, &mut effects),
            Input::Left(key) => self.left(now, &key),
            Input::Answered { call, answer } => self.answered(now, call, answer, &mut effects),
            Input::Ended(ended) => self.ended(now, ended, &mut effects),
            Input::Tick => {}
        }
        self.do_what_is_due(now, &mut effects);
        effects
    }

    /// How many launches may be begun now: none while a failed one is being waited out.
    pub fn launchable(&self, now: Moment) -> u32 {
        if !self.can_launch || now < self.blocked.until {
            return 0;
        }
        let on_the_way = self.records.values().filter(|record| {
            matches!(
                record.phase,
                Phase::Requested { .. } | Phase::Launched { .. }
            )
        });
        let on_the_way = u32::try_from(on_the_way.count()).unwrap_or(u32::MAX);
        self.timing.on_the_way.saturating_sub(on_the_way)
    }

    /// Whether the provider has said of a first list what there is, or that it cannot say.
    pub fn first_list_is_over(&self) -> bool {
        self.listing.answered
    }

    /// The machine that a launch has.
    pub fn machine(&self, key: &LaunchKey) -> Option<&MachineId> {
        self.records.get(key)?.keep.as_ref()
    }

    /// Every launch with its phase and the machine that it has, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&LaunchKey, Phase, Option<&MachineId>)> {
        self.records
            .iter()
            .map(|(key, record)| (key, record.phase, record.keep.as_ref()))
    }

    /// Where one launch is. `None` when nothing of it is there or wanted.
    pub fn phase(&self, key: &LaunchKey) -> Option<Phase> {
        self.records.get(key).map(|record| record.phase)
    }

    fn known(&mut self, now: Moment, known: Vec<(LaunchKey, Option<MachineId>)>) {
        let until = now + self.timing.come_back;
        for (key, machine) in known {
            let record = self
                .records
                .entry(key)
                .or_insert_with(|| Record::new(now, Phase::Launched { until }, None));
            record.joined_before = true;
            if let Some(id) = machine {
                record.note(now, &id, None);
            }
        }
    }

    fn want(&mut self, now: Moment, key: LaunchKey, spec: Arc<Spec>, effects: &mut Vec<Effect>) {
        let requested = Phase::Requested {
            failures: 0,
            retry: Some(now),
        };
        let full = self.records.len() >= self.timing.remembered;
        let Some(record) = self.records.get_mut(&key) else {
            if full {
                let reason = FailureReason::TooMany;
                effects.push(Effect::Failed { key, reason });
            } else {
                let record = Record::new(now, requested, Some(spec));
                self.records.insert(key, record);
            }
            return;
        };
        record.unasked = false;
        match record.phase {
            Phase::Stray { .. } => {
                let until = now + self.timing.dial_in;
                record.phase = Phase::Launched { until };
                let machine = record.kept(&key);
                effects.push(Effect::Adopted { key, machine });
            }
            Phase::Ending(_) if record.has_begun_to_end() || record.said_gone => {
                let reason = FailureReason::Ended;
                effects.push(Effect::Failed { key, reason });
            }
            Phase::Ending(_) => {
                record.spec.get_or_insert(spec);
                let until = now + self.timing.dial_in;
                let there = !record.machines.is_empty() && record.launching.is_none();
                record.revive(if there {
                    Phase::Launched { until }
                } else {
                    requested
                });
            }
            Phase::Requested { .. } | Phase::Launched { .. } | Phase::Joined => {}
        }
    }

    fn unwant(&mut self, now: Moment, key: &LaunchKey) {
        if let Some(record) = self.records.get_mut(key) {
            record.end(now, Why::Unwanted);
        }
    }

    fn joined(&mut self, now: Moment, key: LaunchKey, effects: &mut Vec<Effect>) {
        let record = self.records.entry(key.clone()).or_insert_with(|| Record {
            unasked: true,
            ..Record::new(now, Phase::Joined, None)
        });
        let adopted = match record.phase {
            Phase::Ending(Why::Unwanted) => return,
            Phase::Ending(_) if record.has_begun_to_end() || record.said_gone => return,
            Phase::Ending(_) | Phase::Stray { .. } => true,
            Phase::Requested { .. } | Phase::Launched { .. } => {
                self.blocked = Blocked::default();
                false
            }
            Phase::Joined => false,
        };
        record.revive(Phase::Joined);
        record.joined_before = true;
        if adopted {
            let machine = record.kept(&key);
            effects.push(Effect::Adopted { key, machine });
        }
    }

    fn left(&mut self, now: Moment, key: &LaunchKey) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        if record.phase != Phase::Joined {
            return;
        }
        // No machine of it was seen: it dialled in by itself, and may again.
        if record.unasked {
            self.records.remove(key);
            return;
        }
        if record.lost {
            return record.end(now, Why::Failed);
        }
        let until = now + self.timing.come_back;
        record.phase = Phase::Launched { until };
    }

    fn fail(
        &mut self,
        now: Moment,
        key: &LaunchKey,
        reason: FailureReason,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        record.end(now, Why::Failed);
        // What failed together counts once.
        if !record.joined_before && now >= self.blocked.until {
            self.blocked.failures = self.blocked.failures.saturating_add(1);
            self.blocked.until = now + self.timing.block.after(self.blocked.failures);
        }
        effects.push(Effect::Failed {
            key: key.clone(),
            reason,
        });
    }
}
