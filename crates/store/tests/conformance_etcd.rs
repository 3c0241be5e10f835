//! A real etcd keeps the contract. It is the one that `MUSTER_TEST_ETCD` names (its data is left alone but for keys
//! under a root of the test's own), or the one that `tools/etcd.sh` fetched, started by the tests.

#![cfg(feature = "etcd")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[macro_use]
mod conformance;
mod etcd;

use std::sync::Arc;
use std::time::Duration;

use conformance::Subject;
use etcd::Server;
use store::etcd::{EtcdStore, Options};
use store::{Rev, Store};

struct Etcd {
    store: EtcdStore,
    server: Arc<Server>,
}

#[async_trait::async_trait]
impl Subject for Etcd {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn compact(&self, upto: Rev) {
        let endpoint = [self.server.endpoint()];
        let mut client = etcd_client::Client::connect(endpoint, None).await.unwrap();
        client.compact(upto.cast_signed(), None).await.unwrap();
    }
}

async fn subject(behaviours: &str) -> Option<Arc<dyn Subject>> {
    let server = match behaviours {
        "compaction" => etcd::own()?,
        _ => etcd::for_all_tests()?,
    };
    let options = Options {
        endpoints: vec![server.endpoint().into()],
        root: format!("muster-test-{}/", std::process::id()),
    };
    let store = EtcdStore::connect(options).await.unwrap();
    Some(Arc::new(Etcd { store, server }))
}

conformance!(super::subject);
