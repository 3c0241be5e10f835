//! Runs asynchronous code over the model, whose time goes by while the code waits.

#![allow(dead_code, reason = "each test program uses a part")]

use std::time::Duration;

use store::model::ModelStore;

/// How many storms are weathered.
pub const SEEDS: u64 = 100;

/// How far time goes at once at most, so that the clock of tokio and the model's stay together.
const STEP: Duration = Duration::from_millis(50);

/// Until the work is done, or for an hour of the model's time.
pub fn run<T>(store: &ModelStore, work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    let weather = async {
        let mut passed = Duration::ZERO;
        while passed < Duration::from_secs(3600) {
            let next = store.with(|model, now| model.poll_timeout().map(|at| at - now));
            let step = next.unwrap_or(STEP).clamp(Duration::from_millis(1), STEP);
            // Time is paused, so this waits until nobody else has anything to do.
            tokio::time::sleep(step).await;
            store.advance(step);
            passed += step;
        }
    };
    runtime.unwrap().block_on(async {
        tokio::select! {
            biased;
            done = work => done,
            () = weather => panic!("not done in an hour"),
        }
    })
}
