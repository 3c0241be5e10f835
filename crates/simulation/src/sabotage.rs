//! What is broken on purpose, so that a checker is seen to notice. All of it sits in the simulated surroundings; the real
//! cores have no switch.

/// Nothing, or one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sabotage {
    #[default]
    #[allow(missing_docs)]
    None,
    /// Probes are carried out and never answered.
    MuteProber,
    /// Whom the master refuses is welcomed.
    KindMaster,
    /// Probes are said to pass without anybody looking.
    BelievingProber,
    /// A probe without answer is said to have been refused.
    HastyProber,
    /// A media plane goes on telling the addresses that it began with.
    FrozenPlane,
    /// A node takes every term for the present one.
    LaxNode,
    /// Every run of the master leads under the same term.
    SameTerm,
    /// Commits are said to be done and are not.
    ForgetfulStore,
    /// Machines are not ended.
    DeafProvider,
    /// Machines that are wanted are not launched.
    IdleProvider,
    /// The master is not told that a link is gone.
    DeafLink,
    /// A node without master ends all media.
    ClingyNode,
    /// What is removed stays.
    KeepingStore,
    /// A master that starts asks for its sessions anew instead of reading them.
    Recreating,
    /// Clients are not told that somebody has left.
    SilentLeaving,
    /// A node never closes anything.
    HoardingNode,
    /// A node's relay keeps what it was told first.
    DeafRelay,
}
