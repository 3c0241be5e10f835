//! The nodes and the one door to them.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::deadline::{Deadline, Timer};
use crate::desire::Desire;
use crate::effect::Effect;
use crate::ended::Endings;
use crate::going::Illegal;
use crate::ids::{AttachmentId, Moment, NodeId, SessionId};
use crate::input::Input;
use crate::launching::Launches;
use crate::liveness::{Brake, Registration};
use crate::node::{Node, State};
use crate::rules::{Rules, Sound};
use crate::settings::{Gate, Settings};
use crate::status::MediaNodeStatus;

/// All nodes that are not known to be gone, and how many there should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster<R: Rules = Sound> {
    pub(crate) settings: Settings,
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) streams: BTreeMap<AttachmentId, NodeId>,
    pub(crate) sessions: BTreeMap<SessionId, NodeId>,
    pub(crate) registrations: BTreeMap<NodeId, Registration>,
    pub(crate) endings: Endings,
    pub(crate) brake: Brake,
    pub(crate) launches: Launches,
    pub(crate) desire: Desire,
    rules: PhantomData<R>,
}

/// The health of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// How many nodes can take a session.
    pub serving: usize,
    /// Those that are known and cannot, though they should.
    pub troubled: Vec<NodeId>,
}

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Place nothing more on the node and let it go with its last session; close what is left after `within`.
    Drain {
        #[allow(missing_docs)]
        node: NodeId,
        /// The usual span when `None`.
        within: Option<std::time::Duration>,
    },
    /// Let a draining node serve again.
    UnDrain(NodeId),
    /// Give up a launch.
    Cancel(NodeId),
    /// Want it again.
    UnCancel(NodeId),
    /// Close all that the node carries and stop it.
    Terminate(NodeId),
    /// Launch one more node, whatever is wanted otherwise. Its `Launch` tells the id.
    Launch,
    /// Want so many nodes until the schedule's next transition; for good where there is no schedule.
    Count(u32),
    /// Take a count back.
    Uncount,
}

impl Cluster {
    /// A cluster without nodes that takes them at their word.
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A cluster without nodes.
    pub fn with(settings: Settings) -> Self {
        Self::under_rules(settings)
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

/// Of what happens to a cluster; its settings and what is wanted are left out.
impl<R: Rules> Hash for Cluster<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nodes.hash(state);
        self.streams.hash(state);
        self.sessions.hash(state);
        self.registrations.hash(state);
        self.endings.hash(state);
        self.brake.hash(state);
        self.launches.hash(state);
    }
}

impl<R: Rules> Cluster<R> {
    #[doc(hidden)]
    pub fn under_rules(settings: Settings) -> Self {
        Self {
            settings,
            nodes: BTreeMap::new(),
            streams: BTreeMap::new(),
            sessions: BTreeMap::new(),
            registrations: BTreeMap::new(),
            endings: Endings::default(),
            brake: Brake::default(),
            launches: Launches::default(),
            desire: Desire::default(),
            rules: PhantomData,
        }
    }

    /// Takes one input at time `now` and says what is to be done about it. Input on a stream that is not (or no longer)
    /// a node's current one changes nothing.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.take(now, input, &mut out);
        self.pursue(now, &mut out);
        out
    }

    /// Does what an operator asks for, or says why it cannot be.
    pub fn command(&mut self, now: Moment, command: Command) -> Result<Vec<Effect>, Illegal> {
        let mut out = Vec::new();
        self.obey(now, command, &mut out)?;
        self.pursue(now, &mut out);
        Ok(out)
    }

    fn take(&mut self, now: Moment, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Hello { attachment, hello } => self.hello(now, attachment, hello, out),
            Input::Addresses {
                attachment,
                addresses,
            } => self.addresses(now, attachment, addresses, out),
            Input::Load { attachment, load } => {
                if let Some(node) = self.speaker(attachment) {
                    node.take_load(load);
                }
            }
            Input::Leaving { attachment } => self.leaving(now, attachment, out),
            Input::Silence { attachment, silent } => self.silence(now, attachment, silent, out),
            Input::Detached { attachment } => self.detached(now, attachment, out),
            Input::Tick => self.tick(now, out),
            Input::Wall(wall) => {
                self.desire.clock.set(now, wall);
                self.desire.stale = true;
            }
            Input::Probed {
                node,
                boot,
                version,
                outcome,
            } => self.probed(now, &node, &boot, version, outcome, out),
            Input::Doubted { node } => self.doubted(now, &node),
            Input::Registered {
                node,
                boot,
                generation,
                at,
            } => self.registered(now, node, boot, generation, at, out),
            Input::LeaseLost {
                node,
                generation,
                at,
            } => self.lease_lost(now, node, generation, at, out),
            Input::Store { answers } => self.store(now, answers),
            Input::SessionClosed { session } => self.session_closed(now, &session, out),
            Input::Launched { node, environment } => self.launched(now, &node, environment, out),
            Input::Closing => self.close(now, out),
            Input::Listed => {
                self.launches.listed = true;
                self.desire.stale = true;
            }
            Input::LaunchFailed { node, reason } => self.launch_failed(now, &node, reason, out),
            Input::Gone { node } => self.gone(now, &node, out),
            Input::Policy(policy) => {
                self.desire.policy = *policy;
                self.desire.stale = true;
            }
            Input::Known(known) => self.known(now, *known, out),
            Input::Demanded { count, at } => self.desire.demanded_before(count, at),
        }
    }

    /// When [`Input::Tick`] is due next, for whom and why.
    pub fn next_deadline(&self) -> Option<Deadline> {
        let whole = self.own_timers().into_iter().min();
        let nodes = self.nodes.values().filter_map(|node| {
            let earliest = self.node_timers(node).min();
            earliest.map(|(at, timer)| (at, timer, &node.id))
        });
        let node = nodes.min().map(|(at, timer, id)| Deadline {
            at,
            node: Some(id.clone()),
            timer,
        });
        whole.into_iter().chain(node).min()
    }

    /// Every timer that runs.
    #[doc(hidden)]
    pub fn timers(&self) -> impl Iterator<Item = Deadline> {
        let nodes = self.nodes.values().flat_map(|node| {
            self.node_timers(node).map(|(at, timer)| Deadline {
                at,
                node: Some(node.id.clone()),
                timer,
            })
        });
        self.own_timers().into_iter().chain(nodes)
    }

    fn own_timers(&self) -> Vec<Deadline> {
        let whole = |timer| {
            move |at| Deadline {
                at,
                node: None,
                timer,
            }
        };
        let timers = [
            self.brake
                .until(&self.settings)
                .map(whole(Timer::BrakeOver)),
            self.launches.retry.map(whole(Timer::LaunchRetry)),
            self.desire.autoscaling_at.map(whole(Timer::AutoscalingDue)),
            self.desire
                .transition_at
                .map(whole(Timer::ScheduleTransition)),
        ];
        timers.into_iter().flatten().collect()
    }

    fn node_timers(&self, node: &Node) -> impl Iterator<Item = (Moment, Timer)> + use<R> {
        let death = self.dead_at(node).map(|at| (at, Timer::SuspicionOver));
        [Self::going_timer(node), death, Self::probe_timer(node)]
            .into_iter()
            .flatten()
    }

    fn tick(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let mut due: Vec<Deadline> = self.timers().filter(|timer| timer.at <= now).collect();
        due.sort();
        for deadline in due {
            self.run_out(now, &deadline, out);
        }
    }

    /// Lets one timer run out, whatever the time is; one that does not run (any more) changes nothing.
    #[doc(hidden)]
    pub fn fire(&mut self, now: Moment, deadline: &Deadline) -> Vec<Effect> {
        let mut out = Vec::new();
        self.run_out(now, deadline, &mut out);
        self.pursue(now, &mut out);
        out
    }

    fn run_out(&mut self, now: Moment, deadline: &Deadline, out: &mut Vec<Effect>) {
        let runs = match &deadline.node {
            Some(id) => (self.nodes.get(id)).is_some_and(|node| {
                self.node_timers(node)
                    .any(|timer| timer == (deadline.at, deadline.timer))
            }),
            None => self.own_timers().contains(deadline),
        };
        if !runs {
            return;
        }
        match (&deadline.node, deadline.timer) {
            (Some(id), Timer::SuspicionOver) => self.dead(id, out),
            (Some(id), Timer::ProbeDue) => self.ask_probe(now, id, out),
            (Some(id), Timer::ProbeUnanswered) => self.probe_unanswered(now, id, out),
            (Some(id), Timer::DrainOver) => self.drain_over(now, id, out),
            (Some(id), Timer::LaunchOverdue) => self.launch_overdue(now, id, out),
            (Some(id), Timer::TerminationOverdue) => self.termination_overdue(now, id, out),
            (_, Timer::BrakeOver) => self.release_brake(out),
            (_, Timer::LaunchRetry) => {
                self.launches.retry = None;
                self.desire.stale = true;
            }
            (_, Timer::AutoscalingDue) => self.autoscale(now, out),
            (_, Timer::ScheduleTransition) => {
                self.desire.transition_at = None;
                self.desire.stale = true;
            }
            (None, _) => {}
        }
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// One node.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// The node that speaks on this stream.
    pub fn attached(&self, attachment: AttachmentId) -> Option<&Node> {
        self.nodes.get(self.streams.get(&attachment)?)
    }

    /// Which node carries a session.
    pub fn carrier(&self, session: &SessionId) -> Option<&NodeId> {
        self.sessions.get(session)
    }

    #[allow(missing_docs)]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    #[allow(missing_docs)]
    pub fn health(&self) -> Health {
        let count = |node: &&Node| node.state() == State::Serving;
        let troubled = |state| matches!(state, State::Joining | State::Probing | State::Suspect);
        Health {
            serving: self.nodes.values().filter(count).count(),
            troubled: (self.nodes.values())
                .filter(|node| troubled(node.state()))
                .map(|node| node.id.clone())
                .collect(),
        }
    }

    pub(crate) fn speaker(&mut self, attachment: AttachmentId) -> Option<&mut Node> {
        self.nodes.get_mut(self.streams.get(&attachment)?)
    }

    pub(crate) fn proven(&self, node: &Node) -> bool {
        if self.settings.gate == Gate::Word || !R::PROBE_FIRST {
            return true;
        }
        match node.probe.proof {
            Some(version) => version == node.addresses.version || !R::PROOF_PER_ADDRESS,
            None => false,
        }
    }

    /// Brings what is told of a node up to what its facts say. To be called after every change of facts.
    pub(crate) fn settle(&mut self, now: Moment, id: &NodeId, out: &mut Vec<Effect>) {
        self.settle_going(now, id);
        let Some(node) = self.nodes.get(id) else {
            return;
        };
        let state = node.derive_state(self.proven(node));
        let Some(node) = self.nodes.get_mut(id) else {
            return;
        };
        node.served |= state == State::Serving;
        let status = node.derive_status(state);
        let before = node.told.replace((state, status));
        if before.map(|(state, _)| state) != Some(state) {
            out.push(Effect::Changed {
                node: id.clone(),
                from: before.map(|(state, _)| state),
                to: state,
            });
            self.desire.stale = true;
        }
        tell_status(id, before.map(|(_, status)| status), status, out);
        self.settle_suspicion(now, id, out);
        self.settle_probe(now, id, out);
        self.settle_machine(id, out);
    }
}

/// Every life begins with `launching`, also that of a node that came by itself and is ready at once.
fn tell_status(
    id: &NodeId,
    old: Option<MediaNodeStatus>,
    new: MediaNodeStatus,
    out: &mut Vec<Effect>,
) {
    let mut tell = |old, new| {
        out.push(Effect::StatusChanged {
            node: id.clone(),
            old,
            new,
        });
    };
    let first = MediaNodeStatus::Launching;
    if old.is_none() {
        tell(None, first);
    }
    let old = old.unwrap_or(first);
    if old != new {
        tell(Some(old), new);
    }
}
