//! Which ways lead to which node: what probes found, what of it clients are told, and when nodes look at each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::{Failure, Gate, Moment, Node, NodeId, State};
use openvidu::webhook::{self, Message, NodeRef};
use reachability::{Depth, Judgement, Matrix, Party, Path, Place, Standing, Verdict};

use crate::control::Control;
use crate::effect::{Effect, Event, ReachEvent};
use crate::input::{Looked, Stage, TransportState};
use crate::notice::Notice;

/// How long a node may take to say what it found of another one.
pub const LOOK: Duration = Duration::from_secs(5);

/// After so many looks at a node another one takes the turn: each has a network of its own.
const TURN: u32 = 20;

/// Looks of nodes under way at once, of all and of one.
const AT_ONCE: usize = 64;
const OF_ONE: usize = 4;

/// Between two times that everybody is asked to look at once.
pub const HURRY: Duration = Duration::from_secs(10);

/// Begins the names of transports that are no client's.
const PROBES: &str = "probe/";

/// What is known of the ways.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    matrix: Matrix,
    /// What was last told of each node.
    told: BTreeMap<NodeId, Told>,
    looks: BTreeMap<NodeId, Look>,
    /// When everybody was last asked to look at once.
    hurried: Option<Moment>,
}

#[derive(Debug, Default)]
struct Told {
    withheld: BTreeSet<Path>,
    verdict: Option<Verdict>,
}

/// How one node is looked at by others.
#[derive(Debug)]
struct Look {
    next: Moment,
    /// Whose turn it is, and how many looks it has had.
    by: Option<(NodeId, u32)>,
    /// Failed by then.
    asked: Option<Moment>,
}

impl Control {
    /// Who reaches which node by which path.
    pub fn matrix(&self) -> &Matrix {
        &self.ways.matrix
    }

    /// What the master's probe found in all. One that failed does not speak against a node that others get through to: the
    /// master may be the one that is cut off. Of a node that is not heard, only what is seen now counts.
    pub(crate) fn probed(&mut self, node: NodeId, place: Place, outcome: Result<(), Failure>) {
        let known = self.cluster.node(&node);
        let heard = known.is_some_and(Node::heard);
        let outcome = outcome.or_else(|failure| {
            let matrix = &self.ways.matrix;
            let others = matrix.is_reached_by_others(&Party::Master, &node, &place)
                || matrix.is_witnessed(self.now.moment, &node);
            if heard && others {
                Ok(())
            } else {
                Err(failure)
            }
        });
        let id = node.clone();
        self.tell_cluster(cluster::Input::Probed {
            node,
            boot: place.boot,
            version: place.version,
            outcome,
        });
        if heard && self.ways.matrix.is_in_doubt(&Party::Master, &id) {
            self.tell_cluster(cluster::Input::Doubted { node: id });
        }
    }

    pub(crate) fn looked(&mut self, looked: Looked) {
        let Looked {
            from,
            node,
            place,
            depth,
            outcomes,
        } = looked;
        if self.place_of(&node).as_ref() != Some(&place) {
            return;
        }
        let now = self.now.moment;
        let Some(outcomes) = outcomes else {
            return self.look_failed(&node);
        };
        let matrix = &mut self.ways.matrix;
        let changes = matrix.record(now, &from, &node, &place, depth, &outcomes);
        let regained = changes.iter().any(|it| it.standing == Standing::Good);
        for change in changes {
            let node = node.clone();
            self.log(Notice::Path { node, change });
        }
        self.settle_ways(&node);
        if regained {
            self.hope_for(&node);
        }
        if let Party::Node(_) = from {
            self.look_done(&from, &node);
            self.take_word(&node, place, depth);
        }
    }

    /// Its clients that are without media may get through now.
    fn hope_for(&mut self, node: &NodeId) {
        let meetings = &self.conference;
        let there = |leg: &conference::LegOf| {
            let session = meetings.session(&leg.session);
            let at = session.and_then(|session| session.node.as_ref());
            at.is_some_and(|at| at.as_str() == node.as_str())
        };
        self.failures.ladder.hope(self.now.moment, there);
    }

    /// What others found is proof too, for a node that the master does not get through to.
    fn take_word(&mut self, node: &NodeId, place: Place, depth: Depth) {
        let probing = |node: &Node| matches!(node.state(), State::Probing | State::Suspect);
        let wanted = self
            .cluster
            .node(node)
            .is_some_and(|it| it.heard() && probing(it));
        let reached = |matrix: &Matrix| matrix.is_reached_by_others(&Party::Master, node, &place);
        if wanted && depth == Depth::Call && reached(&self.ways.matrix) {
            self.tell_cluster(cluster::Input::Probed {
                node: node.clone(),
                boot: place.boot,
                version: place.version,
                outcome: Ok(()),
            });
        }
    }

    /// Has every node looked at by whoever looks at it, at once and by whole calls, unless that was so a moment ago.
    pub(crate) fn hurry_looks(&mut self) {
        let now = self.now.moment;
        let lately = self.ways.hurried.is_some_and(|at| now < at + HURRY);
        if lately || self.settings.cluster.gate != Gate::Probe {
            return;
        }
        self.ways.hurried = Some(now);
        self.ways.matrix.want_calls();
        for look in self.ways.looks.values_mut() {
            look.next = look.next.min(now);
        }
        let nodes: Vec<NodeId> = self.cluster.nodes().map(|node| node.id().clone()).collect();
        for node in nodes {
            self.tell_cluster(cluster::Input::Doubted { node });
        }
        self.have_looked();
    }

    /// How long ago everybody was last asked to look at once; `None`: never, or probes are off.
    pub fn looks_hurried(&self) -> Option<Duration> {
        let at = self.ways.hurried?;
        Some(Duration::from_millis(
            self.now.moment.0.saturating_sub(at.0),
        ))
    }

    fn place_of(&self, node: &NodeId) -> Option<Place> {
        let node = self.cluster.node(node)?;
        Some(Place {
            boot: node.boot()?.id.clone(),
            version: node.addresses().version,
        })
    }

    /// Says what is otherwise than it was told.
    fn settle_ways(&mut self, node: &NodeId) {
        let judgement = self.ways.matrix.judge(self.now.moment, node);
        let told = self.ways.told.entry(node.clone()).or_default();
        let before = (
            told.verdict.replace(judgement.verdict),
            std::mem::replace(&mut told.withheld, judgement.withheld.clone()),
        );
        if before == (Some(judgement.verdict), judgement.withheld.clone()) {
            return;
        }
        if before.1 != judgement.withheld {
            self.withhold(node, &judgement);
        }
        self.log(Notice::Ways {
            sentence: judgement.sentence.clone(),
            worse: before.0 < Some(judgement.verdict) && judgement.verdict != Verdict::Serves
                || before.1.len() < judgement.withheld.len(),
        });
        self.event(Event::Reach(Box::new(ReachEvent {
            at: self.now.timestamp,
            node: node.clone(),
            judgement,
        })));
    }

    fn withhold(&mut self, node: &NodeId, judgement: &Judgement) {
        let attachment = self.cluster.node(node).and_then(Node::attachment);
        if let Some(attachment) = attachment {
            let paths = judgement.withheld.iter().cloned().collect();
            self.out(Effect::Withhold { attachment, paths });
        }
    }

    /// A node that was let in again withholds nothing, until it is told.
    pub(crate) fn withhold_anew(&mut self, node: &NodeId) {
        if let Some(place) = self.place_of(node) {
            self.ways.matrix.moved(node, &place);
        }
        let judgement = self.ways.matrix.judge(self.now.moment, node);
        if !judgement.withheld.is_empty() {
            self.withhold(node, &judgement);
        }
        if let Some(told) = self.ways.told.get_mut(node) {
            told.withheld = judgement.withheld;
        }
        if self.settings.cluster.gate == Gate::Probe {
            let next = self.now.moment;
            let look = Look {
                next,
                by: None,
                asked: None,
            };
            self.ways.looks.insert(node.clone(), look);
            self.have_looked();
        }
    }

    /// A client has connected.
    pub(crate) fn witness(&mut self, node: &NodeId, state: &TransportState) {
        let clients = !state.session.as_str().starts_with(PROBES);
        if clients
            && state.stage == Stage::Connected
            && let Some(place) = self.place_of(node)
        {
            let now = self.now.moment;
            self.ways.matrix.witness(now, node, &place.boot);
        }
    }

    pub(crate) fn forget_ways(&mut self, node: &NodeId) {
        self.ways.matrix.forget(node);
        self.ways.told.remove(node);
        self.ways.looks.remove(node);
    }

    /// Whether clients may be told of this path.
    pub(crate) fn is_withheld(&self, node: &NodeId, path: &Path) -> bool {
        let told = self.ways.told.get(node);
        told.is_some_and(|told| told.withheld.contains(path))
    }

    pub(crate) fn look_due(&self) -> Option<Moment> {
        let looks = self.ways.looks.values();
        looks.map(|look| look.asked.unwrap_or(look.next)).min()
    }

    /// Has nodes look at each other where it is time.
    pub(crate) fn have_looked(&mut self) {
        let now = self.now.moment;
        let due = |look: &Look| look.asked.unwrap_or(look.next) <= now;
        let looks = self.ways.looks.iter();
        let due: Vec<NodeId> = looks
            .filter(|(_, look)| due(look))
            .map(|(node, _)| node.clone())
            .collect();
        for node in due {
            let unanswered = self
                .ways
                .looks
                .get(&node)
                .is_some_and(|it| it.asked.is_some());
            if unanswered {
                self.look_failed(&node);
            } else {
                self.have_looked_at(&node);
            }
        }
    }

    fn have_looked_at(&mut self, id: &NodeId) {
        let now = self.now.moment;
        let every = self.settings.cluster.probe_every;
        let asked = self.looker(id).and_then(|by| {
            let node = self.cluster.node(id)?;
            let attachment = self.cluster.node(&by)?.attachment()?;
            Some((by, attachment, node.addresses().clone(), self.place_of(id)?))
        });
        let Some(look) = self.ways.looks.get_mut(id) else {
            return;
        };
        look.next = now + every;
        let Some((by, attachment, addresses, place)) = asked else {
            return;
        };
        look.asked = Some(now + LOOK);
        let turns = match &look.by {
            Some((before, turns)) if *before == by => turns + 1,
            _ => 1,
        };
        look.by = Some((by.clone(), turns));
        let party = Party::Node(by.clone());
        let label = format!("{}{turns}", by.as_str());
        let relays = self.relays_towards(id, &label);
        let depth = self.ways.matrix.depth(now, &party, id, &place);
        self.out(Effect::Look {
            attachment,
            from: by,
            node: id.clone(),
            place,
            addresses,
            relays,
            depth,
        });
    }

    /// Who looks at the node next: whoever did, for a while; then the next in the order of ids. Those that serve come
    /// before others.
    fn looker(&self, id: &NodeId) -> Option<NodeId> {
        let here = self.cluster.node(id)?;
        let looked_at = matches!(
            here.state(),
            State::Probing | State::Serving | State::Suspect | State::WaitingIdle
        );
        if !here.heard() || !here.addresses().usable() || !looked_at {
            return None;
        }
        let busy: Vec<&NodeId> = self.lookers().collect();
        if busy.len() >= AT_ONCE {
            return None;
        }
        let free = |node: &&Node| busy.iter().filter(|it| **it == node.id()).count() < OF_ONE;
        let able = |node: &&Node| {
            node.id() != id && node.heard() && !matches!(node.state(), State::Terminating)
        };
        let able: Vec<&Node> = self.cluster.nodes().filter(able).filter(free).collect();
        let serving = || able.iter().filter(|it| it.state() == State::Serving);
        let among: Vec<&&Node> = match serving().count() {
            0 => able.iter().collect(),
            _ => serving().collect(),
        };
        let before = self.ways.looks.get(id).and_then(|look| look.by.as_ref());
        let Some((before, turns)) = before else {
            // Not the same for all.
            let at = among.iter().position(|it| it.id() > id).unwrap_or(0);
            return among.get(at).map(|it| it.id().clone());
        };
        let stays = *turns < TURN && among.iter().any(|it| it.id() == before);
        let next = among.iter().find(|it| {
            if stays {
                it.id() == before
            } else {
                it.id() > before
            }
        });
        next.or(among.first()).map(|it| it.id().clone())
    }

    fn lookers(&self) -> impl Iterator<Item = &NodeId> {
        let looks = self.ways.looks.values();
        let under_way = looks.filter(|look| look.asked.is_some());
        under_way.filter_map(|look| Some(&look.by.as_ref()?.0))
    }

    fn look_done(&mut self, from: &Party, node: &NodeId) {
        let soon = self.ways.matrix.is_in_doubt(from, node);
        let settings = &self.settings.cluster;
        let pause = if soon {
            settings.probe_retry
        } else {
            settings.probe_every
        };
        if let Some(look) = self.ways.looks.get_mut(node) {
            look.asked = None;
            look.next = self.now.moment + pause;
        }
    }

    /// Says nothing of the node; somebody else may do better.
    fn look_failed(&mut self, node: &NodeId) {
        let next = self.now.moment + self.settings.cluster.probe_every;
        if let Some(look) = self.ways.looks.get_mut(node) {
            look.asked = None;
            look.next = next;
            if let Some((_, turns)) = &mut look.by {
                *turns = TURN;
            }
        }
    }
}

pub(crate) fn message(event: &ReachEvent, cluster: &str) -> Message {
    let environment = cluster::Environment::default();
    let node = NodeRef {
        id: &event.node,
        environment: &environment,
        ip: None,
        cluster,
    };
    let Judgement {
        verdict,
        withheld,
        sentence,
        ..
    } = &event.judgement;
    let withheld: Vec<String> = withheld.iter().map(ToString::to_string).collect();
    webhook::reachability_changed(event.at, &node, verdict.as_str(), sentence, &withheld)
}
