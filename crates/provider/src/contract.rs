//! The promise that every provider keeps.

use async_trait::async_trait;

use crate::error::ProviderError;
use crate::ids::{ClusterId, MachineId};
use crate::machine::{Ended, Launch, Machine};

/// Launches machines, finds them again and ends them.
///
/// Each call can be said twice with the effect of once, and each ends within a time of its own. A call that failed may
/// have had its effect nevertheless: only [`Provider::list`] tells. Dropping the future of a call gives it up in the
/// same sense. Nothing is retried in here; that is for [`launches`](crate::launches) to decide, once for all providers.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// Whether it launches at all.
    fn launches(&self) -> bool {
        true
    }

    /// All machines of the cluster that are there or on their way, each id once; those that are going are left out.
    ///
    /// # Errors
    /// When the answer is not known to be whole. Nothing found is an answer; nothing said is an error.
    async fn list(&self, cluster: &ClusterId) -> Result<Vec<Machine>, ProviderError>;

    /// Launches one machine, tagged with cluster and key. Where a machine with these tags is there, it is the answer.
    ///
    /// # Errors
    /// [`ProviderError::is_final`] when saying it again is pointless.
    async fn launch(&self, launch: &Launch) -> Result<Machine, ProviderError>;

    /// Ends a machine of the cluster. One that is gone or was never there is no error.
    ///
    /// # Errors
    /// When it may still be there.
    async fn terminate(
        &self,
        cluster: &ClusterId,
        machine: &MachineId,
    ) -> Result<(), ProviderError>;

    /// Waits for the next machine that ends by itself. A provider that learns of it from lists only waits for ever.
    /// May be dropped and asked again.
    async fn ended(&self) -> Ended {
        std::future::pending().await
    }
}
