//! One client's relayed address, and whom it may talk to through it.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::credentials::Key;
use crate::tuple::Tuple;

/// Shortest and default time without a refresh.
const SHORTEST: Duration = Duration::from_secs(600);
/// Longest time without a refresh.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long a permission lasts (RFC 8656 section 9).
const PERMISSION: Duration = Duration::from_secs(300);
/// How long a channel lasts (RFC 8656 section 12).
const CHANNEL: Duration = Duration::from_secs(600);
/// Permissions, and channels, of one allocation. A client has one for each address of the node that serves it.
const MOST: usize = 64;

/// What a client has been given.
#[derive(Debug)]
pub struct Allocation {
    /// Whose it is.
    pub client: Tuple,
    /// What the client was told.
    pub relayed: SocketAddr,
    /// All of the user name: nobody else may change this allocation.
    pub username: Box<str>,
    /// Of the user name.
    pub label: Box<str>,
    /// What its requests are signed with.
    pub key: Key,
    /// Of the request that made it, to know a repeated one.
    pub transaction: [u8; 16],
    /// What was last granted, and when that is over.
    pub granted: Duration,
    until: Option<Instant>,
    permissions: Vec<(IpAddr, Instant)>,
    channels: Vec<Channel>,
    /// Datagrams to peers.
    pub to_peers: u64,
    /// Datagrams from peers.
    pub to_client: u64,
}

#[derive(Debug)]
struct Channel {
    number: u16,
    peer: SocketAddr,
    until: Instant,
}

/// Why a channel or permission cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbindable {
    /// The number, or the peer, is bound otherwise.
    Taken,
    /// There are too many.
    Full,
}

/// What a client is granted who asks for `seconds`.
pub fn lifetime(seconds: Option<u32>) -> Duration {
    let wanted = seconds.map_or(SHORTEST, |seconds| Duration::from_secs(seconds.into()));
    wanted.clamp(SHORTEST, LONGEST)
}

impl Allocation {
    /// One that is over unless it is refreshed.
    pub fn new(
        client: Tuple,
        relayed: SocketAddr,
        user: (Box<str>, Box<str>, Key),
        transaction: [u8; 16],
    ) -> Self {
        let (username, label, key) = user;
        Self {
            client,
            relayed,
            username,
            label,
            key,
            transaction,
            granted: Duration::ZERO,
            until: None,
            permissions: Vec::new(),
            channels: Vec::new(),
            to_peers: 0,
            to_client: 0,
        }
    }

    /// Lets it live for so long from now on.
    pub fn refresh(&mut self, now: Instant, granted: Duration) {
        self.granted = granted;
        self.until = Some(now + granted);
    }

    /// Whether it was not refreshed in time.
    pub fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until < now)
    }

    /// Permits an address, or permits it for longer. False when there are too many.
    pub fn permit(&mut self, now: Instant, ip: IpAddr) -> bool {
        let until = now + PERMISSION;
        if let Some(known) = self.permissions.iter_mut().find(|(known, _)| *known == ip) {
            known.1 = until;
            return true;
        }
        self.permissions.retain(|(_, until)| now <= *until);
        if self.permissions.len() == MOST {
            return false;
        }
        self.permissions.push((ip, until));
        true
    }

    /// Binds a channel and permits its peer's address.
    pub fn bind(&mut self, now: Instant, number: u16, peer: SocketAddr) -> Result<(), Unbindable> {
        self.channels.retain(|channel| now <= channel.until);
        let mut bound = self.channels.iter();
        let taken = |channel: &Channel| (channel.number == number) != (channel.peer == peer);
        if bound.any(taken) {
            return Err(Unbindable::Taken);
        }
        let full = self.channels.len() == MOST;
        let mut known = self.channels.iter_mut();
        let until = now + CHANNEL;
        match known.find(|channel| channel.number == number) {
            Some(channel) => channel.until = until,
            None if full => return Err(Unbindable::Full),
            None => self.channels.push(Channel {
                number,
                peer,
                until,
            }),
        }
        if self.permit(now, peer.ip()) {
            Ok(())
        } else {
            Err(Unbindable::Full)
        }
    }

    /// Whether data may be exchanged with this address.
    pub fn permits(&self, now: Instant, ip: IpAddr) -> bool {
        let mut permissions = self.permissions.iter();
        permissions.any(|(known, until)| *known == ip && now <= *until)
    }

    /// The peer of a channel.
    pub fn peer_of(&self, now: Instant, number: u16) -> Option<SocketAddr> {
        let mut channels = self.channels.iter();
        let channel = channels.find(|channel| channel.number == number)?;
        (now <= channel.until).then_some(channel.peer)
    }

    /// The channel to a peer.
    pub fn channel_to(&self, now: Instant, peer: SocketAddr) -> Option<u16> {
        let mut channels = self.channels.iter();
        let channel = channels.find(|channel| channel.peer == peer)?;
        (now <= channel.until).then_some(channel.number)
    }

    /// Forgets whom it may no longer reach.
    pub fn keep(&mut self, ip: impl Fn(IpAddr) -> bool, peer: impl Fn(SocketAddr) -> bool) {
        self.permissions.retain(|(known, _)| ip(*known));
        self.channels.retain(|channel| peer(channel.peer));
    }
}
