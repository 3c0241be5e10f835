//! Media that does not flow: who is concerned, why, and what is done about it.
//!
//! Every stage that a node tells of a transport is followed. When one that is wanted fails, its leg is diagnosed from
//! what is known of it and of the fleet, and climbs the [ladder](crate::healing) until it has media again. What a node's
//! evidence adds later corrects the diagnosis.

mod around;
mod boots;
mod crowd;
mod foreign;
mod interrupted;
mod paths;
mod recent;
mod relays;
mod tracked;
mod traffic;
mod visits;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::{AttachmentId, Moment, NodeId};
use conference::{ConnectionId, LegOf, SessionId, StreamId, TransportId};
use diagnosis::{
    Applied, Case, Evidence, Failure, Mark, MarkKind, Outcome, Surroundings, Window, diagnose,
};

use crate::control::Control;
use crate::effect::{Effect, Event};
use crate::healing::{GRACE, Ladder, PAUSE};
use crate::input::{Stage, TransportState};
use crate::notice::Notice;

use boots::Boots;
pub use crowd::{Counts, Many};
pub(crate) use recent::Recent;
use tracked::Tracked;
pub use visits::{Visit, Visited};

/// Publishers that lose their path notice by themselves after some eleven seconds, and whoever disturbs them then makes
/// it worse.
const OWN_REPAIR: Duration = Duration::from_secs(15);
/// Browsers that can go to a new address have gone there by then.
const MOVES_MS: u64 = 30_000;
/// So often a leg is waited for whose client is about to repair it.
const PATIENCE: u8 = 3;
/// What was carried longer ago says nothing of today's paths.
const WINDOW_MS: u64 = 10 * 60_000;

/// Those who came lately, milliseconds, are asked by which path.
const YOUNG_MS: u64 = 120_000;
/// So many at once.
const MOST_ASKED: usize = 64;

/// What is known of media that flows and does not.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    tracked: BTreeMap<TransportId, Tracked>,
    /// Legs without media, by what broke.
    failing: BTreeMap<LegOf, Failing>,
    pub(crate) recent: Recent,
    pub(crate) boots: Boots,
    pub(crate) window: Window,
    pub(crate) ladder: Ladder,
    crowd: crowd::Crowd,
    visits: visits::Visits,
    /// What the shell knows of the surroundings.
    pub(crate) known: Surroundings,
}

/// What broke.
#[derive(Clone, Debug)]
struct Failing {
    transport: TransportId,
    evidence: Evidence,
    /// It was diagnosed.
    looked: bool,
    waited: u8,
    /// The node has given it up.
    closed: bool,
}

impl Control {
    /// The failures of late, the oldest first.
    pub fn failures(&self) -> impl DoubleEndedIterator<Item = &Failure> {
        self.failures.recent.failures()
    }

    /// What they have in common.
    pub fn correlation(&self) -> diagnosis::Correlation {
        self.failures.window.correlate()
    }

    /// A node tells of a transport.
    pub(crate) fn follow(&mut self, node: &NodeId, state: &TransportState, reason: &str) {
        let transport = &state.transport;
        if state.stage == Stage::Closed {
            self.failures.window.end(transport.as_str());
        }
        let Some(leg) = self.conference.leg_of(transport) else {
            self.failures.tracked.remove(transport);
            return;
        };
        let now = self.now.timestamp.0;
        let known = self.cluster.node(node);
        let tracked = self.failures.tracked.entry(transport.clone());
        let tracked = tracked.or_insert_with(|| Tracked::new(transport, leg.clone(), known));
        tracked.is_described_with(state.addresses);
        tracked.came_to(now, state.stage);
        let moved = known.is_some_and(|node| node.addresses().version > tracked.address_set)
            || tracked.is_told_since(now.saturating_sub(MOVES_MS));
        match state.stage {
            Stage::Connected => self.flows(transport, &leg),
            // What was told an address that is no more, or did not go to the new one, does not come back.
            Stage::Disconnected if moved => {
                self.fails(transport, leg, reason, Some(Duration::ZERO))
            }
            Stage::Disconnected => self.fails(transport, leg, reason, Some(GRACE)),
            // Its client wanted it so, or is about to make another.
            Stage::Closed if is_wanted(reason) => {
                self.failures.tracked.remove(transport);
            }
            Stage::Closed => {
                self.fails(transport, leg, reason, None);
                self.failures.tracked.remove(transport);
            }
            Stage::New | Stage::IceConnected | Stage::Unknown => {}
        }
    }

    fn flows(&mut self, transport: &TransportId, leg: &LegOf) {
        let Some(tracked) = self.failures.tracked.get(transport) else {
            return;
        };
        let now = self.now.timestamp.0;
        self.failures.recent.flows(now, leg);
        let ladder = &mut self.failures.ladder;
        ladder.encourage(self.now.moment, &leg.session, &leg.connection);
        // By which path it comes back tells what was wrong with the other.
        if self.failures.recent.is_open(now, tracked.node.as_str()) {
            self.ask_for_evidence(transport);
        }
        let Some(tracked) = self.failures.tracked.get(transport) else {
            return;
        };
        let case = tracked.case(transport, self.load_of(&tracked.node), false);
        self.failures.window.remember(case);
        let failing = self.failures.failing.remove(leg);
        let Some(recovered) = self.failures.ladder.recovers(self.now.moment, leg) else {
            return;
        };
        let Some(failing) = failing.filter(|failing| failing.looked) else {
            return;
        };
        let Some(failure) = self.failures.recent.of_mut(failing.transport.as_str()) else {
            return;
        };
        failure.healed = Some(now);
        if recovered.by.is_some() {
            failure.apply(Applied::Helped);
        }
        let failure = failure.clone();
        self.count_healed(recovered.by.map_or("itself", |(_, step)| step.code()));
        self.log(Notice::Healed {
            leg: leg.clone(),
            by: recovered.by,
            after: recovered.after,
        });
        self.event(Event::Diagnosed(Box::new(failure)));
    }

    /// `within` is how long it may come back by itself; `None`: the node has given it up.
    fn fails(
        &mut self,
        transport: &TransportId,
        leg: LegOf,
        reason: &str,
        within: Option<Duration>,
    ) {
        let closed = within.is_none();
        let within = within.unwrap_or_default();
        let Some(tracked) = self.failures.tracked.get(transport) else {
            return;
        };
        let known = self.cluster.node(&tracked.node);
        let client = self.client_of(&leg);
        let evidence = tracked.evidence(transport, known, client, reason);
        let case = tracked.case(transport, self.load_of(&tracked.node), true);
        self.failures.window.remember(case);
        self.ask_for_evidence(transport);
        self.failures
            .ladder
            .fails(self.now.moment, leg.clone(), within);
        let broken = Failing {
            transport: transport.clone(),
            evidence,
            looked: false,
            waited: 0,
            closed: false,
        };
        // What failed first explains more than what its client tried in vain afterwards.
        let failing = self.failures.failing.entry(leg).or_insert(broken);
        failing.closed |= closed;
    }

    /// What a node saw of a transport.
    pub(crate) fn evidence(&mut self, attachment: AttachmentId, mut evidence: Evidence) {
        let Some(node) = self
            .cluster
            .attached(attachment)
            .map(|node| node.id().clone())
        else {
            return;
        };
        self.attribute(&mut evidence);
        let load = self.load_of(&node);
        self.learn_way(&evidence);
        let deserted = recent::desert(&mut evidence);
        let failed = evidence.outcome == Outcome::Failed;
        let told = Case::of(&evidence, None);
        if let Some(known) = self.failures.window.case(&evidence.transport).cloned() {
            let told = told.unwrap_or_default();
            self.failures.window.remember(Case {
                protocol: told.protocol,
                relay: told.relay,
                browser: told.browser,
                client: told.client.or(known.client),
                failed: known.failed || failed,
                ..known
            });
        } else if let Some(told) = told {
            self.failures.window.remember(Case { load, ..told });
        }
        self.failures.recent.learn(evidence.clone());
        if deserted {
            self.healed_itself(evidence);
        }
        self.revise(&node);
    }

    /// A client had lost its path, and has another by now without anybody's doing.
    fn healed_itself(&mut self, evidence: Evidence) {
        let leg = LegOf {
            session: SessionId::new(evidence.session.as_str()),
            connection: ConnectionId::new(evidence.connection.as_str()),
            stream: StreamId::new(evidence.stream.as_str()),
            publishes: evidence.direction == diagnosis::Direction::Publish,
        };
        let known = self.failures.recent.of_mut(&evidence.transport).is_some();
        if known || self.failures.failing.contains_key(&leg) || !self.conference.has_leg(&leg) {
            return;
        }
        let transport = evidence.transport.clone();
        let node = NodeId::new(evidence.node.as_str());
        let failure = Failure {
            at: self.now.timestamp.0,
            findings: diagnose(&evidence, &self.around_of(&node)),
            ..recent::failure(&evidence)
        };
        self.failures.window_learns(&failure);
        self.failures.recent.push(failure, evidence);
        self.ask_about(&node);
        self.tell_of_failure(&transport);
    }

    /// The failures of a node of late are judged anew, now that more is known.
    pub(crate) fn revise(&mut self, node: &NodeId) {
        let around = self.around_of(node);
        let now = self.now.timestamp.0;
        let changed = self
            .failures
            .recent
            .revise(now, node.as_str(), |evidence| diagnose(evidence, &around));
        for failure in changed {
            self.failures.window_learns(&failure);
            self.log_failure(Notice::Diagnosed(Box::new(failure.clone())));
            self.event(Event::Diagnosed(Box::new(failure)));
        }
    }

    pub(crate) fn learn_surroundings(&mut self, known: Surroundings) {
        self.failures.known = known;
        let nodes: BTreeSet<NodeId> = self
            .failures()
            .map(|it| NodeId::new(it.node.as_str()))
            .collect();
        for node in nodes {
            self.revise(&node);
        }
        self.ask_for_ways();
    }

    /// Looks at the legs whose time has come.
    pub(crate) fn heal(&mut self) {
        let now = self.now.moment;
        for leg in self.failures.ladder.due(now) {
            if !self.conference.has_leg(&leg) {
                self.failures.ladder.forget(&leg);
                self.failures.failing.remove(&leg);
            } else if self.is_patient(&leg) {
                self.failures.ladder.postpone(now, &leg, PAUSE);
            } else {
                self.look_at_leg(&leg);
            }
        }
    }

    /// Nothing can be done for it, or its client is about to do it.
    fn is_patient(&mut self, leg: &LegOf) -> bool {
        let session = self.conference.session(&leg.session);
        let housed = session.is_some_and(|session| session.node.is_some());
        if !housed || self.clients.of(&leg.connection).is_none() {
            return true;
        }
        let Some(failing) = self.failures.failing.get_mut(leg) else {
            return false;
        };
        let coming = failing.looked && self.conference.is_coming(leg) && failing.waited < PATIENCE;
        failing.waited += u8::from(coming);
        coming
    }

    fn look_at_leg(&mut self, leg: &LegOf) {
        let Some(failing) = self.failures.failing.get_mut(leg) else {
            return self.failures.ladder.forget(leg);
        };
        let first_look = !std::mem::replace(&mut failing.looked, true);
        let (transport, minimal) = (failing.transport.clone(), failing.evidence.clone());
        let evidence = self.failures.recent.better(minimal);
        let node = NodeId::new(evidence.node.as_str());
        let findings = diagnose(&evidence, &self.around_of(&node));
        if first_look {
            let at = self.now.timestamp.0;
            let failure = Failure {
                at,
                findings: findings.clone(),
                ..recent::failure(&evidence)
            };
            self.failures.window_learns(&failure);
            self.failures.recent.push(failure, evidence);
        }
        let waits = leg.publishes && first_look;
        if waits {
            self.failures
                .ladder
                .postpone(self.now.moment, leg, OWN_REPAIR);
        } else if let Some(finding) = findings.into_iter().next() {
            self.climb(leg, &transport, &finding);
        }
        if first_look {
            self.ask_about(&node);
            self.tell_of_failure(transport.as_str());
        }
    }

    fn tell_of_failure(&mut self, transport: &str) {
        let Some(failure) = self.failures.recent.of_mut(transport).cloned() else {
            return;
        };
        self.count_failure(&failure);
        self.log_failure(Notice::Diagnosed(Box::new(failure.clone())));
        self.event(Event::Diagnosed(Box::new(failure)));
    }

    fn ask_for_evidence(&mut self, transport: &TransportId) {
        let tracked = self.failures.tracked.get(transport);
        let node = tracked.and_then(|tracked| self.cluster.node(&tracked.node));
        if let Some(attachment) = node.and_then(cluster::Node::attachment) {
            let transport = transport.clone();
            self.out(Effect::WantEvidence {
                attachment,
                transport,
            });
        }
    }

    /// How others come to the node tells what is wrong with those who do not.
    fn ask_about(&mut self, node: &NodeId) {
        let young = self.now.timestamp.0.saturating_sub(YOUNG_MS);
        let tracked = self.failures.tracked.iter();
        let asked: Vec<TransportId> = tracked
            .filter(|(_, it)| it.node == *node && it.flows_since(young) && it.way.is_none())
            .map(|(id, _)| id.clone())
            .take(MOST_ASKED)
            .collect();
        for transport in asked {
            self.ask_for_evidence(&transport);
        }
    }
}

impl Failures {
    /// The node carries these and no others.
    pub(crate) fn keep(&mut self, node: &NodeId, carried: &BTreeSet<TransportId>) {
        let kept = |id: &TransportId, it: &Tracked| it.node != *node || carried.contains(id);
        self.tracked.retain(|id, it| kept(id, it));
    }

    /// The client of this knows of this version of its node's addresses, because it is told `now`, if it has to be told.
    pub(crate) fn is_told(&mut self, now: Option<u64>, transport: &TransportId, version: u64) {
        if let Some(tracked) = self.tracked.get_mut(transport) {
            tracked.is_told(now, version);
        }
    }

    /// One that a node carries for this session, the youngest.
    pub(crate) fn a_transport_of(&self, session: &SessionId) -> Option<TransportId> {
        let of_session = self.tracked.iter().filter(|(_, it)| it.is_of(session));
        let youngest = of_session.max_by_key(|(_, it)| it.created());
        youngest.map(|(id, _)| id.clone())
    }

    /// The node has given up what the leg had.
    pub(crate) fn is_closed(&self, leg: &LegOf) -> bool {
        self.failing.get(leg).is_some_and(|failing| failing.closed)
    }

    /// A participant has a leg without media.
    pub(crate) fn is_failing(&self, session: &SessionId, connection: &ConnectionId) -> bool {
        let mut failing = self.failing.keys();
        failing.any(|leg| leg.session == *session && leg.connection == *connection)
    }

    /// Something happened to a node that may have begun or ended failures, or changes what can be hoped for.
    pub(crate) fn mark(
        &mut self,
        at: u64,
        now: Moment,
        kind: MarkKind,
        node: &NodeId,
        detail: String,
    ) {
        let subject = node.as_str().to_owned();
        self.window.mark(Mark {
            at,
            kind,
            subject,
            detail,
        });
        self.ladder.reconsider(now);
    }

    fn window_learns(&mut self, failure: &Failure) {
        let cause = failure.first().map(|finding| finding.cause);
        if let Some(case) = self.window.case(&failure.transport) {
            let case = Case {
                cause,
                ..case.clone()
            };
            self.window.remember(case);
        }
    }
}

/// Why a node closes what has not failed: its client, or this master in its name, wanted it so.
fn is_wanted(reason: &str) -> bool {
    const REASONS: [&str; 3] = ["the client closed", "replaced", "asked for"];
    REASONS.iter().any(|wanted| reason.starts_with(wanted))
}

/// Of what is failing, whatever its node thought of it last.
fn failed(evidence: Evidence) -> Evidence {
    Evidence {
        outcome: Outcome::Failed,
        ..evidence
    }
}
