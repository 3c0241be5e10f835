//! How much of what happened. Bounded by the words there are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::message::method;

/// Addresses of which it is counted what came from them unasked.
const MOST_SOURCES: usize = 16;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Method {
    Binding,
    Allocate,
    Refresh,
    CreatePermission,
    ChannelBind,
    /// Any other request.
    Other,
}

impl Method {
    pub(crate) fn of(method: u16) -> Self {
        match method {
            method::BINDING => Self::Binding,
            method::ALLOCATE => Self::Allocate,
            method::REFRESH => Self::Refresh,
            method::CREATE_PERMISSION => Self::CreatePermission,
            method::CHANNEL_BIND => Self::ChannelBind,
            _ => Self::Other,
        }
    }

    /// For metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binding => "binding",
            Self::Allocate => "allocate",
            Self::Refresh => "refresh",
            Self::CreatePermission => "create_permission",
            Self::ChannelBind => "channel_bind",
            Self::Other => "other",
        }
    }
}

/// What was answered (RFC 8489 section 14.8, RFC 8656 section 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Code {
    Success,
    BadRequest,
    Unauthorized,
    Forbidden,
    UnknownAttribute,
    AllocationMismatch,
    StaleNonce,
    AddressFamilyNotSupported,
    WrongCredentials,
    UnsupportedTransport,
    PeerAddressFamilyMismatch,
    AllocationQuotaReached,
    InsufficientCapacity,
}

impl Code {
    /// As it is sent; 0 for success.
    pub fn number(self) -> u16 {
        match self {
            Self::Success => 0,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::UnknownAttribute => 420,
            Self::AllocationMismatch => 437,
            Self::StaleNonce => 438,
            Self::AddressFamilyNotSupported => 440,
            Self::WrongCredentials => 441,
            Self::UnsupportedTransport => 442,
            Self::PeerAddressFamilyMismatch => 443,
            Self::AllocationQuotaReached => 486,
            Self::InsufficientCapacity => 508,
        }
    }

    /// As it is sent.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Success => "",
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::UnknownAttribute => "Unknown Attribute",
            Self::AllocationMismatch => "Allocation Mismatch",
            Self::StaleNonce => "Stale Nonce",
            Self::AddressFamilyNotSupported => "Address Family not Supported",
            Self::WrongCredentials => "Wrong Credentials",
            Self::UnsupportedTransport => "Unsupported Transport Protocol",
            Self::PeerAddressFamilyMismatch => "Peer Address Family Mismatch",
            Self::AllocationQuotaReached => "Allocation Quota Reached",
            Self::InsufficientCapacity => "Insufficient Capacity",
        }
    }
}

/// What a server counted since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests by what was answered.
    pub requests: BTreeMap<(Method, Code), u64>,
    /// Requests that were not answered because there were too many from strangers.
    pub over_rate: u64,
    /// Neither a STUN message nor ChannelData.
    pub malformed: u64,
    /// Datagrams relayed to peers.
    pub to_peers: u64,
    /// Bytes of them.
    pub to_peers_bytes: u64,
    /// Datagrams relayed to clients.
    pub to_clients: u64,
    /// Bytes of them.
    pub to_clients_bytes: u64,
    /// From clients: no allocation, permission or channel for it.
    pub unpermitted: u64,
    /// From clients: permitted by address, but the port is no peer's.
    pub forbidden: u64,
    /// From peers: no permission, or no peer at all.
    pub unasked: u64,
    /// Of these, how many came from where, for the first addresses.
    pub unasked_from: BTreeMap<IpAddr, u64>,
    /// User names that were malformed or too long.
    pub names_malformed: u64,
    /// Credentials whose time was over.
    pub names_expired: u64,
    /// Requests signed with no secret of ours.
    pub signatures_forged: u64,
    /// Events that nobody took in time.
    pub events_lost: u64,
    /// Allocations there are now.
    pub allocations: u64,
}

impl Counts {
    pub(crate) fn unasked(&mut self, from: IpAddr) {
        self.unasked += 1;
        self.book_unasked(from, 1);
    }

    fn book_unasked(&mut self, from: IpAddr, count: u64) {
        if self.unasked_from.len() < MOST_SOURCES || self.unasked_from.contains_key(&from) {
            *self.unasked_from.entry(from).or_default() += count;
        }
    }

    pub(crate) fn request(&mut self, method: Method, code: Code) {
        *self.requests.entry((method, code)).or_default() += 1;
    }

    /// Requests answered so.
    pub fn answered(&self, method: Method, code: Code) -> u64 {
        self.requests.get(&(method, code)).copied().unwrap_or(0)
    }

    /// Adds another server's.
    pub fn add(&mut self, other: &Self) {
        for (key, count) in &other.requests {
            *self.requests.entry(*key).or_default() += count;
        }
        for (from, count) in &other.unasked_from {
            self.book_unasked(*from, *count);
        }
        let mine = [
            &mut self.over_rate,
            &mut self.malformed,
            &mut self.to_peers,
            &mut self.to_peers_bytes,
            &mut self.to_clients,
            &mut self.to_clients_bytes,
            &mut self.unpermitted,
            &mut self.forbidden,
            &mut self.unasked,
            &mut self.names_malformed,
            &mut self.names_expired,
            &mut self.signatures_forged,
            &mut self.events_lost,
            &mut self.allocations,
        ];
        for (mine, (_, other)) in mine.into_iter().zip(other.plain()) {
            *mine += other;
        }
    }

    /// Each that is no request by its name, for metrics.
    pub fn plain(&self) -> [(&'static str, u64); 14] {
        [
            ("over_rate", self.over_rate),
            ("malformed", self.malformed),
            ("to_peers", self.to_peers),
            ("to_peers_bytes", self.to_peers_bytes),
            ("to_clients", self.to_clients),
            ("to_clients_bytes", self.to_clients_bytes),
            ("unpermitted", self.unpermitted),
            ("forbidden", self.forbidden),
            ("unasked", self.unasked),
            ("names_malformed", self.names_malformed),
            ("names_expired", self.names_expired),
            ("signatures_forged", self.signatures_forged),
            ("events_lost", self.events_lost),
            ("allocations", self.allocations),
        ]
    }
}
