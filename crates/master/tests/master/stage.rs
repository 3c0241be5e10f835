//! A running master and what is needed to talk to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use conference::{ForcedVideoCodec, Remedy};
use link::trust::{Token, Trust, Wish};
use master::{Administration, Config, Master, StaticFile, VideoBandwidth};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::browser::Browser;
use crate::http::{Client, Response};
use crate::node::Node;

pub const SECRET: &str = "MY_SECRET";

/// Longer than anything takes that is not waited for on purpose.
pub const SOON: Duration = Duration::from_secs(5);

pub struct Stage {
    pub master: Master,
    config: Config,
    pub trust: Trust,
    directory: TempDir,
    tls: TlsConnector,
}

struct Certificate {
    cert: String,
    key: String,
}

fn certificate(name: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("certificate");
    Certificate {
        cert: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

impl Certificate {
    fn tls(&self) -> link::Certificate {
        link::Certificate::new(&self.cert, &self.key).expect("made just now")
    }
}

fn connector(ca: &str) -> TlsConnector {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(ca.as_bytes()).expect("PEM");
    roots.add(der).expect("root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

impl Stage {
    /// Takes nodes at their word: most tests have nodes that carry no media.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Lets nodes serve only after a probe.
    pub async fn probing() -> Self {
        Self::with(|config| config.probe = true).await
    }

    /// Sessions end with their node.
    pub async fn evicting() -> Self {
        Self::with(|config| config.remedy = Remedy::Evict).await
    }

    /// Writes everything down.
    pub async fn on(store: Arc<dyn store::Store>) -> Self {
        Self::with(|config| config.store = Some(store)).await
    }

    /// With another configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let https = certificate("localhost");
        let directory = tempfile::tempdir().expect("temporary directory");
        let trust = Trust::open(directory.path()).expect("made");
        let loopback = "127.0.0.1:0".parse().expect("address");
        let mut config = Config {
            listen: loopback,
            link_listen: loopback,
            public_host: "localhost".into(),
            public_port: 0,
            secret: SECRET.into(),
            tls: https.tls(),
            link_trust: trust.clone(),
            probe: false,
            ice_servers: vec![],
            relay: None,
            metadata: discovery::MetadataService::Off,
            stun_servers: Vec::new(),
            forced_video_codec: ForcedVideoCodec::default(),
            allow_transcoding: false,
            bandwidth: VideoBandwidth::default(),
            remedy: Remedy::Recover,
            store: None,
            ledger: None,
            garbage_interval: Duration::from_secs(900),
            garbage_threshold: Duration::from_secs(3600),
            cluster: cluster::Settings::default(),
            fleet: None,
            administration: Administration::default(),
            call_page: true,
            page: Arc::new(page),
        };
        change(&mut config);
        let master = master::start(config.clone()).await.expect("started");
        Self {
            master,
            config,
            trust,
            directory,
            tls: connector(&https.cert),
        }
    }

    /// Kills the master as `kill -9` does, and starts it again at the same addresses.
    pub async fn restarted(self) -> Self {
        self.restarted_with(|_| {}).await
    }

    /// The same with another configuration.
    pub async fn restarted_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let Self {
            master,
            mut config,
            trust,
            directory,
            tls,
        } = self;
        config.listen = master.https_addr();
        config.link_listen = master.link_addr();
        master.kill().await;
        change(&mut config);
        let master = master::start(config.clone()).await.expect("started again");
        Self {
            master,
            config,
            trust,
            directory,
            tls,
        }
    }

    /// A data directory for a node.
    pub fn node_directory(&self, node: &str) -> PathBuf {
        let directory = self.directory.path().join(node);
        std::fs::create_dir_all(&directory).expect("made");
        directory
    }

    /// Brings any number of nodes in.
    pub fn join_token(&self) -> Token {
        let wish = Wish {
            masters: vec![format!("https://{}", self.master.link_addr())],
            uses: 0,
            valid: Duration::from_secs(600),
            node: None,
        };
        let token = self.trust.authority.mint(wish, SystemTime::now());
        token.expect("made")
    }

    /// With a node that serves.
    pub async fn with_node() -> (Self, Node) {
        let stage = Self::new().await;
        let node = Node::start(&stage, "media_1", 1).await;
        stage.until_serving(1).await;
        (stage, node)
    }

    pub async fn until_serving(&self, nodes: usize) {
        let health = async {
            loop {
                let health = self.get("/health").await;
                let up = health.status == 200;
                if up == (nodes > 0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SOON, health)
            .await
            .expect("serving in time");
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.master.https_addr())
            .await
            .expect("connect");
        let name = "localhost".try_into().expect("name");
        self.tls.connect(name, tcp).await.expect("TLS")
    }

    pub fn client(&self) -> Client<'_> {
        Client { stage: self }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client().api("GET", path, None).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        self.client().api("DELETE", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.client().api("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Response {
        self.client().api("PATCH", path, Some(body)).await
    }

    /// A session of this id, made by REST.
    pub async fn session(&self, id: &str) {
        let made = self
            .post("/sessions", json!({ "customSessionId": id }))
            .await;
        assert_eq!(made.status, 200, "{made:?}");
    }

    /// A token of a fresh connection.
    pub async fn token(&self, session: &str, role: &str) -> String {
        let path = format!("/sessions/{session}/connection");
        let made = self.post(&path, json!({ "role": role })).await;
        assert_eq!(made.status, 200, "{made:?}");
        made.json()["token"].as_str().expect("token").to_owned()
    }

    /// A participant who has joined.
    pub async fn participant(&self, session: &str, role: &str) -> Browser {
        let token = self.token(session, role).await;
        let mut browser = Browser::open(self).await;
        browser.join(session, &token).await;
        browser
    }
}

fn page(path: &str) -> Option<StaticFile> {
    let (content_type, body, immutable) = match path {
        "" => ("text/html", &b"<!doctype html>"[..], false),
        "assets/call-1a2b.js" => ("text/javascript", &b"call()"[..], true),
        _ => return None,
    };
    Some(StaticFile {
        content_type: content_type.into(),
        body: body.into(),
        immutable,
    })
}
