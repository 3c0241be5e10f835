//! Schedules.

use std::time::Duration;

use cluster::schedule::{self, Bounds, Wall, When};
use cluster::{Cluster, Moment};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// How many transitions are shown.
const SHOWN: usize = 10;

/// One line of a schedule: either `cron`, or `time` with or without `weekdays`; either `nodes`, or both `minimum` and
/// `maximum`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Unique.
    pub name: String,
    /// Five fields: minute, hour, day of month, month, day of week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// `mon`, `tue` … or ranges such as `mon-fri`; none means every day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<Vec<String>>,
    /// `HH:MM`, 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// IANA time zone, such as `Europe/Berlin`.
    pub zone: String,
    /// Exactly so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// At least so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u32>,
    /// How long before its moment the entry takes effect.
    #[serde(default)]
    pub lead_minutes: u64,
}

/// A schedule as it is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    #[allow(missing_docs)]
    pub entries: Vec<Entry>,
}

/// A schedule as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    #[allow(missing_docs)]
    pub entries: Vec<Entry>,
    /// The transition whose numbers hold now, unless an operator's wish is in force.
    pub in_force: Option<Transition>,
    /// What comes next, earliest first.
    pub next: Vec<Transition>,
    /// It was set, or cleared, by a command, and counts instead of that of the settings.
    #[serde(default)]
    pub set: bool,
}

/// A moment at which another entry takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Name of the entry.
    pub entry: String,
    /// When it takes over, RFC 3339 in the entry's time zone.
    pub begins: String,
    /// The moment that the entry names; nodes that have to go are gone by then.
    pub at: String,
    #[allow(missing_docs)]
    pub minimum: u32,
    #[allow(missing_docs)]
    pub maximum: u32,
}

impl ScheduleRequest {
    /// The validated schedule.
    ///
    /// # Errors
    /// 400, naming the entry, the field, and what was expected.
    pub fn validated(self) -> Result<schedule::Schedule, Problem> {
        let entries = self.entries.into_iter().map(Entry::into_cluster);
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        schedule::Schedule::new(entries).map_err(|bad| Problem::from(&bad))
    }
}

impl Entry {
    fn into_cluster(self) -> Result<schedule::Entry, Problem> {
        let bad = |what: &str| {
            let name = &self.name;
            Problem::new(400, format!("schedule entry \"{name}\": {what}"))
        };
        let when = match (&self.cron, &self.weekdays, &self.time) {
            (Some(cron), None, None) => When::Cron(cron.clone()),
            (None, weekdays, Some(time)) => When::Weekly {
                weekdays: weekdays.clone().unwrap_or_default(),
                time: time.clone(),
            },
            _ => {
                return Err(bad(
                    "expected either \"cron\", or \"time\" with or without \"weekdays\"",
                ));
            }
        };
        let wanted = match (self.nodes, self.minimum, self.maximum) {
            (Some(nodes), None, None) => Bounds::exactly(nodes),
            (None, Some(minimum), Some(maximum)) => Bounds { minimum, maximum },
            _ => {
                return Err(bad(
                    "expected either \"nodes\", or both \"minimum\" and \"maximum\"",
                ));
            }
        };
        Ok(schedule::Entry {
            when,
            wanted,
            lead: Duration::from_secs(self.lead_minutes.saturating_mul(60)),
            name: self.name,
            zone: self.zone,
        })
    }

    fn of(entry: &schedule::Entry) -> Self {
        let (cron, weekdays, time) = match &entry.when {
            When::Cron(cron) => (Some(cron.clone()), None, None),
            When::Weekly { weekdays, time } => {
                let weekdays = Some(weekdays.clone()).filter(|days| !days.is_empty());
                (None, weekdays, Some(time.clone()))
            }
        };
        let Bounds { minimum, maximum } = entry.wanted;
        let exact = minimum == maximum;
        Self {
            name: entry.name.clone(),
            cron,
            weekdays,
            time,
            zone: entry.zone.clone(),
            nodes: exact.then_some(minimum),
            minimum: (!exact).then_some(minimum),
            maximum: (!exact).then_some(maximum),
            lead_minutes: entry.lead.as_secs() / 60,
        }
    }
}

impl Schedule {
    /// The schedule of a cluster. `wall` is the time of day, `set` whether it came by a command.
    pub fn of(cluster: &Cluster, now: Moment, wall: Wall, set: bool) -> Self {
        let schedule = &cluster.policy().schedule;
        let entries: Vec<Entry> = schedule.entries().iter().map(Entry::of).collect();
        let shown = |transition: &schedule::Transition| Transition::of(transition, &entries);
        let in_force = schedule.in_force(wall).as_ref().map(shown);
        let next = cluster.transitions(now, SHOWN).iter().map(shown).collect();
        Self {
            in_force,
            next,
            entries,
            set,
        }
    }
}

impl Transition {
    fn of(transition: &schedule::Transition, entries: &[Entry]) -> Self {
        let entry = entries.iter().find(|entry| entry.name == transition.entry);
        let zone = entry.and_then(|entry| TimeZone::get(&entry.zone).ok());
        let zone = zone.unwrap_or(TimeZone::UTC);
        Self {
            entry: transition.entry.clone(),
            begins: written(transition.begins, &zone),
            at: written(transition.at, &zone),
            minimum: transition.wanted.minimum,
            maximum: transition.wanted.maximum,
        }
    }
}

/// RFC 3339.
fn written(at: Wall, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at.0) {
        Ok(at) => {
            let at = at.to_zoned(zone.clone());
            at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
        }
        Err(_) => format!("{} ms", at.0),
    }
}
