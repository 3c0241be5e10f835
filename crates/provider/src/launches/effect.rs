//! What launches want done.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::timing::Moment;
use crate::ids::{LaunchKey, MachineId};
use crate::machine::{Machine, Spec};

/// One call to the provider, unique within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What to say to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Call {
    List,
    Launch { key: LaunchKey, spec: Arc<Spec> },
    Terminate { machine: MachineId },
}

/// One thing to do, or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Effect {
    /// Say this to the provider, and its answer to [`Launches::handle`](super::Launches::handle).
    Call { id: CallId, call: Call },
    /// The machine is there; its node is to dial in.
    Launched { machine: Machine },
    /// A machine or node is taken as one of ours although it came in another way than asked for: late, or unasked.
    Adopted {
        key: LaunchKey,
        machine: Option<Machine>,
    },
    /// A machine was found that nobody asked for. Unless its node dials in, it is ended.
    Stray { machine: Machine },
    /// The launch has failed; what there is of it is ended. Another one needs another key.
    Failed {
        key: LaunchKey,
        reason: FailureReason,
    },
    /// The machine of a node that had dialled in is not there any more, and how that is known.
    Lost {
        key: LaunchKey,
        reason: FailureReason,
    },
    /// All machines of the launch were ended.
    Gone { key: LaunchKey },
    /// A call failed; for logs.
    Troubled {
        about: About,
        reason: String,
        /// When it is said again.
        again: Option<Moment>,
    },
}

/// What a call was about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum About {
    List,
    Launch(LaunchKey),
    Terminate(MachineId),
}

/// Why a launch failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureReason {
    /// The provider refused, or failed as often as it was tried.
    NotLaunched {
        #[allow(missing_docs)]
        attempts: u32,
        /// What the provider said the last time.
        reason: String,
    },
    /// The machine was there and its node did not dial in.
    NeverDialledIn(Duration),
    /// The node was lost and did not dial in again.
    NeverCameBack(Duration),
    /// The provider does not list the machine any more.
    Vanished,
    /// The machine ended by itself.
    EndedByItself {
        #[allow(missing_docs)]
        reason: String,
        /// Launching the same again is pointless.
        is_final: bool,
    },
    /// It was wanted again after it had been told to go.
    Ended,
    /// More launches than can be remembered.
    TooMany,
}

impl FailureReason {
    /// Whether launching the same again is pointless.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::EndedByItself { is_final: true, .. })
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLaunched { attempts, reason } => {
                write!(f, "not launched, tried {attempts} times: {reason}")
            }
            Self::NeverDialledIn(after) => write!(
                f,
                "its machine was launched, and no node dialled in within {after:?}: look at the machine's log, and whether \
                 it can reach the master's link"
            ),
            Self::NeverCameBack(after) => {
                write!(f, "its node was lost and did not come back within {after:?}")
            }
            Self::Vanished => f.write_str(
                "its machine is not listed by the provider any more: it ended by itself or was ended by somebody else",
            ),
            Self::EndedByItself { reason, .. } => write!(f, "its machine ended by itself: {reason}"),
            Self::Ended => f.write_str("it was told to go already; launch another one"),
            Self::TooMany => f.write_str("there are too many launches already"),
        }
    }
}
