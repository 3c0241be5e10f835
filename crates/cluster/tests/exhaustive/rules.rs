//! One rule broken each, and the world in which that shows.

use cluster::Rules;

use crate::hunt;
use crate::model::Bounds;

macro_rules! faults {
    ($($name:ident: $rule:ident in $bounds:expr;)*) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            struct $name;

            impl Rules for $name {
                const $rule: bool = false;
            }
        )*

        /// Each answers with its name when nothing was noticed.
        pub fn all() -> Vec<fn() -> Option<&'static str>> {
            vec![$(|| hunt::<$name>(stringify!($name), $bounds)),*]
        }
    };
}

faults! {
    ServesUnproven: PROBE_FIRST in Bounds { sessions: 1, ..Bounds::none() };
    KeepsProofOfTheBootBefore: PROOF_PER_BOOT in Bounds { boots: 2, crashes: 1, sessions: 1, ..Bounds::none() };
    KeepsProofOfOldAddresses: PROOF_PER_ADDRESS in Bounds { addresses: 1, sessions: 1, ..Bounds::none() };
    TakesTheLastHello: LATER_BOOT_WINS in Bounds { boots: 2, crashes: 1, ..Bounds::none() };
    BelievesLateNews: REVISION_ORDER in Bounds { expiries: 2, crashes: 1, leases: true, ..Bounds::none() };
    TakesOvertakenHellos: STREAMS_IN_ORDER in Bounds { cuts: 1, addresses: 1, ..Bounds::none() };
    ListensToReplacedStreams: CURRENT_STREAM_ONLY in Bounds { cuts: 1, ..Bounds::none() };
    TakesALostLinkForDeath: SUSPICION_FIRST in Bounds { cuts: 1, ..Bounds::none() };
    TakesALostLeaseForDeath: LEASE_IS_NOT_LIFE in Bounds { expiries: 1, leases: true, ..Bounds::none() };
    BuriesWithoutProbing: PROBE_BEFORE_DEATH in Bounds { cuts: 1, ..Bounds::none() };
    BelievesRefusalsOfNodesItHears: REFUSED_AND_UNLINKED in Bounds { rejections: 2, ..Bounds::none() };
    BelievesOneRefusal: REFUSED_AGAIN in Bounds { cuts: 1, rejections: 1, ..Bounds::none() };
    AddsRefusalsUp: REFUSED_IN_A_ROW in Bounds { hushes: 1, rejections: 2, ..Bounds::none() };
    BelievesTheProviderAlone: GONE_AND_UNLINKED in Bounds { lies: 1, ..Bounds::none() };
    PlacesAnywhere: SERVING_ONLY in Bounds { sessions: 1, drains: 1, ..Bounds::none() };
    PlacesTwice: PLACE_ONCE in Bounds { nodes: 2, sessions: 1, ..Bounds::none() };
    StopsLoadedMachines: EMPTY_FIRST in Bounds { sessions: 1, drains: 1, ..Bounds::none() };
    ReadmitsTheTerminated: ENDED_STAYS_ENDED in Bounds { cuts: 1, drains: 1, ..Bounds::none() };
}
