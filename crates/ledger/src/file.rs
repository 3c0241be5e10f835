//! The SQLite file: how it is laid out, and what is written.

mod ends;

use std::path::{Path, PathBuf};
use std::time::Duration;

use diagnosis::{Browser, Evidence, Finding};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::error::LedgerError;
use crate::filter::{State, octets};
use crate::keeper::Entry;
use crate::row::Opening;
use crate::strangers;
use crate::text;

/// "Mled": tells SQLite's tools, and us, whose file it is.
const APPLICATION: i64 = 0x4d6c_6564;
/// The format that this program writes.
const FORMAT: i64 = 1;
/// How long to wait for a tool that has the file locked.
const BUSY: Duration = Duration::from_secs(1);
/// Largest evidence that is kept, as JSON.
const EVIDENCE: usize = 128 << 10;
/// Reports of browsers kept that belong to no transport that is known.
const REPORTS: i64 = 10_000;

const TABLES: &str = "
    CREATE TABLE transport (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        boot TEXT NOT NULL,
        transport TEXT NOT NULL,
        node TEXT NOT NULL,
        session TEXT NOT NULL,
        connection TEXT NOT NULL,
        state TEXT NOT NULL,
        opened INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        client BLOB,
        ufrag TEXT NOT NULL,
        causes TEXT NOT NULL,
        evidence TEXT NOT NULL,
        ice_servers TEXT NOT NULL,
        findings TEXT NOT NULL,
        UNIQUE (boot, transport)
    ) STRICT;
    CREATE INDEX by_state ON transport (state, id);
    CREATE INDEX by_transport ON transport (transport);
    CREATE INDEX by_updated ON transport (updated);
    CREATE INDEX by_session ON transport (session, id);
    CREATE INDEX by_connection ON transport (connection, id);
    CREATE INDEX by_ufrag ON transport (ufrag);
    CREATE TABLE report (
        session TEXT NOT NULL,
        ufrag TEXT NOT NULL,
        at INTEGER NOT NULL,
        browser TEXT NOT NULL,
        PRIMARY KEY (session, ufrag)
    ) STRICT;
    CREATE VIRTUAL TABLE search USING fts5 (text, content='', contentless_delete=1);
";

#[derive(Debug)]
pub(crate) struct LedgerFile {
    connection: Connection,
}

impl LedgerFile {
    /// Opens or makes the file; puts one aside that cannot be used.
    pub(crate) fn open(path: &Path, most_bytes: u64) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::Database {
            path: path.into(),
            source,
        };
        let connection = match prepared(path) {
            Ok(connection) => connection,
            Err(error) if is_unusable(&error) => {
                tracing::warn!(%error, path = %path.display(), "the ledger is put aside, and a new one begun");
                put_aside(path);
                prepared(path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        limit(&connection, most_bytes).map_err(failed)?;
        Ok(Self { connection })
    }

    /// Writes all or nothing.
    pub(crate) fn write(&mut self, now: u64, entries: &[Entry]) -> rusqlite::Result<()> {
        let write = self.connection.transaction()?;
        for entry in entries {
            put(&write, now, entry)?;
        }
        write.commit()
    }

    /// Forgets what was last heard of before this.
    pub(crate) fn forget_before(&mut self, before: u64) -> rusqlite::Result<()> {
        let write = self.connection.transaction()?;
        let before = before.cast_signed();
        let old = "SELECT id FROM transport WHERE updated < ?1";
        let delete = format!("DELETE FROM search WHERE rowid IN ({old})");
        write.execute(&delete, [before])?;
        write.execute("DELETE FROM transport WHERE updated < ?1", [before])?;
        write.execute("DELETE FROM report WHERE at < ?1", [before])?;
        let most = "DELETE FROM report WHERE rowid IN (SELECT rowid FROM report ORDER BY at DESC LIMIT -1 OFFSET ?1)";
        write.execute(most, [REPORTS])?;
        strangers::forget(&write, before)?;
        write.commit()?;
        self.shrink()
    }

    /// Forgets the oldest tenth; says how many.
    pub(crate) fn forget_oldest(&mut self) -> rusqlite::Result<u64> {
        let write = self.connection.transaction()?;
        let count: i64 = write.query_row("SELECT count(*) FROM transport", [], |row| row.get(0))?;
        let gone = (count / 10).max(1);
        let oldest = "SELECT id FROM transport ORDER BY id LIMIT ?1";
        let delete = format!("DELETE FROM search WHERE rowid IN ({oldest})");
        write.execute(&delete, [gone])?;
        let delete = format!("DELETE FROM transport WHERE id IN ({oldest})");
        let gone = write.execute(&delete, [gone])?;
        write.commit()?;
        self.shrink()?;
        Ok(gone as u64)
    }

    /// Bytes of the file that hold something.
    pub(crate) fn used_bytes(&self) -> rusqlite::Result<u64> {
        let number = |name| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            self.connection.pragma_query_value(None, name, read)
        };
        let pages = number("page_count")? - number("freelist_count")?;
        Ok((pages * number("page_size")?).cast_unsigned())
    }

    /// Gives free pages back to the system.
    fn shrink(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA incremental_vacuum")
    }
}

fn prepared(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    let number = |name| {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        connection.pragma_query_value(None, name, read)
    };
    let empty = number("schema_version")? == 0;
    if !empty && (number("application_id")?, number("user_version")?) != (APPLICATION, FORMAT) {
        return Err(rusqlite::Error::InvalidQuery);
    }
    if empty {
        // Before the first table, or never.
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    // A power failure may take the last transactions; the file stays whole.
    connection.pragma_update(None, "synchronous", "normal")?;
    if empty {
        let create = connection.unchecked_transaction()?;
        create.execute_batch(TABLES)?;
        create.pragma_update(None, "application_id", APPLICATION)?;
        create.pragma_update(None, "user_version", FORMAT)?;
        create.commit()?;
    } else {
        // A page that cannot be read would be found by the first write.
        connection.query_row("SELECT count(*) FROM transport", [], |_| Ok(()))?;
    }
    connection.execute_batch(strangers::TABLE)?;
    Ok(connection)
}

/// Not a database, a broken one, of somebody else, or of another version.
fn is_unusable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error, rusqlite::Error::InvalidQuery)
        || matches!(
            error.sqlite_error_code(),
            Some(DatabaseCorrupt | NotADatabase)
        )
}

fn put_aside(path: &Path) {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    // What cannot be renamed is reported when it cannot be opened again.
    let _ = std::fs::rename(path, beside(".broken"));
    let _ = std::fs::remove_file(beside("-wal"));
    let _ = std::fs::remove_file(beside("-shm"));
}

fn limit(connection: &Connection, most_bytes: u64) -> rusqlite::Result<()> {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let page: i64 = connection.pragma_query_value(None, "page_size", read)?;
    let pages = most_bytes / page.cast_unsigned().max(1);
    let most = i64::try_from(pages.clamp(64, 0xffff_fffe)).unwrap_or(i64::MAX);
    connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))
}

fn put(write: &Transaction<'_>, now: u64, entry: &Entry) -> rusqlite::Result<()> {
    match entry {
        Entry::Opened(opening) => opened(write, now, opening),
        Entry::Seen { evidence, ufrag } => seen(write, now, evidence, ufrag),
        Entry::Reported {
            session,
            ufrag,
            browser,
        } => reported(write, now, session, ufrag, browser),
        Entry::Found {
            transport,
            findings,
        } => found(write, now, transport, findings),
        Entry::Began { node, boot } => ends::began(write, now, node, boot),
        Entry::Over { node } => ends::over(write, now, node),
        Entry::Remaining { nodes } => ends::remaining(write, now, nodes),
        Entry::Unmade { transport, reason } => ends::unmade(write, now, transport, reason),
        Entry::Strangers { node, seen } => strangers::put(write, now, node, seen),
    }
}

fn opened(write: &Transaction<'_>, now: u64, opening: &Opening) -> rusqlite::Result<()> {
    let evidence = &opening.evidence;
    if known(write, &evidence.boot, &evidence.transport)?.is_some() {
        // Told a second time: a node that redialled is told what it has not done yet.
        return Ok(());
    }
    let servers = json(&opening.ice_servers);
    let id = insert(write, now, evidence, "", &servers)?;
    index(write, id, evidence, &[])
}

fn insert(
    write: &Transaction<'_>,
    now: u64,
    evidence: &Evidence,
    ufrag: &str,
    servers: &str,
) -> rusqlite::Result<i64> {
    let insert = "INSERT INTO transport (boot, transport, node, session, connection, state, opened, updated, client, \
                  ufrag, causes, evidence, ice_servers, findings) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', ?11, ?12, '[]')";
    write.prepare(insert)?.execute(params![
        evidence.boot,
        evidence.transport,
        evidence.node,
        evidence.session,
        evidence.connection,
        State::of(evidence.outcome).as_str(),
        evidence.times.created.unwrap_or(now).cast_signed(),
        now.cast_signed(),
        evidence.client.address.map(octets),
        ufrag,
        json(evidence),
        servers,
    ])?;
    Ok(write.last_insert_rowid())
}

/// What is known of a transport, as far as writing needs it.
struct Known {
    id: i64,
    evidence: Evidence,
    findings: Vec<Finding>,
}

fn known(write: &Transaction<'_>, boot: &str, transport: &str) -> rusqlite::Result<Option<Known>> {
    let select = "SELECT id, evidence, findings FROM transport WHERE boot = ?1 AND transport = ?2";
    let mut select = write.prepare(select)?;
    select.query_row([boot, transport], read_known).optional()
}

fn read_known(row: &rusqlite::Row<'_>) -> rusqlite::Result<Known> {
    let text = |column| row.get::<_, String>(column);
    Ok(Known {
        id: row.get(0)?,
        evidence: serde_json::from_str(&text(1)?).unwrap_or_default(),
        findings: serde_json::from_str(&text(2)?).unwrap_or_default(),
    })
}

fn seen(
    write: &Transaction<'_>,
    now: u64,
    evidence: &Evidence,
    ufrag: &str,
) -> rusqlite::Result<()> {
    let known = known(write, &evidence.boot, &evidence.transport)?;
    let mut evidence = match &known {
        Some(known) => {
            let over = State::of(known.evidence.outcome).is_over();
            if over && !State::of(evidence.outcome).is_over() {
                return Ok(());
            }
            with_masters(evidence.clone(), &known.evidence)
        }
        None => evidence.clone(),
    };
    if evidence.browser.is_none() {
        evidence.browser = report(write, &evidence.session, ufrag)?;
    }
    let Some(known) = known else {
        let id = insert(write, now, &evidence, ufrag, "[]")?;
        return index(write, id, &evidence, &[]);
    };
    update(write, now, &known, &evidence, ufrag)
}

/// What only the master knows comes from what was written before.
fn with_masters(mut evidence: Evidence, before: &Evidence) -> Evidence {
    if !before.connection.is_empty() {
        evidence.connection.clone_from(&before.connection);
    }
    // Once its participant has left, nobody knows any more who he was.
    if before.client.address.is_some() {
        evidence.client = before.client.clone();
    }
    if evidence.address_set == 0 {
        evidence.address_set = before.address_set;
    }
    if evidence.relays.is_empty() {
        evidence.relays.clone_from(&before.relays);
    }
    if evidence.browser.is_none() {
        evidence.browser.clone_from(&before.browser);
    }
    evidence
}

fn report(
    write: &Transaction<'_>,
    session: &str,
    ufrag: &str,
) -> rusqlite::Result<Option<Browser>> {
    let select = "SELECT browser FROM report WHERE session = ?1 AND ufrag = ?2";
    let mut select = write.prepare(select)?;
    let text = select.query_row([session, ufrag], |row| row.get::<_, String>(0));
    let text = text.optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn update(
    write: &Transaction<'_>,
    now: u64,
    known: &Known,
    evidence: &Evidence,
    ufrag: &str,
) -> rusqlite::Result<()> {
    let update = "UPDATE transport SET state = ?2, updated = ?3, evidence = ?4, \
                  ufrag = CASE WHEN ?5 = '' THEN ufrag ELSE ?5 END WHERE id = ?1";
    write.prepare(update)?.execute(params![
        known.id,
        State::of(evidence.outcome).as_str(),
        now.cast_signed(),
        json(evidence),
        ufrag,
    ])?;
    index(write, known.id, evidence, &known.findings)
}

fn index(
    write: &Transaction<'_>,
    id: i64,
    evidence: &Evidence,
    findings: &[Finding],
) -> rusqlite::Result<()> {
    let text = text::of(evidence, State::of(evidence.outcome), findings);
    let replace = "INSERT OR REPLACE INTO search (rowid, text) VALUES (?1, ?2)";
    write.prepare(replace)?.execute(params![id, text])?;
    Ok(())
}

fn reported(
    write: &Transaction<'_>,
    now: u64,
    session: &str,
    ufrag: &str,
    browser: &Browser,
) -> rusqlite::Result<()> {
    let replace =
        "INSERT OR REPLACE INTO report (session, ufrag, at, browser) VALUES (?1, ?2, ?3, ?4)";
    let at = now.cast_signed();
    write
        .prepare(replace)?
        .execute(params![session, ufrag, at, json(browser)])?;
    let select = "SELECT id, evidence, findings FROM transport WHERE ufrag = ?2 AND session = ?1 \
                  ORDER BY id DESC LIMIT 1";
    let mut select = write.prepare(select)?;
    let known = select.query_row([session, ufrag], read_known).optional()?;
    let Some(known) = known else {
        return Ok(());
    };
    let mut evidence = known.evidence.clone();
    evidence.browser = Some(browser.clone());
    update(write, now, &known, &evidence, ufrag)
}

fn found(
    write: &Transaction<'_>,
    now: u64,
    transport: &str,
    findings: &[Finding],
) -> rusqlite::Result<()> {
    let select = "SELECT id, evidence, findings FROM transport WHERE transport = ?1 ORDER BY id DESC LIMIT 1";
    let mut select = write.prepare(select)?;
    let Some(known) = select.query_row([transport], read_known).optional()? else {
        return Ok(());
    };
    let codes = findings.iter().map(|finding| finding.cause.code());
    // With a space before and after each, so that one is not found in another.
    let causes = codes.fold(String::from(" "), |all, code| all + code + " ");
    let update = "UPDATE transport SET updated = ?2, causes = ?3, findings = ?4 WHERE id = ?1";
    write.prepare(update)?.execute(params![
        known.id,
        now.cast_signed(),
        causes,
        json(&findings)
    ])?;
    index(write, known.id, &known.evidence, findings)
}

/// What is too long to be kept is kept as nothing; whoever fills these types bounds them, so that it does not happen.
fn json<T: serde::Serialize>(value: &T) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    if text.len() > EVIDENCE {
        return "null".to_owned();
    }
    text
}
