//! The control task: the one place where `conference` and `cluster` live, and the one order in which things happen to
//! them. It waits for nobody: whatever it tells is handed to a bounded queue or dropped with a consequence.

mod carried;
mod clients;
mod in_flight;
mod meeting;
mod message;
mod nodes;
mod translate;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use cluster::Cluster;
use conference::{Conference, IceServer, Input, RequestId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::clock::Clock;

pub(crate) use clients::Doors as ClientDoors;
pub(crate) use message::{Event, Message, Respond};

/// Messages that may wait for the control task. Whoever sends more waits.
const MESSAGES: usize = 4096;

/// Events of the link that may wait. Nodes that send more are read more slowly.
const LINK_EVENTS: usize = 4096;

/// What the control task is started with.
pub(crate) struct Settings {
    pub(crate) clock: Clock,
    /// See [`crate::Config::ice_servers`].
    pub(crate) ice_servers: Vec<IceServer>,
    /// See [`crate::Config::garbage_interval`].
    pub(crate) garbage_interval: Duration,
    /// See [`crate::Config::garbage_threshold`].
    pub(crate) garbage_threshold: Duration,
}

/// The ways to a running control task.
pub(crate) struct Doors {
    pub(crate) messages: mpsc::Sender<Message>,
    pub(crate) link: mpsc::Sender<link::serve::Event>,
    /// Ends when it was told to stop, or fails.
    pub(crate) task: tokio::task::JoinHandle<()>,
}

/// Starts the task.
pub(crate) fn start(settings: Settings) -> Doors {
    let (messages, inbox) = mpsc::channel(MESSAGES);
    let (link, link_inbox) = mpsc::channel(LINK_EVENTS);
    let task = tokio::spawn(Control::new(settings).run(inbox, link_inbox));
    Doors {
        messages,
        link,
        task,
    }
}

struct Control {
    settings: Settings,
    conference: Conference,
    cluster: Cluster,
    clients: clients::Clients,
    nodes: nodes::Nodes,
    in_flight: in_flight::InFlight,
    carried: carried::Carried,
    /// Requests of applications that the conference has not answered yet.
    responds: HashMap<RequestId, Respond>,
    next_request: u32,
    /// What the conference is told next. Never left non-empty.
    inputs: VecDeque<Input>,
}

impl Control {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            conference: Conference::new(),
            cluster: Cluster::new(),
            clients: clients::Clients::default(),
            nodes: nodes::Nodes::default(),
            in_flight: in_flight::InFlight::default(),
            carried: carried::Carried::default(),
            responds: HashMap::new(),
            next_request: 1,
            inputs: VecDeque::new(),
        }
    }

    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        mut link: mpsc::Receiver<link::serve::Event>,
    ) {
        // `interval` refuses zero; the branch below is off then.
        let collects = !self.settings.garbage_interval.is_zero();
        let mut garbage = interval(self.settings.garbage_interval.max(Duration::from_millis(1)));
        garbage.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(Message::Stop { done }) => return self.stop(done),
                    Some(message) => self.message(message),
                    None => return,
                },
                Some(event) = link.recv() => self.link(event),
                () = sleep_until(deadline.unwrap_or_else(Instant::now).into()), if deadline.is_some() => self.tick(),
                _ = garbage.tick(), if collects => self.collect_garbage(),
            }
            self.settle();
        }
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Server { operation, respond } => {
                let request = self.server_request();
                self.responds.insert(request, respond);
                self.inputs.push_back(Input::Server { request, operation });
            }
            Message::Look(look) => look(&self.conference, &self.cluster),
            Message::Opened {
                client,
                session,
                doors,
            } => self.clients.opened(client, session, doors),
            Message::Join { request, join } => self.inputs.push_back(Input::Join {
                request,
                join: *join,
            }),
            Message::Operation {
                request,
                connection,
                operation,
            } => {
                self.inputs.push_back(Input::Client {
                    request,
                    connection,
                    operation,
                });
            }
            Message::Resume {
                from,
                resume,
                socket,
            } => {
                let told = self.clients.resume(from, resume, socket);
                self.lose_unreachable(told);
            }
            Message::Lost { connection } => self.inputs.push_back(Input::Lost { connection }),
            Message::Ended { client } => {
                let connection = self.clients.ended(client);
                self.lose(connection);
            }
            // Taken out by `run`, which ends with it.
            Message::Stop { .. } => {}
        }
    }

    /// Number 0 in the upper half: no client's.
    fn server_request(&mut self) -> RequestId {
        let request = RequestId(u64::from(self.next_request));
        self.next_request = self.next_request.checked_add(1).unwrap_or(1);
        request
    }

    /// Tells the conference what has gathered until nothing is left.
    fn settle(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            let effects = self
                .conference
                .handle(self.settings.clock.timestamp(), input);
            for effect in effects {
                self.carry_out(effect);
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let suspicion = self
            .cluster
            .next_deadline()
            .map(|deadline| self.settings.clock.instant_of(deadline.at));
        suspicion
            .into_iter()
            .chain(self.in_flight.next_deadline())
            .min()
    }

    fn tick(&mut self) {
        self.expire_commands();
        self.tick_cluster();
    }

    fn collect_garbage(&mut self) {
        let older_than_ms =
            u64::try_from(self.settings.garbage_threshold.as_millis()).unwrap_or(u64::MAX);
        self.inputs
            .push_back(Input::CollectGarbage { older_than_ms });
    }

    fn stop(mut self, done: oneshot::Sender<()>) {
        self.inputs.push_back(Input::Stopping);
        self.settle();
        self.clients.stop();
        // Nobody waits any more when the asker has given up.
        let _ = done.send(());
    }
}
