//! How many nodes are wanted, by whom, and bringing their number there.

use crate::autoscaling::{Event, Limits};
use crate::cluster::Cluster;
use crate::effect::Effect;
use crate::ids::Moment;
use crate::node::{Intent, Node};
use crate::plan::{Observed, Plan, Seen, Step, plan};
use crate::rules::Rules;
use crate::schedule::{Bounds, Schedule, Transition, Wall};

/// How many nodes there should be. An operator's [`Command::Count`](crate::Command::Count) comes before the schedule,
/// the schedule before autoscaling's own limits, those before the count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// `None`: nobody launches or removes nodes unasked.
    pub count: Option<u32>,
    #[allow(missing_docs)]
    pub schedule: Schedule,
    /// `None`: the load is not looked at. With a schedule the numbers of nodes are the schedule's.
    pub autoscaling: Option<Limits>,
}

/// Whose wish is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Source {
    /// Nobody's.
    Nobody,
    Count,
    Autoscaling,
    Schedule(Transition),
    /// Until the schedule's next transition.
    Operator,
}

/// What is wanted now.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// `None`: any number.
    pub bounds: Option<Bounds>,
    #[allow(missing_docs)]
    pub source: Source,
    /// Within the bounds the load decides.
    pub autoscaling: Option<Limits>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Desire {
    pub(crate) policy: Policy,
    pub(crate) clock: WallClock,
    /// An operator's count, and when it was given.
    demanded: Option<(u32, Wall)>,
    /// Something has changed that the plan depends on.
    pub(crate) stale: bool,
    pub(crate) autoscaling_at: Option<Moment>,
    pub(crate) transition_at: Option<Moment>,
}

/// The time of day, as an offset from the monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WallClock {
    told: Option<(Moment, Wall)>,
}

impl WallClock {
    pub(crate) fn set(&mut self, now: Moment, wall: Wall) {
        self.told = Some((now, wall));
    }

    fn now(&self, now: Moment) -> Option<Wall> {
        let (at, wall) = self.told?;
        let span = i64::try_from(now.0.saturating_sub(at.0)).unwrap_or(i64::MAX);
        Some(Wall(wall.0.saturating_add(span)))
    }

    /// When it will be that time; now when it has been.
    fn moment(&self, now: Moment, wall: Wall) -> Option<Moment> {
        let span = wall.0.saturating_sub(self.now(now)?.0);
        Some(Moment(
            now.0.saturating_add(u64::try_from(span).unwrap_or(0)),
        ))
    }
}

impl Desire {
    pub(crate) fn demand(&mut self, now: Moment, count: Option<u32>) {
        let at = self.clock.now(now).unwrap_or(Wall(0));
        self.demanded = count.map(|count| (count, at));
        self.stale = true;
    }

    pub(crate) fn demanded_before(&mut self, count: u32, at: Wall) {
        self.demanded = Some((count, at));
        self.stale = true;
    }

    fn wanted(&self, now: Moment) -> Wanted {
        let wall = self.clock.now(now);
        let transition = wall.and_then(|wall| self.policy.schedule.in_force(wall));
        let demanded = self.demanded.filter(|(_, at)| {
            let overtaken = |transition: &Transition| transition.begins > *at;
            !transition.as_ref().is_some_and(overtaken)
        });
        let limits = self.policy.autoscaling;
        if let Some((count, _)) = demanded {
            return Wanted {
                bounds: Some(Bounds::exactly(count)),
                source: Source::Operator,
                autoscaling: None,
            };
        }
        if let Some(transition) = transition {
            let nodes = transition.wanted;
            return Wanted {
                bounds: Some(nodes),
                source: Source::Schedule(transition),
                autoscaling: limits.map(|limits| Limits { nodes, ..limits }),
            };
        }
        let count = self.policy.count.map(Bounds::exactly);
        let (bounds, source) = match (limits, count) {
            (Some(limits), _) => (Some(limits.nodes), Source::Autoscaling),
            (None, Some(count)) => (Some(count), Source::Count),
            (None, None) => (None, Source::Nobody),
        };
        Wanted {
            bounds,
            source,
            autoscaling: limits,
        }
    }

    fn next_transition(&self, now: Moment) -> Option<Moment> {
        let wall = self.clock.now(now)?;
        let next = self.policy.schedule.next(wall, 1);
        self.clock.moment(now, next.first()?.begins)
    }
}

impl<R: Rules> Cluster<R> {
    /// What is wanted now, and whose wish it is.
    pub fn wanted(&self, now: Moment) -> Wanted {
        self.desire.wanted(now)
    }

    /// Which number of nodes is wanted when.
    pub fn policy(&self) -> &Policy {
        &self.desire.policy
    }

    /// An operator's count, and when it was given; also one that the schedule has overtaken.
    pub fn demanded(&self) -> Option<(u32, Wall)> {
        self.desire.demanded
    }

    /// What the schedule will bring; at most `count` transitions. Empty until the time of day was told.
    pub fn transitions(&self, now: Moment, count: usize) -> Vec<Transition> {
        let wall = self.desire.clock.now(now);
        wall.map_or_else(Vec::new, |wall| {
            self.desire.policy.schedule.next(wall, count)
        })
    }

    /// What a plan is made from.
    pub fn observed(&self) -> Observed {
        Observed {
            nodes: self.nodes.values().map(seen).collect(),
            launchable: self.launchable(),
        }
    }

    pub(crate) fn wants_more(&self, now: Moment) -> bool {
        let bounds = self.desire.wanted(now).bounds;
        bounds.is_none_or(|bounds| self.observed().count() < bounds.maximum)
    }

    /// Makes a plan and begins it, when something has changed that it depends on.
    pub(crate) fn pursue(&mut self, now: Moment, out: &mut Vec<Effect>) {
        if !std::mem::take(&mut self.desire.stale) || self.launches.closed {
            return;
        }
        self.desire.transition_at = self.desire.next_transition(now);
        let wanted = self.desire.wanted(now);
        self.desire.autoscaling_at = wanted.autoscaling.map(|limits| {
            let usual = now + limits.interval;
            self.desire.autoscaling_at.unwrap_or(usual).min(usual)
        });
        if let (Some(bounds), None) = (wanted.bounds, wanted.autoscaling) {
            let observed = self.observed();
            let plan = plan(&observed, bounds, self.launch_keys());
            self.execute(now, &plan, &wanted, out);
        }
    }

    pub(crate) fn autoscale(&mut self, now: Moment, out: &mut Vec<Effect>) {
        let wanted = self.desire.wanted(now);
        self.desire.autoscaling_at = wanted.autoscaling.map(|limits| now + limits.interval);
        let Some(limits) = wanted.autoscaling.filter(|_| !self.launches.closed) else {
            return;
        };
        let observed = self.observed();
        let Some(decision) = limits.decide(&observed) else {
            return;
        };
        let bounds = Bounds::exactly(decision.target);
        let plan = plan(&observed, bounds, self.launch_keys());
        let event = Event::new(limits, decision, &observed, &plan);
        out.push(Effect::Autoscaling(Box::new(event)));
        self.execute(now, &plan, &wanted, out);
    }

    fn execute(&mut self, now: Moment, plan: &Plan, wanted: &Wanted, out: &mut Vec<Effect>) {
        for step in &plan.steps {
            let intent = match step {
                Step::Launch(_) => {
                    self.launch(now, out);
                    continue;
                }
                Step::UnDrain(_) => Intent::Stay,
                Step::UnCancel(_) => self.launch_intent(now),
                Step::Cancel(_) => self.cancellation(now, false),
                Step::Drain(_) => Intent::Drain {
                    until: self.drained_by(now, wanted),
                    by_operator: false,
                },
                Step::Terminate(_) => self.termination(now),
            };
            self.intend(now, step.node(), intent, out);
        }
    }

    /// A schedule's lead ends at its moment; otherwise a drain takes its usual span.
    fn drained_by(&self, now: Moment, wanted: &Wanted) -> Moment {
        let lead = match &wanted.source {
            Source::Schedule(transition) if transition.begins < transition.at => {
                self.desire.clock.moment(now, transition.at)
            }
            _ => None,
        };
        lead.filter(|at| *at > now)
            .unwrap_or(now + self.settings.drain)
    }
}

fn seen(node: &Node) -> Seen {
    let by_operator = matches!(
        node.intent,
        Intent::Drain {
            by_operator: true,
            ..
        } | Intent::Cancel {
            by_operator: true,
            ..
        }
    );
    Seen {
        id: node.id.clone(),
        environment_id: node.environment.id.clone(),
        ip: node
            .environment
            .ip
            .or_else(|| node.addresses.ips.first().copied()),
        load: node.load.cpu_percent,
        status: node.status(),
        sessions: u32::try_from(node.sessions.len()).unwrap_or(u32::MAX),
        since: node.since,
        held: by_operator,
    }
}
