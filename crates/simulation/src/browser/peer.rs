//! A peer connection of a browser, as far as ICE lets one see it.

use crate::queue::Time;

/// Names a peer connection within the world; a new one for each repair, as in the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// Of Chromium, after the last answered check.
const DISCONNECTED_AFTER: Time = 7_000;
/// Of Chromium, from then on.
const FAILED_AFTER: Time = 20_000;
/// A description that leads nowhere.
const CHECKING: Time = 15_000;

/// `iceConnectionState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ice {
    /// No remote description yet: nothing happens, for ever.
    New,
    /// Since when.
    Checking(Time),
    /// When the last check was answered.
    Connected(Time),
    /// Since when.
    Disconnected(Time),
    /// For good.
    Failed,
}

/// Where a node said that it is, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The transport on the node: stands for ufrag and fingerprint.
    pub transport: String,
    /// The node's addresses as of the description.
    pub ips: Vec<std::net::IpAddr>,
}

/// One direction of one stream.
#[derive(Clone, Debug)]
pub struct Peer {
    #[allow(missing_docs)]
    pub id: PeerId,
    #[allow(missing_docs)]
    pub ice: Ice,
    #[allow(missing_docs)]
    pub remote: Option<Remote>,
}

/// What the library is told when the state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    #[allow(missing_docs)]
    Connected,
    #[allow(missing_docs)]
    Disconnected,
    #[allow(missing_docs)]
    Failed,
}

impl Peer {
    #[allow(missing_docs)]
    pub fn new(id: PeerId) -> Self {
        Self {
            id,
            ice: Ice::New,
            remote: None,
        }
    }

    /// Takes the other side's description.
    pub fn describe(&mut self, now: Time, remote: Remote) {
        self.remote = Some(remote);
        self.ice = Ice::Checking(now);
    }

    /// `connected` or `completed`.
    pub fn is_connected(&self) -> bool {
        matches!(self.ice, Ice::Connected(_))
    }

    /// It has given up, and sends no checks any more.
    pub fn has_failed(&self) -> bool {
        matches!(self.ice, Ice::Failed)
    }

    /// Looks whether checks are answered.
    pub fn check(&mut self, now: Time, answered: bool) -> Option<Change> {
        let (ice, change) = match (self.ice, answered) {
            (Ice::Checking(_) | Ice::Disconnected(_), true) => {
                (Ice::Connected(now), Some(Change::Connected))
            }
            (Ice::Connected(_), true) => (Ice::Connected(now), None),
            (Ice::Connected(last), false) if now >= last + DISCONNECTED_AFTER => {
                (Ice::Disconnected(now), Some(Change::Disconnected))
            }
            (Ice::Disconnected(since), false) if now >= since + FAILED_AFTER => {
                (Ice::Failed, Some(Change::Failed))
            }
            (Ice::Checking(since), false) if now >= since + CHECKING => {
                (Ice::Failed, Some(Change::Failed))
            }
            (ice, _) => (ice, None),
        };
        self.ice = ice;
        change
    }
}

/// Descriptions are short texts in the simulator: nothing between a client and a node reads them.
pub mod sdp {
    use super::{PeerId, Remote};

    /// What a browser writes.
    pub fn of_peer(peer: PeerId) -> String {
        format!("peer={}", peer.0)
    }

    /// What a node reads.
    pub fn peer(text: &str) -> Option<PeerId> {
        text.strip_prefix("peer=")?.parse().ok().map(PeerId)
    }

    /// What a node writes.
    pub fn of_transport(remote: &Remote) -> String {
        let ips: Vec<String> = remote.ips.iter().map(ToString::to_string).collect();
        format!("transport={} ips={}", remote.transport, ips.join(","))
    }

    /// What a browser reads.
    pub fn transport(text: &str) -> Option<Remote> {
        let (transport, ips) = text.strip_prefix("transport=")?.split_once(" ips=")?;
        let ips = ips.split(',').filter_map(|ip| ip.parse().ok()).collect();
        Some(Remote {
            transport: transport.to_owned(),
            ips,
        })
    }
}
