//! The truth outside the cluster, and what is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Cluster, Effect, Failure, FailureKind, Gate, Hello,
    Input, Load, LostReason, Moment, NodeId, Rules, SessionId, Settings, State,
};

/// A process of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process {
    pub boot: u8,
    /// Of its addresses.
    pub version: u8,
    /// How many streams it has dialled.
    pub stream: u8,
}

/// A stream by node, boot and count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream {
    pub node: u8,
    pub boot: u8,
    pub count: u8,
}

impl Stream {
    pub fn id(self) -> AttachmentId {
        let [node, boot, count] = [self.node, self.boot, self.count].map(u64::from);
        AttachmentId(node << 16 | boot << 8 | count)
    }
}

/// A message that has not arrived; they overtake each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flying {
    Hello {
        stream: Stream,
        version: u8,
    },
    Addresses {
        stream: Stream,
        version: u8,
    },
    Detached {
        stream: Stream,
    },
    Registered {
        node: u8,
        boot: u8,
        generation: u8,
        at: u8,
    },
    LeaseLost {
        node: u8,
        generation: u8,
        at: u8,
    },
    /// A session that was to be closed is closed.
    Closing {
        session: u8,
    },
    Probe {
        node: u8,
        boot: u8,
        version: u8,
    },
    Probed {
        node: u8,
        boot: u8,
        version: u8,
        found: Found,
    },
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    It,
    Nobody,
    Silence,
}

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sin {
    PlacedUnproven,
    PlacedOnOldBoot,
    PlacedOnUnfit,
    PlacedTwice,
    BuriedAlive,
    StoppedLoaded,
    HeardZombie,
    IllegalStatus,
    RefusedLatest,
}

#[derive(Clone, Debug, PartialEq)]
pub struct World<R: Rules> {
    pub cluster: Cluster<R>,
    pub up: BTreeMap<u8, Process>,
    pub boots: BTreeMap<u8, u8>,
    /// The store: boot and generation.
    pub records: BTreeMap<u8, (u8, u8)>,
    pub revision: u8,
    pub flying: BTreeSet<Flying>,
    /// What was really seen to be reachable: node, boot, version.
    pub proven: BTreeSet<(u8, u8, u8)>,
    /// The stream on which a node was last admitted.
    pub admitted: BTreeMap<u8, Stream>,
    /// Boots that were stopped as asked.
    pub stopped: BTreeSet<(u8, u8)>,
    /// Where acknowledged sessions are.
    pub sessions: BTreeMap<u8, u8>,
    /// All that were ever placed.
    pub begun: BTreeSet<u8>,
    /// Nodes whose last probe found nobody though somebody was there.
    pub rejected: BTreeSet<u8>,
    pub sins: BTreeSet<Sin>,
    /// How often each kind of trouble may still come.
    pub left: Left,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Left {
    pub crashes: u8,
    pub cuts: u8,
    pub addresses: u8,
    pub expiries: u8,
    pub drains: u8,
    pub rejections: u8,
    pub hushes: u8,
    pub lies: u8,
}

impl<R: Rules> Hash for World<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cluster.hash(state);
        self.up.hash(state);
        self.boots.hash(state);
        self.records.hash(state);
        self.revision.hash(state);
        self.flying.hash(state);
        self.proven.hash(state);
        self.admitted.hash(state);
        self.stopped.hash(state);
        self.sessions.hash(state);
        self.begun.hash(state);
        self.rejected.hash(state);
        self.sins.hash(state);
        self.left.hash(state);
    }
}

/// Time stands still: timers are let run out one by one instead.
pub const NOW: Moment = Moment(0);

pub fn node_id(node: u8) -> NodeId {
    NodeId::new(node.to_string())
}

pub fn boot_id(boot: u8) -> BootId {
    BootId::new(boot.to_string())
}

pub fn session_id(session: u8) -> SessionId {
    SessionId::new(session.to_string())
}

fn number(text: &str) -> u8 {
    text.parse().expect("ids of the model are numbers")
}

pub fn addresses(version: u8) -> Addresses {
    Addresses {
        version: u64::from(version),
        ips: vec!["192.0.2.1".parse().expect("an address")],
        ports: vec![4000],
        ..Addresses::default()
    }
}

impl<R: Rules> World<R> {
    pub fn new(left: Left) -> Self {
        let settings = Settings {
            gate: Gate::Probe,
            probe_failures: 1,
            ..Settings::default()
        };
        Self {
            cluster: Cluster::under_rules(settings),
            up: BTreeMap::new(),
            boots: BTreeMap::new(),
            records: BTreeMap::new(),
            revision: 0,
            flying: BTreeSet::new(),
            proven: BTreeSet::new(),
            admitted: BTreeMap::new(),
            stopped: BTreeSet::new(),
            sessions: BTreeMap::new(),
            begun: BTreeSet::new(),
            rejected: BTreeSet::new(),
            sins: BTreeSet::new(),
            left,
        }
    }

    pub fn dial(&mut self, node: u8) {
        let Some(process) = self.up.get_mut(&node) else {
            return;
        };
        process.stream += 1;
        let stream = Stream {
            node,
            boot: process.boot,
            count: process.stream,
        };
        let version = process.version;
        self.flying.insert(Flying::Hello { stream, version });
    }

    /// The present stream of a process breaks.
    pub fn hang_up(&mut self, node: u8, process: Process) {
        let stream = Stream {
            node,
            boot: process.boot,
            count: process.stream,
        };
        self.flying.insert(Flying::Detached { stream });
    }

    pub fn register(&mut self, node: u8) {
        let Some(process) = self.up.get(&node).copied() else {
            return;
        };
        self.revision += 1;
        let (boot, generation) = (process.boot, self.revision);
        self.records.insert(node, (boot, generation));
        self.flying.insert(Flying::Registered {
            node,
            boot,
            generation,
            at: self.revision,
        });
    }

    pub fn deliver(&mut self, message: &Flying) {
        self.flying.remove(message);
        if let Flying::Probe {
            node,
            boot,
            version,
        } = *message
        {
            return self.answer_probe(node, boot, version);
        }
        if let Flying::Closing { session } = *message {
            return self.close(session);
        }
        if let Flying::Probed {
            node,
            boot,
            version,
            found: Found::It,
        } = message
            && (self.up.get(node)).is_some_and(|it| (it.boot, it.version) == (*boot, *version))
        {
            self.rejected.remove(node);
        }
        let zombie = self.speaks_out_of_turn(message);
        let before = zombie.then(|| self.cluster.clone());
        let effects = self.cluster.handle(NOW, input(message));
        if let Flying::Hello { stream, .. } = message {
            self.note_admission(*stream, &effects);
        }
        if before.is_some_and(|before| before != self.cluster) {
            self.sins.insert(Sin::HeardZombie);
        }
        self.carry_out(effects);
    }

    fn note_admission(&mut self, stream: Stream, effects: &[Effect]) {
        let admitted = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Admit { .. }));
        if admitted {
            self.admitted.insert(stream.node, stream);
        }
    }

    fn speaks_out_of_turn(&self, message: &Flying) -> bool {
        match message {
            Flying::Addresses { stream, .. } | Flying::Detached { stream } => {
                self.admitted.get(&stream.node) != Some(stream)
            }
            _ => false,
        }
    }

    fn answer_probe(&mut self, node: u8, boot: u8, version: u8) {
        let process = self.up.get(&node);
        let found = match process {
            Some(it) if (it.boot, it.version) == (boot, version) => Found::It,
            Some(_) => Found::Silence,
            None => Found::Nobody,
        };
        if found == Found::It {
            self.proven.insert((node, boot, version));
        }
        self.flying.insert(Flying::Probed {
            node,
            boot,
            version,
            found,
        });
    }

    /// Something on the way refuses a probe of a process that lives. While nobody hears the process it does not do so
    /// twice in a row: then nothing would tell it from a dead one.
    pub fn may_reject(&self, probe: &Flying) -> bool {
        let Flying::Probe { node, .. } = probe else {
            return false;
        };
        let known = self.cluster.node(&node_id(*node));
        let heard = known.is_some_and(cluster::Node::heard);
        self.left.rejections > 0
            && self.up.contains_key(node)
            && (heard || !self.rejected.contains(node))
    }

    pub fn reject(&mut self, probe: &Flying) {
        let Flying::Probe {
            node,
            boot,
            version,
        } = *probe
        else {
            return;
        };
        self.left.rejections -= 1;
        self.flying.remove(probe);
        self.rejected.insert(node);
        self.flying.insert(Flying::Probed {
            node,
            boot,
            version,
            found: Found::Nobody,
        });
    }

    /// Nothing is heard on an open stream, or something again.
    pub fn hush(&mut self, node: u8, silent: bool) -> Option<()> {
        let attachment = self.cluster.node(&node_id(node))?.attachment()?;
        let input = Input::Silence { attachment, silent };
        let effects = self.cluster.handle(NOW, input);
        self.carry_out(effects);
        Some(())
    }

    /// The provider says that a machine is gone.
    pub fn gone(&mut self, node: u8) {
        let input = Input::Gone {
            node: node_id(node),
        };
        let effects = self.cluster.handle(NOW, input);
        self.carry_out(effects);
    }

    pub fn place(&mut self, session: u8) {
        let states: BTreeMap<NodeId, State> = (self.cluster.nodes())
            .map(|node| (node.id().clone(), node.state()))
            .collect();
        let Ok(place) = self.cluster.place(&session_id(session), None, None) else {
            return;
        };
        let (node, boot) = (number(place.node.as_str()), number(place.boot.as_str()));
        let version = u8::try_from(place.addresses).expect("small");
        self.begun.insert(session);
        let again = self.sessions.insert(session, node);
        let mut sin = |sin, sinned| {
            if sinned {
                self.sins.insert(sin);
            }
        };
        if let Some(before) = again {
            sin(Sin::PlacedTwice, before != node);
            return;
        }
        sin(
            Sin::PlacedUnproven,
            !self.proven.contains(&(node, boot, version)),
        );
        sin(
            Sin::PlacedOnUnfit,
            states.get(&place.node) != Some(&State::Serving),
        );
        let admitted = self.admitted.get(&node).map(|stream| stream.boot);
        sin(Sin::PlacedOnOldBoot, admitted != Some(boot));
    }

    pub fn close(&mut self, session: u8) {
        self.sessions.remove(&session);
        let session = session_id(session);
        let effects = self.cluster.handle(NOW, Input::SessionClosed { session });
        self.carry_out(effects);
    }

    pub fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Probe {
                    node,
                    boot,
                    addresses,
                } => {
                    self.flying.insert(Flying::Probe {
                        node: number(node.as_str()),
                        boot: number(boot.as_str()),
                        version: u8::try_from(addresses.version).expect("small"),
                    });
                }
                Effect::Lost {
                    node,
                    boot,
                    reason,
                    sessions,
                } => self.lost(
                    number(node.as_str()),
                    number(boot.as_str()),
                    reason,
                    &sessions,
                ),
                Effect::CloseSessions { sessions, .. } => {
                    for session in sessions {
                        let session = number(session.as_str());
                        self.flying.insert(Flying::Closing { session });
                    }
                }
                Effect::Terminate { node } => self.terminate(number(node.as_str())),
                Effect::Drop { attachment } => self.cut_off(attachment),
                Effect::Refuse { attachment, .. } => self.refused(attachment),
                Effect::StatusChanged { old, new, .. }
                    if old.is_some_and(|old| !old.may_become(new)) =>
                {
                    self.sins.insert(Sin::IllegalStatus);
                }
                _ => {}
            }
        }
    }

    /// A process that is refused stops; there is never a later one than that which is up.
    fn refused(&mut self, attachment: AttachmentId) {
        if let Some((node, _)) = self.user_of(attachment) {
            self.up.remove(&node);
            self.sins.insert(Sin::RefusedLatest);
        }
    }

    /// A stream was closed by the master: whoever still uses it dials again.
    fn cut_off(&mut self, attachment: AttachmentId) {
        if let Some((node, process)) = self.user_of(attachment) {
            self.hang_up(node, process);
            self.dial(node);
        }
    }

    fn user_of(&self, attachment: AttachmentId) -> Option<(u8, Process)> {
        let user = self.up.iter().find(|(node, process)| {
            let stream = Stream {
                node: **node,
                boot: process.boot,
                count: process.stream,
            };
            stream.id() == attachment
        });
        user.map(|(node, process)| (*node, *process))
    }

    fn lost(&mut self, node: u8, boot: u8, reason: LostReason, sessions: &[SessionId]) {
        for session in sessions {
            self.sessions.remove(&number(session.as_str()));
        }
        let alive = self.up.get(&node).filter(|process| process.boot == boot);
        if alive.is_some() && reason == LostReason::Crashed {
            self.sins.insert(Sin::BuriedAlive);
        }
        if let Some(process) = alive
            && reason == LostReason::SuspicionOver
        {
            let registered = self
                .records
                .get(&node)
                .is_some_and(|record| record.0 == boot);
            let reachable = self.proven.contains(&(node, boot, process.version));
            if registered || reachable {
                self.sins.insert(Sin::BuriedAlive);
            }
        }
    }

    fn terminate(&mut self, node: u8) {
        if self.sessions.values().any(|carrier| *carrier == node) {
            self.sins.insert(Sin::StoppedLoaded);
        }
        if let Some(process) = self.up.remove(&node) {
            // A boot that has not been heard of when its machine is stopped cannot be told from one that comes after.
            let known = self
                .cluster
                .node(&node_id(node))
                .and_then(cluster::Node::boot);
            if known.is_some_and(|boot| boot.id == boot_id(process.boot)) {
                self.stopped.insert((node, process.boot));
            }
            self.hang_up(node, process);
        }
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        problem: String::new(),
    }
}

fn input(message: &Flying) -> Input {
    match *message {
        Flying::Hello { stream, version } => Input::Hello {
            attachment: stream.id(),
            hello: Hello {
                node: node_id(stream.node),
                boot: Boot {
                    id: boot_id(stream.boot),
                    started: u64::from(stream.boot),
                },
                version: String::new(),
                addresses: addresses(version),
                capacity: cluster::Capacity { shards: 1 },
                load: Load::default(),
            },
        },
        Flying::Addresses { stream, version } => Input::Addresses {
            attachment: stream.id(),
            addresses: addresses(version),
        },
        Flying::Detached { stream } => Input::Detached {
            attachment: stream.id(),
        },
        Flying::Registered {
            node,
            boot,
            generation,
            at,
        } => Input::Registered {
            node: node_id(node),
            boot: boot_id(boot),
            generation: cluster::Generation(u64::from(generation)),
            at: cluster::Revision(u64::from(at)),
        },
        Flying::LeaseLost {
            node,
            generation,
            at,
        } => Input::LeaseLost {
            node: node_id(node),
            generation: cluster::Generation(u64::from(generation)),
            at: cluster::Revision(u64::from(at)),
        },
        Flying::Probed {
            node,
            boot,
            version,
            found,
        } => Input::Probed {
            node: node_id(node),
            boot: boot_id(boot),
            version: u64::from(version),
            outcome: match found {
                Found::It => Ok(()),
                Found::Nobody => Err(failure(FailureKind::Refused)),
                Found::Silence => Err(failure(FailureKind::Silent)),
            },
        },
        Flying::Probe { .. } | Flying::Closing { .. } => Input::Tick,
    }
}
