//! A person with a browser: the application that asks for tokens, and the stock client library below it.
//!
//! The library does what openvidu-browser 2.32 does: a ping every 5 s, a new WebSocket every 3 s while it has none, and
//! for media no ICE restart, ever: a peer connection that has been `disconnected` for 4 s or that has `failed` is
//! replaced, once, after an `echo` was answered. A repair that is refused is not tried again before the next change of
//! ICE or the next new WebSocket. Requests that were open when the WebSocket broke are forgotten without a word, and a
//! stream whose repair was forgotten so can never be repaired again; the person then reloads the page.
//!
//! The application joins again after it was put out, and asks again for what was refused: to publish, to subscribe.

mod answers;
mod asking;
mod heard;
mod legs;
mod peer;
mod tally;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub use legs::{Leg, LegKey};
pub use peer::{Change, Ice, Peer, PeerId, Remote, sdp};
pub use tally::Tally;

use crate::queue::Time;

const PING: Time = 5_000;
const PONG: Time = 5_000;
const REDIAL: Time = 3_000;
const REQUEST: Time = 10_000;
/// Until a person notices.
const MISSED: Time = 20_000;
const ECHO: Time = 3_000;
const BROKEN: Time = 4_000;
const ASK_AGAIN: Time = 3_000;
const REST_LIMIT: Time = 15_000;
const REST_LONGEST: Time = 30_000;

/// What the surroundings do for a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Opens a WebSocket, the only one.
    Dial,
    /// Sends on it.
    Send(String),
    /// Closes it.
    HangUp,
    /// The application's server asks the master.
    Ask(Ask),
    /// For whoever reads the trace.
    Note(String),
}

/// What an application's server asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// With this id of its own.
    Session(String),
    /// A token.
    Connection(String),
}

/// Where the person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not in the call.
    Out,
    /// The application asks for a token.
    Asking,
    /// The first WebSocket is being opened.
    Opening,
    /// `joinRoom` is under way.
    Joining,
    /// In the call, with a WebSocket.
    In,
    /// In the call, without one.
    Reconnecting,
    /// A new WebSocket is there, `connect` is under way.
    Resuming,
}

/// What a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    Ping,
    Join,
    Connect,
    Echo(LegKey, PeerId),
    Publish,
    Unpublish,
    Prepare(String, bool),
    Receive(String),
    Reconnect(LegKey),
    Mute(bool),
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Ask,
    RestLimit(u64),
    Ping,
    Pong(u64),
    Request(u64),
    Echo(u64),
    Redial,
    Broken(LegKey, PeerId),
    Publish,
    Subscribe(String),
    Reload,
}

/// One person and one browser.
#[derive(Debug)]
pub struct Browser {
    index: usize,
    /// The session that its application wants to be in, by its own id.
    pub session: String,
    wanted: bool,
    phase: Phase,
    token: Option<String>,
    asks: u64,
    ask_failures: u32,
    socket: bool,
    next_request: u64,
    pending: BTreeMap<u64, Pending>,
    interval_told: bool,
    rpc_session: Option<String>,
    connection: Option<String>,
    legs: BTreeMap<LegKey, Leg>,
    /// Streams of others, and whose.
    remote: BTreeMap<String, String>,
    others: BTreeSet<String>,
    next_peer: u64,
    timers: BTreeSet<(Time, Timer)>,
    acts: Vec<Act>,
    /// Whether sound is on, as last acknowledged.
    pub muted: bool,
    /// Whether that is known: a request for a change may have been lost, or its answer.
    pub mute_unsure: bool,
    #[allow(missing_docs)]
    pub tally: Tally,
}

impl Browser {
    /// Nobody is in front of it yet.
    pub fn new(index: usize, session: String) -> Self {
        Self {
            index,
            session,
            wanted: false,
            phase: Phase::Out,
            token: None,
            asks: 0,
            ask_failures: 0,
            socket: false,
            next_request: 0,
            pending: BTreeMap::new(),
            interval_told: false,
            rpc_session: None,
            connection: None,
            legs: BTreeMap::new(),
            remote: BTreeMap::new(),
            others: BTreeSet::new(),
            next_peer: (index as u64) << 32,
            timers: BTreeSet::new(),
            acts: Vec::new(),
            muted: false,
            mute_unsure: false,
            tally: Tally::default(),
        }
    }

    #[allow(missing_docs)]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether somebody wants to be in the call.
    pub fn wanted(&self) -> bool {
        self.wanted
    }

    /// Whom it shows.
    pub fn others(&self) -> &BTreeSet<String> {
        &self.others
    }

    /// What it has joined as.
    pub fn connection(&self) -> Option<&str> {
        self.connection.as_deref()
    }

    /// The directions of streams that it has, or tries to have.
    pub fn legs(&self) -> &BTreeMap<LegKey, Leg> {
        &self.legs
    }

    /// When it wants to be woken.
    pub fn next_deadline(&self) -> Option<Time> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// What it wants done.
    pub fn take_acts(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.acts)
    }

    /// Somebody sits down, and wants to be in the call.
    pub fn arrive(&mut self, now: Time) {
        if !self.wanted {
            self.wanted = true;
            self.ask(now);
        }
    }

    /// Leaves the call by the button.
    pub fn leave(&mut self, now: Time) {
        self.wanted = false;
        if matches!(self.phase, Phase::In) {
            self.request(now, "leaveRoom", json!({}), Pending::Other);
        }
        self.clear();
    }

    /// The page or the machine goes, without a word.
    pub fn vanish(&mut self) {
        self.wanted = false;
        self.clear();
    }

    /// Mutes or unmutes.
    pub fn mute(&mut self, now: Time, muted: bool) {
        let stream = self
            .legs
            .get(&LegKey::Own)
            .and_then(|leg| leg.stream.clone());
        if let (Phase::In, Some(stream)) = (self.phase, stream) {
            let params = json!({
                "streamId": stream, "property": "audioActive", "newValue": !muted, "reason": "publishAudio",
            });
            self.request(now, "streamPropertyChanged", params, Pending::Mute(muted));
        }
    }

    /// What is due.
    pub fn wake(&mut self, now: Time) {
        while let Some((at, timer)) = self.timers.first().cloned().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, timer.clone()));
            self.ring(now, timer);
        }
    }

    fn ring(&mut self, now: Time, timer: Timer) {
        match timer {
            Timer::Ask => self.ask(now),
            Timer::RestLimit(ask) if ask == self.asks && self.phase == Phase::Asking => {
                self.asked_in_vain(now);
            }
            Timer::RestLimit(_) => {}
            Timer::Ping => self.ping(now),
            Timer::Pong(id) => {
                if self.pending.remove(&id).is_some() {
                    self.note("no pong");
                    self.hang_up();
                    self.reconnect(now);
                }
            }
            Timer::Request(id) => {
                if let Some(what) = self.pending.remove(&id) {
                    self.failed(
                        now,
                        what,
                        &json!({"code": -1, "message": "Request has timed out"}),
                    );
                }
            }
            Timer::Echo(id) => {
                if let Some(what) = self.pending.remove(&id) {
                    self.failed(now, what, &json!({"code": -1, "message": "no echo"}));
                }
            }
            Timer::Redial => self.act(Act::Dial),
            Timer::Broken(key, peer) => self.still_broken(now, &key, peer),
            Timer::Publish => self.publish(now),
            Timer::Subscribe(stream) => self.subscribe(now, &stream),
            Timer::Reload => self.reload(now),
        }
    }

    fn set(&mut self, now: Time, span: Time, timer: Timer) {
        self.timers.insert((now + span, timer));
    }

    fn unset(&mut self, unwanted: impl Fn(&Timer) -> bool) {
        self.timers.retain(|(_, timer)| !unwanted(timer));
    }

    fn act(&mut self, act: Act) {
        self.acts.push(act);
    }

    fn note(&mut self, text: impl Into<String>) {
        self.acts.push(Act::Note(text.into()));
    }

    fn hang_up(&mut self) {
        if std::mem::take(&mut self.socket) {
            self.act(Act::HangUp);
        }
    }

    /// Out of the call, whatever was under way.
    fn clear(&mut self) {
        self.hang_up();
        self.phase = Phase::Out;
        self.token = None;
        self.pending.clear();
        self.timers.clear();
        self.rpc_session = None;
        self.connection = None;
        self.legs.clear();
        self.remote.clear();
        self.others.clear();
        self.interval_told = false;
        self.muted = false;
        self.mute_unsure = false;
    }

    /// Out of the call against the person's will: the application joins again, less and less often while it is in vain.
    fn put_out(&mut self, now: Time, why: &str) {
        self.note(format!("is out of the call: {why}"));
        let was_in = self.connection.is_some();
        self.clear();
        if was_in {
            self.asks += 1;
            self.set(now, 1_000, Timer::Ask);
        } else {
            self.asked_in_vain(now);
        }
    }

    /// Something that it was to be told was lost; it is to hear of it when it is back.
    pub fn miss(&mut self) {
        if self.connection.is_some() {
            self.tally.missed += 1;
        }
    }

    /// Something that it was told is not so any more, and nobody knows that it was: sooner or later the person sees that
    /// somebody is missing, or is still shown, and reloads the page.
    pub fn mislead(&mut self, now: Time) {
        if self.connection.is_some() {
            self.unset(|timer| *timer == Timer::Reload);
            self.set(now, MISSED, Timer::Reload);
        }
    }

    fn reload(&mut self, now: Time) {
        self.tally.reloads += 1;
        self.put_out(now, "the page is reloaded");
    }

    /// The library has hung itself up.
    fn hung(&mut self, now: Time, what: &str) {
        self.note(format!("the library waits for ever for {what}"));
        self.set(now, 2_000, Timer::Reload);
    }

    fn reconnect(&mut self, now: Time) {
        match self.phase {
            Phase::In | Phase::Resuming | Phase::Reconnecting => {}
            Phase::Out | Phase::Asking => return,
            // Nobody resumes a session that was never joined.
            Phase::Opening | Phase::Joining => return self.put_out(now, "could not join"),
        }
        self.phase = Phase::Reconnecting;
        self.forget_requests(now);
        self.unset(|timer| {
            matches!(
                timer,
                Timer::Ping | Timer::Pong(_) | Timer::Request(_) | Timer::Echo(_) | Timer::Redial
            )
        });
        self.act(Act::Dial);
    }

    /// What `rpc.cancel()` of the original does: no callback is ever called.
    fn forget_requests(&mut self, now: Time) {
        for what in std::mem::take(&mut self.pending).into_values() {
            match what {
                Pending::Reconnect(_) | Pending::Prepare(_, true) => {
                    self.hung(now, "a repair that was forgotten with its WebSocket");
                }
                Pending::Publish => {
                    self.hung(now, "a publication that was forgotten with its WebSocket")
                }
                Pending::Mute(_) => self.mute_unsure = true,
                _ => {}
            }
        }
    }

    fn ping(&mut self, now: Time) {
        let params = if std::mem::replace(&mut self.interval_told, true) {
            json!({})
        } else {
            json!({"interval": PING})
        };
        let id = self.send(now, "ping", params, Pending::Ping);
        self.set(now, PONG, Timer::Pong(id));
        self.set(now, PING, Timer::Ping);
    }

    fn request(&mut self, now: Time, method: &str, params: Value, what: Pending) -> u64 {
        let id = self.send(now, method, params, what);
        self.set(now, REQUEST, Timer::Request(id));
        id
    }

    fn send(&mut self, _now: Time, method: &str, params: Value, what: Pending) -> u64 {
        let id = self.next_request;
        self.next_request += 1;
        self.pending.insert(id, what);
        let frame = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": id});
        if self.socket {
            self.act(Act::Send(frame.to_string()));
        }
        id
    }

    /// The WebSocket is open.
    pub fn opened(&mut self, now: Time) {
        self.socket = true;
        match self.phase {
            Phase::Opening => {
                self.phase = Phase::Joining;
                self.ping(now);
                let params = json!({
                    "token": self.token, "session": self.session, "platform": "Chrome", "sdkVersion": "2.32.1",
                    "metadata": format!("person {}", self.index), "secret": "", "recorder": false, "stt": false,
                });
                self.request(now, "joinRoom", params, Pending::Join);
            }
            Phase::Reconnecting => {
                self.phase = Phase::Resuming;
                let params = json!({"sessionId": self.rpc_session, "reconnect": true});
                self.request(now, "connect", params, Pending::Connect);
            }
            _ => self.hang_up(),
        }
    }

    /// The WebSocket could not be opened.
    pub fn unreachable(&mut self, now: Time) {
        match self.phase {
            Phase::Opening => self.put_out(now, "the WebSocket could not be opened"),
            Phase::Reconnecting => self.set(now, REDIAL, Timer::Redial),
            _ => {}
        }
    }

    /// The WebSocket is closed, by the other side or the network.
    pub fn closed(&mut self, now: Time) {
        if std::mem::take(&mut self.socket) {
            self.reconnect(now);
        }
    }

    /// Whether checks of this peer connection are answered now.
    pub fn check(&mut self, now: Time, key: &LegKey, answered: bool) -> Option<Change> {
        let peer = self.legs.get_mut(key)?.peer.as_mut()?;
        let change = peer.check(now, answered)?;
        let id = peer.id;
        match change {
            Change::Connected => {}
            Change::Disconnected => self.set(now, BROKEN, Timer::Broken(key.clone(), id)),
            Change::Failed => self.broken(now, key),
        }
        Some(change)
    }
}
