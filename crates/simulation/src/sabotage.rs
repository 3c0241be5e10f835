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
}

impl Sabotage {
    #[allow(missing_docs)]
    pub fn prober_is_mute(self) -> bool {
        self == Self::MuteProber
    }

    #[allow(missing_docs)]
    pub fn prober_believes(self) -> bool {
        self == Self::BelievingProber
    }
}
