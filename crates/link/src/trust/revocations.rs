//! Which nodes are not trusted any more.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use super::{BACKDATE, Facts, file, is_node_id};

/// For each revoked node when that was, seconds since the Unix epoch.
type List = BTreeMap<String, u64>;

/// What was issued to a node before it was revoked, certificates and tokens, counts for nothing. It may come back with
/// a token that is younger. A reusable token that it still has brings it in under another name; removing `token.key` and
/// starting the master anew voids all tokens.
#[derive(Debug)]
pub struct Revocations {
    list: watch::Sender<List>,
    /// Held while the file is written. `None`: nothing is kept.
    path: Mutex<Option<PathBuf>>,
}

impl Default for Revocations {
    /// None, and none kept.
    fn default() -> Self {
        Self {
            list: watch::Sender::new(List::new()),
            path: Mutex::default(),
        }
    }
}

impl Revocations {
    /// Those that are kept in the directory.
    ///
    /// # Errors
    /// When the file is there and cannot be read: going on would trust whom it revokes.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join("revoked");
        let text = file::read(&path)?.unwrap_or_default();
        let list: Option<List> = text
            .lines()
            .map(|line| {
                let (node, at) = line.split_once(' ')?;
                Some((node.to_owned(), at.parse().ok()?))
            })
            .collect();
        let list = list.ok_or_else(|| {
            let expected = "expected lines of a node id and a number";
            io::Error::other(format!("{}: {expected}", path.display()))
        })?;
        Ok(Self {
            list: watch::Sender::new(list),
            path: Mutex::new(Some(path)),
        })
    }

    /// Revokes a node. Its attachments end within moments. Blocks until it is on disk.
    ///
    /// # Errors
    /// When the text is no node's id. When it cannot be kept; it holds for this run of the master all the same.
    pub fn revoke(&self, node_id: &str, now: u64) -> io::Result<()> {
        if !is_node_id(node_id) {
            let reason = "a node's id is letters, digits, _ and -";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        let path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        self.list.send_modify(|list| {
            list.insert(node_id.to_owned(), now);
        });
        let Some(path) = path.as_deref() else {
            return Ok(());
        };
        let lines = self.all().into_iter().map(|(n, at)| format!("{n} {at}\n"));
        file::write(path, &lines.collect::<String>())
    }

    /// All revoked nodes, and when that was.
    pub fn all(&self) -> Vec<(String, u64)> {
        let list = self.list.borrow();
        list.iter().map(|(n, at)| (n.clone(), *at)).collect()
    }

    /// Whether a certificate was issued before its node was revoked.
    pub fn bars(&self, certificate: &Facts) -> bool {
        let issued = certificate.not_before.saturating_add(BACKDATE.as_secs());
        self.bars_since(&certificate.node_id, issued)
    }

    /// Whether what was issued to the node at this time is void.
    pub(crate) fn bars_since(&self, node_id: &str, issued: u64) -> bool {
        self.list
            .borrow()
            .get(node_id)
            .is_some_and(|revoked| issued <= *revoked)
    }

    /// Waits until the certificate is void.
    pub(crate) async fn barred(&self, certificate: &Facts) {
        let mut changes = self.list.subscribe();
        while !self.bars(certificate) {
            // The list is as long-lived as we are.
            let _ = changes.changed().await;
        }
    }
}

#[cfg(test)]
mod tests;
