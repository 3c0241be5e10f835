//! One dialled stream, from hello to its end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tonic::{Status, Streaming};

use super::connection::Peer;
use super::{AttachmentId, COMMANDS, Detached, Event, HELLO, Handle, Shared, enrolment};
use crate::listening::Listening;
use crate::proto::{self, from_master, from_node};
use crate::skew::{Exchange, Skew, epoch_millis};
use crate::trust::{Clock, Facts};
use crate::{DOUBT, HEARTBEAT, SILENCE};

/// Messages that wait between us and HTTP/2's flow control.
pub(super) const OUT: usize = 16;

/// How long one message may wait for room in `OUT`.
const STUCK: Duration = Duration::from_secs(5);

type Out = mpsc::Sender<Result<proto::FromMaster, Status>>;

/// Serves one stream until it is over.
pub(super) async fn run(
    shared: Arc<Shared>,
    attachment: AttachmentId,
    peer: Option<Peer>,
    mut stream: Streaming<proto::FromNode>,
    out: Out,
) {
    let addr = peer.as_ref().map(|peer| peer.addr);
    let (hello, certificate) = match hello(&shared, peer.as_ref(), &mut stream).await {
        Ok(taken) => taken,
        Err(refused) => return refuse(addr, &out, refused).await,
    };
    if let Some(peer) = &peer {
        peer.proven();
    }
    let (commands, waiting) = mpsc::channel(COMMANDS);
    let handle = Handle {
        commands,
        welcome: shared.welcome.clone(),
        boot_id: hello.boot_id.clone(),
    };
    let attached = Event::Attached {
        attachment,
        peer: addr,
        hello: Box::new(hello),
        handle,
    };
    if shared.events.send(attached).await.is_err() {
        return;
    }
    let clocks = Clocks {
        clock: shared.clock.clone(),
        exchange: Mutex::default(),
    };
    let reason = tokio::select! {
        reason = read(&shared, attachment, &clocks, &mut stream) => reason,
        reason = write(waiting, &clocks, &out) => reason,
        () = shared.trust.revocations.barred(&certificate) => {
            refuse(addr, &out, enrolment::revoked(&certificate.node_id)).await;
            Detached::Revoked
        }
    };
    let _ = shared
        .events
        .send(Event::Detached { attachment, reason })
        .await;
}

/// Both directions of a stream measure the clocks.
struct Clocks {
    clock: Clock,
    exchange: Mutex<Exchange>,
}

impl Clocks {
    fn hear(&self, message: Option<&from_node::Message>) -> Option<Skew> {
        let Some(from_node::Message::Heartbeat(beat)) = message else {
            return None;
        };
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.hear(beat, Instant::now(), epoch_millis(&self.clock))
    }

    fn beat(&self) -> proto::Heartbeat {
        let mut exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let bare = proto::Heartbeat::default();
        exchange.beat(bare, Instant::now(), epoch_millis(&self.clock))
    }
}

/// Takes the first message, which must be a hello of the node that the certificate names.
async fn hello(
    shared: &Shared,
    peer: Option<&Peer>,
    stream: &mut Streaming<proto::FromNode>,
) -> Result<(proto::Hello, Arc<Facts>), proto::Refused> {
    let certificate = enrolment::certified(&shared.trust, peer)?;
    let first = timeout(HELLO, stream.message())
        .await
        .map_err(|_| {
            malformed(format!(
                "expected a Hello within {} s, got nothing",
                HELLO.as_secs()
            ))
        })?
        .map_err(|status| {
            malformed(format!(
                "expected a Hello, got an error: {}",
                status.message()
            ))
        })?;
    let Some(from_node::Message::Hello(hello)) = first.and_then(|first| first.message) else {
        return Err(malformed(
            "expected a Hello as the first message, got another one".to_owned(),
        ));
    };
    enrolment::same_protocol(hello.protocol)?;
    if hello.node_id != certificate.node_id {
        return Err(enrolment::other_node(&certificate.node_id));
    }
    Ok((hello, certificate))
}

fn malformed(reason: String) -> proto::Refused {
    proto::Refused {
        cause: proto::refused::Cause::Malformed.into(),
        reason,
    }
}

async fn refuse(peer: Option<SocketAddr>, out: &Out, refused: proto::Refused) {
    tracing::warn!(?peer, cause = ?refused.cause(), reason = refused.reason, "link: refused a node");
    let _ = send(out, from_master::Message::Refused(refused)).await;
}

async fn read(
    shared: &Shared,
    attachment: AttachmentId,
    clocks: &Clocks,
    stream: &mut Streaming<proto::FromNode>,
) -> Detached {
    let mut listening = Listening::new(Instant::now());
    let mut look = interval(HEARTBEAT);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = false;
    loop {
        let event = tokio::select! {
            // What waits in the socket counts before silence.
            biased;
            message = stream.message() => {
                let message = match message {
                    Err(status) => return Detached::Broken(status.message().to_owned()),
                    Ok(None) => return Detached::ByNode,
                    Ok(Some(message)) => message.message,
                };
                listening.hear(Instant::now());
                if silent {
                    silent = false;
                    if !tell(shared, Event::Silence { attachment, silent }).await {
                        return Detached::ByMaster;
                    }
                }
                if let Some(skew) = clocks.hear(message.as_ref())
                    && !tell(shared, Event::Skew { attachment, skew }).await
                {
                    return Detached::ByMaster;
                }
                match message.filter(is_news) {
                    Some(message) => Event::Message { attachment, message },
                    None => continue,
                }
            }
            _ = look.tick() => {
                let silence = listening.look(Instant::now());
                if silence > SILENCE {
                    return Detached::Silent;
                }
                if silent || silence <= DOUBT {
                    continue;
                }
                silent = true;
                Event::Silence { attachment, silent }
            }
        };
        if !tell(shared, event).await {
            return Detached::ByMaster;
        }
    }
}

async fn tell(shared: &Shared, event: Event) -> bool {
    shared.events.send(event).await.is_ok()
}

/// A bare heartbeat has said what it had to say by coming. A message kind of a later version of the contract decodes
/// to nothing.
fn is_news(message: &from_node::Message) -> bool {
    !matches!(message, from_node::Message::Heartbeat(beat) if beat.load.is_none())
}

async fn write(
    mut commands: mpsc::Receiver<from_master::Message>,
    clocks: &Clocks,
    out: &Out,
) -> Detached {
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut welcomed = false;
    loop {
        let message = tokio::select! {
            message = commands.recv() => match message {
                Some(message) => message,
                None => return Detached::ByMaster,
            },
            // The contract wants Welcome or Refused first.
            _ = beat.tick(), if welcomed => from_master::Message::Heartbeat(clocks.beat()),
        };
        welcomed |= matches!(message, from_master::Message::Welcome(_));
        if let Err(reason) = send(out, message).await {
            return reason;
        }
    }
}

async fn send(out: &Out, message: from_master::Message) -> Result<(), Detached> {
    match timeout(
        STUCK,
        out.send(Ok(proto::FromMaster {
            message: Some(message),
        })),
    )
    .await
    {
        Err(_) => Err(Detached::Stuck),
        Ok(Err(_)) => Err(Detached::ByNode),
        Ok(Ok(())) => Ok(()),
    }
}
