//! What the provider says.

use std::collections::BTreeSet;

use super::record::{Going, Phase, Record};
use super::{About, Answer, CallId, Effect, Failure, FailureReason, Launches, Moment, Pending};
use crate::ids::{LaunchKey, MachineId};
use crate::machine::{Ended, Machine};

/// How many lists in a row must be without a machine until it is not there.
const MISSED: u32 = 2;

impl Launches {
    pub(super) fn answered(
        &mut self,
        now: Moment,
        call: CallId,
        answer: Answer,
        effects: &mut Vec<Effect>,
    ) {
        let Some(pending) = self.calls.remove(&call) else {
            return;
        };
        match (pending, answer) {
            (Pending::List { begun }, Answer::Listed(machines)) => {
                self.listed(now, begun, machines, effects);
            }
            (Pending::List { .. }, answer) => self.not_listed(now, failure(answer), effects),
            (Pending::Launch(key), Answer::Launched(machine)) if machine.key == key => {
                self.launched(now, &key, machine, effects);
            }
            (Pending::Launch(key), answer) => {
                self.not_launched(now, &key, failure(answer), effects);
            }
            (Pending::Terminate(key, machine), Answer::Terminated) => {
                self.terminated(now, &key, &machine);
            }
            (Pending::Terminate(key, machine), answer) => {
                self.not_terminated(now, &key, machine, failure(answer), effects);
            }
        }
    }

    fn launched(
        &mut self,
        now: Moment,
        key: &LaunchKey,
        machine: Machine,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        record.launching = None;
        record.touched = now;
        record.missed = 0;
        if let Some(reason) = record.over.take() {
            return match record.phase {
                Phase::Requested { .. } => self.fail(now, key, reason, effects),
                _ => self.lose(key, &machine.id, reason, effects),
            };
        }
        record.note(now, &machine.id, machine.address);
        if let Phase::Requested { .. } = record.phase {
            let until = now + self.timing.dial_in;
            record.phase = Phase::Launched { until };
            let machine = record.kept(key).unwrap_or(machine);
            effects.push(Effect::Launched { machine });
        }
    }

    pub(super) fn ended(&mut self, now: Moment, ended: Ended, effects: &mut Vec<Effect>) {
        let Ended {
            key,
            machine,
            reason,
            is_final,
        } = ended;
        let Some(record) = self.records.get_mut(&key) else {
            return;
        };
        let reason = FailureReason::EndedByItself { reason, is_final };
        if record.launching.is_some() {
            record.over = Some(reason);
            return;
        }
        if record.keep.as_ref().is_some_and(|keep| *keep != machine) {
            return record.forget(&machine);
        }
        match record.phase {
            Phase::Requested { .. } | Phase::Launched { .. } => {
                record.forget(&machine);
                self.fail(now, &key, reason, effects);
            }
            Phase::Joined => self.lose(&key, &machine, reason, effects),
            // What is being ended is ended by the answer to that call, or by a list.
            Phase::Stray { .. } | Phase::Ending(_) => {}
        }
    }

    /// The machine of a node that has dialled in is not there any more. The node itself may not be known to be lost yet.
    fn lose(
        &mut self,
        key: &LaunchKey,
        machine: &MachineId,
        reason: FailureReason,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        record.forget(machine);
        if record.phase == Phase::Joined && !record.lost {
            record.lost = true;
            let key = key.clone();
            effects.push(Effect::Lost { key, reason });
        }
    }

    fn not_launched(
        &mut self,
        now: Moment,
        key: &LaunchKey,
        failure: Failure,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        record.launching = None;
        record.touched = now;
        record.missed = 0;
        record.over = None;
        if !failure.is_final {
            // It may have had its effect.
            self.listing.due = self.listing.due.min(now);
        }
        let Phase::Requested { failures, .. } = record.phase else {
            return;
        };
        let about = About::Launch(key.clone());
        let (reason, failures) = (failure.reason, failures + 1);
        if record.keep.is_some() {
            adopt(now + self.timing.dial_in, key, record, effects);
        } else if failure.is_final || failures >= self.timing.attempts {
            let reason = FailureReason::NotLaunched {
                attempts: failures,
                reason,
            };
            self.fail(now, key, reason, effects);
        } else {
            let again = Some(now + self.timing.retry.after(failures));
            let retry = again;
            record.phase = Phase::Requested { failures, retry };
            effects.push(Effect::Troubled {
                about,
                reason,
                again,
            });
        }
    }

    fn terminated(&mut self, now: Moment, key: &LaunchKey, machine: &MachineId) {
        let Some(record) = self.records.get_mut(key) else {
            return;
        };
        record.touched = now;
        if let Some(found) = record.machines.get_mut(machine) {
            found.going = Some(Going::Told(now));
            found.missed = 0;
        }
    }

    fn not_terminated(
        &mut self,
        now: Moment,
        key: &LaunchKey,
        machine: MachineId,
        failure: Failure,
        effects: &mut Vec<Effect>,
    ) {
        let record = self.records.get_mut(key);
        let Some(found) = record.and_then(|record| record.machines.get_mut(&machine)) else {
            return;
        };
        found.failures = found.failures.saturating_add(1);
        let again = now + self.timing.retry.after(found.failures);
        found.going = Some(Going::Due(again));
        effects.push(Effect::Troubled {
            about: About::Terminate(machine),
            reason: failure.reason,
            again: Some(again),
        });
    }

    fn not_listed(&mut self, now: Moment, failure: Failure, effects: &mut Vec<Effect>) {
        self.listing.calling = false;
        self.listing.answered = true;
        self.listing.failures = self.listing.failures.saturating_add(1);
        self.listing.due = now + self.timing.retry.after(self.listing.failures);
        effects.push(Effect::Troubled {
            about: About::List,
            reason: failure.reason,
            again: Some(self.listing.due),
        });
    }

    fn listed(
        &mut self,
        now: Moment,
        begun: Moment,
        machines: Vec<Machine>,
        effects: &mut Vec<Effect>,
    ) {
        self.listing.calling = false;
        self.listing.answered = true;
        self.listing.failures = 0;
        self.listing.due = now + self.timing.list_every;
        let mut there: BTreeSet<MachineId> = BTreeSet::new();
        let mut keys: BTreeSet<LaunchKey> = BTreeSet::new();
        for machine in machines {
            there.insert(machine.id.clone());
            keys.insert(machine.key.clone());
            self.found(now, begun, machine, effects);
        }
        self.miss(now, begun, &there, effects);
        self.forget_what_is_gone(begun, &keys, effects);
    }

    fn found(&mut self, now: Moment, begun: Moment, machine: Machine, effects: &mut Vec<Effect>) {
        let settle = self.timing.settle;
        let full = self.records.len() >= self.timing.remembered;
        let Machine { id, key, address } = machine.clone();
        let Some(record) = self.records.get_mut(&key) else {
            // Left for a later list, when there is room.
            if !full {
                let until = now + self.timing.stray;
                let mut record = Record::new(now, Phase::Stray { until }, None);
                record.note(now, &id, address);
                self.records.insert(key, record);
                effects.push(Effect::Stray { machine });
            }
            return;
        };
        record.missed = 0;
        record.note(now, &id, address);
        if let Some(found) = record.machines.get_mut(&id) {
            found.missed = 0;
            if matches!(found.going, Some(Going::Told(at)) if begun >= at + settle) {
                found.going = Some(Going::Due(now));
            }
        }
        let waits = matches!(record.phase, Phase::Requested { .. }) && record.launching.is_none();
        if waits && record.keep.is_some() {
            adopt(now + self.timing.dial_in, &key, record, effects);
        }
        if record.phase == Phase::Joined && std::mem::take(&mut record.unasked) {
            let machine = record.kept(&key);
            effects.push(Effect::Adopted { key, machine });
        }
    }

    /// Counts what a list is without, where it began late enough to know.
    fn miss(
        &mut self,
        now: Moment,
        begun: Moment,
        there: &BTreeSet<MachineId>,
        effects: &mut Vec<Effect>,
    ) {
        let settle = self.timing.settle;
        let mut vanished = Vec::new();
        let mut lost = Vec::new();
        for (key, record) in &mut self.records {
            let had_one = record.keep.is_some();
            let touched = record.touched;
            let mut gone = Vec::new();
            for (id, found) in &mut record.machines {
                let knows = begun >= found.since.max(touched) + settle;
                if !there.contains(id) && knows && found.going != Some(Going::Calling) {
                    found.missed += 1;
                    if found.missed >= MISSED {
                        gone.push(id.clone());
                    }
                }
            }
            gone.iter().for_each(|id| record.forget(id));
            if had_one && record.keep.is_none() {
                match record.phase {
                    Phase::Launched { .. } => vanished.push(key.clone()),
                    Phase::Joined => lost.extend(gone.pop().map(|id| (key.clone(), id))),
                    _ => {}
                }
            }
        }
        for (key, id) in lost {
            self.lose(&key, &id, FailureReason::Vanished, effects);
        }
        for key in vanished {
            self.fail(now, &key, FailureReason::Vanished, effects);
        }
    }

    fn forget_what_is_gone(
        &mut self,
        begun: Moment,
        keys: &BTreeSet<LaunchKey>,
        effects: &mut Vec<Effect>,
    ) {
        let settle = self.timing.settle;
        self.records.retain(|key, record| {
            let over = record.is_ending() || matches!(record.phase, Phase::Stray { .. });
            let empty = record.machines.is_empty() && record.launching.is_none();
            if !over || !empty || keys.contains(key) || begun < record.touched + settle {
                return true;
            }
            record.missed += 1;
            if record.missed < MISSED {
                return true;
            }
            if !record.said_gone {
                effects.push(Effect::Gone { key: key.clone() });
            }
            false
        });
    }
}

/// The machine of a launch that the provider said had failed is there.
fn adopt(until: Moment, key: &LaunchKey, record: &mut Record, effects: &mut Vec<Effect>) {
    record.phase = Phase::Launched { until };
    effects.push(Effect::Adopted {
        key: key.clone(),
        machine: record.kept(key),
    });
}

/// An answer to another question is a defect of the shell; it must not pass for success.
fn failure(answer: Answer) -> Failure {
    match answer {
        Answer::Failed(failure) => failure,
        Answer::Listed(_) | Answer::Launched(_) | Answer::Terminated => Failure {
            is_final: false,
            reason: "the answer is to another question than was asked".into(),
        },
    }
}
