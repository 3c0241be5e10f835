//! The one door.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cluster::{Cluster, Moment, Policy};
use conference::{Conference, ConnectionId, RequestId, ServerOperation, Timestamp};
use openvidu::rpc::{ClientNumber, Resume};
use openvidu::webhook::Delivery;

use crate::clients::Clients;
use crate::deadline::{Deadline, Timer};
use crate::described::Described;
use crate::effect::{Effect, Obeyed, Told};
use crate::failures::Failures;
use crate::in_flight::InFlight;
use crate::input::{Input, Now, Question};
use crate::journal::{Journal, Slot};
use crate::node_events::Looks;
use crate::node_settings::Steering;
use crate::notice::Notice;
use crate::rehousing::Homeless;
use crate::relay::Secrets;
use crate::restore::Returning;
use crate::settings::Settings;
use crate::waiting::Waiting;
use crate::ways::Ways;

/// How long a master that goes down tries to write what it knows: what its store holds comes back with the next one.
pub const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long before its client resumes it a WebSocket may have been broken unseen. A client that gets no pong within 5 s
/// closes it, so what was sent before the pong to its last ping but one has arrived; 15 s after the last ping it counts
/// as closed here, and 10 s later the client has left.
const UNSURE: Duration = Duration::from_secs(40);

/// All that a master knows and decides.
#[derive(Debug)]
pub struct Control {
    pub(crate) settings: Settings,
    pub(crate) conference: Conference,
    pub(crate) cluster: Cluster,
    pub(crate) clients: Clients,
    pub(crate) in_flight: InFlight,
    /// Requests of applications that the conference has not answered yet.
    pub(crate) questions: BTreeMap<RequestId, Question>,
    next_request: u32,
    garbage_at: Option<Moment>,
    pub(crate) waiting: Waiting,
    pub(crate) homeless: Homeless,
    pub(crate) journal: Journal,
    pub(crate) outbox: Delivery,
    pub(crate) looks: Looks,
    /// Of relays. `None`: the settings want none.
    pub(crate) secrets: Option<Secrets>,
    pub(crate) steering: Steering,
    pub(crate) failures: Failures,
    pub(crate) described: Described,
    pub(crate) ways: Ways,
    /// The policy was set while a master ran, and is written down.
    pub(crate) policy_set: bool,
    /// Set while participants of an earlier run may come back.
    pub(crate) returning: Option<Returning>,
    /// Set while the master goes down: until when it tries to write what is not written yet.
    pub(crate) stopping: Option<Moment>,
    /// Set while the master goes down and sessions stay.
    pub(crate) leaving: bool,
    /// Of the input that is being taken.
    pub(crate) now: Now,
    /// What the conference is told next. Empty between two inputs.
    pub(crate) inputs: VecDeque<conference::Input>,
    out: Vec<Effect>,
}

impl Control {
    /// A master that knows of nothing yet.
    pub fn new(now: Now, settings: Settings) -> Self {
        let collects = !settings.garbage_interval.is_zero();
        let policy = Box::new(settings.policy.clone());
        let limits = settings.webhook.as_ref().map(|webhook| webhook.limits);
        let limits = limits.unwrap_or_default();
        let mut control = Self {
            conference: Conference::new(),
            cluster: Cluster::with(settings.cluster.clone()),
            clients: Clients::default(),
            in_flight: InFlight::default(),
            questions: BTreeMap::new(),
            next_request: 1,
            waiting: Waiting::default(),
            homeless: Homeless::default(),
            journal: Journal::default(),
            outbox: Delivery::new(limits),
            looks: Looks::default(),
            secrets: (settings.relay.as_ref())
                .map(|rules| Secrets::first(rules.first.clone(), now.timestamp)),
            steering: Steering::default(),
            failures: Failures::default(),
            described: Described::default(),
            ways: Ways::default(),
            policy_set: false,
            returning: None,
            stopping: None,
            leaving: false,
            garbage_at: collects.then(|| now.moment + settings.garbage_interval),
            now,
            inputs: VecDeque::new(),
            out: Vec::new(),
            settings,
        };
        if control.secrets.is_some() {
            control.note(Slot::Relay);
        }
        control.tell_cluster(cluster::Input::Policy(policy));
        control
    }

    /// Takes one input at time `now` and says what is to be done about it.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        self.now = now;
        self.journal.begin();
        self.take(input);
        self.settle();
        self.post();
        self.tell_settings();
        let effects = std::mem::take(&mut self.out);
        self.write_down(effects)
    }

    /// When [`Input::Tick`] is due next, and what for.
    pub fn next_deadline(&self) -> Option<Deadline> {
        let cluster = self.cluster.next_deadline().map(|deadline| Deadline {
            at: deadline.at,
            timer: Timer::Cluster(deadline),
        });
        let own = [
            (self.in_flight.next_deadline(), Timer::CommandUnanswered),
            (self.garbage_at, Timer::Garbage),
            (self.held_until(), Timer::RequestHeld),
            (self.homeless.next_deadline(), Timer::Homeless),
            (self.failures.ladder.next_deadline(), Timer::Healing),
            (self.crowd_due(), Timer::ManyFailed),
            (self.post_due(), Timer::PostAgain),
            (self.journal.patience_ends(), Timer::StoreSilent),
            (self.journal.retry(), Timer::StoreRetry),
            (self.returning.map(|it| it.look), Timer::ReturnOver),
            (self.look_due(), Timer::Look),
            (self.stopping, Timer::Stopped),
            (self.settings_due(), Timer::NodeSettings),
            (self.rotation_due(), Timer::RelaySecret),
        ];
        let own = own
            .into_iter()
            .filter_map(|(at, timer)| Some(Deadline { at: at?, timer }));
        own.chain(cluster).min()
    }

    /// The conference counts in timestamps, which run with the moments.
    fn held_until(&self) -> Option<Moment> {
        let at = self.conference.next_deadline()?;
        let ahead = at.0.saturating_sub(self.now.timestamp.0);
        Some(Moment(self.now.moment.0.saturating_add(ahead)))
    }

    /// All sessions, as they are now.
    pub fn conference(&self) -> &Conference {
        &self.conference
    }

    /// All nodes, as they are now.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    fn take(&mut self, input: Input) {
        if self.leaving && !matches!(input, Input::Committed { .. } | Input::Tick) {
            return;
        }
        match input {
            Input::Server {
                question,
                operation,
            } => self.ask(Some(question), operation),
            Input::Command { question, command } => self.command(question, command),
            Input::Policy { question, policy } => self.policy(question, policy),
            Input::RelaySecret { question, drawn } => self.take_secret(question, drawn),
            Input::Opened { client, session } => self.clients.opened(client, session),
            Input::Join { request, join } => {
                let join = *join;
                self.tell_conference(conference::Input::Join { request, join });
            }
            Input::Operation {
                request,
                connection,
                operation,
            } => self.tell_conference(conference::Input::Client {
                request,
                connection,
                operation,
            }),
            Input::Resume { from, resume } => self.resume(from, resume),
            Input::Lost { connection } => self.lose(Some(connection)),
            Input::Ended { client } | Input::Undelivered { client } => {
                let connection = self.clients.ended(client);
                self.lose(connection);
            }
            Input::Committed { number, outcome } => self.committed(number, outcome),
            Input::Posted { number, outcome } => self.posted(number, &outcome),
            Input::Tick => self.tick(),
            Input::Stop => self.stop(),
            Input::Leave => self.leave(),
            of_nodes => self.take_of_nodes(of_nodes),
        }
    }

    /// Tells the conference what has gathered until nothing is left.
    fn settle(&mut self) {
        loop {
            while let Some(input) = self.inputs.pop_front() {
                for effect in self.conference.handle(self.now.timestamp, input) {
                    self.carry_out(effect);
                }
            }
            if !self.find_homes() {
                return;
            }
        }
    }

    pub(crate) fn tell_conference(&mut self, input: conference::Input) {
        self.inputs.push_back(input);
    }

    /// Asks the conference in an application's name, or, when nobody waits for the answer, in the cluster's.
    pub(crate) fn ask(&mut self, question: Option<Question>, operation: ServerOperation) {
        // Number 0 in the upper half: no client's.
        let request = RequestId(u64::from(self.next_request));
        self.next_request = self.next_request.checked_add(1).unwrap_or(1);
        if let Some(question) = question {
            self.questions.insert(request, question);
        }
        self.tell_conference(conference::Input::Server { request, operation });
    }

    fn command(&mut self, question: Question, command: cluster::Command) {
        let launches = command == cluster::Command::Launch;
        let result = self
            .cluster
            .command(self.now.moment, command)
            .map(|effects| {
                let launched = effects.iter().find_map(|effect| match effect {
                    cluster::Effect::Launch { node } if launches => Some(node.clone()),
                    _ => None,
                });
                for effect in effects {
                    self.carry_out_cluster(effect);
                }
                Obeyed { launched }
            });
        self.note(Slot::Demand);
        self.out(Effect::Obeyed { question, result });
    }

    /// Whether the schedule was set by a command, and so comes before that of the settings.
    pub fn schedule_is_set(&self) -> bool {
        self.policy_set
    }

    fn policy(&mut self, question: Question, policy: Option<Box<Policy>>) {
        self.policy_set = policy.is_some();
        let policy = policy.unwrap_or_else(|| Box::new(self.settings.policy.clone()));
        self.tell_cluster(cluster::Input::Policy(policy));
        self.note(Slot::Policy);
        self.out(Effect::Obeyed {
            question,
            result: Ok(Obeyed::default()),
        });
    }

    fn resume(&mut self, from: ClientNumber, resume: Resume) {
        let found = self.clients.by_session(&resume.session);
        if let Some(to) = found.filter(|to| *to != from) {
            let before = u64::try_from(UNSURE.as_millis()).unwrap_or(u64::MAX);
            let since = Timestamp(self.now.timestamp.0.saturating_sub(before));
            self.remind(self.clients.connection_of(to).cloned(), since);
            self.came_from(to, &resume.ip);
            return self.out(Effect::PassSocket { from, to, resume });
        }
        let Some((connection, missed)) = self.clients.adopt(from, &resume.session) else {
            return self.tell(from, Told::ResumeRefused(resume));
        };
        // What an earlier run wrote down last it may not have told.
        self.remind(Some(connection.clone()), Timestamp(0));
        self.came_from(from, &resume.ip);
        self.tell(from, Told::Adopted { resume, connection });
        for notification in missed {
            self.tell(from, Told::Notify(notification));
        }
    }

    /// What a client was told before it had to come back may not have arrived.
    fn remind(&mut self, connection: Option<ConnectionId>, since: Timestamp) {
        if let Some(connection) = connection {
            self.tell_conference(conference::Input::Resumed { connection, since });
        }
    }

    /// A client that cannot be told what happens is no participant any more.
    pub(crate) fn lose(&mut self, connection: Option<ConnectionId>) {
        if let Some(connection) = connection {
            self.tell_conference(conference::Input::Lost { connection });
        }
    }

    fn tick(&mut self) {
        let news = self.journal.lose_patience(self.now.moment);
        self.take_store_news(news);
        self.expire_commands();
        self.end_return();
        self.draw_secret_if_due();
        self.give_up_homeless();
        self.heal();
        self.tell_of_crowd();
        let held = self.conference.next_deadline();
        if held.is_some_and(|at| at <= self.now.timestamp) {
            self.tell_conference(conference::Input::Elapsed);
        }
        if self.garbage_at.is_some_and(|at| at <= self.now.moment) {
            self.garbage_at = Some(self.now.moment + self.settings.garbage_interval);
            let older_than_ms =
                u64::try_from(self.settings.garbage_threshold.as_millis()).unwrap_or(u64::MAX);
            self.tell_conference(conference::Input::CollectGarbage { older_than_ms });
        }
        self.tell_cluster(cluster::Input::Tick);
        self.have_looked();
    }

    fn stop(&mut self) {
        self.tell_conference(conference::Input::Stopping);
        self.settle();
        for client in self.clients.all().collect::<Vec<_>>() {
            self.tell(client, Told::Stop);
        }
        if self.settings.nodes_end {
            self.tell_cluster(cluster::Input::Closing);
            self.settle();
        }
        self.journal.hurry(self.now.moment);
        self.stopping = Some(self.now.moment + LAST_WORDS);
    }

    fn leave(&mut self) {
        self.leaving = true;
        self.journal.hurry(self.now.moment);
        self.stopping = Some(self.now.moment + LAST_WORDS);
    }

    pub(crate) fn tell(&mut self, client: ClientNumber, told: Told) {
        self.out(Effect::Tell { client, told });
    }

    pub(crate) fn log(&mut self, notice: Notice) {
        self.out(Effect::Log(notice));
    }

    pub(crate) fn out(&mut self, effect: Effect) {
        self.out.push(effect);
    }
}
