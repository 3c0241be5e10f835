//! The statuses of a media node as clients of OpenVidu see them.

use std::fmt;

/// Where a media node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaNodeStatus {
    /// Asked for, or dialled in and not yet proven: takes no session, counts as a node with load 0.
    Launching,
    /// Not wanted any more before it was up; terminated as soon as it is. Does not count.
    Canceled,
    /// Its launch failed. Final.
    Failed,
    /// Takes sessions.
    Running,
    /// Takes no more sessions and goes with its last one. Its load counts, it does not count as a node.
    WaitingIdleToTerminate,
    /// Being removed.
    Terminating,
    /// Gone.
    Terminated,
}

impl MediaNodeStatus {
    /// As written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Launching => "launching",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::WaitingIdleToTerminate => "waiting-idle-to-terminate",
            Self::Terminating => "terminating",
            Self::Terminated => "terminated",
        }
    }

    /// From the wire's text.
    pub fn from_text(text: &str) -> Option<Self> {
        [
            Self::Launching,
            Self::Canceled,
            Self::Failed,
            Self::Running,
            Self::WaitingIdleToTerminate,
            Self::Terminating,
            Self::Terminated,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }

    /// Whether an event may say that a node went from `self` to `to`.
    pub fn may_become(self, to: Self) -> bool {
        use MediaNodeStatus::*;
        matches!(
            (self, to),
            (Launching, Running | Failed | Canceled | Terminating)
                | (Canceled, Launching | Failed | Terminating)
                | (Running, WaitingIdleToTerminate | Terminating)
                | (WaitingIdleToTerminate, Running | Terminating)
                | (Terminating, Terminated)
        )
    }

    /// Whether an operator may ask for it (`PATCH /media-nodes/{id}`).
    pub fn may_be_set(self, to: Self) -> bool {
        use MediaNodeStatus::*;
        matches!(
            (self, to),
            (Launching, Canceled)
                | (Canceled, Launching)
                | (Running, WaitingIdleToTerminate | Terminating)
                | (WaitingIdleToTerminate, Running | Terminating)
        )
    }

    /// Whether it counts as a node when their number is compared with what is wanted.
    pub fn counts(self) -> bool {
        matches!(self, Self::Launching | Self::Running)
    }
}

impl fmt::Display for MediaNodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
