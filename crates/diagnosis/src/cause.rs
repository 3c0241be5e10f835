//! The causes, by their stable codes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::{Remedy, Step};

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $code:literal, $number:literal, $remedy:literal, $step:expr;)+) => {
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

            /// What ends it.
            pub fn remedy(self) -> Remedy {
                let (text, step): (&str, Option<Step>) = match self { $(Self::$cause => ($remedy, $step),)+ };
                Remedy { text: text.to_owned(), step }
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
    FrozenPublicAddress = "frozen-public-address", 1,
        "find the address out anew and tell nodes and clients; if it is configured (node.public_addresses, \
         OPENVIDU_WEBRTC_ICE_SERVERS), take it out or correct it",
        Some(Step::ResolveAddresses);
    /// D-2: a relay tells a wrong or null relayed address.
    WrongRelayAddress = "wrong-relay-address", 2,
        "leave the relay out until it tells an address of its own; of a foreign coturn correct external-ip \
         and restart it",
        Some(Step::Republish);
    /// D-3: a socket is bound to an address that came or changed later.
    DeafListener = "deaf-listener", 3,
        "on that machine `ss -lnptu` says to which address the port is bound: one that `ip address` does not show any \
         more is to be taken out of its settings (https.listen, whose address the relay has, too), and the process \
         started anew. If it is bound to all (0.0.0.0, [::]), the machine's own firewall drops what comes: find the rule \
         by `nft list ruleset` and let UDP in to that port",
        Some(Step::ResolveAddresses);
    /// D-4: a component was started twice, or before there was a network.
    HalfStart = "half-start", 4,
        "start each component once, under one supervisor; what was told before the last start is told anew",
        Some(Step::Republish);
    /// D-5: the relay checks credentials with another secret than they were made with.
    RelaySecret = "relay-secret", 5,
        "give the relay the present secret; of a foreign coturn static-auth-secret has to be the \
         staticAuthSecret of OPENVIDU_WEBRTC_ICE_SERVERS",
        Some(Step::Republish);
    /// D-6: clocks differ so far that credentials count as expired.
    ClockSkew = "clock-skew", 6,
        "credentials are made and checked by the master's clock; let the machine's clock be synchronised \
         (chrony, systemd-timesyncd)",
        Some(Step::Republish);
    /// D-7: the relay refuses permissions for a node's address.
    RelayPeerDenied = "relay-peer-denied", 7,
        "allow the relay the media addresses of the registered nodes; of a foreign coturn set \
         allowed-peer-ip",
        Some(Step::Republish);
    /// D-8: the node's answers reach the relay from an address that has no permission.
    RelayPermissionMismatch = "relay-permission-mismatch", 8,
        "use the relay of the node itself, and let node and relay reach each other without address \
         translation between them",
        Some(Step::AnotherPath);
    /// D-9: a node was used whose media plane was not ready.
    NodeNotReady = "node-not-ready", 9,
        "use another node until this one has passed its probe in this boot",
        Some(Step::AnotherNode);
    /// D-10: two nodes, or two boots of one, under one id; or a node without candidates.
    NodeIdentity = "node-identity", 10,
        "give every node an id of its own (its data directory must not be copied), and an address that \
         clients can reach",
        Some(Step::AnotherNode);
    /// D-11: a node runs yesterday's settings.
    StaleNodeSettings = "stale-node-settings", 11,
        "the master tells the node its settings again by itself; `muster nodes why ID` says which it works with. If it \
         is behind a minute later: `muster nodes drain ID`, then start its process anew, of the master's version. An \
         address of node.public_addresses that nobody has any more is to be taken out before",
        Some(Step::Republish);
    /// D-12: a node's STUN discovery is not answered.
    ClassicStun = "classic-stun", 12,
        "answer both dialects of STUN, and do not depend on it for nodes: tell them their public address",
        Some(Step::ResolveAddresses);
    /// D-13: UDP to the node's media ports is blocked.
    MediaUdpBlocked = "media-udp-blocked", 13,
        "let UDP through to the media ports of the node; clients go through TCP or a relay meanwhile",
        Some(Step::AnotherPath);
    /// D-14: addresses of container bridges are told.
    BridgeCandidates = "bridge-candidates", 14,
        "tell no addresses of container bridges: set node.public_addresses, or leave it to the node",
        Some(Step::Republish);
    /// D-15: signalling came in the wrong order or was lost.
    SignallingOrder = "signalling-order", 15,
        "the client makes its stream anew",
        Some(Step::AnotherPath);
    /// D-16: ICE has a pair; DTLS or SRTP does not work.
    DtlsOrSrtp = "dtls-or-srtp", 16,
        "the client makes its stream anew, with the node's present certificate, then on another node; where \
         probes fail too, let all UDP through to the media ports: something lets STUN through and drops DTLS",
        Some(Step::AnotherPath);
    /// D-17: a relay has no room left.
    RelayCapacity = "relay-capacity", 17,
        "spread over the relays of other nodes; raise the relay's ports, quota or descriptors, or add nodes",
        Some(Step::AnotherPath);
    /// D-18: everything goes through one relay, and it is full.
    AllRelayed = "all-relayed", 18,
        "let clients reach the nodes directly: open the UDP ports of their media and of their relays (one \
         port per media shard, and the STUN port); until then give the relay's machine more of the network",
        None;
    /// D-19: the link between node and master is half open.
    ControlSplit = "control-split", 19,
        "close the link and dial anew; media goes on meanwhile, and what was asked is asked again",
        Some(Step::AnotherPath);
    /// D-20: a node that answers its probes is left out.
    NodeLeftOut = "node-left-out", 20,
        "take the node back: it answers its probes; if it was drained, by `muster nodes undrain`",
        None;
    /// D-21: a name leads to another address.
    NameResolution = "name-resolution", 21,
        "correct the name's record; addresses are told beside names meanwhile",
        Some(Step::Republish);
    /// D-22: a TLS certificate has expired or cannot be read.
    TlsCertificate = "tls-certificate", 22,
        "renew the certificate, or make it readable; it is loaded again without a restart where the \
         configuration names a file",
        None;
    /// D-23: a second master, or its leftovers, acts.
    SecondMaster = "second-master", 23,
        "stop the other master; then start the nodes that obeyed it anew, or this master until its term is higher",
        None;
    /// D-24: the connection tracker or a NAT has forgotten or refused the flow.
    Conntrack = "conntrack", 24,
        "exempt the media ports from tracking (notrack), or raise net.netfilter.nf_conntrack_max where the \
         tracker is full and nf_conntrack_udp_timeout_stream where it forgets",
        Some(Step::AnotherPath);
    /// Not in the catalogue: the client's own network lets no path through, and others fare well.
    ClientNetwork = "client-network", 0,
        "the client needs a relay over TLS at port 443, or another network",
        Some(Step::AnotherPath);
    /// Not in the catalogue: a relay that is not the cluster's own does not answer at all.
    RelayUnreachable = "relay-unreachable", 0,
        "start the relay, or let UDP from anywhere through to it; if it is no more, take it out of the settings \
         (OPENVIDU_WEBRTC_ICE_SERVERS). It is used again as soon as it answers",
        Some(Step::AnotherPath);
    /// Not in the catalogue: it failed, and nothing that is known explains it.
    Unexplained = "unexplained", 0,
        "the client makes its stream anew, then on another node; keep the evidence",
        Some(Step::AnotherPath);
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
