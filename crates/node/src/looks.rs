//! Looks at other nodes, as the master asks for them: each is a probe whose signalling goes through the master.

use std::collections::HashMap;

use link::proto::{self, answer, from_node, look_ask::Ask};
use probe::{Depth, Limits, Name, Signalling};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::translate;

/// What a look is asked for with, and what became of it.
type Answered = oneshot::Sender<Option<answer::Result>>;

/// All that is under way.
pub(crate) struct Looks {
    /// Asked for, and not begun.
    wanted: HashMap<u64, proto::Look>,
    running: JoinSet<proto::LookReport>,
    numbers: HashMap<tokio::task::Id, u64>,
    /// By look and call.
    waiting: HashMap<(u64, u32), Answered>,
    asks: mpsc::UnboundedReceiver<Asked>,
    asker: mpsc::UnboundedSender<Asked>,
}

/// What a look wants said. Each look has a few calls and each call one question at a time, which bounds them.
struct Asked {
    ask: proto::LookAsk,
    /// `None`: not answered.
    answer: Option<Answered>,
}

/// Something that came of a look.
pub(crate) enum Came {
    /// To be said.
    Ask(from_node::Message),
    /// It is over; to be said, unless it was given up.
    Over(u64, Option<from_node::Message>),
}

impl Default for Looks {
    fn default() -> Self {
        let (asker, asks) = mpsc::unbounded_channel();
        Self {
            wanted: HashMap::new(),
            running: JoinSet::new(),
            numbers: HashMap::new(),
            waiting: HashMap::new(),
            asks,
            asker,
        }
    }
}

impl Looks {
    /// Keeps what the master wants until it is decided. The number of the look.
    pub(crate) fn want(&mut self, look: proto::Look) -> u64 {
        let number = look.number;
        self.wanted.insert(number, look);
        number
    }

    /// Begins a look that is wanted.
    pub(crate) fn begin(&mut self, number: u64) {
        let Some(look) = self.wanted.remove(&number) else {
            return;
        };
        let asker = Asker {
            number,
            asker: self.asker.clone(),
        };
        let task = self.running.spawn(run(look, asker));
        self.numbers.insert(task.id(), number);
    }

    /// What is said of a look that is not made.
    pub(crate) fn refuse(&mut self, number: u64) -> from_node::Message {
        self.wanted.remove(&number);
        let outcomes = Vec::new();
        from_node::Message::LookReport(proto::LookReport { number, outcomes })
    }

    /// The master's answer to something that was asked.
    pub(crate) fn answered(&mut self, answered: proto::LookAnswer) {
        let waiting = self.waiting.remove(&(answered.number, answered.call));
        if let Some(waiting) = waiting {
            // A look that has given up hears nothing.
            let _ = waiting.send(answered.answer.and_then(|answer| answer.result));
        }
    }

    /// Gives all of them up: their master is gone.
    pub(crate) fn give_up(&mut self) {
        self.wanted.clear();
        self.running.abort_all();
        self.waiting.clear();
    }

    /// What comes next; never, when nothing is under way.
    pub(crate) async fn next(&mut self) -> Came {
        loop {
            tokio::select! {
                Some(asked) = self.asks.recv() => return self.ask(asked),
                Some(ended) = self.running.join_next_with_id() => {
                    let (id, report) = match ended {
                        Ok((id, report)) => (id, Some(report)),
                        Err(error) => (error.id(), None),
                    };
                    if let Some(number) = self.numbers.remove(&id) {
                        self.waiting.retain(|(look, _), _| *look != number);
                        return Came::Over(number, report.map(from_node::Message::LookReport));
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    fn ask(&mut self, asked: Asked) -> Came {
        let Asked { ask, answer } = asked;
        if let Some(answer) = answer {
            self.waiting.insert((ask.number, ask.call), answer);
        }
        Came::Ask(from_node::Message::LookAsk(ask))
    }
}

async fn run(look: proto::Look, asker: Asker) -> proto::LookReport {
    let number = look.number;
    let depth = if look.calls { Depth::Call } else { Depth::Echo };
    let target = translate::target(look.addresses.unwrap_or_default(), look.relays);
    let name = Name::new("look", number);
    let report = probe::run(&target, depth, Limits::default(), &name, &asker).await;
    let paths = report.paths().into_iter();
    let outcomes = paths.map(|path| translate::outcome(depth, path));
    proto::LookReport {
        number,
        outcomes: outcomes.collect(),
    }
}

/// The way of one look to the master. The names of its calls are the master's affair; only their numbers are told.
struct Asker {
    number: u64,
    asker: mpsc::UnboundedSender<Asked>,
}

impl Asker {
    fn say(&self, name: &Name, ask: Ask, answer: Option<Answered>) {
        let call = name.as_str().rsplit('/').next();
        let call = call.and_then(|call| call.parse().ok()).unwrap_or(0);
        let ask = proto::LookAsk {
            number: self.number,
            call,
            ask: Some(ask),
        };
        // A node that is going down asks nothing.
        let _ = self.asker.send(Asked { ask, answer });
    }

    async fn ask(&self, name: &Name, ask: Ask) -> Result<answer::Result, String> {
        let (answer, answered) = oneshot::channel();
        self.say(name, ask, Some(answer));
        match answered.await {
            Ok(Some(answer::Result::Failure(failure))) => Err(failure.reason),
            Ok(Some(result)) => Ok(result),
            Ok(None) => Err("it was answered without a result".to_owned()),
            Err(_) => Err("the link broke before it was answered".to_owned()),
        }
    }
}

impl Signalling for Asker {
    async fn publish(&self, name: &Name, offer: String) -> Result<String, String> {
        match self.ask(name, Ask::Publish(offer)).await? {
            answer::Result::AnswerSdp(sdp) => Ok(sdp),
            _ => Err("it was answered without a description".to_owned()),
        }
    }

    async fn subscribe(&self, name: &Name) -> Result<String, String> {
        match self.ask(name, Ask::Subscribe(proto::Accepted {})).await? {
            answer::Result::OfferSdp(sdp) => Ok(sdp),
            _ => Err("it was answered without a description".to_owned()),
        }
    }

    async fn accept(&self, name: &Name, answer: String) -> Result<(), String> {
        self.ask(name, Ask::Accept(answer)).await.map(|_| ())
    }

    fn close(&self, name: &Name) {
        self.say(name, Ask::Close(proto::Accepted {}), None);
    }
}
