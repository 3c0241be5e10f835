//! The end that is read, beside the one that is written: in WAL mode neither waits for the other.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};

use crate::filter::{Filter, State};
use crate::row::{Page, Row, Stranger};
use crate::strangers;
use crate::text;

/// Rows of a page when nothing is said.
const USUAL: u32 = 100;
/// Rows of a page at most.
const MOST: u32 = 1000;
const COLUMNS: &str = "id, state, opened, updated, evidence, ufrag, ice_servers, findings";

/// Reads; opens the file when it is first asked, and anew after a failure.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl Reader {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            connection: Mutex::new(None),
        }
    }

    pub(crate) fn search(&self, filter: &Filter) -> rusqlite::Result<Page> {
        let limit = match filter.limit {
            0 => USUAL,
            limit => limit.min(MOST),
        };
        let Conditions { sql, values } = conditions(filter);
        let select = format!(
            "SELECT {COLUMNS} FROM transport{sql} ORDER BY id DESC LIMIT {}",
            limit + 1
        );
        self.read(|connection| {
            let mut select = connection.prepare(&select)?;
            let rows = select.query_map(params_from_iter(&values), row)?;
            let mut rows = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            Ok(Page { rows, more })
        })
    }

    pub(crate) fn get(&self, id: i64) -> rusqlite::Result<Option<Row>> {
        let select = format!("SELECT {COLUMNS} FROM transport WHERE id = ?1");
        self.read(|connection| {
            let mut select = connection.prepare(&select)?;
            select.query_row([id], row).optional()
        })
    }

    pub(crate) fn strangers(&self) -> rusqlite::Result<Vec<Stranger>> {
        self.read(strangers::latest)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut kept = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let done = read(&connection);
        if done.is_ok() {
            *kept = Some(connection);
        }
        done
    }
}

/// The conditions of a filter, and what stands for their question marks.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql += if self.sql.is_empty() {
            " WHERE "
        } else {
            " AND "
        };
        self.sql += condition;
        self.values.extend(values);
    }
}

fn conditions(filter: &Filter) -> Conditions {
    let mut all = Conditions::default();
    let texts = [
        (
            "state = ?",
            filter.state.map(|state| state.as_str().to_owned()),
        ),
        ("session = ?", filter.session.clone()),
        ("connection = ?", filter.connection.clone()),
        ("node = ?", filter.node.clone()),
        ("boot = ?", filter.boot.clone()),
        (
            "instr(causes, ?) > 0",
            filter.cause.as_ref().map(|code| format!(" {code} ")),
        ),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            all.add(condition, [Value::Text(text)]);
        }
    }
    let time = |time: u64| Value::Integer(i64::try_from(time).unwrap_or(i64::MAX));
    if let Some(since) = filter.since {
        all.add("updated >= ?", [time(since)]);
    }
    if let Some(until) = filter.until {
        all.add("opened < ?", [time(until)]);
    }
    if let Some(before) = filter.before {
        all.add("id < ?", [Value::Integer(before)]);
    }
    if let Some(network) = filter.network {
        let (first, last) = network.bounds();
        all.add(
            "client BETWEEN ? AND ?",
            [Value::Blob(first), Value::Blob(last)],
        );
    }
    if let Some(query) = filter.words.as_deref().and_then(text::query) {
        let matches = "id IN (SELECT rowid FROM search WHERE search MATCH ?)";
        all.add(matches, [Value::Text(query)]);
    }
    all
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let text = |column| row.get::<_, String>(column);
    let time = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(Row {
        id: row.get(0)?,
        state: text(1)?.parse().unwrap_or(State::Pending),
        opened: time(2)?,
        updated: time(3)?,
        evidence: serde_json::from_str(&text(4)?).unwrap_or_default(),
        ufrag: text(5)?,
        ice_servers: serde_json::from_str(&text(6)?).unwrap_or_default(),
        findings: serde_json::from_str(&text(7)?).unwrap_or_default(),
    })
}
