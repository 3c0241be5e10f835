//! What an operator writes, and the validated form of it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::pattern::{self, Pattern};
use super::{Bounds, Transition, Wall, zone};

/// The longest lead: an entry that begins days before its moment is a mistake of the unit.
const LONGEST_LEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// One line of a schedule, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// For people; unique within the schedule.
    pub name: String,
    #[allow(missing_docs)]
    pub when: When,
    /// An IANA time zone, such as `Europe/Berlin`.
    pub zone: String,
    #[allow(missing_docs)]
    pub wanted: Bounds,
    /// How long before its moment the entry takes effect; at most a day.
    pub lead: Duration,
}

/// The moments of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Five fields: minute, hour, day of month, month, day of week. `*`, lists, ranges and steps; months and days of
    /// the week also by their first three letters; Sunday is 0 or 7. With both days restricted, either suffices.
    Cron(String),
    /// Days of the week and a time of day.
    Weekly {
        /// `mon`, `tue` … or ranges such as `mon-fri`; empty means every day.
        weekdays: Vec<String>,
        /// `HH:MM`, 24 hours.
        time: String,
    },
}

/// A field of an [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    Name,
    Cron,
    Weekdays,
    Time,
    Zone,
    Wanted,
    Lead,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Cron => "cron",
            Self::Weekdays => "weekdays",
            Self::Time => "time",
            Self::Zone => "zone",
            Self::Wanted => "wanted",
            Self::Lead => "lead",
        })
    }
}

/// An entry that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schedule entry \"{entry}\", field {field}: expected {expected}, found \"{found}\"")]
pub struct BadEntry {
    /// Name of the entry; its place in the list, as `#1`, when it has none.
    pub entry: String,
    #[allow(missing_docs)]
    pub field: Field,
    /// What would have been right.
    pub expected: String,
    /// What was there.
    pub found: String,
}

/// An entry whose moments can be computed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compiled {
    name: String,
    pattern: Pattern,
    zone: TimeZone,
    wanted: Bounds,
    pub(super) lead: Duration,
}

impl Compiled {
    pub(super) fn transition(&self, at: Wall) -> Transition {
        Transition {
            entry: self.name.clone(),
            begins: at.earlier(self.lead),
            at,
            wanted: self.wanted,
        }
    }

    pub(super) fn last_until(&self, limit: Wall) -> Option<Wall> {
        zone::last_until(&self.pattern, &self.zone, limit)
    }

    pub(super) fn next_after(&self, after: Wall) -> Option<Wall> {
        zone::next_after(&self.pattern, &self.zone, after)
    }
}

pub(super) fn compile(entries: Vec<Entry>) -> Result<Vec<Compiled>, BadEntry> {
    let mut names = BTreeSet::new();
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            let shown = match entry.name.trim() {
                "" => format!("#{}", index + 1),
                name => name.to_owned(),
            };
            let bad = |(field, expected, found): Fault| BadEntry {
                entry: shown.clone(),
                field,
                expected,
                found,
            };
            if entry.name.trim().is_empty() || !names.insert(entry.name.clone()) {
                let expected = "a name that no other entry has".to_owned();
                return Err(bad((Field::Name, expected, entry.name)));
            }
            validate(entry).map_err(bad)
        })
        .collect()
}

/// Which field, what was expected, what was found.
type Fault = (Field, String, String);

fn validate(entry: Entry) -> Result<Compiled, Fault> {
    let pattern = match &entry.when {
        When::Cron(text) => {
            pattern::cron(text).map_err(|expected| (Field::Cron, expected, text.clone()))?
        }
        When::Weekly { weekdays, time } => weekly(weekdays, time)?,
    };
    let zone = TimeZone::get(&entry.zone).map_err(|_| {
        let expected = "the name of an IANA time zone such as Europe/Berlin or UTC".to_owned();
        (Field::Zone, expected, entry.zone.clone())
    })?;
    if entry.wanted.minimum > entry.wanted.maximum {
        let expected = "a minimum that is not above the maximum".to_owned();
        let found = format!("{} to {}", entry.wanted.minimum, entry.wanted.maximum);
        return Err((Field::Wanted, expected, found));
    }
    if entry.lead > LONGEST_LEAD {
        let expected = "at most 24 hours".to_owned();
        return Err((Field::Lead, expected, format!("{} s", entry.lead.as_secs())));
    }
    Ok(Compiled {
        name: entry.name,
        pattern,
        zone,
        wanted: entry.wanted,
        lead: entry.lead,
    })
}

fn weekly(weekdays: &[String], time: &str) -> Result<Pattern, Fault> {
    let (hour, minute) = time_of_day(time).ok_or_else(|| {
        let expected = "a time of day from 00:00 to 23:59".to_owned();
        (Field::Time, expected, time.to_owned())
    })?;
    let days = if weekdays.is_empty() {
        "*".to_owned()
    } else {
        weekdays.join(",")
    };
    pattern::cron(&format!("{minute} {hour} * * {days}")).map_err(|_| {
        let expected = "days of the week, mon to sun, or ranges such as mon-fri".to_owned();
        (Field::Weekdays, expected, weekdays.join(","))
    })
}

fn time_of_day(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}
