//! What was said while a master ran of how many nodes are wanted. Everything else of a policy is a setting.

use std::time::Duration;

use cluster::Policy;
use cluster::schedule::{BadEntry, Bounds, Entry, Schedule, When};
use serde::{Deserialize, Serialize};

/// A schedule that was set while the master ran; it comes before the one of the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    schedule: Vec<EntryRecord>,
}

/// An operator's count, in force until the schedule's next transition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemandRecord {
    pub(crate) count: u32,
    /// When it was given, milliseconds since the Unix epoch.
    pub(crate) at: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct EntryRecord {
    name: String,
    when: WhenRecord,
    zone: String,
    minimum: u32,
    maximum: u32,
    lead_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhenRecord {
    Cron(String),
    Weekly { weekdays: Vec<String>, time: String },
}

impl PolicyRecord {
    pub(crate) const KEY: &str = "policy";

    pub(crate) fn of(policy: &Policy) -> Self {
        Self {
            schedule: policy
                .schedule
                .entries()
                .iter()
                .map(EntryRecord::of)
                .collect(),
        }
    }

    /// # Errors
    /// When a schedule that was once right is not any more, such as in a time zone that is gone.
    pub(crate) fn schedule(self) -> Result<Schedule, BadEntry> {
        Schedule::new(self.schedule.into_iter().map(Entry::from).collect())
    }
}

impl DemandRecord {
    pub(crate) const KEY: &str = "demand";
}

impl EntryRecord {
    fn of(entry: &Entry) -> Self {
        Self {
            name: entry.name.clone(),
            when: match &entry.when {
                When::Cron(text) => WhenRecord::Cron(text.clone()),
                When::Weekly { weekdays, time } => WhenRecord::Weekly {
                    weekdays: weekdays.clone(),
                    time: time.clone(),
                },
            },
            zone: entry.zone.clone(),
            minimum: entry.wanted.minimum,
            maximum: entry.wanted.maximum,
            lead_ms: milliseconds(entry.lead),
        }
    }
}

impl From<EntryRecord> for Entry {
    fn from(record: EntryRecord) -> Self {
        Self {
            name: record.name,
            when: match record.when {
                WhenRecord::Cron(text) => When::Cron(text),
                WhenRecord::Weekly { weekdays, time } => When::Weekly { weekdays, time },
            },
            zone: record.zone,
            wanted: Bounds {
                minimum: record.minimum,
                maximum: record.maximum,
            },
            lead: Duration::from_millis(record.lead_ms),
        }
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
