//! The prober of the master: whether somebody would reach a node where it says that it is.

use cluster::{Addresses, BootId, Failure, FailureKind, NodeId};
use control::Input;

use super::{Event, MASTER, World};
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// A look at whether clients could reach a node.
#[derive(Clone, Debug)]
pub struct Probe {
    #[allow(missing_docs)]
    pub node: NodeId,
    #[allow(missing_docs)]
    pub boot: BootId,
    #[allow(missing_docs)]
    pub addresses: Addresses,
}

impl World {
    pub(super) fn probe(&mut self, probe: Probe) {
        let Some(run) = self.master.as_ref().map(|master| master.run) else {
            return;
        };
        // An answer takes a way there and back, silence the prober's patience.
        let answered = self.is_reached(&probe) || self.is_refused(&probe);
        let span = if answered { 40 } else { 2_500 };
        self.queue.after(span, Event::Probed { run, probe });
    }

    /// Whether somebody beside the master would reach that boot at all its addresses.
    fn is_reached(&self, probe: &Probe) -> bool {
        let Some(held) = self.nodes.iter().find(|held| {
            (held.process.as_ref()).is_some_and(|it| *it.boot == *probe.boot.as_str())
        }) else {
            return false;
        };
        let ip = self.machines[held.host.0].ip;
        !held.blocked
            && self.network.converses(MASTER, held.host)
            && !probe.addresses.ips.is_empty()
            && probe.addresses.ips.iter().all(|told| *told == ip)
    }

    /// Whether the machine at that address says that nobody listens.
    fn is_refused(&self, probe: &Probe) -> bool {
        let refuses = |ip| {
            self.nodes.iter().any(|held| {
                held.process.is_none()
                    && self.machines[held.host.0].ip == ip
                    && self.network.converses(MASTER, held.host)
            })
        };
        let ips = &probe.addresses.ips;
        !ips.is_empty() && ips.iter().all(|ip| refuses(*ip))
    }

    pub(crate) fn probed(&mut self, run: u32, probe: Probe) {
        if self.master.as_ref().is_none_or(|master| master.run != run) {
            return;
        }
        let well = self.is_reached(&probe);
        self.note(format_args!("master: probe of {}: {well}", probe.boot));
        if well {
            self.see(Seen::Proven {
                node: probe.node.clone(),
                boot: probe.boot.clone(),
                version: probe.addresses.version,
            });
        }
        let outcome = if well || self.sabotage == Sabotage::BelievingProber {
            Ok(())
        } else {
            let refused = self.is_refused(&probe) || self.sabotage == Sabotage::HastyProber;
            let (kind, problem) = if refused {
                (FailureKind::Refused, "nobody listens")
            } else {
                (FailureKind::Silent, "no answer")
            };
            let problem = problem.to_owned();
            Err(Failure { kind, problem })
        };
        if self.sabotage == Sabotage::MuteProber {
            return;
        }
        self.tell_control(Input::Probed {
            node: probe.node,
            boot: probe.boot,
            version: probe.addresses.version,
            outcome,
        });
    }
}
