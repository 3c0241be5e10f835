//! The causes, by their stable codes.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $code:literal, $number:literal;)+) => {
        /// Why a picture is missing. The code is stable; the number is that of the catalogue of causes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Cause {
            $(
                $(#[$doc])*
                #[doc = concat!(" Code `", $code, "`.")]
                #[serde(rename = $code)]
                $cause,
            )+
        }

        impl Cause {
            /// All of them, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$cause,)+];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$cause => $code,)+ }
            }

            /// The number in the catalogue: 1 for D-1. `None` for what is in none.
            pub fn number(self) -> Option<u8> {
                let number = match self { $(Self::$cause => $number,)+ };
                (number > 0).then_some(number)
            }

            /// The cause of this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|cause| cause.code() == code)
            }
        }
    };
}

causes! {
    /// D-1: a public address that was found once is told for ever.
    FrozenPublicAddress = "frozen-public-address", 1;
    /// D-2: a relay tells a wrong or null relayed address.
    WrongRelayAddress = "wrong-relay-address", 2;
    /// D-3: a socket is bound to an address that came or changed later.
    DeafListener = "deaf-listener", 3;
    /// D-4: a component was started twice, or before there was a network.
    HalfStart = "half-start", 4;
    /// D-5: the relay checks credentials with another secret than they were made with.
    RelaySecret = "relay-secret", 5;
    /// D-6: clocks differ so far that credentials count as expired.
    ClockSkew = "clock-skew", 6;
    /// D-7: the relay refuses permissions for a node's address.
    RelayPeerDenied = "relay-peer-denied", 7;
    /// D-8: the node's answers reach the relay from an address that has no permission.
    RelayPermissionMismatch = "relay-permission-mismatch", 8;
    /// D-9: a node was used whose media plane was not ready.
    NodeNotReady = "node-not-ready", 9;
    /// D-10: two nodes, or two boots of one, under one id; or a node without candidates.
    NodeIdentity = "node-identity", 10;
    /// D-11: a node runs yesterday's settings.
    StaleNodeSettings = "stale-node-settings", 11;
    /// D-12: a node's STUN discovery is not answered.
    ClassicStun = "classic-stun", 12;
    /// D-13: UDP to the node's media ports is blocked.
    MediaUdpBlocked = "media-udp-blocked", 13;
    /// D-14: addresses of container bridges are told.
    BridgeCandidates = "bridge-candidates", 14;
    /// D-15: signalling came in the wrong order or was lost.
    SignallingOrder = "signalling-order", 15;
    /// D-16: ICE has a pair; DTLS or SRTP does not work.
    DtlsOrSrtp = "dtls-or-srtp", 16;
    /// D-17: a relay has no room left.
    RelayCapacity = "relay-capacity", 17;
    /// D-18: everything goes through one relay, and it is full.
    AllRelayed = "all-relayed", 18;
    /// D-19: the link between node and master is half open.
    ControlSplit = "control-split", 19;
    /// D-20: a node that answers its probes is left out.
    NodeLeftOut = "node-left-out", 20;
    /// D-21: a name leads to another address.
    NameResolution = "name-resolution", 21;
    /// D-22: a TLS certificate has expired or cannot be read.
    TlsCertificate = "tls-certificate", 22;
    /// D-23: a second master, or its leftovers, acts.
    SecondMaster = "second-master", 23;
    /// D-24: the connection tracker or a NAT has forgotten or refused the flow.
    Conntrack = "conntrack", 24;
    /// Not in the catalogue: the client's own network lets no path through, and others fare well.
    ClientNetwork = "client-network", 0;
    /// Not in the catalogue: it failed, and nothing that is known explains it.
    Unexplained = "unexplained", 0;
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
