//! What happens to launches.

use std::sync::Arc;

use super::effect::CallId;
use crate::error::ProviderError;
use crate::ids::{LaunchKey, MachineId};
use crate::machine::{Ended, Machine, Spec};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The provider had launched these before a restart, and they were not given up. Comes before anything else. What
    /// was asked for and not answered then is said again with [`Input::Launch`].
    Known(Vec<(LaunchKey, Option<MachineId>)>),
    /// These are wanted: a whole plan at once. One that is wanted already changes nothing; one that was given up and
    /// has not been told to go is wanted again.
    Launch(Vec<(LaunchKey, Arc<Spec>)>),
    /// These are not wanted any more: given up where they are not up yet, ended where they are.
    Unwant(Vec<LaunchKey>),
    /// The node of this launch dialled in and was admitted.
    Joined(LaunchKey),
    /// The node of this launch is lost or has left.
    Left(LaunchKey),
    /// A call has ended.
    Answered {
        #[allow(missing_docs)]
        call: CallId,
        #[allow(missing_docs)]
        answer: Answer,
    },
    /// A machine has ended by itself, as the provider knows for certain.
    Ended(Ended),
    /// A deadline may have passed.
    Tick,
}

/// How a call ended.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Answer {
    Listed(Vec<Machine>),
    Launched(Machine),
    Terminated,
    Failed(Failure),
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Saying the same again is pointless.
    pub is_final: bool,
    /// A sentence for the operator.
    pub reason: String,
}

impl From<&ProviderError> for Failure {
    fn from(error: &ProviderError) -> Self {
        Self {
            is_final: error.is_final(),
            reason: error.to_string(),
        }
    }
}
