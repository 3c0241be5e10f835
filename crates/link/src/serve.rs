//! The master's end: accepts the streams that nodes dial.
//!
//! [`start`] returns at once; what happens arrives as [`Event`]s on the channel it was given. A node that proved by its
//! certificate who it is, is [`Event::Attached`] with a [`Handle`]; whoever receives it answers with
//! [`Handle::welcome`] or [`Handle::refuse`]. Dropping the handle closes the stream. Every `Attached` is followed by
//! exactly one `Detached`. Enrolment and renewal of certificates need nobody else.

mod accept;
mod attachment;
mod connection;
mod enrolment;
mod handle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::proto;
use crate::proto::link_server::{Link, LinkServer};
use crate::trust::{AuthorityError, Clock, Trust};
use crate::{Skew, tls};

pub use handle::{CommandError, Handle};

/// How long a dialled stream may take to say hello.
pub const HELLO: Duration = Duration::from_secs(5);

/// Commands that may wait for one node before further ones are refused. The end of a session of 100 people who all see
/// each other is 10 000 of them at once.
pub const COMMANDS: usize = 16_384;

/// Largest message taken from a node. A snapshot of 20 000 transports fits.
const MESSAGE_BYTES: usize = 8 << 20;

/// What the master's end is started with.
pub struct Config {
    /// Bound already, so that its address is known.
    pub listener: TcpListener,
    /// Who may attach.
    pub trust: Trust,
    /// Told to nodes: which start of the master this is.
    pub master_boot_id: String,
    /// Told to nodes and stamped on every command.
    pub term: u64,
    /// By which credentials are issued: what nodes compare theirs with.
    pub clock: Clock,
}

/// Names one stream within a run of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId(pub u64);

/// What happens on the link.
#[derive(Debug)]
pub enum Event {
    /// A node proved who it is. It waits for a welcome.
    Attached {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        /// Where it dialled from.
        peer: Option<SocketAddr>,
        /// Its `node_id` is that of the certificate.
        hello: Box<proto::Hello>,
        #[allow(missing_docs)]
        handle: Handle,
    },
    /// A node said something after its hello. Heartbeats without a load are not told.
    Message {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        #[allow(missing_docs)]
        message: proto::from_node::Message,
    },
    /// How far the node's clock is from this one, when it is first known on this stream and when it has changed.
    Skew {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        #[allow(missing_docs)]
        skew: Skew,
    },
    /// Nothing has come for [`DOUBT`](crate::DOUBT), or something comes again. The stream goes on.
    Silence {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        #[allow(missing_docs)]
        silent: bool,
    },
    /// The stream is over.
    Detached {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        #[allow(missing_docs)]
        reason: Detached,
    },
}

/// Why a stream is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Detached {
    /// Nothing came for [`SILENCE`](crate::SILENCE).
    #[error("silent for {} s", crate::SILENCE.as_secs_f32())]
    Silent,
    /// The node closed it.
    #[error("closed by the node")]
    ByNode,
    /// The handle was dropped, or the node refused.
    #[error("closed by the master")]
    ByMaster,
    /// The node did not read what it was told for so long that it is no better than dead.
    #[error("the node does not read")]
    Stuck,
    /// The node was revoked, and told so.
    #[error("revoked")]
    Revoked,
    /// The transport broke.
    #[error("broken: {0}")]
    Broken(String),
}

/// A running end. Dropping it closes the listener and all streams.
#[derive(Debug)]
pub struct Server {
    accept: tokio::task::JoinHandle<()>,
    serve: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept.abort();
        self.serve.abort();
    }
}

/// Starts to accept nodes. When `events` is full, nodes are read more slowly; nothing is lost.
///
/// # Errors
/// When the authority cannot sign the master's certificate.
pub fn start(config: Config, events: mpsc::Sender<Event>) -> Result<Server, AuthorityError> {
    let Config {
        listener,
        trust,
        master_boot_id,
        term,
        clock,
    } = config;
    let tls = tls::server(&trust)?;
    let service = Service {
        shared: Arc::new(Shared {
            trust,
            welcome: proto::Welcome {
                master_boot_id,
                term,
            },
            next: AtomicU64::new(1),
            clock,
            events,
        }),
    };
    let (connections, incoming) = mpsc::channel(16);
    let accept = tokio::spawn(accept::run(listener, Arc::new(tls), connections));
    let serve = tokio::spawn(async move {
        let server = LinkServer::new(service).max_decoding_message_size(MESSAGE_BYTES);
        let served = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(Duration::from_secs(10)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .max_concurrent_streams(4)
            .add_service(server)
            .serve_with_incoming(ReceiverStream::new(incoming))
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "link: the server ended; no node can attach any more");
        }
    });
    Ok(Server { accept, serve })
}

/// What all streams share.
struct Shared {
    trust: Trust,
    welcome: proto::Welcome,
    next: AtomicU64,
    clock: Clock,
    events: mpsc::Sender<Event>,
}

struct Service {
    shared: Arc<Shared>,
}

#[tonic::async_trait]
impl Link for Service {
    type AttachStream = ReceiverStream<Result<proto::FromMaster, Status>>;

    async fn attach(
        &self,
        request: Request<Streaming<proto::FromNode>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let peer = request.extensions().get::<connection::Peer>().cloned();
        let attachment = AttachmentId(self.shared.next.fetch_add(1, Ordering::Relaxed));
        let (out, stream) = mpsc::channel(attachment::OUT);
        tokio::spawn(attachment::run(
            self.shared.clone(),
            attachment,
            peer,
            request.into_inner(),
            out,
        ));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn enroll(
        &self,
        request: Request<proto::EnrollRequest>,
    ) -> Result<Response<proto::EnrollAnswer>, Status> {
        let peer = request.extensions().get::<connection::Peer>().cloned();
        let answer = enrolment::enroll(&self.shared.trust, peer, request.into_inner()).await;
        Ok(Response::new(answer))
    }

    async fn renew(
        &self,
        request: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::RenewAnswer>, Status> {
        let peer = request.extensions().get::<connection::Peer>().cloned();
        let answer = enrolment::renew(&self.shared.trust, peer, request.into_inner());
        Ok(Response::new(answer))
    }
}
