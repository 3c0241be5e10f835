//! The surroundings, as far as the master's mind knows them itself.

use cluster::{Node, State};
use diagnosis::{Address, Clock, Host, Link, Role, Surroundings};

use crate::control::Control;

use super::WINDOW_MS;

/// Silence after which the link calls a node silent, milliseconds.
const SILENT_MS: u64 = 1_200;

impl Control {
    /// What is true of the fleet now: what the shell has told last, and what is known here, which is younger.
    pub fn around(&self) -> Surroundings {
        let now = self.now.timestamp.0;
        let since = now.saturating_sub(WINDOW_MS);
        let mut around = self.failures.known.clone();
        around.now = now;
        around.since = around.since.max(since);
        let mut carried = self.failures.window.carried(since);
        for node in self.cluster.nodes() {
            let id = node.id().as_str();
            let at = around.hosts.iter().position(|host| host.id == id);
            let known = at.map(|at| around.hosts.swap_remove(at));
            let mut host = self.host(node, known.unwrap_or_default());
            host.carried = carried.remove(id).unwrap_or_default();
            around.hosts.push(host);
        }
        around
    }

    fn host(&self, node: &Node, known: Host) -> Host {
        let addresses = node.addresses();
        let open = node.attachment().is_some();
        let serving = node.state() == State::Serving;
        let working = self.working(node.id());
        // A node says with its heartbeats what it works with; before the first nothing is known.
        let says = working.filter(|working| open && working.running.version > 0);
        let wanted = says.and_then(|working| working.told);
        let why = (!serving)
            .then(|| self.cluster.why(self.now.moment, node.id()))
            .flatten();
        let told = addresses.ips.iter().map(|ip| Address {
            ip: Some(*ip),
            ..Address::default()
        });
        Host {
            id: node.id().as_str().to_owned(),
            role: Role::Node,
            boot: node
                .boot()
                .map_or_else(String::new, |boot| boot.id.to_string()),
            boot_started: node.boot().map(|boot| boot.started),
            serving,
            problem: why.map_or_else(String::new, |why| why.sentence),
            address_set: addresses.version,
            addresses: if known.addresses.is_empty() {
                told.collect()
            } else {
                known.addresses
            },
            advertised: addresses.ips.clone(),
            link: Link {
                open,
                silent_ms: if open && !node.heard() { SILENT_MS } else { 0 },
                down_since: None,
            },
            clock: Clock {
                offset_ms: working.and_then(|it| it.skew).map(|skew| skew.ahead_ms),
                ..known.clock.clone()
            },
            settings_applied: says.map(|working| working.running.version),
            settings_wanted: wanted.map(|(version, _)| version),
            settings_differ_ms: wanted.map_or(0, |(_, at)| self.now.moment.0.saturating_sub(at.0)),
            ..known
        }
    }
}
