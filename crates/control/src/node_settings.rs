//! How the nodes are to work: whole settings, versioned, told after the welcome and whenever they change.
//!
//! A node says with its load which version it works with and which secret it has. One that works with something else
//! than it was told is told again. Changes of the nodes' addresses are gathered for [`GATHER`], because each goes to
//! every node; a new secret is told at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cluster::{AttachmentId, Moment, NodeId};

use crate::before::Before;
use crate::control::Control;
use crate::effect::Effect;
use crate::input::Question;
use crate::journal::Slot;
use crate::notice::Notice;
use crate::pace::Pace;
use crate::relay::{DrawnSecret, RelaySecret};

/// The least time between two changes, but for those of the secret.
pub const GATHER: Duration = Duration::from_millis(500);

/// How long a node may work with something else than it was told.
pub const OBEDIENCE: Duration = Duration::from_secs(3);

/// Clocks further apart than this are told of.
pub const SKEW_MS: u64 = 2_000;

/// How a node is to work. Always whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeSettings {
    /// Grows with each change within a run of the master.
    pub version: u64,
    /// `None`: relays answer Binding requests only.
    pub relay: Option<RelaySettings>,
    /// `HOST:PORT` of STUN servers by which nodes find their public address.
    pub stun_servers: Vec<String>,
}

/// What relays do for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelaySettings {
    /// The newest first.
    pub secrets: Vec<RelaySecret>,
    /// What may be relayed to: every media port of every registered node.
    pub peers: BTreeMap<IpAddr, BTreeSet<u16>>,
    /// Most allocations at a time for one user name; 0 for no limit.
    pub allocations_per_user: u32,
    /// Most allocations at a time; 0 for no limit.
    pub allocations: u32,
}

impl RelaySettings {
    fn reaches(&self, addresses: &cluster::Addresses) -> bool {
        let listed = |ip| self.peers.get(ip);
        addresses.ips.iter().all(|ip| {
            listed(ip).is_some_and(|ports| addresses.ports.iter().all(|it| ports.contains(it)))
        })
    }
}

/// What a node says that it works with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// 0 before the first on its stream.
    pub version: u64,
    /// Of its newest relay secret.
    pub relay_fingerprint: Vec<u8>,
}

/// What a node's relay has done since its process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayCounters {
    /// Requests: method, STUN error code (0 for success), how many.
    pub requests: Vec<(String, u32, u64)>,
    /// By name, as the link has them.
    pub counts: BTreeMap<String, u64>,
    /// Datagrams that nobody had asked for, by where they came from; known of the relay in the master only.
    pub unasked_from: BTreeMap<IpAddr, u64>,
}

impl RelayCounters {
    /// Bytes, both ways, without TURN's framing.
    fn forwarded(&self) -> u64 {
        let of = |name: &str| self.counts.get(name).copied().unwrap_or(0);
        of("to_peers_bytes").saturating_add(of("to_clients_bytes"))
    }
}

/// How far a node's clock is from the master's, by which credentials are issued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// Milliseconds; negative when the node's is behind.
    pub ahead_ms: i64,
    /// By how much this may be wrong, milliseconds.
    pub uncertainty_ms: u64,
}

impl Skew {
    /// Whether an operator should set a clock right.
    pub fn is_large(self) -> bool {
        self.ahead_ms.unsigned_abs() > SKEW_MS.saturating_add(self.uncertainty_ms)
    }
}

/// What is known of how one node works.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Working {
    /// The last that it was told, and when.
    pub told: Option<(u64, Moment)>,
    /// The last that it said.
    pub running: Running,
    /// `None` until it is measured.
    pub skew: Option<Skew>,
    /// Its relay has another secret than the master.
    pub diverges: bool,
    /// The last that it said of its relay.
    pub relay: Option<RelayCounters>,
    /// The last that it said of its machine.
    pub limits: Option<diagnosis::Limits>,
    /// What these two had counted before the window.
    pub(crate) relay_before: Before<RelayCounters>,
    pub(crate) drops_before: Before<u64>,
    /// Bytes that its relay forwards.
    pub(crate) relay_pace: Pace,
}

/// Of all nodes.
#[derive(Debug)]
pub(crate) struct Steering {
    current: Option<Arc<NodeSettings>>,
    changed: Option<Moment>,
    /// Something that the settings are made from may have changed.
    due: bool,
    urgent: bool,
    /// Streams that are to be told.
    untold: BTreeSet<AttachmentId>,
    working: BTreeMap<NodeId, Working>,
    /// The version since which relays may send to all addresses of a node.
    allowed: BTreeMap<NodeId, u64>,
    /// Of the relay in the master, and what it had counted before the window.
    own_relay: Option<RelayCounters>,
    own_before: Before<RelayCounters>,
    own_pace: Pace,
    drawing: bool,
}

impl Control {
    /// What nodes are told now; `None` before the first.
    pub fn node_settings(&self) -> Option<&Arc<NodeSettings>> {
        self.steering.current.as_ref()
    }

    /// How a node works, as far as it is known.
    pub fn working(&self, node: &NodeId) -> Option<&Working> {
        self.steering.working.get(node)
    }

    /// The settings may have to change.
    pub(crate) fn steer(&mut self) {
        self.steering.due = true;
    }

    pub(crate) fn steer_newcomer(&mut self, node: &NodeId, attachment: AttachmentId) {
        self.steering.due = true;
        self.steering.untold.insert(attachment);
        let working = self.steering.working.entry(node.clone()).or_default();
        *working = Working {
            skew: working.skew,
            ..Working::default()
        };
    }

    /// Whoever is on this stream is told all of it once more.
    pub(crate) fn say_settings_again(&mut self, attachment: AttachmentId) {
        self.steering.untold.insert(attachment);
    }

    /// Tells the nodes what has changed.
    pub(crate) fn tell_settings(&mut self) {
        let rests = self
            .steering
            .rests_until()
            .is_some_and(|at| at > self.now.moment);
        if self.steering.due && (!rests || self.steering.urgent) {
            self.renew_settings();
        }
        let Some(settings) = self.steering.current.clone() else {
            return;
        };
        for attachment in std::mem::take(&mut self.steering.untold) {
            self.tell_settings_to(attachment, &settings);
        }
    }

    fn renew_settings(&mut self) {
        self.steering.due = false;
        self.steering.urgent = false;
        let known: BTreeSet<NodeId> = self.cluster.nodes().map(|node| node.id().clone()).collect();
        self.steering.working.retain(|node, _| known.contains(node));
        let before = self.steering.current.as_ref();
        let version = before.map_or(0, |before| before.version);
        let wanted = self.wanted_settings(version);
        if before.is_some_and(|before| **before == wanted) {
            return;
        }
        let settings = Arc::new(NodeSettings {
            version: version + 1,
            ..wanted
        });
        self.note_allowed(&settings);
        self.steering.current = Some(settings.clone());
        let all = self.cluster.nodes().filter_map(cluster::Node::attachment);
        self.steering.untold = all.collect();
        // What nobody was told needs no rest.
        if !self.steering.untold.is_empty() {
            self.steering.changed = Some(self.now.moment);
        }
        self.out(Effect::OwnSettings(settings));
    }

    fn note_allowed(&mut self, settings: &NodeSettings) {
        let before = self.steering.current.as_ref();
        let before = before.and_then(|before| before.relay.as_ref());
        for node in self.cluster.nodes() {
            let known = before.is_some_and(|relay| relay.reaches(node.addresses()));
            let known = known && self.steering.allowed.contains_key(node.id());
            if !known {
                let since = settings.version;
                self.steering.allowed.insert(node.id().clone(), since);
            }
        }
        let cluster = &self.cluster;
        let there = |node: &NodeId| cluster.node(node).is_some();
        self.steering.allowed.retain(|node, _| there(node));
    }

    /// Whether a relay, that of a node or the master's own, has been told of this node, and works by what it was told: until
    /// then it refuses, and nothing is wrong.
    pub(crate) fn is_let_through(&self, by: Option<&NodeId>, to: &NodeId) -> bool {
        let current = self.steering.current.as_ref();
        let relay = current.and_then(|current| current.relay.as_ref());
        let node = self.cluster.node(to);
        let listed = relay
            .zip(node)
            .is_some_and(|(relay, node)| relay.reaches(node.addresses()));
        let since = self.steering.allowed.get(to).copied().unwrap_or(u64::MAX);
        let works = |by| self.working(by).map_or(0, |it| it.running.version) >= since;
        listed && by.is_none_or(works)
    }

    fn wanted_settings(&self, version: u64) -> NodeSettings {
        let rules = self.settings.relay.as_ref();
        let relay = rules
            .zip(self.secrets.as_ref())
            .map(|(rules, secrets)| RelaySettings {
                secrets: secrets.accepted().cloned().collect(),
                peers: self.media_ports(),
                allocations_per_user: rules.allocations_per_user,
                allocations: rules.allocations,
            });
        NodeSettings {
            version,
            relay,
            stun_servers: self.settings.stun_servers.clone(),
        }
    }

    fn media_ports(&self) -> BTreeMap<IpAddr, BTreeSet<u16>> {
        let mut peers: BTreeMap<IpAddr, BTreeSet<u16>> = BTreeMap::new();
        for node in self.cluster.nodes() {
            let addresses = node.addresses();
            for ip in &addresses.ips {
                peers.entry(*ip).or_default().extend(&addresses.ports);
            }
        }
        peers
    }

    fn tell_settings_to(&mut self, attachment: AttachmentId, settings: &Arc<NodeSettings>) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let working = self.steering.working.entry(node.id().clone()).or_default();
        working.told = Some((settings.version, self.now.moment));
        self.out(Effect::Settings {
            attachment,
            settings: settings.clone(),
        });
    }

    /// A node says what it works with.
    pub(crate) fn runs_with(&mut self, attachment: AttachmentId, running: Running) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let node = node.id().clone();
        let expected = self
            .secrets
            .as_ref()
            .filter(|_| self.settings.relay.is_some());
        let expected = expected.map(|secrets| secrets.newest().drawn.fingerprint.clone());
        let now = self.now.moment;
        let working = self.steering.working.entry(node.clone()).or_default();
        working.running = running;
        let Some((version, at)) = working.told else {
            return;
        };
        let current = working.running.version == version;
        let same = expected.is_none_or(|expected| expected == working.running.relay_fingerprint);
        let diverges = current && !same && now >= at + OBEDIENCE;
        let news = diverges != working.diverges;
        working.diverges = diverges;
        if news {
            self.log(Notice::RelaySecret { node, diverges });
        }
        if (!current || diverges) && now >= at + OBEDIENCE {
            self.steering.untold.insert(attachment);
        }
    }

    /// What a node says of its relay.
    pub(crate) fn relay_of(&mut self, attachment: AttachmentId, counters: RelayCounters) {
        if let Some(node) = self.cluster.attached(attachment) {
            let working = self.steering.working.entry(node.id().clone()).or_default();
            working.relay_before.take(self.now.moment, &counters);
            working
                .relay_pace
                .take(self.now.moment, counters.forwarded());
            working.relay = Some(counters);
        }
    }

    /// What a node says of its machine.
    pub(crate) fn limits_of(&mut self, attachment: AttachmentId, limits: diagnosis::Limits) {
        if let Some(node) = self.cluster.attached(attachment) {
            let working = self.steering.working.entry(node.id().clone()).or_default();
            let drops = limits.receive_buffer_errors;
            working.drops_before.take(self.now.moment, &drops);
            working.limits = Some(limits);
        }
    }

    /// What a node said last of its machine, while it is here.
    pub fn limits_told(&self, node: &NodeId) -> Option<&diagnosis::Limits> {
        self.cluster.node(node)?.attachment()?;
        self.steering.working.get(node)?.limits.as_ref()
    }

    /// What the relay in the master has done.
    pub(crate) fn own_relay_did(&mut self, counters: RelayCounters) {
        let now = self.now.moment;
        self.steering.own_before.take(now, &counters);
        self.steering.own_pace.take(now, counters.forwarded());
        self.steering.own_relay = Some(counters);
    }

    /// The last that is known of the relay in the master, what it had counted before the window, and bytes that it
    /// forwards per second.
    pub(crate) fn own_relay(&self) -> Option<(&RelayCounters, Option<&RelayCounters>, u64)> {
        let last = self.steering.own_relay.as_ref()?;
        let pace = self.steering.own_pace.per_second();
        Some((last, self.steering.own_before.counted(), pace))
    }

    /// How far a node's clock is from ours.
    pub(crate) fn clock_of(&mut self, attachment: AttachmentId, skew: Skew) {
        let Some(node) = self.cluster.attached(attachment) else {
            return;
        };
        let node = node.id().clone();
        let working = self.steering.working.entry(node.clone()).or_default();
        let before = working.skew.replace(skew);
        let was_large = before.is_some_and(Skew::is_large);
        if was_large != skew.is_large() {
            self.log(Notice::Clock { node, skew });
        }
    }

    /// Takes a secret that the shell drew, because it was asked to or because an operator wants it.
    pub(crate) fn take_secret(&mut self, question: Option<Question>, drawn: DrawnSecret) {
        let now = self.now.timestamp;
        if let Some(secrets) = &mut self.secrets
            && (question.is_some() || self.steering.drawing)
        {
            secrets.rotate(drawn, now);
            let version = secrets.newest().version;
            self.steering.drawing = false;
            self.steering.due = true;
            self.steering.urgent = true;
            self.note(Slot::Relay);
            self.log(Notice::RelaySecretRotated(version));
        }
        if let Some(question) = question {
            let result = Ok(crate::effect::Obeyed::default());
            self.out(Effect::Obeyed { question, result });
        }
    }

    /// When the settings are looked at again.
    pub(crate) fn settings_due(&self) -> Option<Moment> {
        let pending = self.steering.due.then(|| self.steering.rests_until());
        pending.flatten()
    }

    /// When a new secret is drawn.
    pub(crate) fn rotation_due(&self) -> Option<Moment> {
        let rules = self.settings.relay.as_ref()?;
        let at = self.secrets.as_ref()?.rotation_due(rules.rotate_every)?;
        let ahead = at.0.saturating_sub(self.now.timestamp.0);
        let at = Moment(self.now.moment.0.saturating_add(ahead));
        (!self.steering.drawing).then_some(at)
    }

    pub(crate) fn draw_secret_if_due(&mut self) {
        if self.rotation_due().is_some_and(|at| at <= self.now.moment) {
            self.steering.drawing = true;
            self.out(Effect::DrawRelaySecret);
        }
    }
}

impl Default for Steering {
    fn default() -> Self {
        Self {
            current: None,
            changed: None,
            due: true,
            urgent: false,
            untold: BTreeSet::new(),
            allowed: BTreeMap::new(),
            working: BTreeMap::new(),
            own_relay: None,
            own_before: Before::default(),
            own_pace: Pace::default(),
            drawing: false,
        }
    }
}

impl Steering {
    fn rests_until(&self) -> Option<Moment> {
        self.changed.map(|changed| changed + GATHER)
    }
}
