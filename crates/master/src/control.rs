//! The control task: the shell around [`Control`], and the one order in which things happen to it. It waits for nobody:
//! whatever it tells is handed to a bounded queue or dropped with a consequence.

mod clients;
mod commands;
mod looks;
mod message;
mod nodes;
mod prober;
mod translate;
mod ways;
mod witness;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::control::{Control, Effect, Input, NodeSettings, Notice, Now, Question, Says, Weight, Write};
use cluster::{AttachmentId, BootId, Cluster, NodeId};
use conference::{MediaCommand, RequestId};
use ledger::Ledger;
use openvidu::webhook::Post;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::clock::Clock;
use crate::keeper::Keeper;
use crate::providing::{self, Providing};
use crate::random;
use crate::webhook::Poster;

pub(crate) use clients::Doors as ClientDoors;
pub(crate) use message::{Departure, Event, Message};

use message::{Report, Respond};

/// Messages that may wait for the control task. Whoever sends more waits.
const MESSAGES: usize = 4096;

/// Events of the link that may wait. Nodes that send more are read more slowly.
const LINK_EVENTS: usize = 4096;

/// How often the time of day is told, which may be set while the master runs.
const WALL: Duration = Duration::from_secs(60);

/// The ways to a running control task.
pub(crate) struct Doors {
    pub(crate) messages: mpsc::Sender<Message>,
    pub(crate) link: mpsc::Sender<link::serve::Event>,
    /// How relays are to work, as nodes are told.
    pub(crate) settings: watch::Receiver<Option<Arc<NodeSettings>>>,
    /// Ends when it was told to stop, when another master leads (then it says why), or fails.
    pub(crate) task: tokio::task::JoinHandle<Option<String>>,
}

/// Starts the task. `boot` names this run of the master; without a `keeper` nothing is written down.
pub(crate) fn start(
    clock: Clock,
    boot: &str,
    control: Control,
    keeper: Option<Keeper>,
    poster: Option<Poster>,
    providing: Option<Providing>,
    ledger: Option<Arc<Ledger>>,
) -> Doors {
    let (messages, inbox) = mpsc::channel(MESSAGES);
    let (link, link_inbox) = mpsc::channel(LINK_EVENTS);
    let (own_settings, settings) = watch::channel(None);
    let witness = witness::Witness::new(ledger, &control);
    let shell = Shell {
        clock,
        control,
        keeper,
        poster,
        messages: messages.downgrade(),
        deposed: None,
        clients: clients::Clients::default(),
        nodes: nodes::Nodes::default(),
        prober: prober::Prober::new(boot.to_owned()),
        providing,
        own_settings,
        witness,
        responds: HashMap::new(),
        reports: HashMap::new(),
        next_question: 1,
        stopped: false,
    };
    let task = tokio::spawn(shell.run(inbox, link_inbox));
    Doors {
        messages,
        link,
        settings,
        task,
    }
}

struct Shell {
    clock: Clock,
    control: Control,
    keeper: Option<Keeper>,
    poster: Option<Poster>,
    /// What commits and renewals have to say comes in like everything else.
    messages: mpsc::WeakSender<Message>,
    /// Why this master may not go on.
    deposed: Option<String>,
    clients: clients::Clients,
    nodes: nodes::Nodes,
    prober: prober::Prober,
    providing: Option<Providing>,
    own_settings: watch::Sender<Option<Arc<NodeSettings>>>,
    witness: witness::Witness,
    responds: HashMap<Question, Respond>,
    reports: HashMap<Question, Report>,
    next_question: u64,
    stopped: bool,
}

impl Shell {
    async fn run(
        mut self,
        mut inbox: mpsc::Receiver<Message>,
        mut link: mpsc::Receiver<link::serve::Event>,
    ) -> Option<String> {
        let mut stopping: Option<oneshot::Sender<()>> = None;
        let leading = self.lead();
        let mut wall = interval(WALL);
        wall.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.stopped && self.deposed.is_none() {
            let deadline = self.control.next_deadline();
            let deadline = deadline.map(|deadline| self.clock.instant_of(deadline.at));
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(Message::Stop { departure, done }) => {
                        stopping = Some(done);
                        self.handle(match departure {
                            Departure::Farewell => Input::Stop,
                            Departure::Interruption => Input::Leave,
                        });
                    }
                    Some(message) => self.message(message),
                    None => break,
                },
                Some(event) = link.recv() => self.link(event),
                // At once, and then again and again.
                _ = wall.tick() => self.handle(Input::Wall(self.clock.wall())),
                told = providing::next(&mut self.providing) => self.provided(told),
                came = self.prober.next() => {
                    let now = now(&self.clock);
                    let inputs = self.prober.take(came, now, &self.control, &self.nodes);
                    self.handle_all(inputs.into());
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now).into()), if deadline.is_some() => {
                    self.handle(Input::Tick);
                }
            }
        }
        drop(leading);
        if let (Some(keeper), None) = (&self.keeper, &self.deposed) {
            keeper.leave().await;
        }
        if let Some(done) = stopping {
            // Nobody waits any more when the asker has given up.
            let _ = done.send(());
        }
        self.deposed
    }

    fn link(&mut self, event: link::serve::Event) {
        let cluster = self.control.cluster();
        let heard = self.prober.hear(event, cluster, &self.nodes);
        for input in heard.inputs {
            self.handle(input);
        }
        let event = heard.event.and_then(|event| self.witnessed(event));
        let inputs = event.map(|event| self.nodes.inputs(event));
        for input in inputs.into_iter().flatten() {
            self.handle(input);
        }
    }

    /// Takes evidence out of what comes by the link.
    fn witnessed(&mut self, event: link::serve::Event) -> Option<link::serve::Event> {
        use link::proto::from_node::Message;
        use link::serve::Event;
        match event {
            Event::Message {
                attachment,
                message: Message::Evidence(told),
            } => {
                let attachment = AttachmentId(attachment.0);
                if let Some(evidence) = self.witness.saw(&self.control, attachment, told) {
                    let says = Says::Evidence(evidence);
                    self.handle(Input::Says { attachment, says });
                }
                None
            }
            Event::Message {
                attachment,
                message: Message::Strangers(told),
            } => {
                let attachment = AttachmentId(attachment.0);
                self.witness.strangers(&self.control, attachment, &told);
                None
            }
            Event::Detached { attachment, reason } => {
                self.witness.detached(AttachmentId(attachment.0));
                Some(Event::Detached { attachment, reason })
            }
            other => Some(other),
        }
    }

    /// Renews the leadership for as long as what it returns lives.
    fn lead(&self) -> Option<JoinSet<()>> {
        let keeper = self.keeper.clone()?;
        let messages = self.messages.clone();
        let mut leading = JoinSet::new();
        leading.spawn(async move {
            let reason = keeper.lead().await;
            tell(&messages, Message::Deposed { reason }).await;
        });
        Some(leading)
    }

    fn post(&self, post: Post) {
        // Without one the settings name no webhook, and nothing is to be posted.
        let Some(poster) = self.poster.clone() else {
            return;
        };
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let number = post.number;
            let outcome = poster.post(post).await;
            let posted = Input::Posted { number, outcome };
            tell(&messages, Message::Input(posted)).await;
        });
    }

    fn commit(&self, number: u64, writes: Vec<Write>) {
        // Without one the settings say that nothing is durable, and no commit is asked for.
        let Some(keeper) = self.keeper.clone() else {
            return;
        };
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let outcome = keeper.commit(writes).await;
            let committed = Input::Committed { number, outcome };
            tell(&messages, Message::Input(committed)).await;
        });
    }

    fn message(&mut self, message: Message) {
        let input = match message {
            Message::Server { operation, respond } => {
                let question = self.question();
                self.responds.insert(question, respond);
                Input::Server {
                    question,
                    operation,
                }
            }
            Message::Command { command, report } => {
                let question = self.question();
                self.reports.insert(question, report);
                Input::Command { question, command }
            }
            Message::Policy { policy, report } => {
                let question = self.question();
                self.reports.insert(question, report);
                Input::Policy { question, policy }
            }
            Message::RotateRelay { report } => {
                let question = self.question();
                self.reports.insert(question, report);
                Input::RelaySecret {
                    question: Some(question),
                    drawn: random::relay_secret(),
                }
            }
            Message::Look(look) => return look(&self.control, now(&self.clock)),
            Message::Opened {
                client,
                session,
                doors,
            } => {
                self.clients.opened(client, doors);
                Input::Opened { client, session }
            }
            Message::Resume {
                from,
                resume,
                socket,
            } => {
                self.clients.asks_to_resume(from, socket);
                Input::Resume { from, resume }
            }
            Message::Ended { client } => {
                self.clients.ended(client);
                Input::Ended { client }
            }
            Message::Input(input) => input,
            Message::Deposed { reason } => {
                self.deposed = Some(reason);
                return;
            }
            // Taken out by `run`.
            Message::Stop { .. } => Input::Stop,
        };
        self.handle(input);
    }

    fn question(&mut self) -> Question {
        let question = Question(self.next_question);
        self.next_question += 1;
        question
    }

    fn handle(&mut self, input: Input) {
        self.handle_all(VecDeque::from([input]));
    }

    fn handle_all(&mut self, mut inputs: VecDeque<Input>) {
        while let Some(input) = inputs.pop_front() {
            for effect in self.control.handle(now(&self.clock), input) {
                self.carry_out(effect, &mut inputs);
            }
            if let (Some(providing), true) = (&mut self.providing, inputs.is_empty()) {
                inputs.extend(providing.flush(self.control.cluster()));
            }
        }
    }

    /// What the provider says.
    fn provided(&mut self, told: Vec<provider::launches::Effect>) {
        let cluster = self.control.cluster();
        let Some(providing) = &mut self.providing else {
            return;
        };
        let mut inputs = VecDeque::from(providing.take(told, cluster));
        if inputs.is_empty() {
            inputs.extend(providing.flush(cluster));
        }
        self.handle_all(inputs);
    }

    /// What comes of it, or could not be done, goes into `failed`.
    fn carry_out(&mut self, effect: Effect, failed: &mut VecDeque<Input>) {
        let undelivered = |client: clients::Unreachable| Input::Undelivered { client: client.0 };
        match effect {
            Effect::Answer { question, result } => {
                if let Some(respond) = self.responds.remove(&question) {
                    respond(self.control.conference(), result);
                }
            }
            Effect::Obeyed { question, result } => {
                if let Some(report) = self.reports.remove(&question) {
                    report(result);
                }
            }
            Effect::Tell { client, told } => {
                let user_agent = || self.clients.user_agent(client);
                self.witness.told(&self.control, &told, user_agent);
                failed.extend(self.clients.tell(client, told).err().map(undelivered));
            }
            Effect::PassSocket { from, to, resume } => {
                let told = self.clients.pass(from, to, resume);
                failed.extend(told.into_iter().filter_map(Result::err).map(undelivered));
            }
            Effect::Commit { number, writes } => self.commit(number, writes),
            Effect::StepDown { reason } => self.deposed = Some(reason),
            Effect::Post(post) => self.post(post),
            Effect::Event(event) => {
                tracing::trace!(?event, "event");
                self.witness.happened(&event);
            }
            Effect::Log(notice) => {
                log(&notice);
                failed.extend(self.provider(|providing, cluster| providing.note(&notice, cluster)));
            }
            Effect::Stopped => self.stopped = true,
            of_nodes => self.carry_out_on_nodes(of_nodes, failed),
        }
    }

    fn carry_out_on_nodes(&mut self, effect: Effect, failed: &mut VecDeque<Input>) {
        match effect {
            Effect::Welcome {
                attachment,
                node,
                boot,
                ..
            } => failed.extend(self.welcome(attachment, &node, &boot)),
            Effect::Refuse {
                attachment,
                refusal,
                reason,
            } => self.nodes.refuse(attachment, refusal, reason),
            Effect::DropStream { attachment } => self.nodes.drop_stream(attachment),
            Effect::Command {
                attachment,
                key,
                command,
            } => failed.extend(self.command(attachment, key, command)),
            Effect::Settings {
                attachment,
                settings,
            } => self.nodes.settings(attachment, &settings),
            Effect::OwnSettings(settings) => {
                self.own_settings.send_replace(Some(settings));
            }
            Effect::DrawRelaySecret => failed.push_back(Input::RelaySecret {
                question: None,
                drawn: random::relay_secret(),
            }),
            Effect::WantEvidence {
                attachment,
                transport,
            } => self.nodes.want_evidence(attachment, &transport),
            Effect::Recall { transports } => self.recall(transports),
            Effect::Probe { .. }
            | Effect::Look { .. }
            | Effect::Withhold { .. }
            | Effect::ResolveAddresses { .. }
            | Effect::RestartShard { .. } => {
                failed.extend(self.carry_out_on_ways(effect));
            }
            // Without a provider the settings allow no launches.
            Effect::Launch { node } => failed.extend(self.provider(|providing, _| {
                providing.launch(&node);
                Vec::new()
            })),
            // Whoever started it may switch it off; it is told that it is over.
            Effect::Terminate { node } if self.providing.is_none() => {
                failed.push_back(Input::Gone { node });
            }
            Effect::Terminate { node } => {
                failed.extend(
                    self.provider(|providing, cluster| providing.terminate(&node, cluster)),
                );
            }
            // Carried out by `carry_out`.
            _ => {}
        }
    }

    fn welcome(&mut self, attachment: AttachmentId, node: &NodeId, boot: &BootId) -> Vec<Input> {
        self.nodes.welcome(attachment);
        self.witness.welcome(node.as_str(), boot.as_str());
        self.provider(|providing, cluster| providing.welcomed(node, cluster))
    }

    fn command(
        &mut self,
        attachment: AttachmentId,
        key: Option<RequestId>,
        command: MediaCommand,
    ) -> Option<Input> {
        let now = self.clock.timestamp().0;
        self.witness
            .commanded(&self.control, now, attachment, &command);
        self.nodes.command(attachment, key, command)
    }

    /// What whoever launches nodes says to something; nothing where nobody does.
    fn provider(&mut self, say: impl FnOnce(&mut Providing, &Cluster) -> Vec<Input>) -> Vec<Input> {
        let cluster = self.control.cluster();
        let said = self
            .providing
            .as_mut()
            .map(|providing| say(providing, cluster));
        said.unwrap_or_default()
    }
}

/// Without a control task nobody has to know.
async fn tell(messages: &mpsc::WeakSender<Message>, message: Message) {
    if let Some(messages) = messages.upgrade() {
        let _ = messages.send(message).await;
    }
}

pub(crate) fn now(clock: &Clock) -> Now {
    Now {
        moment: clock.moment(),
        timestamp: clock.timestamp(),
    }
}

fn log(notice: &Notice) {
    match notice.weight() {
        Weight::Debug => tracing::debug!("{notice}"),
        Weight::Info => tracing::info!("{notice}"),
        Weight::Warning => tracing::warn!("{notice}"),
    }
}
