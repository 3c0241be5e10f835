//! Plain STUN over one TCP connection: whether somebody accepts it, and is a media port of a node.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reachability::{Failed, Stage};

use crate::report::Passed;
use crate::stun::{self, Said, Transaction};

/// One connection that is to bring an echo.
#[derive(Debug)]
pub struct Knock {
    to: SocketAddr,
    transaction: Transaction,
    begun: Instant,
    until: Instant,
    connected: Option<Instant>,
    /// Something else than the answer came, of this length.
    odd: Option<usize>,
    result: Option<Result<Passed, Failed>>,
}

impl Knock {
    /// Begun now, for `patience`.
    pub fn new(now: Instant, to: SocketAddr, transaction: Transaction, patience: Duration) -> Self {
        Self {
            to,
            transaction,
            begun: now,
            until: now + patience,
            connected: None,
            odd: None,
            result: None,
        }
    }

    #[allow(missing_docs)]
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// `None` while it is under way.
    pub fn result(&self) -> Option<&Result<Passed, Failed>> {
        self.result.as_ref()
    }

    /// When [`Knock::elapse`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.result.is_none().then_some(self.until)
    }

    /// Lets time pass.
    pub fn elapse(&mut self, now: Instant) {
        if self.result.is_none() && now >= self.until {
            self.give_up(now);
        }
    }

    /// The connection stands, or does not. Returns what is to be sent on it.
    pub fn opened(&mut self, now: Instant, opened: Result<(), &io::Error>) -> Option<Vec<u8>> {
        if self.result.is_some() {
            return None;
        }
        match opened {
            Ok(()) => {
                self.connected = Some(now);
                Some(stun::request(&self.transaction).to_vec())
            }
            Err(error) => {
                self.result = Some(Err(unopened(error)));
                None
            }
        }
    }

    /// A frame came.
    pub fn heard(&mut self, now: Instant, frame: &[u8]) {
        if self.result.is_some() {
            return;
        }
        match stun::read(frame) {
            Said::Seen(transaction, seen_as) if transaction == self.transaction => {
                self.result = Some(Ok(Passed::Echo {
                    after: now - self.connected.unwrap_or(self.begun),
                    requests: 1,
                    seen_as,
                }));
            }
            _ => self.odd = Some(frame.len()),
        }
    }

    /// The connection is over.
    pub fn broke(&mut self, error: &io::Error) {
        if self.result.is_none() {
            self.result = Some(Err(Failed {
                stage: Stage::Echo,
                reason: format!("the connection ended before STUN was answered: {error}"),
                hint: "another program has this port, or something on the way ends connections"
                    .to_owned(),
            }));
        }
    }

    /// Ends it unanswered.
    pub fn give_up(&mut self, now: Instant) {
        if self.result.is_some() {
            return;
        }
        let span = (now - self.begun).as_secs_f64();
        self.result = Some(Err(match (self.connected, self.odd) {
            (None, _) => Failed {
                stage: Stage::Echo,
                reason: format!("no connection in {span:.1} s"),
                hint: "a firewall drops it, or the address is not this node's".to_owned(),
            },
            (Some(_), Some(len)) => Failed {
                stage: Stage::Echo,
                reason: format!("what came back ({len} bytes) does not answer STUN"),
                hint: "another program has this port, or the address is not this node's".to_owned(),
            },
            (Some(_), None) => Failed {
                stage: Stage::Echo,
                reason: format!("connected, but STUN was not answered in {span:.1} s"),
                hint: "something on the way accepts connections for the node, or another program has this port"
                    .to_owned(),
            },
        }));
    }
}

/// What a connection says that does not come to stand.
pub fn unopened(error: &io::Error) -> Failed {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, PermissionDenied};
    let (stage, reason, hint) = match error.kind() {
        ConnectionRefused => (
            Stage::Refused,
            "refused".to_owned(),
            "nobody listens there: the node's process is gone, a firewall rejects it, or the address is not this node's",
        ),
        NetworkUnreachable => (
            Stage::Route,
            format!("this machine has no way there: {error}"),
            "the address is of a network that it is not connected to",
        ),
        PermissionDenied => (
            Stage::Send,
            format!("this machine could not connect: {error}"),
            "its firewall forbids it",
        ),
        HostUnreachable => (
            Stage::Echo,
            format!("the connection did not get there: {error}"),
            "a router or this machine says so: the address is not this node's, or its network is down",
        ),
        _ => (Stage::Echo, format!("no connection: {error}"), ""),
    };
    Failed {
        stage,
        reason,
        hint: hint.to_owned(),
    }
}
