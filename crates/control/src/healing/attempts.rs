//! Legs for which nothing is left on the ladder. A client whose own network lets no media through looks the same from
//! here before and after that is mended, and what it has given up itself sends nothing any more. So it is made to try
//! once more: often enough that its picture is there within half a minute of the moment in which it could be, and at growing
//! pauses where an attempt can be noticed by the application.

use std::ops::RangeInclusive;
use std::time::Duration;

use cluster::Moment;
use conference::{ConnectionId, LegOf, SessionId, StreamId};
use diagnosis::{Cause, Step};

use super::{Advice, Climb, Ladder, REFUSED, patience};

/// Between two attempts of one leg, and from a step to an attempt, whatever gives hope.
const APART: Duration = Duration::from_secs(10);
/// Between two attempts of a participant to receive. Browsers check the paths of a new peer connection for some fifteen
/// seconds, and nobody notices an offer that comes to nothing.
const RECEIVING: Duration = Duration::from_secs(30);
/// After this, rarer: nobody waits before a screen for so long.
const WAITED: Duration = Duration::from_secs(600);
const RECEIVING_LATER: Duration = Duration::from_secs(60);
/// Between two attempts of a publisher: a share of the time for which it has failed, within these bounds. It loses its
/// WebSocket for a moment each time, of which applications hear.
const PUBLISHING: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(600);
/// At least, where receiving is attempted too: that tells whether there is hope.
const PUBLISHING_AS_WELL: Duration = Duration::from_secs(120);
const SHARE: u32 = 4;

/// Of a leg that was given up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GivenUp {
    /// When it was attempted last.
    attempted: Option<Moment>,
    /// Something speaks for climbing again.
    pub reconsidered: bool,
}

impl Ladder {
    /// Another leg of this participant has media, or he may be in another network: what was given up of his is attempted
    /// at once.
    pub(crate) fn encourage(&mut self, now: Moment, session: &SessionId, who: &ConnectionId) {
        let first = first_of(session, who);
        let of_them = self.climbs.range_mut(first..);
        for (_, climb) in of_them.take_while(|(leg, _)| leg.connection == *who) {
            if climb.given_up.is_some() {
                climb.hoped = true;
                climb.look_sooner(now);
            }
        }
    }

    /// What to do for a leg for which the ladder has nothing. Of all that a participant is to receive one leg at a time is
    /// attempted: the others follow when it has media.
    pub(super) fn attempt(&mut self, now: Moment, leg: &LegOf, cause: Cause) -> Advice {
        let receives = self.failing_to_receive(leg).next().is_some();
        let turn = self.turn(leg);
        let Some(climb) = self.climbs.get_mut(leg) else {
            return Advice::Wait;
        };
        let since = Duration::from_millis(now.0.saturating_sub(climb.began.0));
        let rest = pause(leg.publishes, receives, since);
        let Some(given_up) = &mut climb.given_up else {
            if !climb.hoped {
                climb.given_up = Some(GivenUp::default());
                climb.due = now + rest;
                return Advice::Wait;
            }
            return self.attempt_now(now, leg, cause, patience(Step::AnotherPath, leg.publishes));
        };
        given_up.reconsidered = false;
        let own = turn.is_own || leg.publishes;
        let rested = turn.last.map(|last| last + pause(false, true, since));
        let rests = rested.filter(|at| *at > now && !leg.publishes);
        if !climb.hoped && (rests.is_some() || !own) {
            climb.due = rests.unwrap_or(now + RECEIVING);
            return Advice::Wait;
        }
        self.attempt_now(now, leg, cause, rest)
    }

    fn attempt_now(&mut self, now: Moment, leg: &LegOf, cause: Cause, rest: Duration) -> Advice {
        let Some(climb) = self.climbs.get_mut(leg) else {
            return Advice::Wait;
        };
        if !self.budget.spend(now, &leg.connection, &leg.session) {
            climb.due = now + REFUSED;
            return Advice::Wait;
        }
        if let Some(given_up) = &mut climb.given_up {
            given_up.attempted = Some(now);
        }
        climb.hoped = false;
        climb.last = Some((cause, Step::AnotherPath));
        climb.due = now + rest;
        Advice::Attempt(Step::AnotherPath)
    }

    fn failing_to_receive(&self, leg: &LegOf) -> impl Iterator<Item = (&LegOf, &Climb)> {
        let who = leg.connection.clone();
        let climbs = self.climbs.range(first_of(&leg.session, &who)..);
        let of_them = climbs.take_while(move |(leg, _)| leg.connection == who);
        of_them.filter(|(leg, _)| !leg.publishes)
    }

    fn given_up_to_receive(&self, leg: &LegOf) -> impl Iterator<Item = (&LegOf, GivenUp)> {
        let failing = self.failing_to_receive(leg);
        failing.filter_map(|(leg, climb)| Some((leg, climb.given_up?)))
    }

    fn turn(&self, leg: &LegOf) -> Turn {
        let next = self.given_up_to_receive(leg);
        let next = next.min_by_key(|(_, given_up)| given_up.attempted);
        let all = self.given_up_to_receive(leg);
        Turn {
            is_own: next.is_none_or(|(next, _)| next == leg),
            last: all.filter_map(|(_, given_up)| given_up.attempted).max(),
        }
    }
}

/// Among what a participant is to receive.
struct Turn {
    /// It is this leg's.
    is_own: bool,
    /// The last attempt of any.
    last: Option<Moment>,
}

impl Climb {
    /// Looks at a leg now if it was given up, but leaves an attempt, or a step that is under way, its time.
    pub(super) fn look_sooner(&mut self, now: Moment) {
        let apart = match self.given_up {
            Some(given_up) => given_up.attempted.map_or(now, |at| now.max(at + APART)),
            None => now + APART,
        };
        self.due = self.due.min(apart);
    }
}

fn pause(publishes: bool, receives: bool, since: Duration) -> Duration {
    match (publishes, receives) {
        (true, true) => publishing(since).max(PUBLISHING_AS_WELL),
        (true, false) => publishing(since),
        (false, _) if since < WAITED => RECEIVING,
        (false, _) => RECEIVING_LATER,
    }
}

fn publishing(since: Duration) -> Duration {
    (since / SHARE).clamp(*PUBLISHING.start(), *PUBLISHING.end())
}

fn first_of(session: &SessionId, who: &ConnectionId) -> LegOf {
    LegOf {
        session: session.clone(),
        connection: who.clone(),
        stream: StreamId::new(""),
        publishes: false,
    }
}
