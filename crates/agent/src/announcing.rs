//! Telling everybody where this node is reached.

use crate::agent::Agent;
use crate::effect::{Effect, Note};
use crate::input::Identity;
use crate::message::{Addresses, ToMaster};
use addresses::{AddressSet, Change, Finding, Moment};

impl Agent {
    pub(crate) fn on_discovered(&mut self, now: Moment, finding: Finding, out: &mut Vec<Effect>) {
        self.addresses.learn(now, finding);
        self.settle_addresses(now, out);
    }

    /// Asks everything that tells of addresses, whether its time has come or not.
    pub(crate) fn resolve(&mut self, now: Moment, out: &mut Vec<Effect>) {
        self.addresses.resolve(now);
        out.extend(self.addresses.due(now).into_iter().map(Effect::Discover));
    }

    /// Tells whoever has to know of what has become of the addresses.
    pub(crate) fn settle_addresses(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let change = self.addresses.settle(now);
        if change == Change::None {
            return;
        }
        let before = std::mem::replace(
            &mut self.announced,
            announcement(now, &self.identity, &self.addresses),
        );
        let Addresses {
            version,
            ips,
            problem,
            remarks,
            ..
        } = &self.announced;
        let news = remarks.iter().filter(|it| !before.remarks.contains(*it));
        out.extend(news.map(|remark| Effect::Note(Note::AddressRemark(remark.clone()))));
        if change == Change::Version {
            out.push(Effect::Note(match problem.is_empty() {
                true => Note::Addresses(ips.clone()),
                false => Note::NoAddress {
                    problem: problem.clone(),
                },
            }));
            out.push(Effect::SetAddresses {
                version: *version,
                ips: ips.clone(),
            });
        }
        self.say(ToMaster::AddressesChanged(self.announced.clone()), out);
        let memorable = self.addresses.memorable();
        if !memorable.is_empty() && memorable != self.remembered {
            self.remembered.clone_from(&memorable);
            out.push(Effect::Remember(memorable));
        }
    }
}

/// As the master is told.
pub(crate) fn announcement(now: Moment, identity: &Identity, set: &AddressSet) -> Addresses {
    Addresses {
        version: set.version(),
        ips: set.ips().to_vec(),
        ports: identity.ports.clone(),
        stun_port: identity.stun_port,
        relay_tls: identity.relay_tls.clone(),
        problem: set.problem().to_owned(),
        entries: set.entries(now),
        remarks: set.remarks().to_vec(),
    }
}
