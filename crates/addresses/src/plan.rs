//! Whom to ask, and when.

use std::time::Duration;

use crate::Moment;

/// How long a question may be without an answer before it is asked again.
const PATIENCE: Duration = Duration::from_secs(20);
/// The shortest time between two questions to the same source, however often the network changes.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(30);
/// STUN servers asked beside each other.
pub(crate) const MOST_SERVERS: usize = 8;

/// A question to one source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Query {
    /// Which addresses the interfaces have that are up.
    Interfaces,
    /// Which public addresses the cloud's metadata service names.
    Metadata,
    /// Where this STUN server sees us, by each family that it has.
    Stun {
        /// `HOST:PORT`.
        server: String,
    },
    /// To what this host name resolves.
    Name {
        #[allow(missing_docs)]
        name: String,
    },
}

impl Query {
    /// How often it is asked while it is answered.
    fn every(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Interfaces | Self::Metadata => 5,
            Self::Stun { .. } => 15,
            Self::Name { .. } => 30,
        })
    }
}

/// The state of one question.
#[derive(Clone, Debug)]
struct Line {
    query: Query,
    next: Moment,
    asked: Option<Moment>,
    failures: u32,
    problem: Option<String>,
}

impl Line {
    /// As soon as may be after the last time.
    fn hasten(&mut self, now: Moment) {
        let soonest = self.asked.map_or(now, |asked| now.max(asked + PAUSE));
        self.next = self.next.min(soonest);
    }
}

/// All questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    lines: Vec<Line>,
}

impl Plan {
    /// Asks this as well, at once.
    pub(crate) fn add(&mut self, now: Moment, query: Query) {
        if self.lines.iter().any(|line| line.query == query) {
            return;
        }
        self.lines.push(Line {
            query,
            next: now,
            asked: None,
            failures: 0,
            problem: None,
        });
    }

    /// Asks only those of a kind that are wanted.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&Query) -> bool) {
        self.lines.retain(|line| wanted(&line.query));
    }

    pub(crate) fn has(&self, query: &Query) -> bool {
        self.lines.iter().any(|line| line.query == *query)
    }

    /// The questions that are due, which count as asked now.
    pub(crate) fn due(&mut self, now: Moment) -> Vec<Query> {
        let due = self.lines.iter_mut().filter(|line| line.next <= now);
        due.map(|line| {
            line.asked = Some(now);
            line.next = now + PATIENCE;
            line.query.clone()
        })
        .collect()
    }

    /// When the next is due.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.lines.iter().map(|line| line.next).min()
    }

    /// An answer came, or why none did.
    pub(crate) fn answered(&mut self, now: Moment, query: &Query, problem: Option<String>) {
        let Some(line) = self.lines.iter_mut().find(|line| line.query == *query) else {
            return;
        };
        line.failures = match problem {
            Some(_) => line.failures.saturating_add(1),
            None => 0,
        };
        line.problem = problem;
        let pause = match line.failures {
            0 => query.every(),
            n => (PAUSE * 2u32.saturating_pow(n - 1)).min(LONGEST.min(query.every() * 2)),
        };
        line.next = now + pause;
    }

    /// The network has changed: everything but the interfaces is asked again.
    pub(crate) fn hasten(&mut self, now: Moment) {
        let others = |line: &&mut Line| line.query != Query::Interfaces;
        self.lines
            .iter_mut()
            .filter(others)
            .for_each(|line| line.hasten(now));
    }

    /// Everything is asked again.
    pub(crate) fn hasten_all(&mut self, now: Moment) {
        self.lines.iter_mut().for_each(|line| line.hasten(now));
    }

    /// The questions that were not answered the last time, and why.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&Query, &str)> {
        let lines = self.lines.iter();
        lines.filter_map(|line| Some((&line.query, line.problem.as_deref()?)))
    }
}
