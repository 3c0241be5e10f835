//! What was counted and seen of one transport.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Candidates kept of either side.
pub const MOST_CANDIDATES: usize = 32;
/// Pairs kept, by remote address and protocol.
pub const MOST_PAIRS: usize = 32;
/// Relays kept that the same client used.
pub const MOST_RELAYS: usize = 4;

/// One transport: one peer connection of a client with a node.
///
/// The node is an ICE-lite agent (RFC 8445 section 2.5): it answers checks and makes none. What it counts of ICE is
/// therefore what it received and how it answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Evidence {
    pub transport: String,
    pub session: String,
    /// OpenVidu's connection id of the client whose peer connection it is.
    pub connection: String,
    pub stream: String,
    pub node: String,
    /// Boot of the node.
    pub boot: String,
    /// Version of the node's address set under which `local` was told.
    pub address_set: u64,
    pub direction: Direction,
    pub outcome: Outcome,
    /// It is over, and nobody who knows how far it had come has told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    /// What the node said when it closed it; for people, no rule reads it.
    pub reason: String,
    pub client: Client,
    /// The node's, as told to the client in SDP.
    pub local: Vec<Candidate>,
    /// The client's, as told in SDP or trickled.
    pub remote: Vec<Candidate>,
    /// Candidates of the client that did not fit `remote`.
    pub remote_more: u32,
    /// Candidates that the client sent before the node had the transport, or after it was gone.
    pub remote_untimely: u32,
    /// Candidates that could not be read.
    pub remote_unusable: u32,
    pub pairs: Vec<Pair>,
    /// Pairs that did not fit `pairs`.
    pub pairs_more: u32,
    /// How often consent (RFC 7675) was lost.
    pub consent_losses: u32,
    pub dtls: Dtls,
    pub media: Media,
    pub times: Times,
    /// What relays of the cluster saw of the same client, by its connection's credentials or its address.
    pub relays: Vec<RelayUse>,
    /// What the browser told; `None` when it told nothing.
    pub browser: Option<Browser>,
    /// Transports that the node carried when this one was made.
    pub load: u32,
}

/// Which way media flows, seen from the client.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Direction {
    Publish,
    Subscribe,
    #[default]
    #[serde(other)]
    Unknown,
}

/// How it went.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is being set up.
    Pending,
    /// ICE and DTLS are done, and consent is there.
    Connected,
    /// It was connected and is without consent.
    Disconnected,
    /// It never came to be connected, or lost consent for good, or DTLS or SRTP went wrong.
    Failed,
    /// Somebody wanted it to end: unpublished, left, replaced.
    Ended,
    /// A later version's word.
    #[default]
    #[serde(other)]
    Unknown,
}

/// The client, as far as the master knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Client {
    /// Where its signalling comes from.
    pub address: Option<IpAddr>,
    pub user_agent: String,
    /// As OpenVidu's `platform` says.
    pub platform: String,
}

/// Of RFC 8445.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum CandidateType {
    Host,
    ServerReflexive,
    PeerReflexive,
    Relayed,
    #[default]
    #[serde(other)]
    Unknown,
}

/// Transport protocol.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Protocol {
    Udp,
    Tcp,
    /// TCP with TLS.
    Tls,
    #[default]
    #[serde(other)]
    Unknown,
}

/// A candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Candidate {
    #[serde(rename = "type")]
    pub kind: CandidateType,
    pub protocol: Protocol,
    /// `None` when it was told by a name (`….local` of mDNS).
    pub ip: Option<IpAddr>,
    pub port: u16,
    /// `raddr` and `rport`.
    pub related: Option<SocketAddr>,
}

/// What happened between the node and one remote address over one protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Pair {
    /// Where the checks came from, as the node sees it.
    pub remote: Option<SocketAddr>,
    /// Where they arrived.
    pub local: Option<SocketAddr>,
    pub protocol: Protocol,
    /// The relay that it leads through, as far as that is known: id of the node, `master`, the URL of a foreign one, or
    /// [`STRANGE_RELAY`](crate::STRANGE_RELAY). Empty for one that is not relayed.
    pub relay: String,
    /// Binding requests for this transport.
    pub checks: u64,
    /// Success responses.
    pub answered: u64,
    /// Error responses by code (RFC 8489 section 14.8): 400, 401, 487 ….
    pub refused: BTreeMap<u16, u64>,
    /// A check with USE-CANDIDATE was answered.
    pub nominated: bool,
    /// Media takes it, or took it last.
    pub selected: bool,
    pub first: Option<u64>,
    pub last: Option<u64>,
}

/// DTLS (RFC 6347), the node being either end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Dtls {
    /// Records received.
    pub received: u64,
    /// Records sent.
    pub sent: u64,
    /// ClientHellos received, the repeated ones too.
    pub client_hellos: u64,
    /// Description of the last alert received, if it was readable (RFC 8446 section 6.2).
    pub alert: Option<u8>,
    /// The certificate is not the one of the fingerprint in SDP.
    pub wrong_fingerprint: bool,
    /// Why the library gave up, for people.
    pub problem: String,
}

/// SRTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Media {
    /// RTP packets taken from the client.
    pub packets_in: u64,
    /// RTP packets sent to the client.
    pub packets_out: u64,
    /// Bytes of the payload of `packets_in`.
    pub bytes_in: u64,
    /// Bytes of the payload of `packets_out`.
    pub bytes_out: u64,
    /// SRTP and SRTCP packets that failed authentication.
    pub unauthenticated: u64,
    /// Keyframes asked of the client, or by it.
    pub keyframes_asked: u64,
    /// RTP packets that the publisher of the stream had given to the node when this ended; for subscribers only.
    pub source_packets: Option<u64>,
}

/// When each stage was reached first. `None`: not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Times {
    /// The node has been told of it.
    pub created: Option<u64>,
    /// The client's description is known: its offer, or its answer.
    pub described: Option<u64>,
    pub first_candidate: Option<u64>,
    pub first_check: Option<u64>,
    pub nominated: Option<u64>,
    pub dtls_started: Option<u64>,
    pub dtls_done: Option<u64>,
    pub first_packet_in: Option<u64>,
    pub first_packet_out: Option<u64>,
    /// The last packet of any kind from the client.
    pub last_received: Option<u64>,
    /// Consent was last lost.
    pub consent_lost: Option<u64>,
    pub closed: Option<u64>,
}

/// What one relay saw of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RelayUse {
    /// Id of the node, or `master`.
    pub relay: String,
    /// By which the client speaks to it.
    pub protocol: Protocol,
    /// Where the client comes from, as the relay sees it.
    pub client: Option<SocketAddr>,
    /// When the client's credentials were issued.
    pub issued: Option<u64>,
    /// Binding requests answered.
    pub bindings: u64,
    /// Allocations made.
    pub allocations: u64,
    /// What the last allocation told the client (XOR-RELAYED-ADDRESS).
    pub relayed: Option<SocketAddr>,
    /// Error responses by code, the first 401 of each exchange, which asks for credentials, not counted.
    pub errors: BTreeMap<u16, u64>,
    /// Permissions installed (also by ChannelBind).
    pub permissions: u64,
    /// Addresses for which a permission was refused (403).
    pub denied_peers: Vec<IpAddr>,
    /// Datagrams from the client to peers.
    pub sent: u64,
    /// Datagrams from peers to the client.
    pub returned: u64,
    /// Datagrams from addresses without a permission, by address.
    pub dropped: BTreeMap<IpAddr, u64>,
    /// ICMP errors on the relayed socket.
    pub unreachable: u64,
}

/// What the browser alone knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Browser {
    /// Candidates that it gathered, by type.
    pub gathered: BTreeMap<CandidateType, u32>,
    /// `icecandidateerror` events.
    pub errors: Vec<BrowserError>,
    /// Local candidate's type of the pair that it uses.
    pub selected: Option<CandidateType>,
    /// Protocol to the relay or to the node, of the pair that it uses.
    pub protocol: Protocol,
    /// `iceConnectionState` when it told.
    pub ice_state: String,
    /// `connectionState` when it told.
    pub connection_state: String,
    /// Frames decoded.
    pub frames_decoded: Option<u64>,
    /// What it says of its network (`NetworkInformation.type`), if anything.
    pub network: String,
}

/// One `icecandidateerror` (W3C WebRTC section 4.8.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct BrowserError {
    pub url: String,
    /// STUN error code, or 701: the server was not reached.
    pub code: u16,
    pub text: String,
}

impl Evidence {
    /// Checks for this transport, over all pairs.
    pub fn checks(&self) -> u64 {
        self.pairs
            .iter()
            .map(|pair| pair.checks)
            .fold(0, u64::saturating_add)
    }

    /// Success responses, over all pairs.
    pub fn answered(&self) -> u64 {
        self.pairs
            .iter()
            .map(|pair| pair.answered)
            .fold(0, u64::saturating_add)
    }

    /// The pair that media takes, or else the one that was nominated and checked last.
    pub fn path(&self) -> Option<&Pair> {
        self.pairs.get(self.path_index()?)
    }

    /// The same.
    pub fn path_mut(&mut self) -> Option<&mut Pair> {
        let index = self.path_index()?;
        self.pairs.get_mut(index)
    }

    fn path_index(&self) -> Option<usize> {
        let pairs = || self.pairs.iter().enumerate();
        let selected = pairs().find(|(_, pair)| pair.selected);
        let nominated = pairs().filter(|(_, pair)| pair.nominated);
        let path = selected.or_else(|| nominated.max_by_key(|(_, pair)| pair.last));
        path.map(|(index, _)| index)
    }

    /// Relays that its pairs lead through. While it has no pair, all that the client used: browsers make an allocation at
    /// each that they are told of.
    pub fn ways(&self) -> impl Iterator<Item = &RelayUse> {
        let pairs = &self.pairs;
        let leads = |used: &&RelayUse| pairs.iter().any(|pair| pair.relay == used.relay);
        let relays = self.relays.iter();
        relays.filter(move |used| pairs.is_empty() || leads(used))
    }

    /// Of [`Evidence::path`].
    pub fn protocol(&self) -> Protocol {
        self.path().map(|pair| pair.protocol).unwrap_or_default()
    }

    /// Whether ICE had a pair.
    pub fn is_nominated(&self) -> bool {
        self.times.nominated.is_some() || self.pairs.iter().any(|pair| pair.nominated)
    }
}
