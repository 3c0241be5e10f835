//! A master or a node.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::evidence::Protocol;
use crate::sentence::percent;

/// A process of the cluster and the machine that it runs on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Host {
    /// Id of the node, or `master`.
    pub id: String,
    pub role: Role,
    pub boot: String,
    pub boot_started: Option<u64>,
    /// Every start of the process in the window, this one too.
    pub starts: Vec<u64>,
    /// When the machine first had an address that leads anywhere, if that was after its boot.
    pub online_at: Option<u64>,
    /// May be given sessions now.
    pub serving: bool,
    pub serving_since: Option<u64>,
    /// Sessions were placed on it before its first proof in this boot.
    pub served_unproven: bool,
    /// It is drained or going, as somebody wants it, while others serve.
    pub excused: bool,
    /// Why it may not be given sessions, for people.
    pub problem: String,
    pub address_set: u64,
    pub addresses: Vec<Address>,
    /// What independent STUN servers outside, or cloud metadata, said last of its public address.
    pub seen_from_outside: Vec<IpAddr>,
    /// What it tells clients: candidates of a node, ICE servers of a master.
    pub advertised: Vec<IpAddr>,
    pub listeners: Vec<Listener>,
    pub clock: Clock,
    pub link: Link,
    /// Version of its settings that it runs, and the one that it should.
    pub settings_applied: Option<u64>,
    pub settings_wanted: Option<u64>,
    /// How long the two have differed.
    pub settings_differ_ms: u64,
    /// Fingerprint of the relay's secret that it uses; the secret's HMAC of a constant, never the secret.
    pub secret_fingerprint: String,
    /// Binding requests answered at its STUN port.
    pub stun_requests: u64,
    /// Why STUN servers outside, which it asks where it is seen, say nothing; a sentence each.
    pub stun_problems: Vec<String>,
    /// Checks for a username fragment that it does not know.
    pub strange_checks: u64,
    /// Messages of an older boot of the same id that were dropped.
    pub old_boot_messages: u64,
    /// Other processes that claimed its id in the window.
    pub claims: u32,
    pub carried: Carried,
    pub limits: Limits,
}

/// How clients reach a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Carried {
    /// Transports connected now whose pair is UDP from the client itself.
    pub udp: u64,
    /// The same for TCP.
    pub tcp: u64,
    /// The same for pairs through a relay.
    pub relayed: u64,
    /// Transports that lost consent over UDP in the window and did not get it back.
    pub udp_lost: u64,
    /// Clients that these belong to.
    pub udp_lost_clients: u64,
    /// When a check over UDP was last answered.
    pub last_udp: Option<u64>,
}

/// Which half.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Role {
    Master,
    Node,
    #[default]
    #[serde(other)]
    Unknown,
}

/// Where an address is known from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum AddressSource {
    Interface,
    Metadata,
    Stun,
    Configuration,
    /// Kept on disk from an earlier boot: a hint.
    Remembered,
    #[default]
    #[serde(other)]
    Unknown,
}

/// An entry of an address set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Address {
    pub ip: Option<IpAddr>,
    pub source: AddressSource,
    /// The interface's name, where it is one's address.
    pub interface: String,
    /// It belongs to a bridge of containers or virtual machines.
    pub bridge: bool,
    /// The local address behind a public one.
    pub local: Option<IpAddr>,
    pub found: Option<u64>,
    pub confirmed: Option<u64>,
}

/// A socket that clients or nodes are to reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Listener {
    /// What it is for: `media`, `stun`, `relay`, `link`, `https`.
    pub purpose: String,
    #[allow(missing_docs)]
    pub protocol: Protocol,
    /// Where it is bound; `0.0.0.0` and `::` are all.
    pub bound: Option<SocketAddr>,
    /// Datagrams or connections that came, not counting own probes.
    pub received: u64,
    /// Own addresses at which it answered its own host's probe.
    pub answers_at: Vec<IpAddr>,
    /// Own addresses at which it did not.
    pub deaf_at: Vec<IpAddr>,
}

/// A machine's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Clock {
    /// How far it is ahead of the master's; of the master, ahead of its clients' (`Date`, reports).
    pub offset_ms: Option<i64>,
    /// As the kernel says (`adjtimex`).
    pub synchronised: Option<bool>,
    /// When it was last set by more than a second.
    pub stepped: Option<u64>,
}

/// A node's link to its master.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct Link {
    /// The stream is open.
    pub open: bool,
    /// Since anything was heard on it.
    pub silent_ms: u64,
    /// Since when it is down.
    pub down_since: Option<u64>,
}

/// How much of what is scarce is used, and what else of the machine holds a process up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Entries of the connection tracker, and how many fit (`nf_conntrack_count`, `nf_conntrack_max`).
    pub conntrack: Option<(u64, u64)>,
    /// Open file descriptors, and how many may be.
    pub descriptors: Option<(u64, u64)>,
    /// Datagrams dropped for want of buffer (`RcvbufErrors`), in the window.
    pub receive_buffer_errors: u64,
    /// Of the machine.
    pub cpu_percent: Option<f64>,
    /// How much of its network is used; `None` if that is not known.
    pub network: Option<Network>,
    /// Bytes free, and in all, where data is written.
    pub disk: Option<(u64, u64)>,
    /// What the kernel reads the time from, as it names it; empty if that is not known.
    pub clock_source: String,
    /// Flows that became one-way after a silence of 30, 120 or 350 s.
    pub flows_gone_one_way: u64,
}

/// What the interface carries by which a machine speaks to others, over the last seconds; of several the fullest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Network {
    #[allow(missing_docs)]
    pub interface: String,
    /// Bits per second.
    pub sent: u64,
    /// Bits per second.
    pub received: u64,
    /// Bits per second that it can each way; 0 if that is not known.
    pub most: u64,
    /// Packets sent in these seconds.
    pub packets: u64,
    /// Packets that its queue or its driver dropped in these seconds instead of sending them.
    pub dropped: u64,
}

/// From here on packets wait or are lost, percent of what an interface can.
const FULL_PERCENT: u64 = 85;
/// Fewer drops are of a burst.
const MANY_DROPS: u64 = 50;
/// Of what is to be sent: pictures show it.
const DROPPED_PERCENT: u64 = 1;

impl Network {
    /// It carries all that it can: what it is known to be able to, or so much that what is to be sent is dropped. The
    /// latter is seen too where a limit was set elsewhere than in the interface.
    pub fn is_full(&self) -> bool {
        let carried = self.sent.max(self.received);
        let at_its_limit = self.most > 0 && percent(carried, self.most) >= FULL_PERCENT;
        at_its_limit || self.drops()
    }

    pub(crate) fn drops(&self) -> bool {
        let all = self.packets.saturating_add(self.dropped);
        self.dropped >= MANY_DROPS && percent(self.dropped, all) >= DROPPED_PERCENT
    }
}

impl Carried {
    /// Transports connected now, whatever their path.
    pub fn all(&self) -> u64 {
        self.udp
            .saturating_add(self.tcp)
            .saturating_add(self.relayed)
    }
}
