//! The surroundings, as far as the master's mind knows them itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use cluster::addresses::{Entry, Proof, Source};
use cluster::{Gate, Node, NodeId, State};
use conference::LegOf;
use diagnosis::{
    Address, AddressSource, Clock, Host, Limits, Link, Listener, Protocol, Role, Surroundings,
};

use crate::control::Control;

use super::WINDOW_MS;
use super::relays::MASTER;

/// Silence after which the link calls a node silent, milliseconds.
const SILENT_MS: u64 = 1_200;

impl Control {
    /// What is true of the fleet now: what the shell has told last, and what is known here, which is younger.
    pub fn around(&self) -> Surroundings {
        Surroundings {
            reach: self.reach(None),
            ..self.around_paths()
        }
    }

    /// The same for a transport of this node, of whose paths alone it knows.
    pub(super) fn around_of(&self, node: &NodeId) -> Surroundings {
        Surroundings {
            reach: self.reach(Some(node)),
            ..self.around_paths()
        }
    }

    /// All but the paths.
    fn around_paths(&self) -> Surroundings {
        let now = self.now.timestamp.0;
        let since = now.saturating_sub(WINDOW_MS);
        let mut around = self.failures.known.clone();
        around.now = now;
        around.since = around.since.max(since);
        let term = self.settings.cluster.term.0;
        around.claims = self.failures.boots.leaders(term, since);
        let mut carried = self.failures.window.carried(since);
        for node in self.cluster.nodes() {
            let id = node.id().as_str();
            let at = around.hosts.iter().position(|host| host.id == id);
            let known = at.map(|at| around.hosts.swap_remove(at));
            let mut host = self.host(node, known.unwrap_or_default());
            host.carried = carried.remove(id).unwrap_or_default();
            around.hosts.push(host);
        }
        let master = around.hosts.iter_mut().find(|host| host.id == MASTER);
        if let (Some(master), Some(secrets)) = (master, &self.secrets) {
            master.secret_fingerprint = hex(&secrets.newest().drawn.fingerprint);
        }
        self.tell_of_foreign(since, &mut around.relays);
        around.relays.extend(self.relay_facts());
        around.traffic = self.traffic();
        let young = |case: &&diagnosis::Case| case.at >= since;
        let cases = self.failures.window.cases().filter(young);
        let came: BTreeSet<&str> = cases.map(|case| case.connection.as_str()).collect();
        around.joins = came.len() as u64;
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
        let since = self.now.timestamp.0.saturating_sub(WINDOW_MS);
        let unproven = self.settings.cluster.gate != Gate::Probe;
        Host {
            id: node.id().as_str().to_owned(),
            role: Role::Node,
            boot: node
                .boot()
                .map_or_else(String::new, |boot| boot.id.to_string()),
            boot_started: node.boot().map(|boot| boot.started),
            serving,
            excused: self.is_excused(node),
            problem: why.map_or_else(String::new, |why| why.sentence),
            address_set: addresses.version,
            starts: self.failures.boots.starts(node.id(), since),
            claims: self.failures.boots.claims(node.id(), since),
            served_unproven: unproven && serving,
            addresses: self.addresses_of(node),
            seen_from_outside: seen_from_outside(addresses),
            stun_problems: stun_problems(addresses),
            advertised: addresses.ips.clone(),
            listeners: listeners(addresses),
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
            secret_fingerprint: match (&self.secrets, working) {
                (Some(_), Some(it)) if it.diverges => hex(&it.running.relay_fingerprint),
                _ => String::new(),
            },
            limits: limits(node, working),
            ..known
        }
    }

    /// One that somebody does not want to be used is no fault, as long as others are.
    fn is_excused(&self, node: &Node) -> bool {
        let unwanted = matches!(
            node.state(),
            State::WaitingIdle | State::Terminating | State::Canceled
        );
        let mut nodes = self.cluster.nodes();
        unwanted && nodes.any(|other| other.state() == State::Serving)
    }

    pub(super) fn load_of(&self, node: &NodeId) -> u32 {
        self.cluster
            .node(node)
            .map_or(0, |node| node.load().streams)
    }

    /// Where its signalling comes from.
    pub(super) fn client_of(&self, leg: &LegOf) -> diagnosis::Client {
        let known = self.conference.connection(&leg.connection);
        let active = known.and_then(|(_, connection)| connection.active.as_ref());
        active.map_or_else(Default::default, |active| diagnosis::Client {
            address: active.ip.parse().ok(),
            platform: active.platform.clone(),
            ..Default::default()
        })
    }

    /// All that the node knows of them, or else what it tells clients.
    fn addresses_of(&self, node: &Node) -> Vec<Address> {
        let addresses = node.addresses();
        let now = self.now.timestamp.0;
        if addresses.entries.is_empty() {
            let told = addresses.ips.iter().map(|ip| Address {
                ip: Some(*ip),
                ..Address::default()
            });
            return told.collect();
        }
        let entries = addresses.entries.iter();
        entries.map(|entry| address(now, entry)).collect()
    }
}

fn address(now: u64, entry: &Entry) -> Address {
    let ago = |span: Duration| {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Some(now.saturating_sub(millis))
    };
    let source = match entry.source {
        Source::Configuration => AddressSource::Configuration,
        Source::Interface => AddressSource::Interface,
        Source::Metadata => AddressSource::Metadata,
        Source::Stun => AddressSource::Stun,
        Source::Memory => AddressSource::Remembered,
        Source::Unknown => AddressSource::Unknown,
    };
    Address {
        ip: Some(entry.ip),
        source,
        interface: match entry.source {
            Source::Interface => entry.name.clone(),
            _ => String::new(),
        },
        bridge: matches!(entry.source, Source::Interface) && addresses::is_internal(&entry.name),
        local: entry.local,
        found: ago(entry.found_ago),
        confirmed: ago(entry.confirmed_ago),
    }
}

/// By those who do not depend on the node's own idea, and say so today.
fn seen_from_outside(addresses: &cluster::Addresses) -> Vec<IpAddr> {
    let outside = |entry: &&Entry| matches!(entry.source, Source::Metadata | Source::Stun);
    let today = |entry: &&Entry| !matches!(entry.proof, Proof::Superseded | Proof::Remembered);
    let entries = addresses.entries.iter().filter(outside).filter(today);
    let seen: BTreeSet<IpAddr> = entries.map(|entry| entry.ip).collect();
    seen.into_iter().collect()
}

/// As the node says them (`addresses`).
fn stun_problems(addresses: &cluster::Addresses) -> Vec<String> {
    let remarks = addresses.remarks.iter();
    let of_stun = remarks.filter(|remark| remark.starts_with("STUN server "));
    of_stun.cloned().collect()
}

/// Nodes bind their sockets to all addresses.
fn listeners(addresses: &cluster::Addresses) -> Vec<Listener> {
    let bound = |port: u16| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
    let media = addresses.ports.iter().flat_map(|port| {
        [Protocol::Udp, Protocol::Tcp].map(|protocol| Listener {
            purpose: "media".to_owned(),
            protocol,
            bound: bound(*port),
            ..Listener::default()
        })
    });
    let stun = (addresses.stun_port > 0).then(|| Listener {
        purpose: "stun".to_owned(),
        protocol: Protocol::Udp,
        bound: bound(addresses.stun_port),
        ..Listener::default()
    });
    media.chain(stun).collect()
}

fn limits(node: &Node, working: Option<&crate::Working>) -> Limits {
    let told = working.and_then(|working| working.limits.clone());
    let before = working.and_then(|working| working.drops_before.counted());
    let told = told.unwrap_or_default();
    let drops = told.receive_buffer_errors;
    Limits {
        receive_buffer_errors: drops
            .checked_sub(before.copied().unwrap_or(drops))
            .unwrap_or(drops),
        cpu_percent: Some(node.load().cpu_percent),
        ..told
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
