//! `static`: nodes that somebody else starts and that dial in by themselves.

use async_trait::async_trait;

use crate::contract::Provider;
use crate::error::ProviderError;
use crate::ids::{ClusterId, MachineId};
use crate::machine::{Launch, Machine};

/// Launches nothing and says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct DialIn;

#[async_trait]
impl Provider for DialIn {
    fn name(&self) -> &'static str {
        "static"
    }

    fn launches(&self) -> bool {
        false
    }

    async fn list(&self, _: &ClusterId) -> Result<Vec<Machine>, ProviderError> {
        Ok(Vec::new())
    }

    async fn launch(&self, _: &Launch) -> Result<Machine, ProviderError> {
        Err(ProviderError::DialInOnly)
    }

    async fn terminate(&self, _: &ClusterId, _: &MachineId) -> Result<(), ProviderError> {
        Err(ProviderError::DialInOnly)
    }
}
