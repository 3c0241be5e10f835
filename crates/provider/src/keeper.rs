//! Launches, the provider and a clock together: what a shell holds and waits for.

use tokio::time::{Duration, Instant, sleep_until};

use crate::executor::Executor;
use crate::launches::{Effect, Input, Launches, Moment, Timing};

/// How long to sleep where there is no deadline.
const LONG: Duration = Duration::from_secs(3600);

/// Keeps launches as wanted. Calls to the provider are carried out in here; every other effect is handed out.
pub struct Keeper {
    launches: Launches,
    executor: Executor,
    started: Instant,
}

impl Keeper {
    /// Nothing is wanted yet. The first list is begun by the first [`Keeper::handle`] or [`Keeper::next`].
    pub fn new(timing: Timing, executor: Executor) -> Self {
        Self {
            launches: Launches::new(timing, executor.provider().launches()),
            executor,
            started: Instant::now(),
        }
    }

    /// What is wanted and what there is.
    pub fn launches(&self) -> &Launches {
        &self.launches
    }

    /// How many launches may be begun now.
    pub fn launchable(&self) -> u32 {
        self.launches.launchable(self.now())
    }

    /// Takes one input and says what is to be known. Must be called within a tokio runtime.
    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.launches.handle(self.now(), input);
        let mut told = Vec::new();
        for effect in effects {
            match effect {
                Effect::Call { id, call } => self.executor.begin(id, call),
                effect => told.push(effect),
            }
        }
        told
    }

    /// Waits for an answer or a deadline and says what is to be known then, which may be nothing. May be dropped and
    /// asked again.
    pub async fn next(&mut self) -> Vec<Effect> {
        let deadline = self.launches.next_deadline();
        let at = deadline.and_then(|deadline| {
            self.started
                .checked_add(Duration::from_millis(deadline.at.0))
        });
        let until = at.unwrap_or_else(|| Instant::now() + LONG);
        let input = tokio::select! {
            answer = self.executor.next() => answer,
            () = sleep_until(until) => Input::Tick,
        };
        self.handle(input)
    }

    fn now(&self) -> Moment {
        let passed = self.started.elapsed().as_millis();
        Moment(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}
