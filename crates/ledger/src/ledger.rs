//! The handle.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diagnosis::{Browser, Evidence, Finding};

use crate::error::LedgerError;
use crate::file::LedgerFile;
use crate::filter::Filter;
use crate::keeper::{Entry, Keeper};
use crate::reader::Reader;
use crate::row::{Opening, Page, Row, Stranger};

/// Bounds of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What has not been heard of for so long is forgotten.
    pub keep: Duration,
    /// How large the file may become, in bytes; the oldest go before.
    pub most_bytes: u64,
    /// How much may wait to be written.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: Duration::from_secs(14 * 24 * 60 * 60),
            most_bytes: 256 << 20,
            queue: 4096,
        }
    }
}

/// How it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Entries that found no room or could not be written, since the start.
    pub lost: u64,
    /// Entries written.
    pub written: u64,
    /// Transports that were forgotten for want of room.
    pub evicted: u64,
    /// Why the last entries could not be written; `None` while they can.
    pub problem: Option<String>,
}

/// What the thread tells.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) lost: AtomicU64,
    pub(crate) written: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) problem: Mutex<Option<String>>,
}

/// The ledger. Dropping it waits until what is queued is written.
#[derive(Debug)]
pub struct Ledger {
    queue: Option<SyncSender<Entry>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    reader: Reader,
    path: PathBuf,
}

impl Ledger {
    /// Opens the file, or makes it. One that is broken or not ours is renamed, and a new one made.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(path: &Path, options: &Options) -> Result<Self, LedgerError> {
        let file = LedgerFile::open(path, options.most_bytes)?;
        let (queue, entries) = sync_channel(options.queue);
        let shared = Arc::new(Shared::default());
        let keeper = Keeper::new(file, options.clone(), entries, shared.clone());
        let thread = std::thread::Builder::new().name("ledger".into());
        let thread = thread
            .spawn(move || keeper.run())
            .map_err(LedgerError::Thread)?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
            shared,
            reader: Reader::new(path),
            path: path.into(),
        })
    }

    /// A node is told to make a transport.
    pub fn opened(&self, opening: Opening) {
        self.put(Entry::Opened(Box::new(opening)));
    }

    /// A node told what it saw. What only the master knows is kept of what was written before.
    pub fn seen(&self, evidence: Evidence, ufrag: String) {
        self.put(Entry::Seen {
            evidence: Box::new(evidence),
            ufrag,
        });
    }

    /// A browser told of the peer connection whose other end has this fragment. Somebody who shares a screen has two
    /// connections and one page, so that the session is what is sure.
    pub fn reported(&self, session: String, ufrag: String, browser: Browser) {
        self.put(Entry::Reported {
            session,
            ufrag,
            browser: Box::new(browser),
        });
    }

    /// Causes were found for the transport, or something became of them.
    pub fn found(&self, transport: String, findings: Vec<Finding>) {
        self.put(Entry::Found {
            transport,
            findings,
        });
    }

    /// A node was told to make the transport and refused, or nobody knows whether it did. Counts only as long as no node
    /// has told of it.
    pub fn unmade(&self, transport: String, reason: String) {
        self.put(Entry::Unmade { transport, reason });
    }

    /// A node's boot is over, and with it what it carried.
    pub fn over(&self, node: String) {
        self.put(Entry::Over { node });
    }

    /// A master began, and these are all nodes that it knows: what others carried is over, whenever they ended.
    pub fn remaining(&self, nodes: BTreeSet<String>) {
        self.put(Entry::Remaining { nodes });
    }

    /// A node began anew: what its earlier boots carried is over.
    pub fn began(&self, node: String, boot: String) {
        self.put(Entry::Began { node, boot });
    }

    /// A node told of those who belong to no transport.
    pub fn strangers_seen(&self, node: String, seen: Vec<Stranger>) {
        if !seen.is_empty() {
            self.put(Entry::Strangers { node, seen });
        }
    }

    /// The latest of these. Reads the disk, as [`Ledger::search`] does.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn strangers(&self) -> Result<Vec<Stranger>, LedgerError> {
        let found = self.reader.strangers();
        found.map_err(|source| self.failed(source))
    }

    /// The newest that the filter lets through. Reads the disk: not for a thread that must not wait.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn search(&self, filter: &Filter) -> Result<Page, LedgerError> {
        let found = self.reader.search(filter);
        found.map_err(|source| self.failed(source))
    }

    /// One transport. Reads the disk, as [`Ledger::search`] does.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, id: i64) -> Result<Option<Row>, LedgerError> {
        self.reader.get(id).map_err(|source| self.failed(source))
    }

    /// How it is.
    pub fn health(&self) -> Health {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let problem = self.shared.problem.lock();
        Health {
            lost: of(&self.shared.lost),
            written: of(&self.shared.written),
            evicted: of(&self.shared.evicted),
            problem: problem.unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn put(&self, entry: Entry) {
        let sent = self.queue.as_ref().map(|queue| queue.try_send(entry));
        if !matches!(sent, Some(Ok(()))) {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn failed(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::Database {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the ledger's thread panicked; nothing more was written");
        }
    }
}
