//! The embedded engine keeps the contract.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[macro_use]
mod conformance;

use std::sync::Arc;
use std::time::Duration;

use conformance::Subject;
use store::sqlite::{Options, SqliteStore};
use store::{Rev, Store};

struct Sqlite {
    store: Arc<SqliteStore>,
    _directory: tempfile::TempDir,
}

#[async_trait::async_trait]
impl Subject for Sqlite {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    fn ttl(&self) -> Duration {
        Duration::from_millis(600)
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn compact(&self, upto: Rev) {
        self.store.compact(upto);
    }
}

async fn sqlite(_behaviours: &str) -> Option<Arc<dyn Subject>> {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("store.db"), &Options::default()).unwrap();
    Some(Arc::new(Sqlite {
        store: Arc::new(store),
        _directory: directory,
    }))
}

conformance!(super::sqlite);
