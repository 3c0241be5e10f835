//! One dialled stream, from hello to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::{Status, Streaming};

use super::connection::Peer;
use super::{AttachmentId, COMMANDS, Detached, Event, HELLO, Handle, Shared};
use crate::proto::{self, from_master, from_node};
use crate::{HEARTBEAT, SILENCE};

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
    let hello = match hello(&shared, &mut stream).await {
        Ok(hello) => hello,
        Err(refused) => return refuse(peer.map(|peer| peer.addr), &out, refused).await,
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
        peer: peer.map(|peer| peer.addr),
        hello: Box::new(hello),
        handle,
    };
    if shared.events.send(attached).await.is_err() {
        return;
    }
    let reason = tokio::select! {
        reason = read(&shared, attachment, &mut stream) => reason,
        reason = write(waiting, &out) => reason,
    };
    let _ = shared
        .events
        .send(Event::Detached { attachment, reason })
        .await;
}

/// Takes the first message, which must be a hello with the right secret.
async fn hello(
    shared: &Shared,
    stream: &mut Streaming<proto::FromNode>,
) -> Result<proto::Hello, proto::Refused> {
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
    let Some(from_node::Message::Hello(mut hello)) = first.and_then(|first| first.message) else {
        return Err(malformed(
            "expected a Hello as the first message, got another one".to_owned(),
        ));
    };
    if !shared.secret.is(&hello.join_secret) {
        return Err(proto::Refused {
            cause: proto::refused::Cause::BadSecret.into(),
            reason: "the join secret is not this master's; give the node the same one".to_owned(),
        });
    }
    hello.join_secret.clear();
    Ok(hello)
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
    stream: &mut Streaming<proto::FromNode>,
) -> Detached {
    loop {
        // Only the node's silence counts, not the time that our own queue takes below.
        let message = match timeout(SILENCE, stream.message()).await {
            Err(_) => return Detached::Silent,
            Ok(Err(status)) => return Detached::Broken(status.message().to_owned()),
            Ok(Ok(None)) => return Detached::ByNode,
            Ok(Ok(Some(message))) => message.message,
        };
        // A message kind of a later version of the contract decodes to nothing.
        let Some(message) = message else { continue };
        if shared
            .events
            .send(Event::Message {
                attachment,
                message,
            })
            .await
            .is_err()
        {
            return Detached::ByMaster;
        }
    }
}

async fn write(mut commands: mpsc::Receiver<from_master::Message>, out: &Out) -> Detached {
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
            _ = beat.tick(), if welcomed => from_master::Message::Heartbeat(heartbeat()),
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

fn heartbeat() -> proto::Heartbeat {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    proto::Heartbeat {
        sent_at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        load: None,
    }
}
