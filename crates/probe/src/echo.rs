//! One path asked by plain STUN, again and again until it answers or the requests are used up.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reachability::{Failed, Stage};

use crate::plan::Limits;
use crate::report::Passed;
use crate::stun::{self, Said, Transaction};

/// Asks one address.
#[derive(Debug)]
pub struct Echo {
    to: SocketAddr,
    transaction: Transaction,
    sent: u32,
    /// The first request went then.
    first: Option<Instant>,
    /// The next request, or the end after the last.
    next: Instant,
    pause: Duration,
    /// What came instead of the answer, or what the system said of the last request.
    odd: Option<Odd>,
    result: Option<Result<Passed, Failed>>,
}

/// What speaks of the cause, should no answer come.
#[derive(Debug)]
enum Odd {
    /// Our own system did not send.
    Unsent(String),
    /// What somebody on the way reported.
    Reported(String),
    /// The right answer from the wrong place.
    From(SocketAddr),
    /// Something else of this length from the right place.
    Strange(usize),
}

impl Echo {
    /// Due at once.
    pub fn new(now: Instant, to: SocketAddr, transaction: Transaction, limits: &Limits) -> Self {
        Self {
            to,
            transaction,
            sent: 0,
            first: None,
            next: now,
            pause: limits.first_pause,
            odd: None,
            result: None,
        }
    }

    /// A path that there is no way to try.
    pub fn without_route(now: Instant, to: SocketAddr, error: &str) -> Self {
        let failed = Failed {
            stage: Stage::Route,
            reason: format!("this machine has no way there: {error}"),
            hint: "the address is of a network that it is not connected to".to_owned(),
        };
        Self {
            to,
            transaction: Transaction::default(),
            sent: 0,
            first: None,
            next: now,
            pause: Duration::ZERO,
            odd: None,
            result: Some(Err(failed)),
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

    /// When [`Echo::elapse`] has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.result.is_none().then_some(self.next)
    }

    /// Lets time pass: the request that is due, if one is, and whether it should be sent so that a refusal is heard of.
    /// Every second one is, unless [`Limits::insist`]: the others hear of answers from elsewhere.
    pub fn elapse(&mut self, now: Instant, limits: &Limits) -> Option<(Vec<u8>, bool)> {
        if self.result.is_some() || now < self.next {
            return None;
        }
        if self.sent >= limits.requests.max(1) {
            self.give_up(now);
            return None;
        }
        self.sent += 1;
        self.odd.take_if(|odd| matches!(odd, Odd::Unsent(_)));
        self.first.get_or_insert(now);
        // The pause counts from now, not from when it was due: a late prober must not send all requests in one burst.
        self.next = now + self.pause;
        self.pause = (self.pause * 2).min(limits.longest_pause);
        if self.sent >= limits.requests.max(1) {
            self.next = now + limits.longest_pause;
        }
        let request = stun::request(&self.transaction).to_vec();
        Some((request, limits.insist || self.sent.is_multiple_of(2)))
    }

    /// Ends it unanswered.
    pub fn give_up(&mut self, now: Instant) {
        if self.result.is_some() {
            return;
        }
        let asked = self.first.map_or(Duration::ZERO, |first| now - first);
        self.result = Some(Err(match self.odd.take() {
            Some(Odd::Unsent(error)) => Failed {
                stage: Stage::Send,
                reason: format!("this machine could not send: {error}"),
                hint: "its firewall or its routes forbid it".to_owned(),
            },
            Some(Odd::Reported(error)) => Failed {
                stage: Stage::Echo,
                reason: format!("{} STUN requests did not get there: {error}", self.sent),
                hint: "a router or this machine says so: the address is not this node's, or its network is down".to_owned(),
            },
            Some(Odd::From(other)) => Failed {
                stage: Stage::Echo,
                reason: format!(
                    "the answers to {} STUN requests came from {other}",
                    self.sent
                ),
                hint: Failed::ASTRAY.to_owned(),
            },
            Some(Odd::Strange(len)) => Failed {
                stage: Stage::Echo,
                reason: format!(
                    "what came back ({len} bytes) answers none of {} STUN requests",
                    self.sent
                ),
                hint: "another program has this port, or the address is not this node's".to_owned(),
            },
            None => Failed {
                stage: Stage::Echo,
                reason: format!(
                    "no answer to {} STUN requests in {:.1} s",
                    self.sent,
                    asked.as_secs_f64()
                ),
                hint: "a firewall drops it, or the address is not this node's".to_owned(),
            },
        }));
    }

    /// The system would not send the last request.
    pub fn unsendable(&mut self, error: String) {
        self.odd = Some(Odd::Unsent(error));
    }

    /// Word came back of an error on the way. Later requests may get there.
    pub fn reported(&mut self, error: String) {
        self.odd.get_or_insert(Odd::Reported(error));
    }

    /// Word came back that nobody listens there.
    pub fn refused(&mut self) {
        if self.first.is_some() && self.result.is_none() {
            self.result = Some(Err(Failed {
                stage: Stage::Refused,
                reason: "refused".to_owned(),
                hint: "nobody listens there: the node's process is gone, a firewall rejects it, or the address is not \
                       this node's".to_owned(),
            }));
        }
    }

    /// Takes what `from` said with the transaction id of this path. True when the path has passed by it.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, said: Said) -> bool {
        let Some(first) = self.first.filter(|_| self.result.is_none()) else {
            return false;
        };
        if from != self.to {
            self.odd = Some(Odd::From(from));
            return false;
        }
        let result = match said {
            Said::Seen(_, seen_as) => Ok(Passed::Echo {
                after: now - first,
                requests: self.sent,
                seen_as,
            }),
            Said::Refused(_, code) => Err(Failed {
                stage: Stage::Echo,
                reason: format!("STUN was refused with error {code}"),
                hint: "another program has this port, or the address is not this node's".to_owned(),
            }),
            Said::Nothing => return false,
        };
        let passed = result.is_ok();
        self.result = Some(result);
        passed
    }

    /// Something else came from there. A late answer to somebody who had our port before looks like this too, so it
    /// decides nothing.
    pub fn strange(&mut self, len: usize) {
        self.odd.get_or_insert(Odd::Strange(len));
    }
}
