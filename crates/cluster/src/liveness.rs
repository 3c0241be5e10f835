//! Signs of life: probes, leases, links; suspicion, and the brake on it.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::deadline::Timer;
use crate::effect::{Effect, LostReason};
use crate::ids::{AttachmentId, BootId, Generation, Moment, NodeId, Revision};
use crate::input::{Failure, FailureKind};
use crate::node::{Intent, Lease, Link, Node, Phase, Probe};
use crate::rules::Rules;
use crate::settings::{Gate, REFUSALS, Settings};

/// So many ended registrations are remembered beside those of known nodes.
const REMEMBERED: usize = 1_000;

/// What the store last said of a node's registration. It outlives the node's entry, or older news could come after
/// newer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Registration {
    boot: Option<BootId>,
    lease: Lease,
    at: Revision,
}

impl Registration {
    pub(crate) fn lease_of(&self, boot: &BootId) -> Lease {
        if self.boot.as_ref() == Some(boot) {
            self.lease
        } else {
            Lease::Unused
        }
    }
}

/// Stops evacuation when suddenly everybody looks ill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Brake {
    /// When it was last pulled.
    pub(crate) since: Option<Moment>,
    store_silent: bool,
    store_answers_since: Moment,
}

impl Brake {
    /// One life of a lease after the store answers; nobody knows when while it does not.
    pub(crate) fn until(&self, settings: &Settings) -> Option<Moment> {
        let since = self.since?.max(self.store_answers_since);
        (!self.store_silent).then(|| since + settings.lease)
    }
}

impl Probe {
    /// The addresses are others now.
    pub(crate) fn anew(&mut self, now: Moment) {
        self.phase = Phase::Due(now);
        self.failures = 0;
        self.refusals = 0;
        self.lost = None;
        self.problem = None;
    }

    /// There is reason to look at once.
    pub(crate) fn hasten(&mut self, now: Moment) {
        if let Phase::Due(_) = self.phase {
            self.phase = Phase::Due(now);
        }
    }

    fn failed(&mut self, now: Moment, problem: String, pause: Duration, settings: &Settings) {
        self.failures = settings.probe_failures.min(self.failures + 1);
        self.problem = Some(problem);
        self.phase = Phase::Due(now + pause);
        if self.failures >= settings.probe_failures && self.lost.is_none() {
            self.lost = Some(now);
        }
    }

    fn passed(&mut self, now: Moment, version: u64, pause: Duration) {
        self.passed = Some(now);
        self.proof = Some(version);
        self.failures = 0;
        self.problem = None;
        self.lost = None;
        self.phase = Phase::Due(now + pause);
    }
}

impl<R: Rules> Cluster<R> {
    pub(crate) fn probe_timer(node: &Node) -> Option<(Moment, Timer)> {
        match node.probe.phase {
            Phase::Off => None,
            Phase::Due(at) => Some((at, Timer::ProbeDue)),
            Phase::Asked(by) => Some((by, Timer::ProbeUnanswered)),
        }
    }

    pub(crate) fn settle_probe(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let gate = self.settings.gate;
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let kept = matches!(
            node.intent,
            Intent::Stay | Intent::Drain { .. } | Intent::Terminate { told: false, .. }
        );
        let wanted = gate == Gate::Probe && kept && node.boot.is_some() && node.addresses.usable();
        if !wanted {
            node.probe.phase = Phase::Off;
            return;
        }
        if node.probe.phase == Phase::Off {
            node.probe.phase = Phase::Due(now);
        }
        if matches!(node.probe.phase, Phase::Due(at) if at <= now) {
            self.ask_probe(now, id, out);
        }
    }

    pub(crate) fn ask_probe(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let by = now + self.settings.probe_limit;
        if let Some(node) = self.nodes.get_mut(id)
            && let Some(boot) = &node.boot
        {
            node.probe.phase = Phase::Asked(by);
            out.push(Effect::Probe {
                node: id.clone(),
                boot: boot.id.clone(),
                addresses: node.addresses.clone(),
            });
        }
    }

    pub(crate) fn probe_unanswered(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let limit = self.settings.probe_limit;
        let failure = Failure {
            kind: FailureKind::Silent,
            problem: format!("the probe was not answered within {limit:?}"),
        };
        self.probe_failed(now, id, failure);
        self.settle(now, id, out);
    }

    pub(crate) fn probed(
        &mut self,
        now: Moment,
        id: &NodeId,
        boot: &BootId,
        version: u64,
        outcome: Result<(), Failure>,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let same_boot = node.is_boot(boot) || !R::PROOF_PER_BOOT;
        let same_addresses = node.addresses.version == version || !R::PROOF_PER_ADDRESS;
        if !same_boot || !same_addresses || node.probe.phase == Phase::Off {
            return;
        }
        match outcome {
            Ok(()) => {
                let pause = if node.heard() {
                    self.settings.probe_every
                } else {
                    self.settings.probe_retry
                };
                node.probe.passed(now, version, pause);
                if R::REFUSED_IN_A_ROW {
                    node.probe.refusals = 0;
                }
            }
            Err(failure) => self.probe_failed(now, id, failure),
        }
        self.settle(now, id, out);
        self.settle_death(id, out);
    }

    pub(crate) fn doubted(&mut self, now: Moment, id: &NodeId) {
        let soon = now + self.settings.probe_retry;
        if let Some(node) = self.nodes.get_mut(id)
            && let Phase::Due(at) = node.probe.phase
        {
            node.probe.phase = Phase::Due(at.min(soon));
        }
    }

    fn probe_failed(&mut self, now: Moment, id: &NodeId, failure: Failure) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let unheard = !node.heard() || !R::REFUSED_AND_UNLINKED;
        node.probe.refusals = match failure.kind {
            FailureKind::Refused if unheard => REFUSALS.min(node.probe.refusals + 1),
            _ if R::REFUSED_IN_A_ROW => 0,
            _ => node.probe.refusals,
        };
        let pause = if node.served && !node.heard() {
            self.settings.probe_doubt
        } else {
            self.settings.probe_retry
        };
        (node.probe).failed(now, failure.problem, pause, &self.settings);
    }

    /// Nothing comes on a stream that is open, or something comes again.
    pub(crate) fn silence(
        &mut self,
        now: Moment,
        attachment: AttachmentId,
        silent: bool,
        out: &mut Vec<Effect>,
    ) {
        let Some(node) = self.speaker(attachment) else {
            return;
        };
        if silent {
            node.silent.get_or_insert(now);
            node.probe.hasten(now);
        } else {
            node.silent = None;
            node.probe.refusals = 0;
        }
        let id = node.id.clone();
        self.settle(now, &id, out);
        self.settle_death(&id, out);
    }

    pub(crate) fn registered(
        &mut self,
        now: Moment,
        id: NodeId,
        boot: BootId,
        generation: Generation,
        at: Revision,
        out: &mut Vec<Effect>,
    ) {
        if self.is_old_news(&id, at) {
            return;
        }
        let registration = Registration {
            boot: Some(boot),
            lease: Lease::Held(generation),
            at,
        };
        self.news(now, id, registration, out);
    }

    pub(crate) fn lease_lost(
        &mut self,
        now: Moment,
        id: NodeId,
        generation: Generation,
        at: Revision,
        out: &mut Vec<Effect>,
    ) {
        if self.is_old_news(&id, at) {
            return;
        }
        let known = self.registrations.get(&id);
        let boot = known.and_then(|known| known.boot.clone());
        let lease = match known.map(|known| known.lease) {
            // News may have been overtaken: the end of a later registration ends the earlier ones as well.
            Some(Lease::Held(held)) if held > generation => Lease::Held(held),
            _ => Lease::Lost(now),
        };
        self.news(now, id.clone(), Registration { boot, lease, at }, out);
        if !R::LEASE_IS_NOT_LIFE {
            self.lose(&id, LostReason::SuspicionOver, out);
        }
    }

    fn is_old_news(&self, id: &NodeId, at: Revision) -> bool {
        let known = self.registrations.get(id);
        R::REVISION_ORDER && known.is_some_and(|known| at <= known.at)
    }

    fn news(&mut self, now: Moment, id: NodeId, registration: Registration, out: &mut Vec<Effect>) {
        if let Some(node) = self.nodes.get_mut(&id)
            && let Some(boot) = &node.boot
        {
            let lease = registration.lease_of(&boot.id);
            if lease != node.lease && matches!(lease, Lease::Lost(_)) {
                node.probe.hasten(now);
            }
            node.lease = lease;
        }
        self.registrations.insert(id.clone(), registration);
        self.settle(now, &id, out);
        self.prune_registrations();
    }

    pub(crate) fn prune_registrations(&mut self) {
        if self.registrations.len() <= self.nodes.len() + REMEMBERED {
            return;
        }
        let oldest = self
            .registrations
            .iter()
            .filter(|(id, _)| !self.nodes.contains_key(*id))
            .min_by_key(|(_, known)| known.at)
            .map(|(id, _)| id.clone());
        if let Some(id) = oldest {
            self.registrations.remove(&id);
        }
    }

    pub(crate) fn store(&mut self, now: Moment, answers: bool) {
        if self.brake.store_silent && answers {
            self.brake.store_answers_since = now;
        }
        self.brake.store_silent = !answers;
    }

    /// When its process is known to have ended, or all signs of life will have been gone for long enough.
    pub(crate) fn dead_at(&self, node: &Node) -> Option<Moment> {
        if self.brake.since.is_some() && R::BRAKE {
            return None;
        }
        if let Some(since) = self.crashed(node) {
            return Some(since);
        }
        let Link::Down(link) = node.link else {
            return None;
        };
        let lease = match node.lease {
            Lease::Held(_) => return None,
            Lease::Lost(at) => at,
            Lease::Unused => link,
        };
        let probed = self.settings.gate == Gate::Probe && R::PROBE_BEFORE_DEATH;
        // Without an address it cannot be probed, and without a wish to keep it it is not.
        if probed && node.probe.phase != Phase::Off && node.probe.lost.is_none() {
            return None;
        }
        // How long the probes took to fail is no sign of life.
        let probe = node.probe.passed.unwrap_or(link);
        Some(link.max(lease).max(probe) + self.settings.suspicion)
    }

    /// Since when there are two signs, each of its own kind, that nobody is there any more: it is not heard on its link,
    /// and its ports are refused or its provider says so.
    fn crashed(&self, node: &Node) -> Option<Moment> {
        if !matches!(node.intent, Intent::Stay | Intent::Drain { .. }) {
            return None;
        }
        let unheard = match node.link {
            Link::Awaited => None,
            Link::Up(_) => node.silent,
            Link::Down(at) => Some(at),
        };
        let word = node.gone.filter(|gone| {
            // One that was said of a node that went on speaking was wrong.
            unheard.is_some_and(|at| at <= *gone + self.settings.suspicion) || !R::GONE_AND_UNLINKED
        });
        if let Some(gone) = word {
            return Some(unheard.map_or(gone, |at| at.max(gone)));
        }
        let enough = if R::REFUSED_AGAIN { REFUSALS } else { 1 };
        // A link that this master never had is not a lost one.
        let lost = unheard.filter(|_| node.dialled.is_some() && node.served);
        if node.probe.refusals < enough {
            return None;
        }
        lost.or_else(|| (!R::REFUSED_AND_UNLINKED).then_some(node.since))
    }

    /// Definite evidence needs no waiting.
    pub(crate) fn settle_death(&mut self, id: &NodeId, out: &mut Vec<Effect>) {
        let braked = self.brake.since.is_some() && R::BRAKE;
        if let Some(node) = self.nodes.get(id)
            && !braked
            && self.crashed(node).is_some()
        {
            self.dead(id, out);
        }
    }

    pub(crate) fn dead(&mut self, id: &NodeId, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(id) else {
            return;
        };
        let reason = match node.intent {
            Intent::Terminate { told: true, .. } => LostReason::Terminated,
            _ if self.crashed(node).is_some() => LostReason::Crashed,
            _ => LostReason::SuspicionOver,
        };
        if let Some(attachment) = node.attachment() {
            // Should it live after all, it dials again.
            out.push(Effect::Drop { attachment });
        }
        self.lose(id, reason, out);
    }

    pub(crate) fn settle_suspicion(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        let suspect = node.served && node.doubtful();
        match (suspect, node.suspect_since) {
            (true, None) => {
                node.suspect_since = Some(now);
                self.pull_brake(now, out);
            }
            (false, Some(_)) => node.suspect_since = None,
            _ => {}
        }
    }

    /// More than a third of those that served, and three at least, within the window.
    fn pull_brake(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let window = self.settings.brake_window;
        let lately = |node: &&Node| node.suspect_since.is_some_and(|at| at + window >= now);
        let suspects = self.nodes.values().filter(lately).count();
        let served = self.nodes.values().filter(|node| node.served).count();
        if suspects < 3 || suspects * 3 <= served {
            return;
        }
        if self.brake.since.replace(now).is_none() {
            out.push(Effect::Brake { on: true });
        }
    }

    pub(crate) fn release_brake(&mut self, out: &mut Vec<Effect>) {
        self.brake.since = None;
        out.push(Effect::Brake { on: false });
    }
}

/// `Moment`s are far from their end, but nothing here depends on it.
pub(crate) fn since(at: Moment, now: Moment) -> Duration {
    Duration::from_millis(now.0.saturating_sub(at.0))
}
