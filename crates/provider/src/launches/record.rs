//! One launch.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::effect::{CallId, FailureReason};
use super::timing::Moment;
use crate::ids::{LaunchKey, MachineId};
use crate::machine::{Machine, Spec};

/// Where a launch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Said to the provider, or to be said again at `retry`.
    Requested {
        /// How many times it has failed.
        failures: u32,
        #[allow(missing_docs)]
        retry: Option<Moment>,
    },
    /// The machine is there; its node is to dial in by then.
    Launched {
        #[allow(missing_docs)]
        until: Moment,
    },
    /// Its node has dialled in.
    Joined,
    /// Nobody asked for it; left alone until then.
    Stray {
        #[allow(missing_docs)]
        until: Moment,
    },
    /// What there is of it is being ended.
    Ending(Why),
}

/// Why a launch is being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Why {
    Failed,
    Unwanted,
    Stray,
}

/// A machine that is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// To be told, at this time at the earliest.
    Due(Moment),
    Calling,
    /// It was told and the provider said that it would go.
    Told(Moment),
}

/// One machine of a launch. A provider that keeps its promise makes only one.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) since: Moment,
    pub(super) address: Option<IpAddr>,
    /// How many lists in a row, late enough to know, were without it.
    pub(super) missed: u32,
    pub(super) going: Option<Going>,
    /// How many times it was told in vain.
    pub(super) failures: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Record {
    /// `None` where it was not launched in this run.
    pub(super) spec: Option<Arc<Spec>>,
    pub(super) phase: Phase,
    pub(super) launching: Option<CallId>,
    /// When the provider last said something about it other than by a list.
    pub(super) touched: Moment,
    /// How many lists in a row, late enough to know, had no machine of it.
    pub(super) missed: u32,
    pub(super) machines: BTreeMap<MachineId, Found>,
    /// The one that stays while the launch is wanted.
    pub(super) keep: Option<MachineId>,
    pub(super) joined_before: bool,
    /// Its node dialled in and nobody has asked for it.
    pub(super) unasked: bool,
    pub(super) said_gone: bool,
    /// Its machine ended before the provider had said that it was there.
    pub(super) over: Option<FailureReason>,
    /// Its node has dialled in and its machine is not there any more.
    pub(super) lost: bool,
}

impl Record {
    pub(super) fn new(now: Moment, phase: Phase, spec: Option<Arc<Spec>>) -> Self {
        Self {
            spec,
            phase,
            launching: None,
            touched: now,
            missed: 0,
            machines: BTreeMap::new(),
            keep: None,
            joined_before: false,
            unasked: false,
            said_gone: false,
            over: None,
            lost: false,
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Ending(_))
    }

    /// Takes note of a machine: the first one stays, others go. Of one that is known only its address may
    /// be new.
    pub(super) fn note(&mut self, now: Moment, id: &MachineId, address: Option<IpAddr>) {
        if let Some(found) = self.machines.get_mut(id) {
            found.address = address.or(found.address);
            return;
        }
        self.lost = false;
        let stays = self.keep.is_none() && !self.is_ending();
        if stays {
            self.keep = Some(id.clone());
        }
        let found = Found {
            since: now,
            address,
            missed: 0,
            going: (!stays).then_some(Going::Due(now)),
            failures: 0,
        };
        self.machines.insert(id.clone(), found);
    }

    /// Whether it is too late to keep it.
    pub(super) fn has_begun_to_end(&self) -> bool {
        self.is_ending()
            && self
                .machines
                .values()
                .any(|found| matches!(found.going, Some(Going::Calling | Going::Told(_))))
    }

    /// Lets everything go.
    pub(super) fn end(&mut self, now: Moment, why: Why) {
        self.phase = Phase::Ending(why);
        self.missed = 0;
        for found in self.machines.values_mut() {
            found.going.get_or_insert(Going::Due(now));
        }
    }

    /// Keeps what has not been told to go.
    pub(super) fn revive(&mut self, phase: Phase) {
        self.phase = phase;
        let mut untold = self
            .machines
            .iter()
            .filter(|(_, found)| matches!(found.going, None | Some(Going::Due(_))));
        let first = untold.next().map(|(id, _)| id.clone());
        let keep = self.keep.take().or(first);
        if let Some(found) = keep.as_ref().and_then(|id| self.machines.get_mut(id)) {
            found.going = None;
            self.keep = keep;
        }
    }

    /// The one that stays.
    pub(super) fn kept(&self, key: &LaunchKey) -> Option<Machine> {
        let id = self.keep.clone()?;
        Some(Machine {
            address: self.machines.get(&id).and_then(|found| found.address),
            key: key.clone(),
            id,
        })
    }

    pub(super) fn forget(&mut self, id: &MachineId) {
        self.machines.remove(id);
        if self.keep.as_ref() == Some(id) {
            self.keep = None;
        }
    }
}
