//! What may happen next, and what must hold.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use cluster::{Command, Deadline, Rules, State, Timer};
use stateright::Property;

use crate::world::{Flying, Left, NOW, Process, Sin, World, node_id, session_id};

/// How much may happen.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub nodes: u8,
    /// Of each node.
    pub boots: u8,
    pub crashes: u8,
    pub cuts: u8,
    pub addresses: u8,
    pub expiries: u8,
    pub sessions: u8,
    /// Drains and un-drains together.
    pub drains: u8,
    /// Probes of a process that lives which find nobody.
    pub rejections: u8,
    /// Open streams on which nothing is heard for a while.
    pub hushes: u8,
    /// False words of a provider.
    pub lies: u8,
    /// Whether nodes register in the store.
    pub leases: bool,
}

impl Bounds {
    /// One node that boots once and to which nothing happens.
    pub fn none() -> Self {
        Self {
            nodes: 1,
            boots: 1,
            crashes: 0,
            cuts: 0,
            addresses: 0,
            expiries: 0,
            sessions: 0,
            drains: 0,
            rejections: 0,
            hushes: 0,
            lies: 0,
            leases: false,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Model<R> {
    bounds: Bounds,
    rules: PhantomData<R>,
}

impl<R> Model<R> {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            rules: PhantomData,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Boot(u8),
    Crash(u8),
    /// The link breaks, the process lives and dials again.
    Cut(u8),
    Move(u8),
    Expire(u8),
    Deliver(Flying),
    Fire(Deadline),
    Place(u8),
    Close(u8),
    Drain(u8),
    UnDrain(u8),
    Reject(Flying),
    Hush(u8),
    Speak(u8),
    Gone(u8),
}

impl<R: Rules + Debug + Send + Sync + 'static> stateright::Model for Model<R> {
    type State = World<R>;
    type Action = Act;

    fn init_states(&self) -> Vec<World<R>> {
        let bounds = self.bounds;
        vec![World::new(Left {
            crashes: bounds.crashes,
            cuts: bounds.cuts,
            addresses: bounds.addresses,
            expiries: bounds.expiries,
            drains: bounds.drains,
            rejections: bounds.rejections,
            hushes: bounds.hushes,
            lies: bounds.lies,
        })]
    }

    fn actions(&self, world: &World<R>, acts: &mut Vec<Act>) {
        if !world.sins.is_empty() {
            return;
        }
        for node in 0..self.bounds.nodes {
            self.troubles(world, node, acts);
        }
        let deliverable = world
            .flying
            .iter()
            .filter(|message| in_order(world, message));
        acts.extend(deliverable.cloned().map(Act::Deliver));
        let probes = world.flying.iter().filter(|it| world.may_reject(it));
        acts.extend(probes.cloned().map(Act::Reject));
        // An unanswered probe is one that found nobody; and a rejection does not last as long as suspicion.
        let timers = world.cluster.timers().filter(|it| match it.timer {
            Timer::ProbeUnanswered => false,
            Timer::SuspicionOver => !rejected(world, it),
            _ => true,
        });
        acts.extend(timers.map(Act::Fire));
        for session in 0..self.bounds.sessions {
            // Each is begun once, and asked for again as long as it lasts.
            let lasts = world.sessions.contains_key(&session);
            if lasts || !world.begun.contains(&session) {
                acts.push(Act::Place(session));
            }
            if lasts {
                acts.push(Act::Close(session));
            }
        }
    }

    fn next_state(&self, last: &World<R>, act: Act) -> Option<World<R>> {
        let mut world = last.clone();
        match act {
            Act::Boot(node) => self.boot(&mut world, node),
            Act::Crash(node) => {
                world.left.crashes -= 1;
                let process = world.up.remove(&node)?;
                world.hang_up(node, process);
            }
            Act::Cut(node) => {
                world.left.cuts -= 1;
                let process = *world.up.get(&node)?;
                world.hang_up(node, process);
                world.dial(node);
            }
            Act::Move(node) => move_to_other_address(&mut world, node)?,
            Act::Expire(node) => expire(&mut world, node)?,
            Act::Deliver(message) => world.deliver(&message),
            Act::Fire(deadline) => {
                let effects = world.cluster.fire(NOW, &deadline);
                world.carry_out(effects);
            }
            Act::Place(session) => world.place(session),
            Act::Close(session) => world.close(session),
            Act::Drain(node) => command(
                &mut world,
                |node| Command::Drain { node, within: None },
                node,
            )?,
            Act::UnDrain(node) => command(&mut world, Command::UnDrain, node)?,
            Act::Reject(probe) => world.reject(&probe),
            Act::Hush(node) => {
                world.left.hushes -= 1;
                world.hush(node, true)?;
            }
            Act::Speak(node) => world.hush(node, false)?,
            Act::Gone(node) => {
                if world.up.contains_key(&node) {
                    world.left.lies -= 1;
                }
                world.gone(node);
            }
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "3: a placement names a node proven in that boot at that address",
                |_, world: &World<R>| !world.sins.contains(&Sin::PlacedUnproven),
            ),
            Property::always(
                "4: a placement never names an old boot",
                |_, world: &World<R>| !world.sins.contains(&Sin::PlacedOnOldBoot),
            ),
            Property::always(
                "8: nothing is placed on a node that is not serving",
                |_, world: &World<R>| !world.sins.contains(&Sin::PlacedOnUnfit),
            ),
            Property::always(
                "8: a machine goes only when it is empty",
                |_, world: &World<R>| !world.sins.contains(&Sin::StoppedLoaded),
            ),
            Property::always("6: a session has one node", |_, world: &World<R>| {
                !world.sins.contains(&Sin::PlacedTwice)
            }),
            Property::always(
                "9: nobody is taken for dead who shows a sign of life",
                |_, world: &World<R>| !world.sins.contains(&Sin::BuriedAlive),
            ),
            Property::always(
                "5: a replaced stream changes nothing",
                |_, world: &World<R>| !world.sins.contains(&Sin::HeardZombie),
            ),
            Property::always(
                "2: the latest boot is not refused",
                |_, world: &World<R>| !world.sins.contains(&Sin::RefusedLatest),
            ),
            Property::always(
                "statuses follow each other as OpenVidu's do",
                |_, world: &World<R>| !world.sins.contains(&Sin::IllegalStatus),
            ),
            Property::always(
                "2: a boot that was superseded or stopped is not let in again",
                |_, world: &World<R>| one_boot(world),
            ),
            Property::always(
                "3: a serving node was proven at exactly its present address",
                |_, world: &World<R>| serving_is_proven(world),
            ),
            Property::always(
                "7: an acknowledged session is where it was said to be",
                |_, world: &World<R>| {
                    world.sessions.iter().all(|(session, node)| {
                        world.cluster.carrier(&session_id(*session)) == Some(&node_id(*node))
                    })
                },
            ),
            Property::always(
                "1: nobody up is left outside once all messages arrived",
                |_, world: &World<R>| {
                    !world.flying.is_empty()
                        || world
                            .up
                            .iter()
                            .all(|(node, process)| admitted(world, *node, *process))
                },
            ),
            Property::always(
                "12: what is known of leases is what the store says",
                |_, world: &World<R>| !world.flying.is_empty() || leases_agree(world),
            ),
            Property::sometimes("sometimes a node serves", |_, world: &World<R>| {
                world
                    .cluster
                    .nodes()
                    .any(|node| node.state() == State::Serving)
            }),
        ]
    }
}

impl<R: Rules> Model<R> {
    fn troubles(&self, world: &World<R>, node: u8, acts: &mut Vec<Act>) {
        let mut may = |act, possible| {
            if possible {
                acts.push(act);
            }
        };
        let up = world.up.contains_key(&node);
        let boots = world.boots.get(&node).copied().unwrap_or_default();
        // A machine may reboot so fast that nobody saw it go.
        let reboots = !up || world.left.crashes > 0;
        may(Act::Boot(node), boots < self.bounds.boots && reboots);
        may(Act::Crash(node), up && world.left.crashes > 0);
        may(Act::Cut(node), up && world.left.cuts > 0);
        may(Act::Move(node), up && world.left.addresses > 0);
        let recorded = world.records.contains_key(&node);
        may(
            Act::Expire(node),
            recorded && (world.left.expiries > 0 || !up),
        );
        may(Act::Hush(node), world.left.hushes > 0);
        may(Act::Speak(node), up && self.bounds.hushes > 0);
        // The truth costs nothing.
        let tells = self.bounds.lies > 0 && (!up || world.left.lies > 0);
        may(Act::Gone(node), tells);
        let state = world.cluster.node(&node_id(node)).map(cluster::Node::state);
        let drainable = matches!(state, Some(State::Serving | State::Suspect));
        may(Act::Drain(node), drainable && world.left.drains > 0);
        may(
            Act::UnDrain(node),
            state == Some(State::WaitingIdle) && world.left.drains > 0,
        );
    }

    fn boot(&self, world: &mut World<R>, node: u8) {
        if let Some(process) = world.up.remove(&node) {
            world.left.crashes -= 1;
            world.hang_up(node, process);
        }
        let boot = world.boots.entry(node).or_default();
        *boot += 1;
        let process = Process {
            boot: *boot,
            version: 1,
            stream: 0,
        };
        world.up.insert(node, process);
        world.dial(node);
        if self.bounds.leases {
            world.register(node);
        }
    }
}

fn move_to_other_address<R: Rules>(world: &mut World<R>, node: u8) -> Option<()> {
    world.left.addresses -= 1;
    let process = world.up.get_mut(&node)?;
    process.version += 1;
    let version = process.version;
    let stream = crate::world::Stream {
        node,
        boot: process.boot,
        count: process.stream,
    };
    world.flying.insert(Flying::Addresses { stream, version });
    Some(())
}

/// The store ends a lease; a process that lives registers again.
fn expire<R: Rules>(world: &mut World<R>, node: u8) -> Option<()> {
    world.left.expiries = world.left.expiries.saturating_sub(1);
    let (boot, generation) = world.records.remove(&node)?;
    world.revision += 1;
    world.flying.insert(Flying::LeaseLost {
        node,
        generation,
        at: world.revision,
    });
    if world
        .up
        .get(&node)
        .is_some_and(|process| process.boot == boot)
    {
        world.register(node);
    }
    Some(())
}

fn command<R: Rules>(
    world: &mut World<R>,
    command: impl Fn(cluster::NodeId) -> Command,
    node: u8,
) -> Option<()> {
    world.left.drains -= 1;
    let effects = world.cluster.command(NOW, command(node_id(node))).ok()?;
    world.carry_out(effects);
    Some(())
}

fn rejected<R: Rules>(world: &World<R>, deadline: &Deadline) -> bool {
    let rejected = |node: &&u8| world.rejected.contains(*node) && world.up.contains_key(*node);
    let ids = world.up.keys().filter(rejected);
    ids.map(|node| node_id(*node))
        .any(|id| deadline.node.as_ref() == Some(&id))
}

/// On one stream everything arrives in order.
fn in_order<R: Rules>(world: &World<R>, message: &Flying) -> bool {
    let before = |earlier: fn(&Flying) -> bool, stream| {
        let of_stream = |other: &&Flying| match other {
            Flying::Hello { stream, .. } | Flying::Addresses { stream, .. } | Flying::Detached { stream } => Some(*stream),
            _ => None,
        } == Some(stream) && earlier(other);
        world.flying.iter().any(|other| of_stream(&other))
    };
    match message {
        Flying::Addresses { stream, version } => {
            let hello = before(|other| matches!(other, Flying::Hello { .. }), *stream);
            let older = world.flying.iter().any(|other| {
                matches!(other, Flying::Addresses { stream: s, version: v } if s == stream && v < version)
            });
            !hello && !older
        }
        Flying::Detached { stream } => !before(
            |other| matches!(other, Flying::Hello { .. } | Flying::Addresses { .. }),
            *stream,
        ),
        _ => true,
    }
}

fn one_boot<R: Rules>(world: &World<R>) -> bool {
    world.cluster.nodes().all(|node| {
        let number: u8 = node.id().as_str().parse().expect("a number");
        let Some(boot) = node.boot() else { return true };
        let boot: u8 = boot.id.as_str().parse().expect("a number");
        let stopped = world.stopped.contains(&(number, boot)) && node.state() != State::Terminating;
        let latest = world.up.get(&number).is_none_or(|process| process.boot >= boot);
        let hello = |message: &Flying| matches!(message, Flying::Hello { stream, .. } if stream.node == number);
        // When no hello is on its way any more, the latest boot is the one that is known.
        let superseded = world.up.get(&number).is_some_and(|process| process.boot != boot);
        let settled = !world.flying.iter().any(hello);
        !stopped && latest && !(superseded && settled)
    })
}

fn serving_is_proven<R: Rules>(world: &World<R>) -> bool {
    world
        .cluster
        .nodes()
        .filter(|node| node.state() == State::Serving)
        .all(|node| {
            let number = |text: &str| -> u8 { text.parse().expect("a number") };
            let boot = node.boot().expect("a serving node has dialled in");
            let version = u8::try_from(node.addresses().version).expect("small");
            world.proven.contains(&(
                number(node.id().as_str()),
                number(boot.id.as_str()),
                version,
            ))
        })
}

fn admitted<R: Rules>(world: &World<R>, node: u8, process: Process) -> bool {
    let id = node_id(node);
    let Some(known) = world.cluster.node(&id) else {
        return false;
    };
    let same = known
        .boot()
        .is_some_and(|boot| boot.started == u64::from(process.boot))
        && known.addresses().version == u64::from(process.version)
        && known.attachment().is_some();
    let probing = world
        .cluster
        .timers()
        .any(|it| it.timer == Timer::ProbeDue && it.node.as_ref() == Some(&id));
    match known.state() {
        State::Serving | State::WaitingIdle | State::Terminating => same,
        _ => same && probing,
    }
}

fn leases_agree<R: Rules>(world: &World<R>) -> bool {
    world.cluster.nodes().all(|node| {
        let number: u8 = node.id().as_str().parse().expect("a number");
        let record = world
            .records
            .get(&number)
            .map(|(_, generation)| u64::from(*generation));
        let boot = node.boot().map(|boot| boot.started);
        let same_boot = world.records.get(&number).map(|(boot, _)| u64::from(*boot)) == boot;
        match node.generation() {
            Some(generation) => record == Some(generation.0),
            None => record.is_none() || !same_boot,
        }
    })
}
