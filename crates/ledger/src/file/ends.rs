//! Ends that no node is left to tell of.

use std::collections::BTreeSet;

use diagnosis::Outcome;
use rusqlite::{Params, Transaction};

use super::{read_known, update};

/// A node began anew: of what its earlier boots carried nothing more will be heard.
pub(super) fn began(
    write: &Transaction<'_>,
    now: u64,
    node: &str,
    boot: &str,
) -> rusqlite::Result<()> {
    let which = "state IN ('PENDING', 'CONNECTED', 'DISCONNECTED') AND node = ?1 AND boot <> ?2";
    let reason = "its node ended, or was started anew";
    end(write, now, which, [node, boot], Outcome::Ended, reason)
}

/// A node is no more, or nobody waits for it any longer.
pub(super) fn over(write: &Transaction<'_>, now: u64, node: &str) -> rusqlite::Result<()> {
    // No boot has this name.
    began(write, now, node, "")
}

/// There are no other nodes than these.
pub(super) fn remaining(
    write: &Transaction<'_>,
    now: u64,
    nodes: &BTreeSet<String>,
) -> rusqlite::Result<()> {
    let select = "SELECT DISTINCT node FROM transport WHERE state IN ('PENDING', 'CONNECTED', 'DISCONNECTED')";
    let mut select = write.prepare(select)?;
    let found = select.query_map([], |row| row.get::<_, String>(0))?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut gone = found.iter().filter(|node| !nodes.contains(*node));
    gone.try_for_each(|node| over(write, now, node))
}

/// What was asked for never came to be.
pub(super) fn unmade(
    write: &Transaction<'_>,
    now: u64,
    transport: &str,
    reason: &str,
) -> rusqlite::Result<()> {
    // A node that tells of a transport knows its fragment.
    let which = "id = (SELECT max(id) FROM transport WHERE transport = ?1) AND state = 'PENDING' AND ufrag = ''";
    let reason = format!("its node did not make it: {reason}");
    end(write, now, which, [transport], Outcome::Failed, &reason)
}

fn end(
    write: &Transaction<'_>,
    now: u64,
    which: &str,
    params: impl Params,
    outcome: Outcome,
    reason: &str,
) -> rusqlite::Result<()> {
    let select = format!("SELECT id, evidence, findings FROM transport WHERE {which}");
    let mut select = write.prepare(&select)?;
    let found = select.query_map(params, read_known)?;
    for known in found.collect::<rusqlite::Result<Vec<_>>>()? {
        let mut evidence = known.evidence.clone();
        evidence.outcome = outcome;
        evidence.reason = reason.to_owned();
        evidence.times.closed = Some(now);
        update(write, now, &known, &evidence, "")?;
    }
    Ok(())
}
