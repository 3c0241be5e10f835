//! What the rest of a node may ask of the media plane, and what it hears from it.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::evidence::EvidenceSink;

/// How the plane is set up. Nothing in it changes afterwards but the addresses ([`crate::Plane::set_addresses`])
/// and what the relay may do ([`crate::Plane::set_relay`]).
#[derive(Clone)]
pub struct Config {
    /// Threads. One per core that media may use.
    pub shards: NonZeroUsize,
    /// Each shard takes the first free port (UDP and TCP) of this range. `0..=0` lets the system choose.
    pub ports: RangeInclusive<u16>,
    /// Addresses that clients are told, in order of preference; their version is 1. May be empty, then nothing can be
    /// published.
    pub addresses: Vec<IpAddr>,
    /// The relay at the STUN port.
    pub relay: crate::relay::Options,
    /// Of the relay; none of media may be the same. `None`: the first of `ports` that is free.
    pub relay_port: Option<u16>,
    /// Takes what is seen of transports. `None`: nothing is recorded.
    pub evidence: Option<EvidenceSink>,
}

/// A candidate that is not told to clients. What comes there is served all the same.
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
    /// ICE-TCP (RFC 6544).
    Tcp,
}

/// An opaque id, given by the caller and unique on the node.
pub type Id = Arc<str>;

/// Something to do. Every command names what it makes: a repeated one changes nothing and is answered the same.
#[derive(Clone, Debug)]
pub enum Command {
    /// Answer `offer` with a receiving transport that feeds `stream`. If the stream has one already, the new one
    /// replaces it: subscribers stay, the old one is closed.
    Publish {
        /// Carried back by [`Event::Answered`].
        key: u64,
        /// Decides the shard.
        session: Id,
        #[allow(missing_docs)]
        stream: Id,
        #[allow(missing_docs)]
        transport: Id,
        /// SDP of the client.
        offer: String,
        #[allow(missing_docs)]
        forced_video_codec: Option<VideoCodec>,
    },
    /// Offer a sending transport for `stream`, with an m-section for each medium asked for.
    Subscribe {
        /// Carried back by [`Event::Answered`].
        key: u64,
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
        /// Carried back by [`Event::Answered`].
        key: u64,
        #[allow(missing_docs)]
        transport: Id,
        /// SDP of the client.
        answer: String,
    },
    /// A candidate of the client's (RFC 8839). Not answered; what cannot be used is counted and dropped.
    Candidate {
        #[allow(missing_docs)]
        transport: Id,
        #[allow(missing_docs)]
        candidate: String,
    },
    /// Close and forget. Not answered; [`Event::Transport`] with [`Stage::Closed`] follows. Closing the current
    /// publishing transport of a stream ends the stream.
    Close {
        #[allow(missing_docs)]
        transport: Id,
    },
}

/// Codecs that a session can force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum VideoCodec {
    Vp8,
    Vp9,
    H264,
    Av1,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The answer to a command with this key.
    Answered {
        #[allow(missing_docs)]
        key: u64,
        #[allow(missing_docs)]
        result: Result<Answer, Refusal>,
    },
    /// A transport came to another stage.
    Transport {
        #[allow(missing_docs)]
        state: TransportState,
        /// Why, for people.
        reason: &'static str,
    },
    /// The node's addresses have changed, and this is what the client of a transport is to be told of it.
    Candidates(NewCandidates),
}

/// Where a client reaches its transport besides what its description says. Told late or twice it does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCandidates {
    #[allow(missing_docs)]
    pub transport: Id,
    /// Version of the addresses that the client knows of with these.
    pub addresses: u64,
    /// Of the m-section that they belong to.
    pub mid: String,
    /// Of the same m-section.
    pub index: u16,
    /// RFC 8839 candidate-attributes (`candidate:…`), at most 16; none if the client knows enough.
    pub candidates: Vec<String>,
}

/// What a command brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// SDP answer to a publisher's offer, with the node's candidates in it.
    Answer(String),
    /// SDP offer for a subscriber, with the node's candidates in it.
    Offer(String),
    /// The subscriber's answer was taken.
    Accepted,
}

/// Why a command was refused. The text says what was expected and what came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum Refusal {
    #[error("SDP: {0}")]
    Sdp(String),
    #[error("codec: {0}")]
    CodecImpossible(String),
    #[error("unknown: {0}")]
    Unknown(String),
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// A transport as the outside sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TransportState {
    pub transport: Id,
    pub session: Id,
    pub stream: Id,
    pub direction: Direction,
    pub stage: Stage,
    /// Version of the addresses that its client was told; 0 where nothing is known of it.
    pub addresses: u64,
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

/// Takes events out of a shard's thread. Must not block. Returns false when it cannot take the event now; the shard
/// keeps it and tries again within milliseconds.
pub type EventSink = Arc<dyn Fn(Event) -> bool + Send + Sync>;

/// The queue of the shard is full: it has more to do than it can. Try again later or use another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media shard's command queue is full")]
pub struct Overloaded;
