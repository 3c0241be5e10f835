//! The one task of a node: carries what happens on the link, on the media plane and on the machine to the node's mind,
//! and carries out what that wants. It decides nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use addresses::Finding;
use agent::{
    Agent, Effect, Ended, Exit, Failure, FailureKind, Input, Moment, NodeSettings, Note, ToMaster,
};
use link::dial::{Dialer, Event, HelloWanted, Outbox};
use link::proto::{self, from_master, from_node};
use media::EventSink;
use media::evidence::Seen;
use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info, warn};

use crate::carrier::Carrier;
use crate::evidence::Evidences;
use crate::looks::{self, Looks};
use crate::usage::Meter;
use crate::{random, translate};
use discovery::{Discovery, Kept};

/// Events of the media plane that may wait here before the shards have to keep theirs.
const EVENTS: usize = 1024;

/// The bounded way from the shards to the shell.
pub(crate) fn plane_events() -> (EventSink, mpsc::Receiver<media::Event>) {
    let (sender, receiver) = mpsc::channel(EVENTS);
    let sink: EventSink = Arc::new(move |event| match sender.try_send(event) {
        Ok(()) => true,
        Err(mpsc::error::TrySendError::Full(_)) => false,
        // The node is on its way out; a shard must not keep what nobody will take.
        Err(mpsc::error::TrySendError::Closed(_)) => true,
    });
    (sink, receiver)
}

/// Everything that the mind acts through.
pub(crate) struct Shell<C> {
    pub(crate) agent: Agent,
    /// The origin of the mind's time.
    pub(crate) origin: Instant,
    pub(crate) carrier: C,
    pub(crate) plane_events: mpsc::Receiver<media::Event>,
    pub(crate) evidences: Evidences,
    pub(crate) discovery: Discovery,
    pub(crate) kept: Kept,
    pub(crate) meter: Meter,
    pub(crate) dialer: Dialer,
    pub(crate) told: watch::Sender<proto::Heartbeat>,
    pub(crate) way: Way,
    pub(crate) looks: Looks,
}

/// The way to the master while there is one.
#[derive(Default)]
pub(crate) struct Way {
    wanted: Option<HelloWanted>,
    outbox: Option<Outbox>,
    /// What found no room. While it waits nothing is taken in that would add to it, so that nothing has to be dropped.
    unsent: VecDeque<from_node::Message>,
}

/// What the shell waited for.
enum Happened {
    Asked,
    Room(bool),
    Link(Option<Event>),
    Plane(media::Event),
    Seen(SystemTime, Seen),
    Found(Finding),
    Look(looks::Came),
    Due,
}

impl<C: Carrier> Shell<C> {
    /// Works until it is asked to stop or the mind has a reason of its own. The carrier is handed back to be shut down.
    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) -> (Exit, C) {
        tokio::pin!(shutdown);
        let exit = loop {
            let happened = tokio::select! {
                () = &mut shutdown => Happened::Asked,
                happened = self.next() => happened,
            };
            if let Some(exit) = self.on(happened) {
                break exit;
            }
        };
        // A master that is going too has no ear for what waits.
        drop(self.way);
        self.dialer.close().await;
        (exit, self.carrier)
    }

    async fn next(&mut self) -> Happened {
        let due = self.agent.next_deadline().map_or(self.origin, |deadline| {
            self.origin + Duration::from_millis(deadline.at.0)
        });
        let flowing = self.way.unsent.is_empty();
        tokio::select! {
            room = self.way.room(), if !flowing => Happened::Room(room),
            event = self.dialer.next(), if flowing => Happened::Link(event),
            Some(event) = self.plane_events.recv(), if flowing => Happened::Plane(event),
            (at, seen) = self.evidences.next(), if self.way.has_spare() => Happened::Seen(at, seen),
            // All that they add to what waits is a set of addresses, in place of the one that may wait.
            found = self.discovery.next() => Happened::Found(found),
            came = self.looks.next(), if flowing => Happened::Look(came),
            () = tokio::time::sleep_until(due.into()) => Happened::Due,
        }
    }

    fn on(&mut self, happened: Happened) -> Option<Exit> {
        match happened {
            Happened::Asked => self.feed(Input::Stop),
            Happened::Due => self.feed(Input::Tick),
            Happened::Link(event) => self.on_link(event),
            Happened::Plane(event) => self.feed(match event {
                media::Event::Answered { key, result } => Input::Answered {
                    key,
                    result: translate::answered(result),
                },
                media::Event::Candidates(told) => {
                    Input::Candidates(translate::candidates_told(told))
                }
                media::Event::Transport { state, reason } => {
                    debug!(transport = %state.transport, stage = ?state.stage, reason, "transport");
                    Input::Transport {
                        transport: translate::transport(state),
                        reason: reason.to_owned(),
                    }
                }
            }),
            Happened::Seen(at, seen) => {
                let message = self.evidences.message(at, seen);
                if !self.way.send_spare(message) {
                    self.evidences.lose();
                }
                None
            }
            Happened::Found(finding) => self.feed(Input::Discovered(finding)),
            Happened::Look(came) => self.on_look(came),
            Happened::Room(true) => {
                self.way.flush();
                None
            }
            Happened::Room(false) => {
                // The attempt's end is on its way.
                self.way = Way::default();
                None
            }
        }
    }

    fn on_link(&mut self, event: Option<Event>) -> Option<Exit> {
        let why = match event {
            Some(Event::HelloWanted(wanted)) => return self.introduce(wanted),
            Some(Event::Attached(welcome)) => {
                return self.feed(Input::Welcome(translate::welcome(welcome)));
            }
            Some(Event::Command(command)) => return self.command(command),
            Some(Event::Settings(settings)) => {
                return self.feed(Input::Settings(Box::new(translate::settings(*settings))));
            }
            Some(Event::Skew(skew)) => return self.feed(Input::Clock(skew.ahead_ms)),
            Some(Event::EvidenceWanted(of)) => return self.ask_evidence(of),
            Some(Event::Message(message)) => return self.on_message(message),
            Some(Event::Refused { cause, reason }) => Ended::Refused {
                cause: translate::cause(cause),
                reason,
            },
            Some(Event::Unreachable { reason }) => Ended::Unreachable { reason },
            Some(Event::Detached { reason }) => Ended::Detached { reason },
            None => {
                error!("the dialler is gone, which nothing but a fault of this program explains");
                return self.feed(Input::Stop);
            }
        };
        self.way = Way::default();
        self.looks.give_up();
        let jitter = random::jitter();
        self.feed(Input::Ended { why, jitter })
    }

    fn ask_evidence(&self, of: Vec<String>) -> Option<Exit> {
        let of: Vec<media::Id> = of.into_iter().map(Into::into).collect();
        if let Err(error) = self.carrier.ask_evidence(&of) {
            debug!(%error, "evidence is not asked for");
        }
        None
    }

    /// What the master says beside commands. What a newer one may know is left alone.
    fn on_message(&mut self, message: from_master::Message) -> Option<Exit> {
        use from_master::Message;
        match message {
            Message::Withhold(withhold) => {
                self.feed(Input::Withhold(translate::withheld(withhold)))
            }
            Message::Look(look) => {
                let number = self.looks.want(look);
                self.feed(Input::Look(number))
            }
            Message::ResolveAddresses(_) => self.feed(Input::ResolveAddresses),
            Message::RestartShard(of) => self.feed(Input::RestartShard(of.transport_id.into())),
            Message::LookAnswer(answered) => {
                self.looks.answered(answered);
                None
            }
            _ => None,
        }
    }

    fn on_look(&mut self, came: looks::Came) -> Option<Exit> {
        match came {
            looks::Came::Ask(message) => {
                self.way.queue(message);
                None
            }
            looks::Came::Over(number, message) => {
                if let Some(message) = message {
                    self.way.queue(message);
                }
                self.feed(Input::LookOver(number))
            }
        }
    }

    fn introduce(&mut self, wanted: HelloWanted) -> Option<Exit> {
        self.way = Way {
            wanted: Some(wanted),
            ..Way::default()
        };
        // What waits is older than the snapshot and would only contradict it.
        while self.plane_events.try_recv().is_ok() {}
        let carried = self.carried();
        self.feed(Input::Connected { carried })
    }

    fn command(&mut self, command: proto::Command) -> Option<Exit> {
        let key = command.key;
        match translate::command(command) {
            Some(command) => self.feed(Input::Command(command)),
            None => {
                warn!(
                    key,
                    "a command of an unknown kind; is the master newer than this node?"
                );
                None
            }
        }
    }

    /// Hands in what happened and carries out what follows, and what follows from that.
    fn feed(&mut self, input: Input) -> Option<Exit> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.agent.handle(self.now(), input) {
                match effect {
                    Effect::Exit(exit) => return Some(exit),
                    effect => inputs.extend(self.carry_out(effect)),
                }
            }
        }
        None
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Dial => self.dialer.dial(),
            Effect::HangUp => {
                self.way = Way::default();
                self.dialer.hang_up();
            }
            Effect::Send(message) => self.say(message),
            Effect::Submit { key, ask } => {
                let submitted = translate::submission(key, ask.clone()).and_then(|command| {
                    self.carrier
                        .submit(command)
                        .map_err(|e| Failure::new(FailureKind::Unavailable, e.to_string()))
                });
                let failure = submitted.err()?;
                return Some(Input::NotSubmitted { key, ask, failure });
            }
            Effect::SetAddresses { version, ips } => {
                let refused = self.carrier.set_addresses(version, &ips).is_err();
                return refused.then_some(Input::AddressesNotSet);
            }
            Effect::TellAgain => {
                if let Err(error) = self.carrier.tell_again() {
                    debug!(%error, "changes of addresses are not told again");
                }
            }
            Effect::Apply {
                settings,
                clock_ahead_ms,
            } => return Some(self.apply(&settings, clock_ahead_ms)),
            Effect::Withhold(withheld) => {
                let withheld = translate::candidates(&withheld);
                let refused = self.carrier.withhold(&withheld).is_err();
                return refused.then_some(Input::NotWithheld);
            }
            Effect::RestartShard(transport) => {
                if let Err(error) = self.carrier.restart_shard(&transport) {
                    warn!(%error, %transport, "the shard is not restarted");
                }
            }
            Effect::Look(number) => self.looks.begin(number),
            Effect::NoLook(number) => {
                let message = self.looks.refuse(number);
                self.way.queue(message);
            }
            Effect::Measure => return Some(self.measure()),
            Effect::Discover(query) => self.discovery.ask(query),
            Effect::Remember(ips) => self.kept.write(&ips),
            Effect::Note(note) => log(note),
            // The caller's.
            Effect::Exit(_) => {}
        }
        None
    }

    fn measure(&mut self) -> Input {
        // One that is not told stays as it was.
        if let Ok(counts) = self.carrier.relay_counts() {
            let counts = Some(translate::relay_counters(&counts));
            self.told.send_modify(|told| told.relay = counts);
        }
        self.tell_of_visits();
        let now = Instant::now();
        if let Some(limits) = self.meter.limits(now) {
            let limits = Some(Box::new(translate::limits(&limits)));
            self.told.send_modify(|told| told.limits = limits);
        }
        Input::Measured {
            carried: self.carried(),
            usage: self.meter.look(now),
        }
    }

    /// Where there is no room for it, it waits in the relay.
    fn tell_of_visits(&mut self) {
        if self.way.has_spare()
            && let Ok(events) = self.carrier.take_relay_events()
            && let Some(message) = translate::visits(events)
            && !self.way.send_spare(message)
        {
            debug!("what happened to clients of the relay is not told");
        }
    }

    fn say(&mut self, message: ToMaster) {
        match message {
            ToMaster::Hello(hello) => {
                let wanted = self.way.wanted.take();
                let hello = translate::hello(*hello);
                self.way.outbox = wanted.map(|wanted| wanted.greet(hello));
            }
            ToMaster::Load(load) => {
                let load = Some(translate::load(load));
                self.told.send_modify(|told| told.load = load);
            }
            ToMaster::Running(running) => {
                let running = Some(translate::running(running));
                self.told.send_modify(|told| told.running = running);
            }
            message => {
                self.way.unsent.extend(translate::message(message));
                self.way.flush();
            }
        }
    }

    fn apply(&self, settings: &NodeSettings, clock_ahead_ms: i64) -> Input {
        let relay = settings.relay.as_ref();
        let asked = relay.map(|relay| translate::relay(relay, clock_ahead_ms));
        if self.carrier.set_relay(asked.unwrap_or_default()).is_err() {
            return Input::NotApplied;
        }
        let newest = relay.and_then(|relay| relay.secrets.first());
        let fingerprint = newest.map(|newest| link::relay_fingerprint(&newest.secret));
        Input::Applied {
            version: settings.version,
            relay_fingerprint: fingerprint.map_or_else(Vec::new, Vec::from),
        }
    }

    fn carried(&self) -> Result<Vec<agent::Transport>, String> {
        let carried = self.carrier.snapshot().map_err(|e| e.to_string())?;
        Ok(carried.into_iter().map(translate::transport).collect())
    }

    fn now(&self) -> Moment {
        Moment(u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl Way {
    /// Waits for room. False when the connection is over.
    async fn room(&self) -> bool {
        match &self.outbox {
            Some(outbox) => outbox.ready().await,
            None => false,
        }
    }

    /// Whether what can be done without may be sent.
    fn has_spare(&self) -> bool {
        let outbox = self.outbox.as_ref();
        self.unsent.is_empty() && outbox.is_some_and(Outbox::has_spare)
    }

    /// Sends what can be done without. False when it is lost.
    fn send_spare(&self, message: from_node::Message) -> bool {
        let outbox = self.outbox.as_ref();
        self.unsent.is_empty() && outbox.is_some_and(|outbox| outbox.send_spare(message))
    }

    /// Sends it, after what waits.
    fn queue(&mut self, message: from_node::Message) {
        self.unsent.push_back(message);
        self.flush();
    }

    /// Sends what waits, as far as there is room. Of two sets of addresses only the later matters.
    fn flush(&mut self) {
        let Some(outbox) = &self.outbox else {
            return self.unsent.clear();
        };
        while let Some(message) = self.unsent.front() {
            if !outbox.send(message.clone()) {
                break;
            }
            self.unsent.pop_front();
        }
        let addresses =
            |m: &from_node::Message| matches!(m, from_node::Message::AddressesChanged(_));
        if let Some(last) = self.unsent.iter().rposition(addresses) {
            let mut at = 0..;
            self.unsent
                .retain(|message| at.next() == Some(last) || !addresses(message));
        }
    }
}

fn log(note: Note) {
    match note {
        Note::Attached { master, term } => info!(%master, term, "attached to the master"),
        Note::StaleMaster {
            master,
            term,
            highest,
        } => error!(
            %master,
            term,
            highest,
            "hung up on a master of an old term; if the master's data was restored or deleted on purpose, restart this \
             node"
        ),
        Note::Refused { reason } => {
            error!(%reason, "the master refuses this node; asking again slowly");
        }
        Note::Unreachable { reason } => {
            warn!(%reason, "the master cannot be reached; dialling on");
        }
        Note::Detached { reason } => {
            warn!(%reason, "lost the master; media goes on, dialling anew");
        }
        Note::NotDone { key, reason } => debug!(key, %reason, "command refused"),
        Note::Addresses(addresses) => info!(?addresses, "clients are told new addresses"),
        Note::AddressRemark(remark) => warn!(remark, "this node's addresses"),
        Note::NoAddress { problem } => error!(%problem, "this node cannot be used"),
        Note::NoSnapshot { reason } => {
            error!(%reason, "the media plane does not say what it carries");
        }
        Note::Slept(span) => warn!(?span, "this process was stopped, or the machine asleep"),
    }
}

#[cfg(test)]
mod tests;
