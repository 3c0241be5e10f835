//! The node's end of the link: dials the master when it is told to and holds one attachment to it. When to dial is not
//! decided here.
//!
//! What happens arrives as [`Event`]s. Nothing outlives an attachment: each begins with [`Event::HelloWanted`], whose
//! answer is a whole snapshot, and brings an [`Outbox`] of its own, so that nothing meant for an earlier attachment
//! can be sent on a later one.

mod attachment;
mod identity;
mod renewal;
mod target;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::proto;
use crate::trust::{Clock, Token};
use crate::{PROTOCOL, Skew};
use attachment::Ended;
use target::Target;

/// Events that may wait for the owner before the link stops reading.
const EVENTS: usize = 256;
/// Messages that may wait for the network.
const OUTBOX: usize = 1024;

/// Who the node is, and where its master.
#[derive(Clone)]
pub struct Config {
    /// The node's data directory, for itself alone. Key and certificate are kept in it.
    pub directory: PathBuf,
    /// Permanent name of the node.
    pub node_id: String,
    /// `https://HOST:PORT` of masters' links. Empty: those that the token named.
    pub masters: Vec<String>,
    /// Brings the node a certificate: when it has none, when it has one by another token, and when the master does not
    /// want the one that it has.
    pub token: Option<Token>,
    /// The machine's.
    pub clock: Clock,
}

/// Why dialling cannot even begin.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The URL cannot be used.
    #[error("the master's URL must look like https://HOST:PORT, got `{url}`: {reason}")]
    Url {
        /// As configured.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is neither a certificate nor a token.
    #[error(
        "this node is not enrolled yet and has no join token; `muster token` at the master prints one, and \
         `muster node --join TOKEN` takes it"
    )]
    NotEnrolled,
    /// The certificate is another node's.
    #[error(
        "this node is `{node_id}`, its certificate is for `{certificate}`; give it a join token, or the node its old id"
    )]
    OtherNode {
        /// In the certificate.
        certificate: String,
        /// As configured.
        node_id: String,
    },
    /// A file of the data directory.
    #[error(
        "{file} cannot be used: {reason}. Start the node with a new join token (`muster token` at the master)"
    )]
    Identity {
        /// Its path.
        file: String,
        /// What was expected and what came.
        reason: String,
    },
    /// A file of the data directory.
    #[error(transparent)]
    File(#[from] std::io::Error),
}

/// What happens on the link. An attempt ends with exactly one of `Refused`, `Unreachable` and `Detached`; nothing
/// follows until the next [`Dialer::dial`].
#[derive(Debug)]
pub enum Event {
    /// A connection is up and waits for the node to introduce itself.
    HelloWanted(HelloWanted),
    /// The master took the node in.
    Attached(proto::Welcome),
    /// The master wants something done.
    Command(proto::Command),
    /// How the master wants the node to work from now on.
    Settings(Box<proto::NodeSettings>),
    /// How far the master's clock is from this one, when it is first known on this attachment and when it has changed.
    Skew(Skew),
    /// The master wants to know what was seen of these transports, or of all.
    EvidenceWanted(Vec<String>),
    /// The master says something else to a node that it has taken in.
    Message(proto::from_master::Message),
    /// The master does not want this node.
    Refused {
        /// `MALFORMED` also stands for causes this version does not know.
        cause: proto::refused::Cause,
        /// The master's sentence for the operator.
        reason: String,
    },
    /// The master cannot be reached.
    Unreachable {
        /// What was tried and what came back.
        reason: String,
    },
    /// The attachment is over.
    Detached {
        /// Why.
        reason: String,
    },
}

/// The chance to introduce the node on a new connection.
#[derive(Debug)]
pub struct HelloWanted {
    outbox: mpsc::Sender<proto::FromNode>,
}

impl HelloWanted {
    /// Introduces the node. What is put in the outbox afterwards follows the hello.
    /// The version of the contract is filled in.
    pub fn greet(self, mut hello: proto::Hello) -> Outbox {
        hello.protocol = PROTOCOL;
        let outbox = Outbox { queue: self.outbox };
        outbox.send(proto::from_node::Message::Hello(hello));
        outbox
    }
}

/// The way to the master during one attachment.
#[derive(Clone, Debug)]
pub struct Outbox {
    queue: mpsc::Sender<proto::FromNode>,
}

impl Outbox {
    /// Waits for room. False when the attachment is over.
    pub async fn ready(&self) -> bool {
        self.queue.reserve().await.is_ok()
    }

    /// Queues a message that can be done without, if there is so much room that nothing else has to wait for it. False
    /// when there is not; the message is dropped then.
    pub fn send_spare(&self, message: proto::from_node::Message) -> bool {
        self.has_spare() && self.send(message)
    }

    /// Whether there is room for what can be done without.
    pub fn has_spare(&self) -> bool {
        self.queue.capacity() > self.queue.max_capacity() / 2
    }

    /// Queues a message. False when there is no room; the message is dropped then. What is sent after the end of the
    /// attachment is lost.
    pub fn send(&self, message: proto::from_node::Message) -> bool {
        let message = proto::FromNode {
            message: Some(message),
        };
        self.queue.try_send(message).is_ok()
    }
}

/// A dialler at work.
#[derive(Debug)]
pub struct Dialer {
    orders: watch::Sender<Order>,
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

/// What the owner wants.
#[derive(Clone, Copy, Debug, Default)]
struct Order {
    /// How many attempts were ordered so far.
    attempts: u64,
    /// The last of them is no longer wanted.
    hung_up: bool,
}

impl Dialer {
    /// Prepares to dial. What stands in `told` (load, running settings, relay) goes out with a heartbeat in every
    /// [`LOAD`](crate::LOAD); the link fills in the times.
    ///
    /// # Errors
    /// When the configuration can never lead anywhere.
    pub fn start(
        config: &Config,
        told: watch::Receiver<proto::Heartbeat>,
    ) -> Result<Self, ConfigError> {
        let target = Target::new(config)?;
        let (sender, events) = mpsc::channel(EVENTS);
        let (orders, ordered) = watch::channel(Order::default());
        let dialling = Dialling {
            target,
            told,
            events: sender,
            ordered,
        };
        let task = tokio::spawn(dialling.run());
        Ok(Self {
            orders,
            events,
            task,
        })
    }

    /// Begins one attempt, once the one before has ended.
    pub fn dial(&self) {
        self.orders.send_modify(|order| {
            order.attempts += 1;
            order.hung_up = false;
        });
    }

    /// Ends the attempt that was begun last, if it lasts: `Detached` follows. What is queued may be lost. The master
    /// hears of it when the attempt's [`Outbox`] is dropped too.
    pub fn hang_up(&self) {
        self.orders.send_modify(|order| order.hung_up = true);
    }

    /// The next event; `None` when the task is gone. Safe to cancel.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Lets what is queued go out, within half a second, and hangs up.
    pub async fn close(self) {
        drop(self.events);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(Duration::from_millis(500), self.task)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

struct Dialling {
    target: Target,
    told: watch::Receiver<proto::Heartbeat>,
    events: mpsc::Sender<Event>,
    ordered: watch::Receiver<Order>,
}

impl Dialling {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            tokio::select! {
                order = self.ordered.wait_for(|order| order.attempts > attempt) => match order {
                    Ok(order) => attempt = order.attempts,
                    Err(_) => return,
                },
                () = self.events.closed() => return,
            }
            let ended = tokio::select! {
                ended = attachment::hold(&mut self.target, self.told.clone(), &self.events) => ended,
                () = countermanded(self.ordered.clone(), attempt) => Ended::Detached {
                    reason: "this node hung up".into(),
                },
            };
            if !self.tell(ended).await {
                return;
            }
        }
    }

    /// Whether anybody listens still.
    async fn tell(&self, ended: Ended) -> bool {
        let event = match ended {
            Ended::OwnerGone => return false,
            Ended::Refused { cause, reason } => Event::Refused { cause, reason },
            Ended::Unreachable { reason } => Event::Unreachable { reason },
            Ended::Detached { reason } => Event::Detached { reason },
        };
        self.events.send(event).await.is_ok()
    }
}

/// Ends when `attempt` is not wanted any more. An owner that is gone is noticed elsewhere.
async fn countermanded(mut ordered: watch::Receiver<Order>, attempt: u64) {
    let over = ordered.wait_for(|order| order.hung_up || order.attempts > attempt);
    if over.await.is_err() {
        std::future::pending::<()>().await;
    }
}
