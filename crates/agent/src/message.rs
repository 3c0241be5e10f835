//! What a node and its master say to each other, as plain values. The wire's form is `crates/link/proto/link.proto`.

use std::net::IpAddr;
use std::sync::Arc;

use crate::node_settings::Running;
use addresses::Entry;

/// An opaque id, given by the master.
pub type Id = Arc<str>;

/// How a node introduces itself on each connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// Permanent name.
    pub node_id: String,
    /// Drawn anew at each start of the process.
    pub boot_id: String,
    /// Milliseconds since the Unix epoch on the node's clock: puts the boots of one node in order.
    pub boot_started: u64,
    /// Of the program, for people.
    pub version: String,
    /// Where media reaches the node.
    pub addresses: Addresses,
    /// Media threads.
    pub shards: u32,
    /// All that is carried at this moment; nothing that is closed.
    pub transports: Vec<Transport>,
}

/// Where media reaches a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Grows with every change of `ips` or `problem` within a boot.
    pub version: u64,
    /// What clients are told. Empty: the node cannot be used.
    pub ips: Vec<IpAddr>,
    /// One per shard, UDP and TCP alike.
    pub ports: Vec<u16>,
    /// Answers plain STUN requests (UDP).
    pub stun_port: u16,
    /// Host name of its relay's certificate. Empty: it does not speak TLS.
    pub relay_tls: String,
    /// Why `ips` is empty, for the operator.
    pub problem: String,
    /// All that is known, what is advertised first.
    pub entries: Vec<Entry>,
    /// What is odd about them: answers that could not be used or did not come, and disagreements. A sentence each.
    pub remarks: Vec<String>,
}

/// One way of media between a client and the node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Transport {
    pub transport: Id,
    pub session: Id,
    pub stream: Id,
    pub direction: Direction,
    pub stage: Stage,
    /// Version of the addresses that its client was told.
    pub addresses: u64,
}

/// Where a client reaches its transport besides what it was told before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCandidates {
    #[allow(missing_docs)]
    pub transport: Id,
    /// Version of the addresses that the client knows of with these.
    pub addresses: u64,
    /// Of the m-section that they belong to.
    pub sdp_mid: String,
    /// Of the same m-section.
    pub sdp_m_line_index: u16,
    /// RFC 8839 candidate-attributes; none if the client knows enough.
    pub candidates: Vec<String>,
}

/// Which way media flows, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Direction {
    Publish,
    Subscribe,
}

/// How far a transport has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Described, nothing arrived yet.
    New,
    /// ICE has a pair.
    IceConnected,
    /// DTLS is done, media flows.
    Connected,
    /// ICE consent was lost (RFC 7675); it may come back.
    Disconnected,
    /// Gone from the node.
    Closed,
}

/// What a node carries. Transports of probes count nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    #[allow(missing_docs)]
    pub transports: u32,
    /// Distinct sessions.
    pub sessions: u32,
    /// Distinct participants with media.
    pub connections: u32,
    /// Each published stream counts one, each subscription one.
    pub streams: u32,
    /// Used by the node's process, percent of the machine.
    pub cpu_percent: f64,
    /// In use on the machine, percent of what it has.
    pub memory_percent: f64,
}

/// The master takes the node in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Which start of the master, for people.
    pub master: String,
    /// Under which it acts.
    pub term: u64,
}

/// A path of this node that clients must not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Withheld {
    pub ip: IpAddr,
    pub protocol: Protocol,
}

/// How media reaches a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Protocol {
    Udp,
    Tcp,
}

/// Something that the master wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The master's; the answer carries it back.
    pub key: u64,
    /// Obeyed only if it is the highest seen.
    pub term: u64,
    /// Obeyed only by the boot with this id.
    pub boot_id: String,
    #[allow(missing_docs)]
    pub ask: Ask,
}

/// What is asked of the media plane. Each names what it makes, so that it can be said twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Answer `offer` with a transport that receives `stream` from the client, in place of the one it may have.
    Publish {
        #[allow(missing_docs)]
        session: Id,
        #[allow(missing_docs)]
        stream: Id,
        #[allow(missing_docs)]
        transport: Id,
        /// SDP.
        offer: String,
        /// `VP8`, `VP9`, `H264`, `AV1`, or empty for the client's choice.
        forced_video_codec: String,
    },
    /// Offer a transport that sends `stream` to the client.
    Subscribe {
        #[allow(missing_docs)]
        session: Id,
        #[allow(missing_docs)]
        stream: Id,
        #[allow(missing_docs)]
        transport: Id,
        #[allow(missing_docs)]
        audio: bool,
        #[allow(missing_docs)]
        video: bool,
    },
    /// The client's answer to the offer of `transport`.
    Accept {
        #[allow(missing_docs)]
        transport: Id,
        /// SDP.
        answer: String,
    },
    /// A candidate of the client's (RFC 8839). Not answered.
    Candidate {
        #[allow(missing_docs)]
        transport: Id,
        #[allow(missing_docs)]
        candidate: String,
    },
    /// Close and forget. Not answered; the transport's change to [`Stage::Closed`] is told.
    Close {
        #[allow(missing_docs)]
        transport: Id,
    },
}

impl Ask {
    /// Whether an answer is promised.
    pub fn is_answered(&self) -> bool {
        match self {
            Self::Publish { .. } | Self::Subscribe { .. } | Self::Accept { .. } => true,
            Self::Candidate { .. } | Self::Close { .. } => false,
        }
    }
}

/// What a command brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// SDP answer to a publisher's offer.
    Answer(String),
    /// SDP offer for a subscriber.
    Offer(String),
    /// The subscriber's answer was taken.
    Accepted,
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    #[allow(missing_docs)]
    pub kind: FailureKind,
    /// A sentence that says what was expected and what came.
    pub reason: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
        }
    }
}

/// The kinds of failure that a master can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The SDP could not be read or used.
    Sdp,
    /// The forced codec is not in the offer.
    CodecImpossible,
    /// No such stream or transport here.
    Unknown,
    /// Queue full, no socket, no address.
    Unavailable,
    /// The command came under an old term.
    StaleTerm,
    /// The command was meant for another boot of this node.
    OtherBoot,
}

/// What a node says.
#[derive(Clone, Debug, PartialEq)]
pub enum ToMaster {
    /// First on each connection.
    Hello(Box<Hello>),
    /// To the command with the master's `key`.
    Answer {
        #[allow(missing_docs)]
        key: u64,
        #[allow(missing_docs)]
        result: Result<Answer, Failure>,
    },
    /// A transport came to another stage.
    TransportChanged {
        #[allow(missing_docs)]
        transport: Transport,
        /// Why, for people.
        reason: String,
    },
    /// The node's addresses have changed, and the client of a transport is to be told so.
    Candidates(NewCandidates),
    /// The node is reached elsewhere from now on, or more is known of its addresses: then the version is the same.
    AddressesChanged(Addresses),
    /// Goes out with the heartbeats until the next is known.
    Load(Load),
    /// Goes out with the heartbeats until the next is known.
    Running(Running),
    /// It has obeyed another master, of a higher term, and hangs up.
    Fenced {
        /// That one's boot.
        master: String,
        #[allow(missing_docs)]
        term: u64,
    },
    /// The node goes down of its own accord.
    Leaving {
        #[allow(missing_docs)]
        reason: String,
    },
}
