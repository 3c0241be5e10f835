//! How many nodes are wanted at which hours.
//!
//! A schedule is a list of entries. Each names the moments at which it takes effect (a cron expression, or weekdays and
//! a time of day, in an IANA time zone) and how many nodes are wanted from then on. The entry whose moment came last is
//! in force until another's comes. Its *lead* lets it begin earlier, so that nodes that have to go are drained by the
//! moment itself.
//!
//! Daylight saving: a time that the clocks jump over takes effect at the first valid instant after the jump; a time
//! that they pass twice takes effect once, at the first pass.
//!
//! ```
//! use cluster::schedule::{Bounds, Entry, Schedule, Wall, When};
//! let entry = |name: &str, time: &str, nodes| Entry {
//!     name: name.to_owned(),
//!     when: When::Weekly { weekdays: vec!["mon-fri".to_owned()], time: time.to_owned() },
//!     zone: "Europe/Berlin".to_owned(),
//!     wanted: Bounds { minimum: nodes, maximum: nodes },
//!     lead: std::time::Duration::ZERO,
//! };
//! let schedule = Schedule::new(vec![entry("morning", "07:30", 4), entry("evening", "20:00", 0)])?;
//! let tuesday_noon = Wall(1_750_154_400_000); // 2025-06-17 10:00 UTC
//! let now = schedule.in_force(tuesday_noon).expect("an entry was due on Tuesday morning");
//! assert_eq!((now.entry.as_str(), now.wanted.minimum), ("morning", 4));
//! # Ok::<(), cluster::schedule::BadEntry>(())
//! ```

mod entry;
mod pattern;
mod zone;

use std::time::Duration;

pub use entry::{BadEntry, Entry, Field, When};

use entry::Compiled;

/// A point on the wall clock: milliseconds since the Unix epoch. Only ever used to read a schedule; what has to happen
/// after a span of time is counted in [`Moment`](crate::Moment)s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub i64);

impl Wall {
    pub(crate) fn later(self, span: Duration) -> Self {
        Self(self.0.saturating_add(milliseconds(span)))
    }

    pub(crate) fn earlier(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(milliseconds(span)))
    }
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// How few and how many nodes there may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Bounds {
    pub minimum: u32,
    pub maximum: u32,
}

impl Bounds {
    /// Exactly so many.
    pub fn exactly(count: u32) -> Self {
        Self {
            minimum: count,
            maximum: count,
        }
    }
}

/// A moment at which another entry takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Name of the entry.
    pub entry: String,
    /// When it takes over: its lead before `at`.
    pub begins: Wall,
    /// The moment that the entry names; nodes that have to go are gone by then.
    pub at: Wall,
    /// What it wants.
    pub wanted: Bounds,
}

/// A validated list of entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    entries: Vec<Compiled>,
    written: Vec<Entry>,
}

impl Schedule {
    /// Validates the entries; the first that is wrong is named with its field and what was expected there.
    pub fn new(entries: Vec<Entry>) -> Result<Self, BadEntry> {
        let written = entries.clone();
        entry::compile(entries).map(|entries| Self { entries, written })
    }

    /// The entries as they were written.
    pub fn entries(&self) -> &[Entry] {
        &self.written
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The transition that is in force: of those that have begun the one with the latest moment, and of several with
    /// the same moment the last in the list. `None` only without entries, or before the first moment of all of them.
    pub fn in_force(&self, now: Wall) -> Option<Transition> {
        self.entries
            .iter()
            .filter_map(|entry| {
                let at = entry.last_until(now.later(entry.lead))?;
                Some(entry.transition(at))
            })
            .max_by_key(|transition| transition.at)
    }

    /// The next transitions, in the order in which they begin; at most `count`. One that would begin after a later one
    /// has already taken over (because that one has the longer lead) never comes into force and is left out.
    pub fn next(&self, now: Wall, count: usize) -> Vec<Transition> {
        let mut current = self.in_force(now).map(|transition| transition.at);
        let mut cursors: Vec<Wall> = vec![now; self.entries.len()];
        let mut coming = Vec::new();
        while coming.len() < count {
            let Some((index, transition)) = self.earliest(&cursors) else {
                break;
            };
            cursors[index] = transition.begins;
            if current.is_none_or(|at| at <= transition.at) {
                current = Some(transition.at);
                coming.push(transition);
            }
        }
        coming
    }

    fn earliest(&self, cursors: &[Wall]) -> Option<(usize, Transition)> {
        self.entries
            .iter()
            .zip(cursors)
            .enumerate()
            .filter_map(|(index, (entry, after))| {
                let at = entry.next_after(after.later(entry.lead))?;
                Some((index, entry.transition(at)))
            })
            .min_by_key(|(index, transition)| (transition.begins, transition.at, *index))
    }
}
