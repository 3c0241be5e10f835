//! The shell of a node: the real agent, the model of the media plane.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use addresses::{AddressSet, AddressSettings, Finding, InterfaceAddress, Query};
use agent::{Agent, Effect, Ended, Exit, Identity, Input, Moment, NodeSettings, Settings, Usage};

use super::{Event, Who, World};
use crate::network::{End, HostId, LineId, Payload, Purpose};
use crate::plane::{self, Plane};
use crate::queue::Time;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// A machine for a node, and what runs on it.
#[derive(Debug)]
pub struct NodeBox {
    #[allow(missing_docs)]
    pub host: HostId,
    /// On its disk.
    pub id: String,
    #[allow(missing_docs)]
    pub process: Option<NodeProcess>,
    /// When it was last started, on its disk too.
    pub(super) last_started: u64,
    /// How often it was started.
    pub boots: u32,
    /// Neither media nor probes get to it.
    pub blocked: bool,
    /// It is meant to be up.
    pub wanted: bool,
    /// Since when its present process, if any, could be used by everybody.
    pub up_since: Time,
    /// Since when nothing runs, if nothing does.
    pub down_since: Time,
    attempts: u64,
}

/// One run of a node's program.
#[derive(Debug)]
pub struct NodeProcess {
    #[allow(missing_docs)]
    pub agent: Agent,
    #[allow(missing_docs)]
    pub plane: Plane,
    #[allow(missing_docs)]
    pub boot: Arc<str>,
    /// Of the same, as everybody's monotonic clock has it.
    pub started: Time,
    line: Option<LineId>,
    dialling: Option<u64>,
    inbox: VecDeque<Input>,
    busy: bool,
    /// The highest term under which it was told anything.
    pub term: u64,
    /// What its relay may relay to.
    pub peers: Option<Vec<SocketAddr>>,
    /// Under which its relay takes credentials.
    pub secret: Option<Arc<str>>,
}

impl NodeBox {
    pub(crate) fn new(host: HostId, id: String) -> Self {
        Self {
            host,
            id,
            process: None,
            last_started: 0,
            boots: 0,
            blocked: false,
            wanted: false,
            up_since: 0,
            down_since: 0,
            attempts: 0,
        }
    }

    pub(crate) fn dials(&self, attempt: u64) -> bool {
        self.process
            .as_ref()
            .is_some_and(|process| process.dialling == Some(attempt))
    }
}

impl World {
    pub(crate) fn start_node(&mut self, node: usize) {
        let now = self.now();
        let host = self.nodes[node].host;
        if self.nodes[node].process.is_some() || self.network.is_dark(host) {
            return;
        }
        let machine = &self.machines[host.0];
        let moment = Moment(machine.clock.moment(now));
        let started = machine.clock.wall(now);
        let mut addresses = AddressSet::new(moment, &AddressSettings::default());
        addresses.learn(moment, Finding::Interfaces(self.interfaces(host)));
        addresses.settle(moment);
        let held = &mut self.nodes[node];
        held.boots += 1;
        // As the real node does: its boots are in order even when its clock was set back.
        let started = started.max(held.last_started + 1);
        held.last_started = started;
        held.up_since = now;
        let boot: Arc<str> = format!("{}#{node}.{}", held.id, held.boots).into();
        let identity = Identity {
            node_id: held.id.clone(),
            boot_id: boot.to_string(),
            boot_started: started,
            version: "1".to_owned(),
            ports: vec![50_000, 50_001],
            stun_port: 50_002,
            relay_tls: String::new(),
        };
        let settings = Settings::default();
        let mut plane = Plane::default();
        plane.set_addresses(addresses.version(), addresses.ips().to_vec());
        plane.hoard(self.sabotage == Sabotage::HoardingNode);
        held.process = Some(NodeProcess {
            agent: Agent::new(moment, identity, settings, addresses),
            plane,
            boot: boot.clone(),
            started: now,
            line: None,
            dialling: None,
            inbox: VecDeque::new(),
            busy: false,
            term: 0,
            peers: None,
            secret: None,
        });
        self.note(format_args!("node {node}: starts as {boot}"));
        self.see(Seen::NodeStarted { node });
        self.tell_agent(node, Input::Tick);
        self.tick_media();
    }

    /// The process is gone. `goodbye`: its kernel is not.
    pub(crate) fn end_node(&mut self, node: usize, goodbye: bool) {
        let now = self.now();
        let held = &mut self.nodes[node];
        if held.process.take().is_none() {
            return;
        }
        held.down_since = now;
        let host = held.host;
        self.note(format_args!("node {node}: its process is gone"));
        self.see(Seen::NodeEnded { node });
        self.drop_lines(host, goodbye);
    }

    /// Asks it to end, as a service manager does.
    pub(crate) fn stop_node(&mut self, node: usize) {
        let host = self.nodes[node].host;
        if self.network.is_frozen(host) {
            return self.defer(host, Event::Fault(crate::plan::Fault::StopNode(node)));
        }
        self.tell_agent(node, Input::Stop);
    }

    fn interfaces(&self, host: HostId) -> Result<Vec<InterfaceAddress>, String> {
        Ok(vec![InterfaceAddress {
            interface: "eth0".to_owned(),
            ip: self.machines[host.0].ip,
        }])
    }

    pub(crate) fn wake_node(&mut self, node: usize) {
        self.tell_agent(node, Input::Tick);
    }

    pub(crate) fn tell_agent(&mut self, node: usize, input: Input) {
        let now = self.now();
        let clock = self.machines[self.nodes[node].host.0].clock;
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        process.inbox.push_back(input);
        if std::mem::replace(&mut process.busy, true) {
            return;
        }
        while let Some(process) = &mut self.nodes[node].process {
            let Some(input) = process.inbox.pop_front() else {
                process.busy = false;
                break;
            };
            let effects = process.agent.handle(Moment(clock.moment(now)), input);
            for effect in effects {
                self.do_for_agent(node, effect);
            }
        }
        let due = self.nodes[node].process.as_ref();
        let due = due.and_then(|process| process.agent.next_deadline());
        self.wake_at(Who::Node(node), due.map(|due| clock.when(due.at.0)));
    }

    fn do_for_agent(&mut self, node: usize, effect: Effect) {
        let host = self.nodes[node].host;
        if self.nodes[node].process.is_none() {
            return;
        }
        match effect {
            Effect::Dial => self.dial_for_agent(node),
            Effect::HangUp => self.agent_hangs_up(node),
            Effect::Send(message) => {
                if let Some(line) = self.line_of_node(node) {
                    self.send(line, End::Near, Payload::Up(message));
                }
            }
            Effect::Submit { key, ask } => self.submit(node, key, ask),
            Effect::SetAddresses { .. } if self.sabotage == Sabotage::FrozenPlane => {}
            Effect::SetAddresses { version, ips } => {
                if let Some(process) = &mut self.nodes[node].process {
                    process.plane.set_addresses(version, ips);
                }
            }
            Effect::Apply { settings, .. } => self.apply(node, &settings),
            // Its master says nothing of paths and asks for no looks, and its plane tells of no candidates.
            Effect::TellAgain | Effect::Withhold(_) | Effect::Look(_) | Effect::NoLook(_) => {}
            Effect::RestartShard(of) => self.restart_shard(node, &of),
            Effect::Measure => {
                let carried = self.snapshot(node);
                let usage = Usage {
                    cpu_percent: self.cpu_of(&carried),
                    memory_percent: 10.0,
                };
                self.tell_agent(node, Input::Measured { carried, usage });
            }
            Effect::Discover(Query::Interfaces) => {
                let found = Finding::Interfaces(self.interfaces(host));
                self.tell_agent(node, Input::Discovered(found));
            }
            // There is nobody else to ask in these worlds.
            Effect::Discover(_) | Effect::Remember(_) => {}
            Effect::Note(note) => self.note(format_args!("node {node}: {note:?}")),
            Effect::Exit(exit) => {
                self.note(format_args!("node {node}: exits, {exit:?}"));
                if matches!(exit, Exit::Superseded { .. }) {
                    self.see(Seen::NodeYielded { node });
                }
                self.end_node(node, true);
            }
        }
    }

    /// The model of the relay keeps what it is told. Its fingerprint of a secret is the secret.
    fn apply(&mut self, node: usize, settings: &NodeSettings) {
        let newest = settings.relay.as_ref().and_then(|it| it.secrets.first());
        let fingerprint = newest.map_or_else(Vec::new, |it| it.secret.as_bytes().to_vec());
        let deaf = self.sabotage == Sabotage::DeafRelay;
        if let Some(process) = &mut self.nodes[node].process
            && !(deaf && process.secret.is_some())
        {
            process.peers = (settings.relay.as_ref()).map(|relay| relay.peers.clone());
            process.secret = newest.map(|newest| newest.secret.clone());
        }
        self.tell_agent(
            node,
            Input::Applied {
                version: settings.version,
                relay_fingerprint: fingerprint,
            },
        );
    }

    /// Nodes of fleets are small, so that autoscaling has something to do.
    fn cpu_of(&self, carried: &Result<Vec<agent::Transport>, String>) -> f64 {
        let count = carried.as_ref().map_or(0, Vec::len).min(9) as f64;
        if self.fleet.is_some() {
            10.0 * count
        } else {
            10.0
        }
    }

    fn snapshot(&self, node: usize) -> Result<Vec<agent::Transport>, String> {
        let process = self.nodes[node].process.as_ref();
        Ok(process.map_or_else(Vec::new, |process| process.plane.snapshot()))
    }

    fn line_of_node(&self, node: usize) -> Option<LineId> {
        self.nodes[node].process.as_ref()?.line
    }

    fn dial_for_agent(&mut self, node: usize) {
        let held = &mut self.nodes[node];
        held.attempts += 1;
        let attempt = held.attempts;
        if let Some(process) = &mut held.process {
            process.dialling = Some(attempt);
        }
        self.dial(Purpose::Link, Who::Node(node), attempt);
    }

    fn agent_hangs_up(&mut self, node: usize) {
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        process.dialling = None;
        if let Some(line) = process.line.take() {
            self.hang_up(line, End::Near);
        }
        self.link_ended(
            node,
            Ended::Detached {
                reason: "hung up".to_owned(),
            },
        );
    }

    fn link_ended(&mut self, node: usize, why: Ended) {
        let jitter = self.random.share();
        self.tell_agent(node, Input::Ended { why, jitter });
    }

    pub(crate) fn node_connected(&mut self, node: usize, line: LineId) {
        if let Some(process) = &mut self.nodes[node].process {
            process.dialling = None;
            process.line = Some(line);
        }
        let carried = self.snapshot(node);
        self.tell_agent(node, Input::Connected { carried });
    }

    pub(crate) fn node_unreachable(&mut self, node: usize) {
        if let Some(process) = &mut self.nodes[node].process {
            process.dialling = None;
        }
        self.link_ended(
            node,
            Ended::Unreachable {
                reason: "no answer".to_owned(),
            },
        );
    }

    pub(crate) fn node_hears(&mut self, node: usize, line: LineId, payload: Payload) {
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        if process.line != Some(line) {
            return;
        }
        match payload {
            Payload::Welcome(welcome) => {
                process.term = process.term.max(welcome.term);
                self.tell_agent(node, Input::Welcome(welcome));
            }
            Payload::Command(command) => {
                self.see(Seen::Commanded {
                    node,
                    term: command.term,
                    boot: command.boot_id.clone(),
                });
                self.tell_agent(node, Input::Command(command));
            }
            Payload::Settings(settings) => {
                self.tell_agent(node, Input::Settings(Box::new(settings)));
            }
            Payload::ResolveAddresses => self.tell_agent(node, Input::ResolveAddresses),
            Payload::RestartShard(of) => self.tell_agent(node, Input::RestartShard(of)),
            Payload::Refused(cause, reason) => {
                process.line = None;
                self.link_ended(node, Ended::Refused { cause, reason });
            }
            Payload::Bye => {
                process.line = None;
                if self.sabotage == Sabotage::ClingyNode {
                    process.plane = Plane::default();
                }
                self.link_ended(
                    node,
                    Ended::Detached {
                        reason: "the line is closed".to_owned(),
                    },
                );
            }
            Payload::Frame(_) | Payload::Up(_) => {}
        }
    }

    fn submit(&mut self, node: usize, key: u64, ask: agent::Ask) {
        let now = self.now();
        self.note(format_args!("node {node}: obeys {ask:?}"));
        let highest = (self.nodes[node].process.as_ref()).map_or(0, |process| process.term);
        self.see(Seen::Obeyed {
            node,
            ask: ask.clone(),
            highest,
        });
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        let says = process.plane.submit(now, key, ask);
        self.plane_said(node, says);
    }

    fn restart_shard(&mut self, node: usize, of: &str) {
        self.note(format_args!(
            "node {node}: the shard of {of} is to begin anew"
        ));
        if let Some(process) = &mut self.nodes[node].process {
            let says = process.plane.restart_shard(of);
            self.plane_said(node, says);
        }
    }

    pub(crate) fn plane_said(&mut self, node: usize, says: Vec<plane::Says>) {
        let Some(process) = &self.nodes[node].process else {
            return;
        };
        let boot = process.boot.clone();
        for says in says {
            let event = Event::PlaneSays {
                node,
                boot: boot.clone(),
                says,
            };
            // Equally long for all, so that they stay in order.
            self.queue.after(2, event);
        }
    }

    pub(crate) fn plane_says(&mut self, node: usize, boot: &Arc<str>, says: plane::Says) {
        let same = (self.nodes[node].process.as_ref()).is_some_and(|process| process.boot == *boot);
        if !same {
            return;
        }
        match says {
            plane::Says::Answered(key, result) => {
                self.tell_agent(node, Input::Answered { key, result });
            }
            plane::Says::Changed(transport, reason) => {
                let reason = reason.to_owned();
                self.tell_agent(node, Input::Transport { transport, reason });
            }
        }
    }
}
