//! What a shard saw of a transport, for whoever has to explain why somebody sees nothing.
//!
//! Only what is handled anyway is recorded: STUN, DTLS, stages, and of media the first packet and how many there were.
//! Everything is bounded; what found no room is counted. Times are spans since the transport was described.

mod candidate;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use candidate::{BadCandidate, Candidate, Candidates};

use crate::api::{Stage, TransportState};

/// Takes what was seen out of a shard's thread. Must not block. What it does not take is lost, and counted.
pub type EvidenceSink = Arc<dyn Fn(Seen) -> bool + Send + Sync>;

/// Something that was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Of one transport.
    Transport(Box<Evidence>),
    /// Of those who belong to no transport, since it was last told.
    Strangers(Strangers),
}

/// Why evidence is given at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Somebody asked.
    Asked,
    /// It is not connected yet, and should be by now.
    Late,
    /// It has been connected for a moment.
    Connected,
    /// Consent was lost.
    Disconnected,
    /// Consent is back.
    Back,
    /// It is over because it could not be, or could not go on.
    Failed,
    /// It is over because that was wanted.
    Closed,
}

/// All that was seen of one transport so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Of one that is over, the stage that it was in before.
    pub state: TransportState,
    #[allow(missing_docs)]
    pub occasion: Occasion,
    /// ICE username fragment by which the client addresses it.
    pub ufrag: String,
    /// Of the stage that it is in, for people.
    pub reason: &'static str,
    /// How long ago it was described.
    pub age: Duration,
    /// The stages that it came to, with the time of the first arrival in each.
    pub stages: Vec<(Stage, Duration)>,
    /// What the client was told.
    pub local: Vec<Candidate>,
    /// What the client told, in its description and by trickling.
    pub remote: Vec<Candidate>,
    /// Candidates of the client that could not be read, or found no room.
    pub remote_unread: u32,
    /// When the client's description was known.
    pub described: Option<Duration>,
    /// When the first candidate of the client's was.
    pub first_candidate: Option<Duration>,
    /// Where checks came from, each with the local address that they came to.
    pub pairs: Vec<Pair>,
    /// Checks from further addresses.
    pub checks_elsewhere: u64,
    /// The pair that media takes.
    pub nominated: Option<Nominated>,
    #[allow(missing_docs)]
    pub dtls: Dtls,
    #[allow(missing_docs)]
    pub srtp: Srtp,
    /// How often consent was lost (RFC 7675).
    pub consent_losses: u32,
    /// When it was lost last.
    pub consent_lost: Option<Duration>,
    /// Packets that the stream's publisher has given so far; for subscribers.
    pub source_packets: Option<u64>,
    /// Transports that the shard carries.
    pub load: u32,
}

/// Checks from one address (RFC 8445 section 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// By TCP.
    pub tcp: bool,
    /// Where they came from, as the node sees it.
    pub remote: SocketAddr,
    /// Where they came to.
    pub local: Option<SocketAddr>,
    #[allow(missing_docs)]
    pub received: u64,
    /// With success.
    pub answered: u64,
    /// Not signed with the password of the transport.
    pub refused: u64,
    /// Came before the client's description.
    pub early: u64,
    /// STUN errors sent, and the code of the last.
    pub errors: u32,
    #[allow(missing_docs)]
    pub error_code: u16,
    /// One of them nominated the pair.
    pub use_candidate: bool,
    #[allow(missing_docs)]
    pub first: Duration,
    #[allow(missing_docs)]
    pub last: Duration,
}

/// The pair that media takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nominated {
    #[allow(missing_docs)]
    pub tcp: bool,
    #[allow(missing_docs)]
    pub remote: SocketAddr,
    #[allow(missing_docs)]
    pub local: Option<IpAddr>,
    /// When the first was nominated.
    pub at: Duration,
    /// How often it was another one afterwards.
    pub changes: u32,
}

/// How far DTLS came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dtls {
    /// The first ClientHello.
    pub hello: Option<Duration>,
    /// All of them.
    pub hellos: u64,
    #[allow(missing_docs)]
    pub done: Option<Duration>,
    #[allow(missing_docs)]
    pub failed: Option<Duration>,
    /// Because the client's certificate is not the one of its description.
    pub wrong_certificate: bool,
    /// Description of an alert that the client sent in the clear (RFC 8446 section 6).
    pub alert: Option<u8>,
    /// Datagrams from the client.
    pub received: u64,
    /// Datagrams to the client.
    pub sent: u64,
}

/// What came of media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Srtp {
    /// The first packet from a publisher, or to a subscriber; the latter is seen once a second.
    pub first: Option<Duration>,
    /// Packets of media, in that direction.
    pub packets: u64,
    /// Bytes of their payload.
    pub bytes: u64,
    /// Packets from the client that failed authentication, were replayed, or brought nothing.
    pub unauthenticated: u64,
}

/// Those who belong to no transport.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strangers {
    #[allow(missing_docs)]
    pub seen: Vec<Stranger>,
    /// Datagrams of those who found no room.
    pub others: u64,
    /// Over how long.
    pub span: Duration,
}

/// Where something came from that belongs to no transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    #[allow(missing_docs)]
    pub from: IpAddr,
    /// STUN requests with a username fragment that no transport here has.
    pub unknown_user: u64,
    /// The last of those fragments, shortened.
    pub ufrag: String,
    /// STUN that cannot be read, or is no request.
    pub malformed: u64,
    /// DTLS and media from a 5-tuple that nobody has proven.
    pub unproven: u64,
}
