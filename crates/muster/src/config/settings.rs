//! The validated snapshot.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use conference::{ForcedVideoCodec, IceServer, Remedy};
use link::trust::Token;
use master::VideoBandwidth;
use node::{MetadataService, PublicAddress};

use super::fleet::{self, Cluster, Provider};
use super::layers::Layers;
use super::reader::Reader;
use super::report::Problem;
use super::values;
use super::webhook::Webhook;
use super::{relay, scaling, webhook};

/// What the process is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A master and its nodes.
    Up,
    #[allow(missing_docs)]
    Master,
    #[allow(missing_docs)]
    Node,
}

/// Everything that was configured, checked, with defaults filled in. Documented in `muster.example.toml`.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Settings {
    pub data_dir: PathBuf,
    pub log: String,
    /// `None`: kept in the data directory.
    pub secret: Option<String>,
    pub public_host: String,
    pub call_page: bool,
    pub https_listen: SocketAddr,
    /// `None`: the port that is listened on.
    pub public_port: Option<u16>,
    /// Certificate and key as PEM; `None`: a self-signed one in the data directory.
    pub certificate: Option<CertificateFiles>,
    pub link: Link,
    pub node: Node,
    pub node_lost: Remedy,
    pub cluster: Cluster,
    pub provider: Provider,
    /// `None`: kept in the data directory.
    pub cluster_id: Option<String>,
    pub load_strategy: cluster::Strategy,
    pub autoscaling: Option<cluster::autoscaling::Limits>,
    pub webhook: Option<Webhook>,
    pub ice_servers: Vec<IceServer>,
    /// `None`: there is no ledger.
    pub ledger: Option<ledger::Options>,
    /// `None`: clients are told of no relay.
    pub relay: Option<master::Relay>,
    pub garbage_interval: Duration,
    pub garbage_threshold: Duration,
    pub forced_video_codec: ForcedVideoCodec,
    pub allow_transcoding: bool,
    pub bandwidth: VideoBandwidth,
}

/// The operator's own certificate, as read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CertificateFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub cert_pem: String,
    pub key_pem: String,
}

/// The relay in a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRelay {
    /// `None`: the first of the media ports that is free.
    pub port: Option<u16>,
    /// The name that clients are told, and the certificate that is for it.
    pub tls: Option<(String, CertificateFiles)>,
}

/// The road between master and node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Link {
    pub listen: SocketAddr,
    pub join: Option<Token>,
    /// Of a master: what tokens lead to. Of a node: what it dials instead of what its token leads to.
    pub masters: Vec<String>,
    pub certificate_life: Duration,
}

/// The media node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Node {
    /// `None`: kept in the data directory.
    pub id: Option<String>,
    pub public_addresses: Vec<PublicAddress>,
    pub metadata: MetadataService,
    pub stun_servers: Vec<String>,
    pub media_ports: RangeInclusive<u16>,
    pub relay: NodeRelay,
    /// `None`: one per core.
    pub shards: Option<NonZeroUsize>,
    pub allow_loopback: bool,
    pub exit_when_orphaned: Option<Duration>,
    pub evidence: bool,
}

/// Makes the snapshot. When problems were added it is filled with defaults and must not be used.
pub(super) fn validate(layers: &Layers, role: Role, problems: &mut Vec<Problem>) -> Settings {
    let mut reader = Reader { layers, problems };
    let r = &mut reader;
    let node = node(r, role);
    let cluster = fleet::cluster(r, role);
    let secret = r.one("secret", values::secret);
    let https_listen = r
        .one("https.listen", values::listen)
        .unwrap_or_else(|| SocketAddr::from(([0u16; 8], 4443)));
    if role == Role::Up && node.id.is_some() {
        r.reject(
            "node.id",
            "nothing, since the master names the nodes that it starts",
        );
    }
    Settings {
        data_dir: data_dir(r),
        log: r
            .one("log", values::log_filter)
            .unwrap_or_else(|| "info".into()),
        secret,
        public_host: r
            .one("public_host", values::host)
            .unwrap_or_else(|| default_host(&node)),
        call_page: r.one("call_page", values::boolean).unwrap_or(true),
        https_listen,
        public_port: r.one("https.public_port", values::port),
        certificate: certificate(r),
        link: link(r),
        node,
        cluster,
        node_lost: r
            .one("cluster.node_lost", values::remedy)
            .unwrap_or(Remedy::Recover),
        provider: fleet::provider(r, role),
        cluster_id: r.one("cluster.id", values::cluster_id),
        load_strategy: r
            .one("cluster.load_strategy", values::strategy)
            .unwrap_or_default(),
        autoscaling: scaling::read(r),
        webhook: webhook::read(r),
        ice_servers: r.list("webrtc.ice_servers", values::ice_server),
        ledger: ledger(r),
        relay: relay::read(r, role, https_listen),
        garbage_interval: duration(r, "sessions.garbage_interval", 900),
        garbage_threshold: duration(r, "sessions.garbage_threshold", 3600),
        forced_video_codec: r
            .one("streams.forced_video_codec", values::codec)
            .unwrap_or_default(),
        allow_transcoding: r
            .one("streams.allow_transcoding", values::boolean)
            .unwrap_or(false),
        bandwidth: bandwidth(r),
    }
}

/// Kept for no time at all, there is none.
fn ledger(r: &mut Reader<'_>) -> Option<ledger::Options> {
    let usual = ledger::Options::default();
    let keep = r.one("ledger.keep", values::span_or_zero);
    let size = r.one("ledger.size", values::mebibytes);
    let options = ledger::Options {
        keep: keep.unwrap_or(usual.keep),
        most_bytes: size.unwrap_or(usual.most_bytes),
        ..usual
    };
    (!options.keep.is_zero()).then_some(options)
}

fn duration(r: &mut Reader<'_>, key: &'static str, default: u64) -> Duration {
    r.one(key, values::seconds)
        .unwrap_or(Duration::from_secs(default))
}

/// Clients that are told an address for media can be told the same for everything else.
fn default_host(node: &Node) -> String {
    match node.public_addresses.first() {
        Some(address) => address.to_string(),
        None => "localhost".into(),
    }
}

fn data_dir(r: &mut Reader<'_>) -> PathBuf {
    if let Some(path) = r.one("data_dir", values::path) {
        return path;
    }
    let from = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(data) = from("XDG_DATA_HOME") {
        return data.join("muster");
    }
    if rustix::process::geteuid().is_root() {
        return "/var/lib/muster".into();
    }
    match from("HOME") {
        Some(home) => home.join(".local/share/muster"),
        None => {
            r.reject(
                "data_dir",
                "a directory, since neither XDG_DATA_HOME nor HOME is set",
            );
            PathBuf::new()
        }
    }
}

fn certificate(r: &mut Reader<'_>) -> Option<CertificateFiles> {
    let cert = r.one("tls.cert", values::path);
    let key = r.one("tls.key", values::path);
    match (cert, key) {
        (None, None) => None,
        (Some(cert), Some(key)) => {
            let cert_pem = pem(r, "tls.cert", &cert, "CERTIFICATE");
            let key_pem = pem(r, "tls.key", &key, "PRIVATE KEY");
            Some(CertificateFiles {
                cert,
                key,
                cert_pem: cert_pem?,
                key_pem: key_pem?,
            })
        }
        (Some(_), None) => {
            r.reject("tls.key", "the key that belongs to tls.cert");
            None
        }
        (None, Some(_)) => {
            r.reject("tls.cert", "the certificate that belongs to tls.key");
            None
        }
    }
}

/// Reads a PEM file that must hold a section whose label ends like `label`.
pub(super) fn pem(
    r: &mut Reader<'_>,
    key: &'static str,
    path: &Path,
    label: &str,
) -> Option<String> {
    let text = read(r, key, path)?;
    let holds = text
        .lines()
        .any(|l| l.starts_with("-----BEGIN ") && l.trim_end().ends_with(&format!("{label}-----")));
    if !holds {
        r.reject(key, format!("a PEM file with a {label} section"));
        return None;
    }
    Some(text)
}

fn read(r: &mut Reader<'_>, key: &'static str, path: &Path) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            r.reject(key, format!("a file that can be read ({error})"));
            None
        }
    }
}

fn link(r: &mut Reader<'_>) -> Link {
    Link {
        listen: r
            .one("link.listen", values::listen)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 4442))),
        join: join(r),
        masters: r.list("link.master", values::master_url),
        certificate_life: r
            .one("link.certificate_life", values::span)
            .unwrap_or(link::trust::LIFE),
    }
}

fn join(r: &mut Reader<'_>) -> Option<Token> {
    let given = r.one("link.join", values::token);
    let path = r.one("link.join_file", values::path);
    let Some(path) = path else {
        return given;
    };
    if r.layers.get("link.join").is_some() {
        r.reject("link.join_file", "nothing, since link.join is set too");
        return None;
    }
    let text = read(r, "link.join_file", &path)?;
    match values::token(&text) {
        Ok(token) => Some(token),
        Err(reason) => {
            let expected = format!("a file that holds a join token ({reason})");
            r.reject("link.join_file", expected);
            None
        }
    }
}

fn node(r: &mut Reader<'_>, role: Role) -> Node {
    let orphan_default = match role {
        // Of a master's own processes.
        Role::Up | Role::Master => Duration::from_secs(60),
        Role::Node => Duration::ZERO,
    };
    let exit_when_orphaned = r
        .one("node.exit_when_orphaned", values::seconds)
        .unwrap_or(orphan_default);
    Node {
        id: r.one("node.id", values::node_id),
        public_addresses: r.list("node.public_addresses", values::public_address),
        metadata: r.one("node.metadata", values::metadata).unwrap_or_default(),
        stun_servers: r.list("node.stun_servers", values::stun_server),
        media_ports: r
            .one("node.media_ports", values::ports)
            .unwrap_or(40000..=40999),
        relay: relay_of_node(r, role),
        shards: r
            .one("node.shards", |t| values::number(t, 0..=256usize))
            .and_then(NonZeroUsize::new),
        allow_loopback: r
            .one("node.allow_loopback", values::boolean)
            .unwrap_or(role != Role::Node),
        evidence: r.one("node.evidence", values::boolean).unwrap_or(true),
        exit_when_orphaned: (!exit_when_orphaned.is_zero()).then_some(exit_when_orphaned),
    }
}

fn relay_of_node(r: &mut Reader<'_>, role: Role) -> NodeRelay {
    const KEYS: [&str; 3] = ["node.relay_host", "node.relay_cert", "node.relay_key"];
    let set = KEYS.map(|key| r.layers.get(key).is_some());
    if role == Role::Up && (set.contains(&true) || r.layers.get("node.relay_port").is_some()) {
        let expected = "nothing, since several nodes share this machine with their master, which relays over TLS";
        r.reject("node.relay_port", expected);
    }
    if set.contains(&true) {
        for (key, _) in KEYS.into_iter().zip(set).filter(|(_, set)| !set) {
            r.reject(
                key,
                "to be set, as all three of relay_host, relay_cert and relay_key go together",
            );
        }
    }
    let host = r.one("node.relay_host", values::host_name);
    let cert = r.one("node.relay_cert", values::path);
    let cert = cert.and_then(|path| {
        Some((
            path.clone(),
            pem(r, "node.relay_cert", &path, "CERTIFICATE")?,
        ))
    });
    let key = r.one("node.relay_key", values::path);
    let key = key.and_then(|path| {
        Some((
            path.clone(),
            pem(r, "node.relay_key", &path, "PRIVATE KEY")?,
        ))
    });
    let tls = host.zip(cert).zip(key);
    NodeRelay {
        port: r.one("node.relay_port", |text| values::number(text, 1..=u16::MAX)),
        tls: tls.map(|((host, (cert, cert_pem)), (key, key_pem))| {
            let files = CertificateFiles {
                cert,
                key,
                cert_pem,
                key_pem,
            };
            (host, files)
        }),
    }
}

fn bandwidth(r: &mut Reader<'_>) -> VideoBandwidth {
    let default = VideoBandwidth::default();
    let mut kbps = |key, default| {
        r.one(key, |t| values::number(t, 0..=10_000_000u32))
            .unwrap_or(default)
    };
    VideoBandwidth {
        max_recv: kbps("streams.video_max_recv_bandwidth", default.max_recv),
        min_recv: kbps("streams.video_min_recv_bandwidth", default.min_recv),
        max_send: kbps("streams.video_max_send_bandwidth", default.max_send),
        min_send: kbps("streams.video_min_send_bandwidth", default.min_send),
    }
}
