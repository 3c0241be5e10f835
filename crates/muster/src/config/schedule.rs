//! The list of a schedule's entries.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::schedule::{BadEntry, Bounds, Entry, Field, Schedule, When};

use super::keys;
use super::layers::{Row, Value};
use super::reader::Reader;
use super::report::Problem;
use super::values;

const KEY: &str = "schedule";
const FIELDS: [&str; 9] = [
    "name",
    "cron",
    "weekdays",
    "time",
    "zone",
    "nodes",
    "minimum",
    "maximum",
    "lead_minutes",
];

/// More would be a mistake: a week has no more than this of anything that people plan.
const MOST: usize = 200;

/// Reads all entries and says of each what is wrong with it.
pub(super) fn schedule(r: &mut Reader<'_>) -> Schedule {
    let Some(found) = r.layers.get(KEY) else {
        return Schedule::default();
    };
    let rows = match &found.value {
        Value::Rows(rows) => rows.clone(),
        Value::Text(text) => match rows_of_json(text) {
            Some(rows) => rows,
            None => {
                r.reject(KEY, "a list of entries; outside of a file, as JSON such as [{\"name\":\"night\",…}]");
                return Schedule::default();
            }
        },
        Value::List(_) => {
            r.reject(KEY, "tables [[schedule]], one for each entry");
            return Schedule::default();
        }
    };
    if rows.len() > MOST {
        r.reject(KEY, format!("at most {MOST} entries"));
        return Schedule::default();
    }
    let mut entries = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let mut reading = Reading {
            row,
            number: index + 1,
            problems: Vec::new(),
        };
        let entry = reading.entry();
        let fine = reading.problems.is_empty();
        r.problems.append(&mut reading.problems);
        match (fine, entry) {
            (true, Some(entry)) => entries.push(entry),
            // What is missing was said.
            _ => continue,
        }
    }
    Schedule::new(entries).unwrap_or_else(|bad| {
        // Each was fine by itself, so it is the name.
        r.reject(KEY, bad.to_string());
        Schedule::default()
    })
}

/// What stands in the environment.
fn rows_of_json(text: &str) -> Option<Vec<Row>> {
    let entries: Vec<BTreeMap<String, serde_json::Value>> = serde_json::from_str(text).ok()?;
    let rows = entries.into_iter().map(|fields| {
        let fields = fields.into_iter().map(|(name, value)| {
            let value = match value {
                serde_json::Value::String(text) => Value::Text(text),
                serde_json::Value::Array(items) => {
                    let items = items.iter().map(|item| item.as_str().map(str::to_owned));
                    Value::List(items.collect::<Option<_>>()?)
                }
                serde_json::Value::Number(number) => Value::Text(number.to_string()),
                _ => return None,
            };
            Some((name, value))
        });
        Some(Row {
            origin: "the environment".to_owned(),
            fields: fields.collect::<Option<_>>()?,
        })
    });
    rows.collect()
}

/// One entry while it is read.
struct Reading<'a> {
    row: &'a Row,
    number: usize,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn entry(&mut self) -> Option<Entry> {
        for name in self.row.fields.keys() {
            if !FIELDS.contains(&name.as_str()) {
                let known = FIELDS.iter().map(|name| (*name).to_owned());
                let expected = match keys::nearest(name, known) {
                    Some(nearest) => format!("a known field; did you mean {nearest}?"),
                    None => format!("one of {}", FIELDS.join(", ")),
                };
                self.wrong(name, expected);
            }
        }
        let when = self.when();
        let wanted = self.wanted();
        let lead = self.number("lead_minutes", 24 * 60).unwrap_or(0);
        let entry = Entry {
            name: self.text("name").unwrap_or_default(),
            when: when?,
            zone: self.text("zone").unwrap_or_default(),
            wanted: wanted?,
            lead: Duration::from_secs(u64::from(lead) * 60),
        };
        match Schedule::new(vec![entry.clone()]) {
            Ok(_) => Some(entry),
            Err(BadEntry {
                field, expected, ..
            }) => {
                let name = match field {
                    Field::Name => "name",
                    Field::Cron => "cron",
                    Field::Weekdays => "weekdays",
                    Field::Time => "time",
                    Field::Zone => "zone",
                    Field::Wanted => "minimum",
                    Field::Lead => "lead_minutes",
                };
                self.wrong(name, expected);
                None
            }
        }
    }

    fn when(&mut self) -> Option<When> {
        let (cron, time) = (self.text("cron"), self.text("time"));
        let weekdays = match self.row.fields.get("weekdays") {
            Some(Value::List(days)) => days.clone(),
            Some(Value::Text(days)) => values::split_list(days),
            _ => Vec::new(),
        };
        match (cron, time) {
            (Some(cron), None) if weekdays.is_empty() => Some(When::Cron(cron)),
            (None, Some(time)) => Some(When::Weekly { weekdays, time }),
            _ => {
                self.wrong("time", "either cron, or time with or without weekdays");
                None
            }
        }
    }

    fn wanted(&mut self) -> Option<Bounds> {
        let most = 10_000;
        let nodes = self.number("nodes", most);
        let bounds = (self.number("minimum", most), self.number("maximum", most));
        match (nodes, bounds) {
            (Some(nodes), (None, None)) => Some(Bounds::exactly(nodes)),
            (None, (Some(minimum), Some(maximum))) => Some(Bounds { minimum, maximum }),
            _ => {
                if self.problems.is_empty() {
                    self.wrong("nodes", "either nodes, or both minimum and maximum");
                }
                None
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.row.fields.get(name)? {
            Value::Text(text) => Some(text.trim().to_owned()),
            Value::List(_) | Value::Rows(_) => {
                self.wrong(name, "one value, not a list");
                None
            }
        }
    }

    fn number(&mut self, name: &str, most: u32) -> Option<u32> {
        let text = self.text(name)?;
        match values::number(&text, 0..=most) {
            Ok(number) => Some(number),
            Err(expected) => {
                self.wrong(name, expected);
                None
            }
        }
    }

    fn wrong(&mut self, field: &str, expected: impl Into<String>) {
        let found = self.row.fields.get(field);
        let named = match self.row.fields.get("name") {
            Some(Value::Text(name)) if !name.trim().is_empty() => name.trim().to_owned(),
            _ => format!("#{}", self.number),
        };
        self.problems.push(Problem {
            key: format!("{KEY} {named}, {field}"),
            value: found.map(Value::to_string),
            origin: Some(match found {
                Some(_) => self.row.origin.clone(),
                None => format!("not set; the entry is in {}", self.row.origin),
            }),
            expected: expected.into(),
        });
    }
}
