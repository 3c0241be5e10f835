//! The rules whose breaking the checkers must notice.

use std::fmt::Debug;

/// What a sound cluster keeps to. Production knows only [`Sound`]; the tests break one rule each and expect to be told.
#[doc(hidden)]
#[allow(missing_docs)]
pub trait Rules: Clone + Debug + PartialEq {
    /// A node serves only after a probe.
    const PROBE_FIRST: bool = true;
    /// A probe proves one boot.
    const PROOF_PER_BOOT: bool = true;
    /// A probe proves one version of the addresses.
    const PROOF_PER_ADDRESS: bool = true;
    /// Of two boots the later one stays.
    const LATER_BOOT_WINS: bool = true;
    /// News of the store is ordered by its revision.
    const REVISION_ORDER: bool = true;
    /// A hello that a later one of the same boot has overtaken is dropped.
    const STREAMS_IN_ORDER: bool = true;
    /// What a replaced stream says is dropped.
    const CURRENT_STREAM_ONLY: bool = true;
    /// A lost link is suspicion.
    const SUSPICION_FIRST: bool = true;
    /// A lost lease is suspicion.
    const LEASE_IS_NOT_LIFE: bool = true;
    /// Death needs a failed probe as well.
    const PROBE_BEFORE_DEATH: bool = true;
    /// A refused probe is evidence only without link.
    const REFUSED_AND_UNLINKED: bool = true;
    /// One refused probe is none.
    const REFUSED_AGAIN: bool = true;
    /// A probe that passes undoes the refusals before it.
    const REFUSED_IN_A_ROW: bool = true;
    /// The provider's word counts only without link.
    const GONE_AND_UNLINKED: bool = true;
    /// A mass of suspects stops all evacuation.
    const BRAKE: bool = true;
    /// Nothing is placed on a node that is not serving.
    const SERVING_ONLY: bool = true;
    /// A session that has a node keeps it.
    const PLACE_ONCE: bool = true;
    /// A machine goes only when it is empty.
    const EMPTY_FIRST: bool = true;
    /// A terminated boot does not come back.
    const ENDED_STAYS_ENDED: bool = true;
}

/// All rules are kept.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sound;

impl Rules for Sound {}
