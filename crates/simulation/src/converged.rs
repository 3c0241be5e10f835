//! Whether a healed world is well again.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use cluster::{NodeId, State};

use crate::browser::Phase;
use crate::world::World;

impl World {
    /// What is not as it should be, in words; nothing when all is well.
    pub fn unsettled(&self) -> Option<String> {
        self.unadmitted()
            .or_else(|| self.unjoined())
            .or_else(|| self.unseen())
            .or_else(|| self.misshown())
            .or_else(|| self.misguided())
    }

    /// A node whose relay does not work as the master wants it.
    pub fn misguided(&self) -> Option<String> {
        let master = self.master.as_ref()?;
        let wanted = master.control.node_settings()?.relay.as_ref()?;
        let newest = wanted.secrets.first().map(|it| it.drawn.secret.as_str());
        let peers = || {
            let all = wanted.peers.iter();
            all.flat_map(|(ip, ports)| ports.iter().map(|port| SocketAddr::new(*ip, *port)))
        };
        self.nodes.iter().find_map(|held| {
            let process = held.process.as_ref()?;
            if process.secret.as_deref() != newest {
                return Some(format!("{} has another relay secret", process.boot));
            }
            let allowed = process.peers.iter().flatten().copied();
            (!peers().eq(allowed))
                .then(|| format!("{} may relay to {:?}", process.boot, process.peers))
        })
    }

    /// What is not well any more. Machines that were asked for long ago may still appear, and have to go in time.
    pub fn disturbed(&self) -> Option<String> {
        let people = || (self.unjoined().or_else(|| self.unseen())).or_else(|| self.misshown());
        match self.fleet {
            Some(_) => people(),
            None => self.unsettled(),
        }
    }

    /// A node that is up and does not serve.
    pub fn unadmitted(&self) -> Option<String> {
        let Some(master) = &self.master else {
            return Some("no master runs".to_owned());
        };
        if self.fleet.is_some() {
            return self.unfleeted();
        }
        self.nodes.iter().find_map(|held| {
            let process = held.process.as_ref()?;
            let node = master
                .control
                .cluster()
                .node(&NodeId::new(held.id.as_str()));
            let Some(node) = node else {
                return Some(format!("the master does not know node {}", held.id));
            };
            let boot = node.boot().map(|boot| boot.id.as_str());
            if boot != Some(&*process.boot) {
                return Some(format!("the master takes {boot:?} for {}", process.boot));
            }
            (node.state() != State::Serving)
                .then(|| format!("{} is {:?}: {}", process.boot, node.state(), "not serving"))
        })
    }

    /// Somebody who wants to be in the call and is not.
    pub fn unjoined(&self) -> Option<String> {
        self.browsers
            .iter()
            .enumerate()
            .find_map(|(index, browser)| {
                (browser.wanted() && browser.phase() != Phase::In)
                    .then(|| format!("browser {index} is {:?}", browser.phase()))
            })
    }

    /// Somebody who does not see somebody.
    pub fn unseen(&self) -> Option<String> {
        for (viewer, browser) in self.browsers.iter().enumerate() {
            if !browser.wanted() {
                continue;
            }
            for (sender, other) in self.browsers.iter().enumerate() {
                if sender == viewer || !other.wanted() || other.session != browser.session {
                    continue;
                }
                let Some(stream) = self.stream_of(sender) else {
                    return Some(format!("browser {sender} publishes nothing"));
                };
                if !self.sees(viewer, stream) {
                    return Some(format!("browser {viewer} does not see browser {sender}"));
                }
            }
        }
        None
    }

    /// Somebody who is shown others than are there.
    pub fn misshown(&self) -> Option<String> {
        for (viewer, browser) in self.browsers.iter().enumerate() {
            let others = self.browsers.iter().enumerate().filter(|(other, it)| {
                *other != viewer && it.wanted() && it.session == browser.session
            });
            let there: BTreeSet<String> = others
                .filter_map(|(_, it)| it.connection().map(str::to_owned))
                .collect();
            if browser.wanted() && *browser.others() != there {
                let shown = browser.others();
                return Some(format!(
                    "browser {viewer} shows {shown:?}, there are {there:?}"
                ));
            }
        }
        None
    }

    /// What a browser publishes.
    pub fn stream_of(&self, browser: usize) -> Option<&str> {
        let own = self.browsers[browser]
            .legs()
            .get(&crate::browser::LegKey::Own)?;
        own.stream.as_deref()
    }
}

impl World {
    /// What is left of calls that are over.
    pub fn unbalanced(&self) -> Option<String> {
        let master = self.master.as_ref()?;
        let sessions = master.control.conference().sessions().count();
        let placed: usize = (master.control.cluster().nodes())
            .map(|node| node.sessions().len())
            .sum();
        let carried: usize = (self.nodes.iter())
            .flat_map(|held| &held.process)
            .map(|process| process.plane.transports().count())
            .sum();
        let kept: usize = ["sessions/", "members/", "outbox/"]
            .map(|place| self.storage.names(place).len())
            .iter()
            .sum();
        let left = [
            (sessions, "sessions"),
            (placed, "placements"),
            (carried, "peer connections"),
            (kept, "records"),
        ];
        let found = left.iter().find(|(count, _)| *count > 0);
        let found =
            found.map(|(count, what)| format!("{count} {what} are left though everybody has left"));
        found.or_else(|| self.unfleeted())
    }
}
