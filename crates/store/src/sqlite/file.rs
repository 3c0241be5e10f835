//! The SQLite file: how state is laid out in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, params};

use super::open::OpenError;
use crate::entry::{Batch, Change, Entry, LeaseId, Rev};
use crate::error::StoreError;
use crate::key::Key;
use crate::state::State;

/// "Mstr": tells SQLite's tools, and us, whose file it is.
const APPLICATION: i64 = 0x4d73_7472;

/// The format that this program writes.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('revision', 0), ('lease', 0);
    CREATE TABLE lease (id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL) STRICT;
    CREATE TABLE entry (
        key TEXT PRIMARY KEY,
        value BLOB NOT NULL,
        created INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        lease INTEGER
    ) STRICT, WITHOUT ROWID;
";

/// How long to wait for a tool that has the file locked.
const BUSY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct StoreFile {
    connection: Connection,
    /// Held as long as the file is open.
    _lock: File,
}

impl StoreFile {
    /// Opens or makes the file, alone.
    pub fn open(path: &Path, most_bytes: u64) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        let failed = |source| OpenError::Database {
            path: path.into(),
            source,
        };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        prepare(&connection, path)?;
        limit(&connection, most_bytes).map_err(failed)?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// Reads everything.
    pub fn load(&self, now: Duration) -> rusqlite::Result<State> {
        let read = self.connection.unchecked_transaction()?;
        let rev = counter(&read, "revision")?.cast_unsigned();
        let last_lease = counter(&read, "lease")?;
        let mut leases = read.prepare("SELECT id, ttl_ms FROM lease")?;
        let leases = leases
            .query_map([], |row| Ok((LeaseId(row.get(0)?), ttl(row.get(1)?))))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut entries = read.prepare("SELECT key, value, created, modified, lease FROM entry")?;
        let entries = entries
            .query_map([], entry)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(State::restored(rev, last_lease, leases, entries, now))
    }

    /// Begins to write.
    pub fn begin(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")
    }

    /// Makes what was written since [`StoreFile::begin`] durable.
    pub fn commit(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("COMMIT")
    }

    /// Forgets what was written since [`StoreFile::begin`].
    pub fn rollback(&self) {
        // SQLite has already rolled back by itself after some errors, and then says so.
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Writes one commit. `Ok(false)` when the file is not at the revision before it: somebody else wrote to it.
    pub fn write(&self, batch: &Batch) -> rusqlite::Result<bool> {
        let count = "UPDATE counter SET value = ?1 WHERE name = 'revision' AND value = ?2";
        let (at, before) = (batch.at.cast_signed(), batch.at.cast_signed() - 1);
        if self.connection.execute(count, [at, before])? != 1 {
            return Ok(false);
        }
        for change in &batch.changes {
            match change {
                Change::Put(entry) => self.put(entry)?,
                Change::Gone { key, .. } => self.delete(key)?,
            }
        }
        Ok(true)
    }

    /// Writes a new lease.
    pub fn grant(&self, lease: LeaseId, ttl: Duration) -> rusqlite::Result<()> {
        let count = "UPDATE counter SET value = ?1 WHERE name = 'lease'";
        self.connection.execute(count, [lease.0])?;
        let insert = "INSERT INTO lease (id, ttl_ms) VALUES (?1, ?2)";
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        self.connection.execute(insert, [lease.0, ttl])?;
        Ok(())
    }

    /// Writes that a lease has ended.
    pub fn end(&self, lease: LeaseId) -> rusqlite::Result<()> {
        let delete = "DELETE FROM lease WHERE id = ?1";
        self.connection.execute(delete, [lease.0])?;
        Ok(())
    }

    fn put(&self, entry: &Entry) -> rusqlite::Result<()> {
        let upsert = "INSERT OR REPLACE INTO entry (key, value, created, modified, lease) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.connection.execute(
            upsert,
            params![
                entry.key.as_str(),
                &*entry.value,
                entry.created.cast_signed(),
                entry.modified.cast_signed(),
                entry.lease.map(|lease| lease.0),
            ],
        )?;
        Ok(())
    }

    fn delete(&self, key: &Key) -> rusqlite::Result<()> {
        let delete = "DELETE FROM entry WHERE key = ?1";
        self.connection.execute(delete, [key.as_str()])?;
        Ok(())
    }
}

/// What a failed `COMMIT` means: the last page was not written (then it certainly did not happen), or SQLite wrote
/// everything and does not know whether it is on the disk.
pub(super) fn commit_failed(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            not_done(error)
        }
        _ => StoreError::Unknown(error.to_string()),
    }
}

/// What any failure before `COMMIT` means.
pub(super) fn not_done(error: &rusqlite::Error) -> StoreError {
    StoreError::Unavailable(match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            format!("{error}; free space on the disk of the data directory")
        }
        _ => error.to_string(),
    })
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let failed = |source| OpenError::Lock {
        path: beside.clone(),
        source,
    };
    let file = File::create(&beside).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(path.into())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Database {
        path: path.into(),
        source,
    };
    let number = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(failed)
    };
    let (application, format, version) = (
        number("application_id")?,
        number("user_version")?,
        number("schema_version")?,
    );
    // `schema_version` is 0 only in a file without tables.
    let empty = version == 0 && application == 0 && format == 0;
    if !empty && application != APPLICATION {
        return Err(OpenError::Foreign(path.into()));
    }
    if format > FORMAT {
        return Err(OpenError::Newer {
            path: path.into(),
            found: format,
            known: FORMAT,
        });
    }
    configure(connection).map_err(failed)?;
    if empty {
        create(connection).map_err(failed)?;
    }
    Ok(())
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // In WAL mode this is what makes every commit wait for the disk.
    connection.pragma_update(None, "synchronous", "full")
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    let create = connection.unchecked_transaction()?;
    create.execute_batch(TABLES)?;
    create.pragma_update(None, "application_id", APPLICATION)?;
    create.pragma_update(None, "user_version", FORMAT)?;
    create.commit()
}

fn limit(connection: &Connection, most_bytes: u64) -> rusqlite::Result<()> {
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let pages = most_bytes / page.cast_unsigned().max(1);
    let most = i64::try_from(pages.clamp(1, 0xffff_fffe)).expect("clamped to 32 bits");
    connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))
}

fn counter(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row("SELECT value FROM counter WHERE name = ?1", [name], |row| {
        row.get(0)
    })
}

fn ttl(ms: i64) -> Duration {
    Duration::from_millis(ms.cast_unsigned())
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let revision = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let text: String = row.get(0)?;
    let created: Rev = revision(2)?;
    Ok(Entry {
        key: Key::new(text).map_err(|e| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into())
        })?,
        value: row.get::<_, Vec<u8>>(1)?.into(),
        created,
        modified: revision(3)?,
        lease: row.get::<_, Option<i64>>(4)?.map(LeaseId),
    })
}
