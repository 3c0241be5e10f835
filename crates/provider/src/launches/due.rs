//! What is due at a time, and when something will be.

use super::record::{Going, Phase, Record, Why};
use super::{
    Call, CallId, Deadline, DeadlineReason, Effect, FailureReason, Launches, Moment, Pending,
};
use crate::ids::{LaunchKey, MachineId};

impl Launches {
    /// When [`Input::Tick`](super::Input::Tick) is due next.
    pub fn next_deadline(&self) -> Option<Deadline> {
        let list = (!self.listing.calling).then_some((self.listing.due, DeadlineReason::List));
        let unblocked = (self.blocked.failures > 0 && !self.blocked.until_passed)
            .then_some((self.blocked.until, DeadlineReason::Unblocked));
        let of_records = self.records.values().flat_map(deadlines);
        let all = list.into_iter().chain(unblocked).chain(of_records);
        let (at, reason) = all.min()?;
        Some(Deadline { at, reason })
    }

    pub(super) fn do_what_is_due(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.blocked.until_passed = now >= self.blocked.until;
        self.give_up_what_is_late(now, effects);
        self.launch_what_is_due(now, effects);
        self.terminate_what_is_due(now, effects);
        if !self.listing.calling && self.listing.due <= now {
            self.listing.calling = true;
            self.begin(Pending::List { begun: now }, Call::List, effects);
        }
        self.tell_what_is_gone(effects);
    }

    fn begin(&mut self, pending: Pending, call: Call, effects: &mut Vec<Effect>) -> CallId {
        self.last_call += 1;
        let id = CallId(self.last_call);
        self.calls.insert(id, pending);
        effects.push(Effect::Call { id, call });
        id
    }

    fn give_up_what_is_late(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut late = Vec::new();
        for (key, record) in &mut self.records {
            match record.phase {
                Phase::Launched { until } if until <= now => {
                    late.push((key.clone(), record.joined_before));
                }
                Phase::Stray { until } if until <= now => record.end(now, Why::Stray),
                _ => {}
            }
        }
        for (key, joined_before) in late {
            let reason = if joined_before {
                FailureReason::NeverCameBack(self.timing.come_back)
            } else {
                FailureReason::NeverDialledIn(self.timing.dial_in)
            };
            self.fail(now, &key, reason, effects);
        }
    }

    fn launch_what_is_due(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let due = self.records.iter().filter_map(|(key, record)| {
            let due = matches!(record.phase, Phase::Requested { retry: Some(at), .. } if at <= now);
            let spec = record.spec.clone()?;
            (due && record.launching.is_none()).then(|| (key.clone(), spec))
        });
        for (key, spec) in due.collect::<Vec<_>>() {
            let call = Call::Launch {
                key: key.clone(),
                spec,
            };
            let id = self.begin(Pending::Launch(key.clone()), call, effects);
            if let Some(record) = self.records.get_mut(&key) {
                record.launching = Some(id);
                if let Phase::Requested { retry, .. } = &mut record.phase {
                    *retry = None;
                }
            }
        }
    }

    fn terminate_what_is_due(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let mut due: Vec<(LaunchKey, MachineId)> = Vec::new();
        // Not while a launch is under way, for its answer would leave open which of the two came last.
        let records = self.records.iter_mut();
        for (key, record) in records.filter(|(_, record)| record.launching.is_none()) {
            for (id, found) in &mut record.machines {
                if matches!(found.going, Some(Going::Due(at)) if at <= now) {
                    found.going = Some(Going::Calling);
                    due.push((key.clone(), id.clone()));
                }
            }
        }
        for (key, machine) in due {
            let call = Call::Terminate {
                machine: machine.clone(),
            };
            self.begin(Pending::Terminate(key, machine), call, effects);
        }
    }

    fn tell_what_is_gone(&mut self, effects: &mut Vec<Effect>) {
        for (key, record) in &mut self.records {
            let told = |found: &super::record::Found| matches!(found.going, Some(Going::Told(_)));
            let gone = record.is_ending()
                && !record.said_gone
                && record.launching.is_none()
                && !record.machines.is_empty()
                && record.machines.values().all(told);
            if gone {
                record.said_gone = true;
                effects.push(Effect::Gone { key: key.clone() });
            }
        }
    }
}

fn deadlines(record: &Record) -> impl Iterator<Item = (Moment, DeadlineReason)> {
    let of_phase = match record.phase {
        Phase::Requested {
            retry: Some(at), ..
        } if record.launching.is_none() => Some((at, DeadlineReason::LaunchAgain)),
        Phase::Launched { until } => Some((until, DeadlineReason::DialIn)),
        Phase::Stray { until } => Some((until, DeadlineReason::Stray)),
        Phase::Requested { .. } | Phase::Joined | Phase::Ending(_) => None,
    };
    let idle = record.launching.is_none();
    let of_machines = record.machines.values().filter_map(move |found| {
        let Some(Going::Due(at)) = found.going else {
            return None;
        };
        idle.then_some((at, DeadlineReason::TerminateAgain))
    });
    of_phase.into_iter().chain(of_machines)
}
