//! Those who sent nodes what belongs to no transport: one row for each node, address and hour.

use rusqlite::{Connection, Transaction, params};

use crate::row::Stranger;

/// Rows that are kept; the oldest go.
const MOST: i64 = 10_000;
/// Rows that are told.
const TOLD: u32 = 200;
const HOUR: i64 = 3_600_000;

/// Files of the first version lack it.
pub(crate) const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS stranger (
        node TEXT NOT NULL,
        address TEXT NOT NULL,
        hour INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        unknown_user INTEGER NOT NULL,
        ufrag TEXT NOT NULL,
        malformed INTEGER NOT NULL,
        unproven INTEGER NOT NULL,
        PRIMARY KEY (node, address, hour)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS stranger_by_last ON stranger (last);
";

pub(crate) fn put(
    write: &Transaction<'_>,
    now: u64,
    node: &str,
    seen: &[Stranger],
) -> rusqlite::Result<()> {
    let upsert = "INSERT INTO stranger VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8) \
                  ON CONFLICT (node, address, hour) DO UPDATE SET last = excluded.last, \
                  unknown_user = unknown_user + excluded.unknown_user, \
                  malformed = malformed + excluded.malformed, unproven = unproven + excluded.unproven, \
                  ufrag = CASE WHEN excluded.ufrag = '' THEN ufrag ELSE excluded.ufrag END";
    let mut upsert = write.prepare(upsert)?;
    let now = now.cast_signed();
    // A node that lies cannot make a sum overflow.
    let counted = |count: u64| i64::from(u32::try_from(count).unwrap_or(u32::MAX));
    for stranger in seen {
        let address = stranger.address.map(|ip| ip.to_string());
        upsert.execute(params![
            node,
            address.unwrap_or_default(),
            now / HOUR,
            now,
            counted(stranger.unknown_user),
            stranger.ufrag,
            counted(stranger.malformed),
            counted(stranger.unproven),
        ])?;
    }
    Ok(())
}

/// What was last heard of before this, and what is too much.
pub(crate) fn forget(write: &Transaction<'_>, before: i64) -> rusqlite::Result<()> {
    write.execute("DELETE FROM stranger WHERE last < ?1", [before])?;
    let most = "DELETE FROM stranger WHERE rowid IN (SELECT rowid FROM stranger ORDER BY last DESC LIMIT -1 OFFSET ?1)";
    write.execute(most, [MOST])?;
    Ok(())
}

pub(crate) fn latest(connection: &Connection) -> rusqlite::Result<Vec<Stranger>> {
    let select = "SELECT node, address, first, last, unknown_user, ufrag, malformed, unproven FROM stranger \
                  ORDER BY last DESC, unknown_user DESC LIMIT ?1";
    let mut select = connection.prepare(select)?;
    let rows = select.query_map([TOLD], |row| {
        let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        Ok(Stranger {
            node: row.get(0)?,
            address: row.get::<_, String>(1)?.parse().ok(),
            first: count(2)?,
            last: count(3)?,
            unknown_user: count(4)?,
            ufrag: row.get(5)?,
            malformed: count(6)?,
            unproven: count(7)?,
        })
    })?;
    rows.collect()
}
