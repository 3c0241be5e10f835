//! The state of a node's mind and what each input does to it.

mod settings;

use std::net::IpAddr;
use std::time::Duration;

use crate::announcing::announcement;
use crate::awake::Awake;
use crate::backoff::Backoff;
use crate::deadline::{Deadline, Timer};
use crate::effect::{Effect, Exit, Note};
use crate::fence::Fence;
use crate::input::{Cause, Ended, Identity, Input, Settings, Usage};
use crate::load;
use crate::message::{
    Addresses, Answer, Ask, Command, Failure, FailureKind, Hello, Load, Stage, ToMaster, Transport,
    Welcome,
};
use crate::node_settings::Kept;
use crate::orphan::OrphanRule;
use crate::owed::Owed;
use crate::requests::Requests;
use crate::ways::Ways;
use addresses::{AddressSet, Moment};

/// How often load is measured and the orphan rule looked at.
const MEASURE: Duration = Duration::from_secs(1);
/// How soon the media plane is asked again when it was too busy.
const RETRY: Duration = Duration::from_millis(100);
/// How long an attempt may take to its welcome. The link's own bounds are tighter.
const PATIENCE: Duration = Duration::from_secs(15);

/// How far the way to the master has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Road {
    /// Until the next attempt.
    Resting {
        until: Moment,
    },
    Dialling {
        since: Moment,
    },
    /// The hello is out.
    Introduced {
        since: Moment,
    },
    /// The master took the node in.
    Attached {
        since: Moment,
    },
    /// Hung up; the end is not reported yet.
    HangingUp,
}

/// The mind of one boot of a node.
#[derive(Debug)]
pub struct Agent {
    pub(crate) identity: Identity,
    awake: Awake,
    road: Road,
    backoff: Backoff,
    fence: Fence,
    requests: Requests,
    pub(crate) addresses: AddressSet,
    pub(crate) announced: Addresses,
    /// What the disk has for the next boot.
    pub(crate) remembered: Vec<IpAddr>,
    owed: Owed,
    kept: Kept,
    orphan: OrphanRule,
    ways: Ways,
    load: Load,
    measure_at: Moment,
    retry_at: Moment,
    /// What was last told of a master that cannot be used.
    complaint: Option<Note>,
    /// The last measurement failed.
    blind: bool,
    over: bool,
}

impl Agent {
    /// A mind that has not dialled yet. `addresses` is settled, and the media plane was started with what it advertises.
    pub fn new(now: Moment, identity: Identity, settings: Settings, addresses: AddressSet) -> Self {
        let announced = announcement(now, &identity, &addresses);
        Self {
            identity,
            awake: Awake::default(),
            road: Road::Resting { until: now },
            backoff: Backoff::default(),
            fence: Fence::default(),
            requests: Requests::default(),
            addresses,
            announced,
            remembered: Vec::new(),
            owed: Owed::default(),
            kept: Kept::default(),
            orphan: OrphanRule::new(settings.exit_when_orphaned),
            ways: Ways::default(),
            load: Load::default(),
            measure_at: now,
            retry_at: now,
            complaint: None,
            blind: false,
            over: false,
        }
    }

    /// Takes in what happened; gives back what is to be done, in order.
    pub fn handle(&mut self, now: Moment, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.over {
            return out;
        }
        let due = self.due().map(|due| due.at);
        let (now, slept) = self.awake.at(now, due);
        out.extend(slept.map(|span| Effect::Note(Note::Slept(span))));
        match input {
            Input::Tick => self.on_tick(now, &mut out),
            Input::Connected { carried } => self.on_connected(now, carried, &mut out),
            Input::Welcome(welcome) => self.on_welcome(now, welcome, &mut out),
            Input::Command(command) => self.on_command(command, &mut out),
            Input::Settings(_) | Input::Clock(_) | Input::Applied { .. } | Input::NotApplied => {
                self.take_settings(now, input, &mut out);
            }
            Input::Ended { why, jitter } => self.on_ended(now, why, jitter, &mut out),
            Input::Answered { key, result } => self.on_answered(key, result, &mut out),
            Input::Transport { transport, reason } => {
                self.say(ToMaster::TransportChanged { transport, reason }, &mut out);
            }
            Input::Candidates(candidates) => {
                self.say(ToMaster::Candidates(candidates), &mut out);
            }
            Input::NotSubmitted { key, ask, failure } => {
                self.on_not_submitted(now, key, ask, failure, &mut out);
            }
            Input::Withhold(withheld) if self.is_attached() => out.push(self.ways.set(withheld)),
            Input::Look(number) if self.is_attached() => out.push(self.ways.look(number)),
            Input::ResolveAddresses if self.is_attached() => self.resolve(now, &mut out),
            Input::RestartShard(transport) if self.is_attached() => {
                out.push(Effect::RestartShard(transport));
            }
            Input::Withhold(_) | Input::Look(_) => {}
            Input::ResolveAddresses | Input::RestartShard(_) => {}
            Input::LookOver(number) => self.ways.look_over(number),
            Input::NotWithheld => {
                self.owed.withheld();
                self.retry_at = now + RETRY;
            }
            Input::AddressesNotSet => {
                self.owed.addresses();
                self.retry_at = now + RETRY;
            }
            Input::Measured { carried, usage } => self.on_measured(now, carried, usage, &mut out),
            Input::Discovered(finding) => self.on_discovered(now, finding, &mut out),
            Input::Stop => self.end(Exit::Stopped, &mut out),
        }
        out
    }

    /// When to come back with [`Input::Tick`], and why. `None` after [`Effect::Exit`].
    pub fn next_deadline(&self) -> Option<Deadline> {
        let due = self.due()?;
        Some(Deadline {
            at: self.awake.outside(due.at),
            timer: due.timer,
        })
    }

    /// Whether a master has taken the node in.
    pub fn is_attached(&self) -> bool {
        matches!(self.road, Road::Attached { .. })
    }

    /// Where media reaches the node, as a master that is attached knows it.
    pub fn addresses(&self) -> &Addresses {
        &self.announced
    }

    /// The highest term that this boot has seen.
    pub fn term(&self) -> u64 {
        self.fence.highest()
    }

    /// The next deadline in awake time.
    fn due(&self) -> Option<Deadline> {
        let road = match self.road {
            Road::Resting { until } => Some((until, Timer::Dial)),
            Road::Dialling { since } | Road::Introduced { since } => {
                Some((since + PATIENCE, Timer::Attempt))
            }
            Road::Attached { .. } | Road::HangingUp => None,
        };
        let retry = (!self.owed.is_empty()).then_some((self.retry_at, Timer::Retry));
        let always = [
            (self.measure_at, Timer::Measure),
            (self.addresses.next(), Timer::Addresses),
        ];
        let timers = always.into_iter().chain(road).chain(retry);
        let due = timers.map(|(at, timer)| Deadline { at, timer }).min();
        due.filter(|_| !self.over)
    }

    fn on_tick(&mut self, now: Moment, out: &mut Vec<Effect>) {
        match self.road {
            Road::Resting { until } if until <= now => {
                self.road = Road::Dialling { since: now };
                out.push(Effect::Dial);
            }
            Road::Dialling { since } | Road::Introduced { since } if since + PATIENCE <= now => {
                let reason = format!("no welcome within {PATIENCE:?}");
                self.complain(Note::Unreachable { reason }, out);
                self.hang_up(out);
            }
            _ => {}
        }
        if self.measure_at <= now {
            self.measure_at = now + MEASURE;
            out.push(Effect::Measure);
        }
        if self.addresses.next() <= now {
            out.extend(self.addresses.due(now).into_iter().map(Effect::Discover));
            self.settle_addresses(now, out);
        }
        if self.retry_at <= now {
            let settings = self.apply();
            let again = self.owed.again(&self.announced, settings, &self.ways);
            out.extend(again);
        }
    }

    fn on_connected(
        &mut self,
        now: Moment,
        carried: Result<Vec<Transport>, String>,
        out: &mut Vec<Effect>,
    ) {
        if !matches!(self.road, Road::Dialling { .. }) {
            return;
        }
        let transports = match carried {
            Ok(carried) => carried
                .into_iter()
                .filter(|transport| transport.stage != Stage::Closed)
                .collect(),
            Err(reason) => {
                self.complain(Note::NoSnapshot { reason }, out);
                return self.hang_up(out);
            }
        };
        self.road = Road::Introduced { since: now };
        self.announced = announcement(now, &self.identity, &self.addresses);
        let hello = Hello {
            node_id: self.identity.node_id.clone(),
            boot_id: self.identity.boot_id.clone(),
            boot_started: self.identity.boot_started,
            version: self.identity.version.clone(),
            addresses: self.announced.clone(),
            shards: u32::try_from(self.identity.ports.len()).unwrap_or(u32::MAX),
            transports,
        };
        self.say(ToMaster::Hello(Box::new(hello)), out);
    }

    fn on_welcome(&mut self, now: Moment, welcome: Welcome, out: &mut Vec<Effect>) {
        if !matches!(self.road, Road::Introduced { .. }) {
            return;
        }
        let Welcome { master, term } = welcome;
        if !self.fence.admits_master(term, &master) {
            let highest = self.fence.highest();
            let other = self.fence.by().to_owned();
            let fenced = ToMaster::Fenced {
                master: other,
                term: highest,
            };
            self.say(fenced, out);
            let stale = Note::StaleMaster {
                master,
                term,
                highest,
            };
            self.complain(stale, out);
            return self.hang_up(out);
        }
        self.road = Road::Attached { since: now };
        self.complaint = None;
        out.extend(self.ways.anew());
        out.push(Effect::TellAgain);
        out.push(Effect::Note(Note::Attached { master, term }));
        self.say(ToMaster::Load(self.load), out);
        let running = self.kept.begin_connection();
        self.say(ToMaster::Running(running), out);
    }

    fn on_ended(&mut self, now: Moment, why: Ended, jitter: f64, out: &mut Vec<Effect>) {
        if matches!(self.road, Road::Resting { .. }) {
            return;
        }
        let before = self.road;
        let wait = match why {
            Ended::Refused {
                cause: Cause::Superseded,
                reason,
            } => {
                self.road = Road::HangingUp;
                return self.end(Exit::Superseded { reason }, out);
            }
            Ended::Refused {
                cause: Cause::Other,
                reason,
            } => {
                self.complain(Note::Refused { reason }, out);
                self.backoff.refused(jitter)
            }
            Ended::Unreachable { .. } | Ended::Detached { .. } if before == Road::HangingUp => {
                self.backoff.failed(jitter)
            }
            Ended::Unreachable { reason } => {
                self.complain(Note::Unreachable { reason }, out);
                self.backoff.failed(jitter)
            }
            Ended::Detached { reason } => {
                self.complaint = None;
                out.push(Effect::Note(Note::Detached { reason }));
                let held = match before {
                    Road::Attached { since } => now.since(since),
                    _ => Duration::ZERO,
                };
                self.backoff.ended(held, jitter)
            }
        };
        self.rest(now, wait);
    }

    fn rest(&mut self, now: Moment, wait: Duration) {
        self.requests.forget_all();
        self.road = Road::Resting { until: now + wait };
    }

    fn on_command(&mut self, command: Command, out: &mut Vec<Effect>) {
        if !self.is_attached() {
            return;
        }
        let Command {
            key: masters_key,
            term,
            boot_id,
            ask,
        } = command;
        let answered = ask.is_answered();
        match self.admit(masters_key, term, &boot_id, answered) {
            Ok(key) => out.push(Effect::Submit { key, ask }),
            Err(failure) => self.refuse(masters_key, answered, failure, out),
        }
    }

    /// The agent's own key for a command that counts.
    fn admit(
        &mut self,
        masters_key: u64,
        term: u64,
        boot_id: &str,
        answered: bool,
    ) -> Result<u64, Failure> {
        if boot_id != self.identity.boot_id {
            let own = &self.identity.boot_id;
            let reason = format!("expected a command for boot {own}, got one for {boot_id:.80?}");
            return Err(Failure::new(FailureKind::OtherBoot, reason));
        }
        if !self.fence.admits(term) {
            let highest = self.fence.highest();
            let reason = format!("expected term {highest} or higher, got {term}");
            return Err(Failure::new(FailureKind::StaleTerm, reason));
        }
        if !answered {
            return Ok(0);
        }
        let full = "too many commands under way; wait for answers";
        self.requests
            .open(masters_key)
            .ok_or_else(|| Failure::new(FailureKind::Unavailable, full))
    }

    fn refuse(&self, key: u64, answered: bool, failure: Failure, out: &mut Vec<Effect>) {
        let reason = failure.reason.clone();
        out.push(Effect::Note(Note::NotDone { key, reason }));
        if answered {
            let result = Err(failure);
            self.say(ToMaster::Answer { key, result }, out);
        }
    }

    fn on_answered(&mut self, key: u64, result: Result<Answer, Failure>, out: &mut Vec<Effect>) {
        // An answer that no present master waits for is nobody's.
        if let Some(key) = self.requests.close(key) {
            self.say(ToMaster::Answer { key, result }, out);
        }
    }

    fn on_not_submitted(
        &mut self,
        now: Moment,
        key: u64,
        ask: Ask,
        failure: Failure,
        out: &mut Vec<Effect>,
    ) {
        if let Some(masters_key) = self.requests.close(key) {
            return self.refuse(masters_key, true, failure, out);
        }
        if let Ask::Close { transport } = ask {
            self.owed.close(transport);
            self.retry_at = now + RETRY;
        }
    }

    fn on_measured(
        &mut self,
        now: Moment,
        carried: Result<Vec<Transport>, String>,
        usage: Usage,
        out: &mut Vec<Effect>,
    ) {
        let carried = match carried {
            Ok(carried) => carried,
            Err(reason) => {
                if !std::mem::replace(&mut self.blind, true) {
                    out.push(Effect::Note(Note::NoSnapshot { reason }));
                }
                return;
            }
        };
        self.blind = false;
        self.load = load::count(&carried, usage);
        if self.is_attached() {
            self.say(ToMaster::Load(self.load), out);
        }
        let transports = self.load.transports as usize;
        if self.orphan.is_met(now, self.is_attached(), transports) {
            self.end(Exit::Orphaned, out);
        }
    }

    /// Tells the master, if there is one. Without one nothing is kept: the next hello tells everything.
    pub(crate) fn say(&self, message: ToMaster, out: &mut Vec<Effect>) {
        if matches!(self.road, Road::Introduced { .. } | Road::Attached { .. }) {
            out.push(Effect::Send(message));
        }
    }

    fn complain(&mut self, note: Note, out: &mut Vec<Effect>) {
        if self.complaint.as_ref() != Some(&note) {
            self.complaint = Some(note.clone());
            out.push(Effect::Note(note));
        }
    }

    fn hang_up(&mut self, out: &mut Vec<Effect>) {
        self.road = Road::HangingUp;
        self.requests.forget_all();
        out.push(Effect::HangUp);
    }

    fn end(&mut self, exit: Exit, out: &mut Vec<Effect>) {
        let reason = exit.farewell().to_owned();
        self.say(ToMaster::Leaving { reason }, out);
        self.over = true;
        out.push(Effect::Exit(exit));
    }
}
