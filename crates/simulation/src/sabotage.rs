//! What is broken on purpose, so that a checker is seen to notice. All of it sits in the simulated surroundings; the real
//! cores have no switch.

/// Nothing, or one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sabotage {
    #[default]
    None,
    /// Probes are carried out and never answered.
    MuteProber,
    /// Probes are said to pass without anybody looking.
    BelievingProber,
    /// Commits are said to be done and are not.
    ForgetfulStore,
    /// Commits are done whoever leads.
    UnguardedStore,
    /// Every run of the master leads under the same term.
    SameTerm,
    /// A node takes every term for the present one.
    LaxNode,
}

impl Sabotage {
    #[allow(missing_docs)]
    pub fn prober_is_mute(self) -> bool {
        self == Self::MuteProber
    }

    #[allow(missing_docs)]
    pub fn store_forgets(self) -> bool {
        self == Self::ForgetfulStore
    }

    #[allow(missing_docs)]
    pub fn store_is_unguarded(self) -> bool {
        self == Self::UnguardedStore
    }

    #[allow(missing_docs)]
    pub fn terms_stand_still(self) -> bool {
        self == Self::SameTerm
    }

    #[allow(missing_docs)]
    pub fn node_knows_no_terms(self) -> bool {
        self == Self::LaxNode
    }

    #[allow(missing_docs)]
    pub fn prober_believes(self) -> bool {
        self == Self::BelievingProber
    }
}
