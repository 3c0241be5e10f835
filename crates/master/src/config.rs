//! What a master is started with. A validated snapshot: whoever fills it has checked the values.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use conference::{ForcedVideoCodec, IceServer, Remedy};
use discovery::MetadataService;

use crate::administration::Administration;
use crate::providing::Fleet;

/// Everything a master needs to know at its start.
#[derive(Clone)]
pub struct Config {
    /// Where browsers and applications come in (HTTPS and WebSocket). Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where nodes dial in (gRPC over TLS). Port 0 takes a free one.
    pub link_listen: SocketAddr,
    /// Host name or address by which clients reach `listen`; goes into token URLs. IPv6 without brackets.
    pub public_host: String,
    /// Port by which clients reach `listen`; left out of token URLs when it is 443. 0 means the port in fact bound.
    pub public_port: u16,
    /// Password of the REST user `OPENVIDUAPP`.
    pub secret: String,
    /// Certificate and key of `listen`.
    pub tls: link::Certificate,
    /// Who may attach at `link_listen`.
    pub link_trust: link::trust::Trust,
    /// Whether nodes have to be reached as clients would reach them before they serve. Without it they are taken at their
    /// word: for a master that has no way to the nodes' media addresses, and for tests with nodes that carry no media.
    pub probe: bool,
    /// What clients get whose connection names no ICE servers. Empty: `stun:` of the node that serves them.
    pub ice_servers: Vec<IceServer>,
    /// How relays are used. `None`: they answer Binding requests only.
    pub relay: Option<Relay>,
    /// Where the cloud's metadata service is asked for this machine's public address.
    pub metadata: MetadataService,
    /// `HOST:PORT` of STUN servers by which nodes and the master find their public address.
    pub stun_servers: Vec<String>,
    /// `forcedVideoCodec` of sessions that do not name one.
    pub forced_video_codec: ForcedVideoCodec,
    /// `allowTranscoding` of sessions that do not say; shown, never acted on.
    pub allow_transcoding: bool,
    /// Shown by `GET /config`.
    pub bandwidth: VideoBandwidth,
    /// What becomes of sessions whose node is dead.
    pub remedy: Remedy,
    /// Where everything is written that has to outlive this process. `None`: nothing is.
    pub store: Option<Arc<dyn store::Store>>,
    /// Where is kept what was seen of every transport. `None`: nowhere.
    pub ledger: Option<Arc<ledger::Ledger>>,
    /// How often sessions that nobody joined are looked for. Zero turns it off.
    pub garbage_interval: Duration,
    /// How old such a session must be to be removed.
    pub garbage_threshold: Duration,
    /// How the cluster behaves, but for what the master decides itself: gate, strategy, term, and names of launches.
    pub cluster: cluster::Settings,
    /// Who launches nodes. `None`: somebody else starts them, and they dial in.
    pub fleet: Option<Fleet>,
    #[allow(missing_docs)]
    pub administration: Administration,
    /// Serves the call page at `/` and hands out its tokens at `POST /call/token`, without the secret.
    pub call_page: bool,
    /// The files of the call page, by path without the leading `/` (`""` is the page itself).
    pub page: Page,
}

/// How relays are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Where the master relays by itself, UDP and TCP. `None`: only nodes do, and TURN over TLS at the HTTPS port.
    pub listen: Option<Listen>,
    /// How often credentials are made under a new secret. Zero: only when an operator wants it.
    pub rotate_every: Duration,
    /// Most allocations at a time for one user name; 0 for no limit.
    pub allocations_per_user: u32,
    /// Most allocations at a time in one relay; 0 for no limit.
    pub allocations: u32,
}

/// An address to listen at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Without it nothing is started; else only a warning says that it is taken.
    pub required: bool,
}

impl Default for Relay {
    /// A browser makes one allocation for each of its peer connections, relay URL and local address.
    fn default() -> Self {
        Self {
            listen: None,
            rotate_every: Duration::from_secs(30 * 24 * 3600),
            allocations_per_user: 400,
            allocations: 4096,
        }
    }
}

/// `OPENVIDU_STREAMS_VIDEO_*_BANDWIDTH`, kbit/s, 0 for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct VideoBandwidth {
    pub max_recv: u32,
    pub min_recv: u32,
    pub max_send: u32,
    pub min_send: u32,
}

impl Default for VideoBandwidth {
    /// OpenVidu's defaults.
    fn default() -> Self {
        Self {
            max_recv: 1000,
            min_recv: 300,
            max_send: 1000,
            min_send: 300,
        }
    }
}

/// Looks a file of the call page up.
pub type Page = Arc<dyn Fn(&str) -> Option<StaticFile> + Send + Sync>;

/// A file that is served as it is.
#[derive(Clone, Debug)]
pub struct StaticFile {
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The bytes.
    pub body: std::borrow::Cow<'static, [u8]>,
    /// The name changes with the content, so browsers may keep it for ever.
    pub immutable: bool,
}
