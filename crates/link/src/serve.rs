//! The master's end: accepts the streams that nodes dial.
//!
//! [`start`] returns at once; what happens arrives as [`Event`]s on the channel it was given. A node that proved the
//! join secret is [`Event::Attached`] with a [`Handle`]; whoever receives it answers with [`Handle::welcome`] or
//! [`Handle::refuse`]. Dropping the handle closes the stream. Every `Attached` is followed by exactly one `Detached`.

mod accept;
mod attachment;
mod connection;
mod handle;
mod secret;

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
    /// Certificate and key; ALPN is set here.
    pub tls: rustls::ServerConfig,
    /// Compared in constant time.
    pub join_secret: String,
    /// Told to nodes: which start of the master this is.
    pub master_boot_id: String,
    /// Told to nodes and stamped on every command.
    pub term: u64,
}

/// Names one stream within a run of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId(pub u64);

/// What happens on the link.
#[derive(Debug)]
pub enum Event {
    /// A node proved the join secret. It waits for a welcome.
    Attached {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        /// Where it dialled from.
        peer: Option<SocketAddr>,
        /// Its `join_secret` is blank.
        hello: Box<proto::Hello>,
        #[allow(missing_docs)]
        handle: Handle,
    },
    /// A node said something after its hello.
    Message {
        #[allow(missing_docs)]
        attachment: AttachmentId,
        #[allow(missing_docs)]
        message: proto::from_node::Message,
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
    /// Three heartbeats missed.
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
pub fn start(config: Config, events: mpsc::Sender<Event>) -> Server {
    let Config {
        listener,
        mut tls,
        join_secret,
        master_boot_id,
        term,
    } = config;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let service = Service {
        shared: Arc::new(Shared {
            secret: secret::Secret::new(&join_secret),
            welcome: proto::Welcome {
                master_boot_id,
                term,
            },
            next: AtomicU64::new(1),
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
    Server { accept, serve }
}

/// What all streams share.
struct Shared {
    secret: secret::Secret,
    welcome: proto::Welcome,
    next: AtomicU64,
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
}
