//! The simulator's store keeps the contract, as long as no fault is asked for.

#[macro_use]
mod conformance;

use std::sync::Arc;
use std::time::Duration;

use conformance::Subject;
use store::model::{Faults, ModelStore};
use store::{Rev, Store};

struct InMemory(ModelStore);

#[async_trait::async_trait]
impl Subject for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(6)
    }

    async fn pass(&self, time: Duration) {
        self.0.advance(time);
    }

    async fn compact(&self, upto: Rev) {
        self.0.with(|model, _| model.compact(upto));
    }
}

async fn model(_behaviours: &str) -> Option<Arc<dyn Subject>> {
    Some(Arc::new(InMemory(ModelStore::new(1, Faults::none()))))
}

conformance!(super::model);
