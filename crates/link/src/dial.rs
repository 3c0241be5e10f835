//! The node's end of the link: dials the master for ever and holds one attachment to it.
//!
//! What happens arrives as [`Event`]s. Nothing outlives an attachment: each begins with [`Event::HelloWanted`], whose
//! answer is a whole snapshot, and brings an [`Outbox`] of its own, so that nothing meant for an earlier attachment
//! can be sent on a later one.

mod attachment;
pub mod backoff;
mod endpoint;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::proto;
use attachment::Ended;
use backoff::Backoff;
use endpoint::Target;

/// Events that may wait for the owner before the link stops reading.
const EVENTS: usize = 256;
/// Messages that may wait for the network.
const OUTBOX: usize = 1024;

/// Where the master is and how it is known.
#[derive(Clone, Debug)]
pub struct Config {
    /// `https://HOST:PORT` of the master's link listener.
    pub master_url: String,
    /// PEM of the certificate that the master's must be, or must be signed by. The name in it is
    /// [`SERVER_NAME`](crate::SERVER_NAME), whatever the host is called.
    pub master_ca_pem: String,
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
    /// The certificate cannot be used.
    #[error("the master's certificate (PEM) cannot be used: {0}")]
    Certificate(String),
}

/// What happens on the link.
#[derive(Debug)]
pub enum Event {
    /// A connection is up and waits for the node to introduce itself.
    HelloWanted(HelloWanted),
    /// The master took the node in.
    Attached(proto::Welcome),
    /// The master wants something done.
    Command(proto::Command),
    /// The master does not want this node. Dialling goes on, slowly, unless the cause is `SUPERSEDED`: then this was
    /// the last event. The same refusal is reported once in a row.
    Refused {
        /// `MALFORMED` also stands for causes this version does not know.
        cause: proto::refused::Cause,
        /// The master's sentence for the operator.
        reason: String,
    },
    /// The master cannot be reached. The same reason is reported once in a row.
    Unreachable {
        /// What was tried and what came back.
        reason: String,
    },
    /// The attachment is over; it is dialled anew.
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
    pub fn greet(self, hello: proto::Hello) -> Outbox {
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
    /// Waits until there is room, or the attachment is over.
    pub async fn ready(&self) {
        let _ = self.queue.reserve().await;
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
    events: mpsc::Receiver<Event>,
    task: JoinHandle<()>,
}

impl Dialer {
    /// Starts dialling. `load` goes out with each heartbeat; `jitter` gives numbers in `0.0..1.0`.
    ///
    /// # Errors
    /// When the configuration can never lead anywhere.
    pub fn start(
        config: &Config,
        load: watch::Receiver<proto::Load>,
        jitter: impl FnMut() -> f64 + Send + 'static,
    ) -> Result<Self, ConfigError> {
        let target = Target::new(config)?;
        let (sender, events) = mpsc::channel(EVENTS);
        let dialling = Dialling {
            target,
            load,
            events: sender,
            backoff: Backoff::default(),
            jitter: Box::new(jitter),
            complaint: None,
        };
        let task = tokio::spawn(dialling.run());
        Ok(Self { events, task })
    }

    /// The next event; `None` after `SUPERSEDED`. Safe to cancel.
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
    load: watch::Receiver<proto::Load>,
    events: mpsc::Sender<Event>,
    backoff: Backoff,
    jitter: Box<dyn FnMut() -> f64 + Send>,
    /// The last failure told, so that it is told once.
    complaint: Option<String>,
}

impl Dialling {
    async fn run(mut self) {
        loop {
            let began = Instant::now();
            let ended = attachment::hold(&self.target, self.load.clone(), &self.events).await;
            let Some(wait) = self.judge(ended, began.elapsed()).await else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.events.closed() => return,
            }
        }
    }

    /// How long to wait before the next attempt; `None` when there shall be none.
    async fn judge(&mut self, ended: Ended, held: Duration) -> Option<Duration> {
        let jitter = (self.jitter)();
        match ended {
            Ended::OwnerGone => None,
            Ended::Refused { cause, reason } => {
                let last = cause == proto::refused::Cause::Superseded;
                let text = reason.clone();
                self.complain(text, Event::Refused { cause, reason }).await;
                (!last).then(|| self.backoff.refused(jitter))
            }
            Ended::Unreachable { reason } => {
                let text = reason.clone();
                self.complain(text, Event::Unreachable { reason }).await;
                Some(self.backoff.failed(jitter))
            }
            Ended::Detached { reason } => {
                self.complaint = None;
                let _ = self.events.send(Event::Detached { reason }).await;
                Some(self.backoff.ended(held, jitter))
            }
        }
    }

    async fn complain(&mut self, text: String, event: Event) {
        if self.complaint.as_ref() != Some(&text) {
            self.complaint = Some(text);
            let _ = self.events.send(event).await;
        }
    }
}
