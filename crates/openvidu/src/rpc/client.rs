//! The machine of one RPC session.

mod membership;
mod replies;
mod returning;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use conference::{ClientOperation, Notification, RequestId, Timestamp};

use self::membership::Membership;
use super::deadlines::{Deadline, Deadlines};
use super::effect::{ClientNumber, Effect, Resume, SocketId};
use super::frame::{self, Id, Malformed, Request};
use super::line::{Frame, GRACE_MS, Line, Overflow, Queue};
use super::methods::{self, Handler, Ping};
use super::notification;
use super::params::Params;
use super::refusal::Refusal;
use super::{MAX_OPEN_REQUESTS, code};
use crate::id::RpcSessionId;

/// A client that never joins is put out after this time, milliseconds.
const UNJOINED_MS: u64 = 60_000;

/// How long a client whose connection is over may keep its WebSocket, milliseconds.
const FAREWELL_MS: u64 = 10_000;

/// Who a machine is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Makes its request ids unique.
    pub number: ClientNumber,
    /// What its client resumes it by.
    pub session: RpcSessionId,
}

/// What is the same for all clients.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Told to clients that do not say which version they are; semver.
    pub compatible_version: String,
}

/// What a client did wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that are not JSON, too long, batches, or no JSON-RPC request.
    pub malformed: u64,
    /// Requests without id and answers to nothing: dropped.
    pub unanswerable: u64,
    /// Methods that do not exist.
    pub unknown_methods: u64,
    /// Requests refused because [`MAX_OPEN_REQUESTS`] were under way.
    pub refused_busy: u64,
    /// Frames, closings and replies of a WebSocket or request that is no longer this machine's.
    pub stale: u64,
}

/// One RPC session; it outlives its WebSocket. See the [module](super).
pub struct Client {
    identity: Identity,
    settings: Arc<Settings>,
    line: Line,
    membership: Membership,
    deadlines: Deadlines,
    ping: Ping,
    requests: BTreeMap<RequestId, Open>,
    sequence: u32,
    streams: u32,
    counters: Counters,
    ended: bool,
}

/// A request that the conference has not answered yet.
#[derive(Debug)]
struct Open {
    id: Id,
    kind: Kind,
}

/// What its answer looks like.
#[derive(Debug)]
enum Kind {
    /// Carries the version to tell the client.
    Join {
        version: String,
    },
    Operation,
}

impl Client {
    /// A machine without a WebSocket; [`attach`](Self::attach) it next.
    pub fn new(identity: Identity, settings: Arc<Settings>) -> Self {
        Self {
            identity,
            settings,
            line: Line::Detached(Queue::default()),
            membership: Membership::Outside,
            deadlines: Deadlines::default(),
            ping: Ping::default(),
            requests: BTreeMap::new(),
            sequence: 0,
            streams: 0,
            counters: Counters::default(),
            ended: false,
        }
    }

    /// The WebSocket with which the client arrived. `ip` is the address it comes from, shown by REST.
    pub fn attach(&mut self, now: Timestamp, socket: SocketId, ip: &str) -> Vec<Effect> {
        let (replaced, waiting) = self.connect(now, socket, ip);
        self.deadlines.set(Deadline::Unjoined, now, UNJOINED_MS);
        replaced.into_iter().chain(waiting).collect()
    }

    /// A text frame from the client.
    pub fn text(&mut self, now: Timestamp, socket: SocketId, text: &str) -> Vec<Effect> {
        if self.ended || self.line.socket() != Some(socket) {
            self.counters.stale += 1;
            return Vec::new();
        }
        match frame::parse(text) {
            Ok(request) => self.request(now, request),
            Err(Malformed::Unanswerable) => {
                self.counters.unanswerable += 1;
                Vec::new()
            }
            Err(Malformed::Refused(id, refusal)) => {
                self.counters.malformed += 1;
                self.deliver(frame::error(id.as_ref(), &refusal))
            }
        }
    }

    /// The WebSocket is closed, by whomever and however: every closing that was not preceded by
    /// [`disconnected`](Self::disconnected) starts the grace.
    pub fn detached(&mut self, now: Timestamp, socket: SocketId) -> Vec<Effect> {
        if self.ended || self.line.socket() != Some(socket) {
            self.counters.stale += 1;
            return Vec::new();
        }
        self.lose_socket(now)
    }

    /// The conference notifies this client.
    pub fn notify(&mut self, notification: &Notification) -> Vec<Effect> {
        if self.ended {
            self.counters.stale += 1;
            return Vec::new();
        }
        if let Notification::OfferWithdrawn { stream } = notification {
            self.line.withdraw(stream.as_str());
        }
        let Some(text) = notification::render(notification) else {
            return Vec::new();
        };
        match notification {
            Notification::ForciblyReconnectSubscriber { stream, .. } => self.deliver(Frame {
                text,
                offers: Some(stream.as_str().to_owned()),
            }),
            // Of those not so many that others find no room.
            Notification::IceCandidate { .. } if self.line.is_filling() => {
                self.counters.stale += 1;
                Vec::new()
            }
            _ => self.deliver(text),
        }
    }

    /// The connection is over (left, evicted, session closed). The client closes its WebSocket by itself; if it has
    /// not in ten seconds, it is closed.
    pub fn disconnected(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.ended {
            self.counters.stale += 1;
            return Vec::new();
        }
        self.membership = Membership::Over;
        self.deadlines.clear(Deadline::Watchdog);
        if self.line.socket().is_some() {
            self.deadlines.set(Deadline::Farewell, now, FAREWELL_MS);
        }
        Vec::new()
    }

    /// A new WebSocket asks to go on as this RPC session. The newest one wins: an older one that still looks alive is
    /// closed and forgotten.
    pub fn resume(&mut self, now: Timestamp, resume: Resume) -> Vec<Effect> {
        if self.ended {
            self.counters.stale += 1;
            return vec![refuse_resumption(&resume)];
        }
        let (replaced, waiting) = self.connect(now, resume.socket, &resume.ip);
        let mut effects = Vec::from_iter(replaced);
        effects.extend(self.deliver_value(&resume.id, "reconnection successful"));
        effects.extend(waiting);
        effects
    }

    /// Nobody has the RPC session that [`Effect::Resume`] asked for: answers 40007.
    pub fn resume_refused(&mut self, resume: &Resume) -> Vec<Effect> {
        if self.ended || self.line.socket() != Some(resume.socket) {
            self.counters.stale += 1;
            return Vec::new();
        }
        vec![refuse_resumption(resume)]
    }

    /// The WebSocket now belongs to the RPC session that [`Effect::Resume`] asked for.
    pub fn handed_over(&mut self) -> Vec<Effect> {
        self.end()
    }

    /// A deadline has passed.
    pub fn timeout(&mut self, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(reason) = self.deadlines.pop(now) {
            effects.extend(match reason {
                Deadline::Watchdog => self.hang_up(now, "Close for not receive ping from client"),
                Deadline::Unjoined => self.hang_up(now, "joinRoom did not come within 60 s"),
                Deadline::Farewell => self.hang_up(now, "The connection is over"),
                Deadline::Grace => self.give_up(),
            });
        }
        effects
    }

    /// When to call [`timeout`](Self::timeout), and what for. `None`: only when something else happens.
    pub fn next_timeout(&self) -> Option<(Timestamp, Deadline)> {
        self.deadlines.next()
    }

    /// What the client did wrong so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The id by which this machine is found when its client reconnects.
    pub fn session(&self) -> &RpcSessionId {
        &self.identity.session
    }

    fn request(&mut self, now: Timestamp, request: Request) -> Vec<Effect> {
        let params = Params::new(&request.method, &request.params);
        let Some(handler) = methods::find(&request.method) else {
            self.counters.unknown_methods += 1;
            let refusal = Refusal::new(
                code::METHOD_NOT_FOUND,
                format!("Unknown method '{}'", clip(&request.method)),
            );
            return self.deliver(frame::error(Some(&request.id), &refusal));
        };
        let outcome = match handler {
            Handler::Session(handle) => handle(self, now, &request.id, &params),
            Handler::Answer(answer) => self
                .joined(&request.method)
                .and_then(|_| answer(&params))
                .map(|()| self.deliver_result(&request.id, serde_json::Map::new())),
            Handler::Operation(read) => self.operate(&request.id, &request.method, &params, read),
        };
        outcome.unwrap_or_else(|refusal| self.deliver(frame::error(Some(&request.id), &refusal)))
    }

    fn operate(
        &mut self,
        id: &Id,
        method: &str,
        params: &Params<'_>,
        read: methods::Read,
    ) -> Result<Vec<Effect>, Refusal> {
        let connection = self.joined(method)?.clone();
        let mut operation = read(params)?;
        if let ClientOperation::Publish { nonce, .. } = &mut operation {
            *nonce = crate::id::stream_nonce(self.streams);
            self.streams = self.streams.wrapping_add(1);
        }
        let request = self.open(id, Kind::Operation)?;
        Ok(vec![Effect::Operation {
            request,
            connection,
            operation,
        }])
    }

    /// Notes a request that the conference will answer.
    fn open(&mut self, id: &Id, kind: Kind) -> Result<RequestId, Refusal> {
        if self.requests.len() >= MAX_OPEN_REQUESTS {
            self.counters.refused_busy += 1;
            let text = format!(
                "{MAX_OPEN_REQUESTS} requests of this client are under way; wait for replies"
            );
            return Err(Refusal::new(code::GENERIC, text));
        }
        let request = self.identity.number.request(self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        self.requests.insert(
            request,
            Open {
                id: id.clone(),
                kind,
            },
        );
        Ok(request)
    }

    /// Puts a WebSocket on. Returns the closing of the one it replaces, and what waited for it.
    fn connect(
        &mut self,
        now: Timestamp,
        socket: SocketId,
        ip: &str,
    ) -> (Option<Effect>, Vec<Effect>) {
        let (waiting, replaced) = self.line.attach(socket, ip.to_owned());
        self.deadlines.clear(Deadline::Grace);
        if matches!(self.membership, Membership::Abandoned) {
            self.membership = Membership::Joining;
        }
        match self.membership {
            Membership::Over => self.deadlines.set(Deadline::Farewell, now, FAREWELL_MS),
            _ => self.expect_ping(now),
        }
        let replaced = replaced.map(|socket| Effect::Close {
            socket,
            code: NORMAL_CLOSURE,
            reason: "Connection closed for reconnection",
        });
        let waiting = waiting
            .into_iter()
            .map(|Frame { text, .. }| Effect::Send { socket, text });
        (replaced, waiting.collect())
    }

    /// Watches for the next ping of a client that pings. One whose connection is over need not live any more.
    fn expect_ping(&mut self, now: Timestamp) {
        if let (Some(patience), false) = (
            self.ping.patience(),
            matches!(self.membership, Membership::Over),
        ) {
            self.deadlines.set(Deadline::Watchdog, now, patience);
        }
    }

    /// Closes the WebSocket, without waiting for it to report that it is closed.
    fn hang_up(&mut self, now: Timestamp, reason: &'static str) -> Vec<Effect> {
        let Some(socket) = self.line.socket() else {
            return Vec::new();
        };
        let mut effects = vec![Effect::Close {
            socket,
            code: NORMAL_CLOSURE,
            reason,
        }];
        effects.extend(self.lose_socket(now));
        effects
    }

    fn lose_socket(&mut self, now: Timestamp) -> Vec<Effect> {
        self.line.detach();
        self.deadlines.clear_all();
        match self.membership {
            Membership::Outside | Membership::Over => self.end(),
            Membership::Joining | Membership::Joined(_) => {
                self.deadlines.set(Deadline::Grace, now, GRACE_MS);
                Vec::new()
            }
            Membership::Abandoned => Vec::new(),
        }
    }

    /// The client has not come back, or cannot be kept informed.
    fn give_up(&mut self) -> Vec<Effect> {
        match std::mem::replace(&mut self.membership, Membership::Over) {
            Membership::Joined(connection) => {
                let mut effects = vec![Effect::Lost { connection }];
                effects.extend(self.end());
                effects
            }
            Membership::Joining | Membership::Abandoned => {
                self.membership = Membership::Abandoned;
                self.deadlines.clear_all();
                Vec::new()
            }
            Membership::Outside | Membership::Over => self.end(),
        }
    }

    fn end(&mut self) -> Vec<Effect> {
        if std::mem::replace(&mut self.ended, true) {
            return Vec::new();
        }
        self.deadlines.clear_all();
        self.requests.clear();
        self.line.detach();
        vec![Effect::Ended]
    }

    /// Sends a frame, or keeps it for the client's return.
    fn deliver(&mut self, frame: impl Into<Frame>) -> Vec<Effect> {
        let frame = frame.into();
        match &mut self.line {
            Line::Attached { socket, .. } => vec![Effect::Send {
                socket: *socket,
                text: frame.text,
            }],
            Line::Detached(queue) => match queue.push(frame) {
                Ok(()) => Vec::new(),
                Err(Overflow) => self.give_up(),
            },
        }
    }
}

/// RFC 6455: the purpose is fulfilled.
const NORMAL_CLOSURE: u16 = 1000;

fn refuse_resumption(resume: &Resume) -> Effect {
    let refusal = Refusal {
        code: code::RECONNECTION,
        message: "reconnection error".into(),
    };
    Effect::Send {
        socket: resume.socket,
        text: frame::error(Some(&resume.id), &refusal),
    }
}

/// The start of a text that came from a client and goes into a message.
fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("number", &self.identity.number)
            .field("membership", &self.membership)
            .field("socket", &self.line.socket())
            .field("requests", &self.requests.len())
            .finish_non_exhaustive()
    }
}
