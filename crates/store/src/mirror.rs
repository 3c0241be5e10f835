//! Everything under one place, kept equal to the store: list, watch, and list again when the history is gone.

mod image;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_stream::StreamExt as _;

use crate::contract::{Store, Watch};
use crate::error::StoreError;
use crate::record::Record;

pub use image::{Difference, Image, Kept};

/// The first pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An [`Image`] that is kept up to date by whoever calls [`Mirror::next`]. Failures of the store are waited out for
/// ever; meanwhile the image shows what was last known.
pub struct Mirror<T> {
    store: Arc<dyn Store>,
    image: Image<T>,
    watch: Option<Watch>,
    listed: bool,
    failures: u32,
    pause_until: Option<Instant>,
}

impl<T: Record> Mirror<T> {
    /// Knows nothing yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            image: Image::new(T::prefix()),
            watch: None,
            listed: false,
            failures: 0,
            pause_until: None,
        }
    }

    /// What is known.
    pub fn image(&self) -> &Image<T> {
        &self.image
    }

    /// Waits until the image has become another, and says where. The first time it returns when everything has been
    /// listed, also when there is nothing. May be dropped and called again at any time.
    pub async fn next(&mut self) -> Vec<Difference> {
        loop {
            self.pause().await;
            match self.step().await {
                Ok(Some(differences)) => return differences,
                Ok(None) => {}
                Err(error) => self.failed(&error),
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Vec<Difference>>, StoreError> {
        if !self.listed {
            let first = self.image.at().is_none();
            let snapshot = self.store.list(self.image.prefix()).await?;
            if self.image.at().is_some_and(|at| at > snapshot.at) {
                tracing::warn!(
                    was = self.image.at(),
                    is = snapshot.at,
                    "the store went back to an older state; was it restored from a backup?"
                );
            }
            let differences = self.image.replace(snapshot);
            self.listed = true;
            return Ok((first || !differences.is_empty()).then_some(differences));
        }
        let at = self.image.at().unwrap_or(0);
        let prefix = self.image.prefix();
        let watch = self
            .watch
            .get_or_insert_with(|| self.store.watch(prefix, at));
        let batch = watch.next().await;
        let batch = batch.ok_or_else(|| StoreError::Unknown("the watch ended".into()))??;
        self.failures = 0;
        let differences = self.image.apply(batch);
        Ok((!differences.is_empty()).then_some(differences))
    }

    fn failed(&mut self, error: &StoreError) {
        self.watch = None;
        if let StoreError::Compacted { .. } = error {
            self.listed = false;
        }
        tracing::debug!(place = T::PLACE, %error, "the mirror begins again");
        let pause = SHORTEST_PAUSE * 2u32.saturating_pow(self.failures.min(16));
        self.failures += 1;
        self.pause_until = Some(Instant::now() + jittered(pause.min(LONGEST_PAUSE)));
    }

    async fn pause(&mut self) {
        if let Some(until) = self.pause_until {
            tokio::time::sleep_until(until).await;
            self.pause_until = None;
        }
    }
}

/// From half of it to all of it, so that those who failed together do not come back together.
fn jittered(pause: Duration) -> Duration {
    // Without randomness there is only no jitter.
    let drawn = getrandom::u32().unwrap_or(u32::MAX);
    pause / 2 + (pause / 2).mul_f64(f64::from(drawn) / f64::from(u32::MAX))
}
