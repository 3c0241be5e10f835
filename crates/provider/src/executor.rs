//! Says calls to a provider, a bounded number at once, and gives every one an answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::timeout;

use crate::contract::Provider;
use crate::error::ProviderError;
use crate::ids::ClusterId;
use crate::launches::{Answer, Call, CallId, Failure, Input};
use crate::machine::Launch;

/// How much is said to the provider at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many launches at once; the others wait their turn.
    pub launches: usize,
    /// How many terminations at once.
    pub terminations: usize,
    /// How long one call may take, once it has its turn. More than the provider's own bounds: this one is for defects.
    pub longest: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            launches: 8,
            terminations: 8,
            longest: Duration::from_secs(600),
        }
    }
}

/// The calls that are under way. Dropping it gives them up.
pub struct Executor {
    provider: Arc<dyn Provider>,
    cluster: ClusterId,
    longest: Duration,
    launches: Arc<Semaphore>,
    terminations: Arc<Semaphore>,
    /// Of its own, so that a list never waits for launches that hang.
    lists: Arc<Semaphore>,
    running: JoinSet<Answer>,
    calls: HashMap<Id, CallId>,
}

impl Executor {
    #[allow(missing_docs)]
    pub fn new(provider: Arc<dyn Provider>, cluster: ClusterId, bounds: Bounds) -> Self {
        Self {
            provider,
            cluster,
            longest: bounds.longest,
            launches: Arc::new(Semaphore::new(bounds.launches.max(1))),
            terminations: Arc::new(Semaphore::new(bounds.terminations.max(1))),
            lists: Arc::new(Semaphore::new(1)),
            running: JoinSet::new(),
            calls: HashMap::new(),
        }
    }

    /// The provider that it speaks to.
    pub fn provider(&self) -> &dyn Provider {
        self.provider.as_ref()
    }

    /// Begins a call as soon as it has its turn. Must be called within a tokio runtime.
    pub fn begin(&mut self, id: CallId, call: Call) {
        let turns = match call {
            Call::List => &self.lists,
            Call::Launch { .. } => &self.launches,
            Call::Terminate { .. } => &self.terminations,
        };
        let turns = Arc::clone(turns);
        let (provider, cluster) = (Arc::clone(&self.provider), self.cluster.clone());
        let longest = self.longest;
        let task = self.running.spawn(async move {
            // An error says that the semaphore is closed, which nobody does.
            let _turn = turns.acquire_owned().await;
            let said = timeout(longest, say(provider.as_ref(), cluster, call)).await;
            let answer = said.unwrap_or(Err(ProviderError::GivenUp(longest)));
            answer.unwrap_or_else(|error| Answer::Failed(Failure::from(&error)))
        });
        self.calls.insert(task.id(), id);
    }

    /// The next answer, or machine that ended by itself. May be dropped and asked again.
    pub async fn next(&mut self) -> Input {
        loop {
            let joined = async {
                match self.running.join_next_with_id().await {
                    None => std::future::pending().await,
                    Some(joined) => joined,
                }
            };
            let joined = tokio::select! {
                joined = joined => joined,
                ended = self.provider.ended() => return Input::Ended(ended),
            };
            let (task, answer) = joined.unwrap_or_else(|error| {
                let defect = ProviderError::Defect(error.to_string());
                (error.id(), Answer::Failed(Failure::from(&defect)))
            });
            if let Some(call) = self.calls.remove(&task) {
                return Input::Answered { call, answer };
            }
        }
    }
}

async fn say(
    provider: &dyn Provider,
    cluster: ClusterId,
    call: Call,
) -> Result<Answer, ProviderError> {
    match call {
        Call::List => provider.list(&cluster).await.map(Answer::Listed),
        Call::Launch { key, spec } => {
            let launch = Launch { cluster, key, spec };
            provider.launch(&launch).await.map(Answer::Launched)
        }
        Call::Terminate { machine } => {
            let ended = provider.terminate(&cluster, &machine).await;
            ended.map(|()| Answer::Terminated)
        }
    }
}
