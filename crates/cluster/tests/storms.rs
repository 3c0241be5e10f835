//! Random weather over many nodes with a clock that goes on: whatever happens, the books agree, nothing is lost
//! silently, and when the weather clears there are as many nodes as are wanted, all of them serving.

mod dice;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Command, Effect, Gate, Hello, Input,
    Load, MediaNodeStatus, Moment, NodeId, Policy, SessionId, Settings, State,
};
use dice::Dice;

const WORLDS: u64 = 200;
const TROUBLES: u32 = 200;

#[test]
fn after_any_weather_everybody_who_is_wanted_serves() {
    let mut placed = 0;
    for seed in 0..WORLDS {
        let mut sky = Sky::new(seed);
        for _ in 0..TROUBLES {
            sky.trouble();
            sky.check();
        }
        sky.clear_up();
        placed += sky.placed;
    }
    assert!(placed > 1_000, "only {placed} sessions were ever placed");
}

#[test]
fn the_same_seed_is_the_same_weather() {
    let run = |seed| {
        let mut sky = Sky::new(seed);
        (0..TROUBLES).for_each(|_| sky.trouble());
        sky.cluster
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

/// A machine with a node's process.
#[derive(Clone, Debug)]
struct Machine {
    boot: u64,
    stream: Option<AttachmentId>,
    frozen: bool,
}

struct Sky {
    seed: u64,
    dice: Dice,
    cluster: Cluster,
    now: Moment,
    machines: BTreeMap<NodeId, Machine>,
    statuses: BTreeMap<NodeId, MediaNodeStatus>,
    sessions: BTreeMap<SessionId, NodeId>,
    wanted: u32,
    streams: u64,
    placed: u32,
    /// Probes that wait for their answer.
    probes: Vec<(NodeId, BootId, u64)>,
}

impl Sky {
    fn new(seed: u64) -> Self {
        let settings = Settings {
            gate: Gate::Probe,
            launches: 5,
            launch: Duration::from_secs(60),
            ..Settings::default()
        };
        Self {
            seed,
            dice: Dice::new(seed),
            cluster: Cluster::with(settings),
            now: Moment(0),
            machines: BTreeMap::new(),
            statuses: BTreeMap::new(),
            sessions: BTreeMap::new(),
            wanted: 0,
            streams: 0,
            placed: 0,
            probes: Vec::new(),
        }
    }

    fn trouble(&mut self) {
        match self.dice.below(12) {
            0 => {
                let count = self.dice.below(8);
                self.want(count);
            }
            1 => self.crash(),
            2 => self.cut(),
            3 => self.freeze(),
            4..6 => self.place(),
            6 => self.close(),
            7 => self.drain(),
            8 => self.un_drain(),
            9 => self.fail_launch(),
            _ => {
                let span = u64::from(self.dice.below(20_000));
                self.wait(span);
            }
        }
        self.work();
    }

    fn want(&mut self, count: u32) {
        self.wanted = count;
        let policy = Policy {
            count: Some(count),
            ..Policy::default()
        };
        self.tell(Input::Policy(Box::new(policy)));
    }

    /// Time passes, and every timer runs out when it is due.
    fn wait(&mut self, span: u64) {
        let until = Moment(self.now.0 + span);
        while let Some(deadline) = self.cluster.next_deadline().filter(|it| it.at <= until) {
            self.now = self.now.max(deadline.at);
            self.tell(Input::Tick);
            self.work();
        }
        self.now = until;
    }

    /// Machines that live dial in, and probes are answered.
    fn work(&mut self) {
        let awake: Vec<NodeId> = (self.machines.iter())
            .filter(|(_, machine)| machine.stream.is_none() && !machine.frozen)
            .map(|(id, _)| id.clone())
            .collect();
        for id in awake {
            self.dial(&id);
        }
        for (node, boot, version) in std::mem::take(&mut self.probes) {
            let machine = self.machines.get(&node);
            let well = machine.is_some_and(|it| !it.frozen && boot.as_str() == it.boot.to_string());
            let outcome = if well {
                Ok(())
            } else {
                Err(cluster::Failure {
                    kind: cluster::FailureKind::Silent,
                    problem: "no answer".to_owned(),
                })
            };
            self.tell(Input::Probed {
                node,
                boot,
                version,
                outcome,
            });
        }
    }

    fn dial(&mut self, id: &NodeId) {
        self.streams += 1;
        let attachment = AttachmentId(self.streams);
        let Some(machine) = self.machines.get_mut(id) else {
            return;
        };
        machine.stream = Some(attachment);
        let hello = Hello {
            node: id.clone(),
            boot: Boot {
                id: BootId::new(machine.boot.to_string()),
                started: machine.boot,
            },
            version: String::new(),
            addresses: Addresses {
                version: 1,
                ips: vec!["192.0.2.1".parse().expect("an address")],
                ports: vec![4000],
                ..Addresses::default()
            },
            capacity: Capacity { shards: 1 },
            load: Load::default(),
        };
        self.tell(Input::Hello { attachment, hello });
    }

    fn any(&mut self) -> Option<NodeId> {
        let ids: Vec<NodeId> = self.machines.keys().cloned().collect();
        let count = u32::try_from(ids.len()).expect("few");
        (count > 0).then(|| ids[self.dice.below(count) as usize].clone())
    }

    /// Its process starts anew.
    fn crash(&mut self) {
        let Some(id) = self.any() else { return };
        self.hang_up(&id);
        if let Some(machine) = self.machines.get_mut(&id) {
            machine.boot += 1;
            machine.frozen = false;
        }
    }

    fn cut(&mut self) {
        if let Some(id) = self.any() {
            self.hang_up(&id);
        }
    }

    fn freeze(&mut self) {
        let Some(id) = self.any() else { return };
        let Some(machine) = self.machines.get_mut(&id) else {
            return;
        };
        machine.frozen = !machine.frozen;
        if machine.frozen {
            self.hang_up(&id);
        }
    }

    fn hang_up(&mut self, id: &NodeId) {
        let machine = self.machines.get_mut(id);
        if let Some(attachment) = machine.and_then(|machine| machine.stream.take()) {
            self.tell(Input::Detached { attachment });
        }
    }

    fn place(&mut self) {
        self.placed += 1;
        let session = SessionId::new(self.placed.to_string());
        match self.cluster.place(&session, None, None) {
            Ok(place) => {
                let state = self.cluster.node(&place.node).map(cluster::Node::state);
                assert_eq!(state, Some(State::Serving), "seed {}", self.seed);
                self.sessions.insert(session, place.node);
            }
            Err(_) => self.placed -= 1,
        }
    }

    fn close(&mut self) {
        if let Some((session, _)) = self.sessions.pop_first() {
            self.tell(Input::SessionClosed { session });
        }
    }

    fn drain(&mut self) {
        if let Some(node) = self.any() {
            self.command(Command::Drain { node, within: None });
        }
    }

    fn un_drain(&mut self) {
        if let Some(node) = self.any() {
            self.command(Command::UnDrain(node));
        }
    }

    fn command(&mut self, command: Command) {
        // What cannot be is refused, and that is that.
        if let Ok(effects) = self.cluster.command(self.now, command) {
            self.carry_out(effects);
        }
    }

    fn fail_launch(&mut self) {
        let launching = self
            .cluster
            .nodes()
            .find(|node| node.state() == State::Launching);
        if let Some(node) = launching.map(|node| node.id().clone()) {
            let reason = "bad weather".to_owned();
            self.tell(Input::LaunchFailed { node, reason });
        }
    }

    fn tell(&mut self, input: Input) {
        let effects = self.cluster.handle(self.now, input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Launch { node } => self.launch(node),
                Effect::Terminate { node } => self.stop(&node),
                Effect::Probe {
                    node,
                    boot,
                    addresses,
                } => self.probes.push((node, boot, addresses.version)),
                Effect::Drop { attachment } | Effect::Refuse { attachment, .. } => {
                    let user = self
                        .machines
                        .values_mut()
                        .find(|it| it.stream == Some(attachment));
                    if let Some(machine) = user {
                        machine.stream = None;
                    }
                }
                Effect::CloseSessions { sessions, .. } => {
                    for session in sessions {
                        self.sessions.remove(&session);
                        self.tell(Input::SessionClosed { session });
                    }
                }
                Effect::Lost { sessions, .. } => {
                    for session in sessions {
                        assert!(
                            self.sessions.remove(&session).is_some(),
                            "seed {}",
                            self.seed
                        );
                    }
                }
                Effect::StatusChanged { node, old, new } => self.status(node, old, new),
                _ => {}
            }
        }
    }

    /// Most machines come up; the others are overdue some time.
    fn launch(&mut self, node: NodeId) {
        let comes_up = self.dice.below(4) > 0;
        if comes_up {
            let machine = Machine {
                boot: 1,
                stream: None,
                frozen: false,
            };
            self.machines.insert(node, machine);
        }
    }

    fn stop(&mut self, node: &NodeId) {
        assert!(
            !self.sessions.values().any(|carrier| carrier == node),
            "seed {}",
            self.seed
        );
        self.hang_up(node);
        self.machines.remove(node);
        self.tell(Input::Gone { node: node.clone() });
    }

    /// The events of a node form one gapless, legal story.
    fn status(&mut self, node: NodeId, old: Option<MediaNodeStatus>, new: MediaNodeStatus) {
        let known = self.statuses.get(&node).copied();
        assert_eq!(known, old, "seed {}: {node} to {new}", self.seed);
        assert!(
            old.is_none_or(|old| old.may_become(new)),
            "seed {}: {old:?} {new}",
            self.seed
        );
        match new {
            // Both are final; whoever comes after all begins a new life.
            MediaNodeStatus::Terminated | MediaNodeStatus::Failed => self.statuses.remove(&node),
            new => self.statuses.insert(node, new),
        };
    }

    fn check(&self) {
        for (session, node) in &self.sessions {
            let carrier = self.cluster.carrier(session);
            assert_eq!(carrier, Some(node), "seed {}: {session}", self.seed);
        }
        let counted: usize = self.cluster.nodes().map(|node| node.sessions().len()).sum();
        assert_eq!(counted, self.sessions.len(), "seed {}", self.seed);
        let streams: BTreeSet<AttachmentId> = self
            .cluster
            .nodes()
            .filter_map(cluster::Node::attachment)
            .collect();
        let attached = self
            .cluster
            .nodes()
            .filter(|node| node.attachment().is_some());
        assert_eq!(attached.count(), streams.len(), "seed {}", self.seed);
    }

    fn clear_up(&mut self) {
        self.want(3);
        for machine in self.machines.values_mut() {
            machine.frozen = false;
        }
        self.work();
        while !self.sessions.is_empty() {
            self.close();
        }
        // Launches may still fail by the dice, with growing pauses between them.
        for _ in 0..120 {
            self.wait(30_000);
            self.check();
        }
        let serving = self.cluster.health().serving;
        let left: Vec<(&NodeId, State)> = (self.cluster.nodes())
            .filter(|node| node.state() != State::Failed)
            .map(|node| (node.id(), node.state()))
            .collect();
        assert_eq!(
            (serving, left.len()),
            (3, 3),
            "seed {}: {left:?}",
            self.seed
        );
        let orphans = self
            .machines
            .keys()
            .filter(|id| self.cluster.node(id).is_none());
        assert_eq!(orphans.count(), 0, "seed {}", self.seed);
    }
}
