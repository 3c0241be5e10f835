//! The thread that writes.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diagnosis::{Browser, Evidence, Finding};

use crate::file::LedgerFile;
use crate::ledger::{Options, Shared};
use crate::row::{Opening, Stranger};

/// Entries written in one transaction.
const BATCH: usize = 256;
/// How long entries gather, so that many share a transaction.
const GATHER: Duration = Duration::from_millis(50);
/// Between two looks at age and size.
const TIDY: Duration = Duration::from_secs(60);
/// Times that the oldest make room for a batch.
const EVICTIONS: usize = 8;
/// Between two warnings.
const WARN: Duration = Duration::from_secs(60);

/// Something to be written.
#[derive(Debug)]
pub(crate) enum Entry {
    Opened(Box<Opening>),
    Seen {
        evidence: Box<Evidence>,
        ufrag: String,
    },
    Reported {
        session: String,
        ufrag: String,
        browser: Box<Browser>,
    },
    Found {
        transport: String,
        findings: Vec<Finding>,
    },
    Over {
        node: String,
    },
    Remaining {
        nodes: BTreeSet<String>,
    },
    Unmade {
        transport: String,
        reason: String,
    },
    Began {
        node: String,
        boot: String,
    },
    Strangers {
        node: String,
        seen: Vec<Stranger>,
    },
}

pub(crate) struct Keeper {
    file: LedgerFile,
    options: Options,
    entries: Receiver<Entry>,
    shared: Arc<Shared>,
    tidied: Option<Instant>,
    warned: Option<Instant>,
}

impl Keeper {
    pub(crate) fn new(
        file: LedgerFile,
        options: Options,
        entries: Receiver<Entry>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            file,
            options,
            entries,
            shared,
            tidied: None,
            warned: None,
        }
    }

    /// Until nobody can send any more and all is written.
    pub(crate) fn run(mut self) {
        loop {
            self.tidy_when_due();
            match self.entries.recv_timeout(TIDY) {
                Ok(first) => {
                    std::thread::sleep(GATHER);
                    let rest = self.entries.try_iter().take(BATCH - 1);
                    let batch: Vec<Entry> = std::iter::once(first).chain(rest).collect();
                    self.write(&batch);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn write(&mut self, batch: &[Entry]) {
        let now = now();
        let mut written = self.file.write(now, batch);
        for _ in 0..EVICTIONS {
            // The bound of the file, or of the disk: the oldest make room.
            if !written.as_ref().is_err_and(is_full) || !self.evict() {
                break;
            }
            written = self.file.write(now, batch);
        }
        match written {
            Ok(()) => {
                let count = batch.len() as u64;
                self.shared.written.fetch_add(count, Ordering::Relaxed);
                self.tell(None);
                self.keep_size();
            }
            Err(error) => {
                let count = batch.len() as u64;
                self.shared.lost.fetch_add(count, Ordering::Relaxed);
                self.complain(&error);
            }
        }
    }

    fn tidy_when_due(&mut self) {
        if self.tidied.is_some_and(|at| at.elapsed() < TIDY) {
            return;
        }
        self.tidied = Some(Instant::now());
        let keep = u64::try_from(self.options.keep.as_millis()).unwrap_or(u64::MAX);
        let tidied = self.file.forget_before(now().saturating_sub(keep));
        if let Err(error) = tidied {
            self.complain(&error);
        }
        self.keep_size();
    }

    /// What is left of the bound is room for one batch, and for what forgetting takes itself.
    fn keep_size(&mut self) {
        let most = self.options.most_bytes / 10 * 7;
        while self.file.used_bytes().is_ok_and(|used| used > most) {
            if !self.evict() {
                return;
            }
        }
    }

    /// The oldest tenth goes. False when nothing went.
    fn evict(&mut self) -> bool {
        match self.file.forget_oldest() {
            Ok(gone) => {
                self.shared.evicted.fetch_add(gone, Ordering::Relaxed);
                gone > 0
            }
            Err(error) => {
                self.complain(&error);
                false
            }
        }
    }

    fn complain(&mut self, error: &rusqlite::Error) {
        self.tell(Some(error.to_string()));
        if self.warned.is_none_or(|at| at.elapsed() >= WARN) {
            self.warned = Some(Instant::now());
            tracing::warn!(%error, "the ledger cannot be written; calls are not affected. Check the disk of the data directory");
        }
    }

    fn tell(&self, problem: Option<String>) {
        let mut told = self
            .shared
            .problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *told = problem;
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
