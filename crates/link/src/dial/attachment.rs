//! One attachment: from the connection to its end.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use super::renewal;
use super::target::Target;
use super::wire::CONNECT;
use super::{Event, HelloWanted, OUTBOX};
use crate::listening::Listening;
use crate::proto::from_master::Message;
use crate::proto::link_client::LinkClient;
use crate::proto::{self, FromMaster, FromNode, from_node, refused};
use crate::skew::{Exchange, epoch_millis};
use crate::trust::Clock;
use crate::{HEARTBEAT, LOAD, SILENCE};

/// How long queued messages may take to go out when the node hangs up.
const LINGER: Duration = Duration::from_millis(300);

/// How an attachment came to its end.
pub(super) enum Ended {
    /// Nobody takes events any more.
    OwnerGone,
    /// The master does not want the node.
    Refused {
        cause: refused::Cause,
        reason: String,
    },
    /// Never attached.
    Unreachable { reason: String },
    /// Attached, then lost.
    Detached { reason: String },
}

/// Dials, introduces the node, and carries messages until one side is gone.
pub(super) async fn hold(
    target: &mut Target,
    told: watch::Receiver<proto::Heartbeat>,
    events: &mpsc::Sender<Event>,
) -> Ended {
    let channel = tokio::select! {
        connected = target.connect() => match connected {
            Ok(channel) => channel,
            Err(ended) => return ended,
        },
        () = events.closed() => return Ended::OwnerGone,
    };
    let renewal = renewal::run(
        channel.clone(),
        target.identity.clone(),
        target.clock.clone(),
    );
    let _renewal = Abort(tokio::spawn(renewal));
    // The hello goes first: a master may wait for it before it answers the call at all.
    let (outbox, queued) = mpsc::channel(OUTBOX);
    let wanted = HelloWanted {
        outbox: outbox.clone(),
    };
    if events.send(Event::HelloWanted(wanted)).await.is_err() {
        return Ended::OwnerGone;
    }
    let incoming = match open(channel, queued).await {
        Ok(incoming) => incoming,
        Err(reason) => return Ended::Unreachable { reason },
    };
    let attachment = Attachment {
        outbox,
        incoming,
        told,
        events,
        clock: target.clock.clone(),
        exchange: Exchange::default(),
        listening: Listening::new(Instant::now()),
        load_told: None,
        welcomed: false,
    };
    let ended = attachment.run().await;
    if let Ended::Refused { cause, .. } = &ended {
        target.doubt(*cause);
    }
    ended
}

/// A task that ends with the attachment.
struct Abort(tokio::task::JoinHandle<()>);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The master does not want the node, and says why.
pub(super) fn refused(refused: proto::Refused) -> Ended {
    Ended::Refused {
        cause: match refused.cause() {
            refused::Cause::Unspecified => refused::Cause::Malformed,
            cause => cause,
        },
        reason: refused.reason,
    }
}

async fn open(
    channel: Channel,
    queued: mpsc::Receiver<FromNode>,
) -> Result<Streaming<FromMaster>, String> {
    let mut client = LinkClient::new(channel);
    match timeout(CONNECT, client.attach(ReceiverStream::new(queued))).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(format!(
            "the master did not take the stream: {}",
            root(&status)
        )),
        Err(_) => Err(format!("the master did not open the stream in {CONNECT:?}")),
    }
}

struct Attachment<'a> {
    outbox: mpsc::Sender<FromNode>,
    incoming: Streaming<FromMaster>,
    told: watch::Receiver<proto::Heartbeat>,
    events: &'a mpsc::Sender<Event>,
    clock: Clock,
    exchange: Exchange,
    listening: Listening,
    load_told: Option<Instant>,
    welcomed: bool,
}

impl Attachment<'_> {
    async fn run(mut self) -> Ended {
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Reading comes first: after a stall of our own, heartbeats that wait in the socket count before silence.
            let ended = tokio::select! {
                biased;
                () = self.events.closed() => return self.hang_up().await,
                message = self.incoming.message() => match message {
                    Ok(Some(message)) => self.take(message).await,
                    Ok(None) => Some(self.lost("the master closed the stream".into())),
                    Err(status) => Some(self.lost(broken(&status))),
                },
                _ = beat.tick() => self.tick(),
            };
            if let Some(ended) = ended {
                return ended;
            }
        }
    }

    async fn take(&mut self, message: FromMaster) -> Option<Ended> {
        let now = Instant::now();
        self.listening.hear(now);
        match message.message {
            Some(Message::Heartbeat(beat)) => {
                let skew = self.exchange.hear(&beat, now, epoch_millis(&self.clock));
                match skew {
                    Some(skew) => self.tell(Event::Skew(skew)).await,
                    None => None,
                }
            }
            Some(Message::Settings(settings)) if self.welcomed => {
                self.tell(Event::Settings(Box::new(settings))).await
            }
            Some(Message::Welcome(welcome)) if !self.welcomed => {
                self.welcomed = true;
                self.tell(Event::Attached(welcome)).await
            }
            Some(Message::Command(command)) if self.welcomed => {
                self.tell(Event::Command(command)).await
            }
            Some(Message::EvidenceWanted(wanted)) => {
                self.tell(Event::EvidenceWanted(wanted.transport_ids)).await
            }
            Some(Message::Refused(refused)) => Some(self::refused(refused)),
            Some(Message::Welcome(_)) => Some(self.lost("the master welcomed twice".into())),
            Some(message) if self.welcomed => self.tell(Event::Message(message)).await,
            Some(_) => {
                let early = "expected welcome or refused as the first message, got another";
                Some(self.lost(early.into()))
            }
            // A newer master may know messages that this node does not.
            None => None,
        }
    }

    async fn tell(&self, event: Event) -> Option<Ended> {
        match self.events.send(event).await {
            Ok(()) => None,
            Err(_) => Some(Ended::OwnerGone),
        }
    }

    fn tick(&mut self) -> Option<Ended> {
        let now = Instant::now();
        if self.listening.look(now) > SILENCE {
            return Some(self.lost(format!("nothing heard from the master for {SILENCE:?}")));
        }
        if self.welcomed {
            let mut told = proto::Heartbeat::default();
            if self.load_due(now) {
                told.clone_from(&self.told.borrow());
                told.load.get_or_insert_default();
            }
            let heartbeat = self.exchange.beat(told, now, epoch_millis(&self.clock));
            // A full queue says that nothing gets through; the master's own watch will draw the conclusion.
            let _ = self.outbox.try_send(FromNode {
                message: Some(from_node::Message::Heartbeat(heartbeat)),
            });
        }
        None
    }

    fn load_due(&mut self, now: Instant) -> bool {
        let due = self.load_told.is_none_or(|told| now - told >= LOAD);
        if due {
            self.load_told = Some(now);
        }
        due
    }

    fn lost(&self, reason: String) -> Ended {
        if self.welcomed {
            Ended::Detached { reason }
        } else {
            Ended::Unreachable { reason }
        }
    }

    /// Ends our half of the stream, which sends what is queued, and waits briefly for the master's half.
    async fn hang_up(self) -> Ended {
        let Self {
            outbox,
            mut incoming,
            ..
        } = self;
        drop(outbox);
        let _ = timeout(LINGER, async {
            while let Ok(Some(_)) = incoming.message().await {}
        })
        .await;
        Ended::OwnerGone
    }
}

fn broken(status: &Status) -> String {
    let root = root(status);
    if root.contains("close_notify") {
        // What rustls says of a process that was killed.
        "the master ended the connection without a word".into()
    } else {
        format!("the connection to the master broke: {root}")
    }
}

/// The innermost cause: everything around it says only that something went wrong.
pub(super) fn root(status: &Status) -> String {
    let mut cause: &dyn std::error::Error = status;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<Status>() {
        Some(status) => format!("{:?} {}", status.code(), status.message()),
        None => cause.to_string(),
    }
}
