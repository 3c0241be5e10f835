//! Who gets in and who does not: real TLS at both ends, and a node's word for what it was told.

mod made;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use link::dial::{Config, Dialer, Event};
use link::proto::refused::Cause;
use link::proto::{self, from_node};
use link::serve::{self, Detached, Handle, Server};
use link::trust::{Clock, Facts, Token, Trust, Wish, seconds};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(8);
const DAY: i64 = 86_400;

/// A clock that a test sets, seconds off the machine's.
#[derive(Clone, Default)]
struct Off(Arc<AtomicI64>);

impl Off {
    fn by(seconds: i64) -> Self {
        Self(Arc::new(AtomicI64::new(seconds)))
    }

    fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }

    fn now(&self) -> SystemTime {
        let off = self.0.load(Ordering::Relaxed);
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 {
            SystemTime::now() - by
        } else {
            SystemTime::now() + by
        }
    }

    fn clock(&self) -> Clock {
        let off = self.clone();
        Arc::new(move || off.now())
    }
}

/// A master that takes in every node that gets so far.
struct Master {
    url: String,
    trust: Trust,
    clock: Off,
    events: mpsc::Receiver<serve::Event>,
    handle: Option<Handle>,
    server: Option<Server>,
    directory: TempDir,
}

impl Master {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        Self::start_in(directory, link::trust::LIFE).await
    }

    async fn start_in(directory: TempDir, life: Duration) -> Self {
        let clock = Off::default();
        let trust = Trust {
            clock: clock.clock(),
            life,
            ..Trust::open(directory.path()).expect("usable")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("https://{}", listener.local_addr().expect("bound"));
        let (sender, events) = mpsc::channel(64);
        let config = serve::Config {
            listener,
            trust: trust.clone(),
            master_boot_id: "boot".into(),
            term: 1,
            clock: link::trust::system_clock(),
        };
        let server = serve::start(config, sender).expect("signed");
        Self {
            url,
            trust,
            clock,
            events,
            handle: None,
            server: Some(server),
            directory,
        }
    }

    /// Ends and starts with the same data directory, elsewhere.
    async fn restart(mut self) -> Self {
        drop(self.server.take());
        Self::start_in(self.directory, self.trust.life).await
    }

    fn wish(&self) -> Wish {
        Wish {
            masters: vec![self.url.clone()],
            uses: 1,
            valid: Duration::from_secs(600),
            node: None,
        }
    }

    fn token(&self) -> Token {
        self.mint(self.wish())
    }

    fn mint(&self, wish: Wish) -> Token {
        let token = self.trust.authority.mint(wish, self.clock.now());
        token.expect("made")
    }

    async fn event(&mut self) -> serve::Event {
        let event = timeout(SOON, self.events.recv()).await;
        event.expect("in time").expect("running")
    }

    /// The next node that attaches; it is welcomed.
    async fn attached(&mut self) -> String {
        loop {
            if let serve::Event::Attached { hello, handle, .. } = self.event().await {
                handle.welcome().expect("room");
                self.handle = Some(handle);
                return hello.node_id;
            }
        }
    }
}

/// A node's data directory and what its operator says.
struct Node {
    id: &'static str,
    directory: TempDir,
    clock: Off,
    masters: Vec<String>,
    token: Option<Token>,
}

/// A node at work. It dials again by itself when an attempt is over.
struct Running {
    dialer: Dialer,
    _load: watch::Sender<proto::Heartbeat>,
    id: &'static str,
}

impl Node {
    fn new(id: &'static str, token: Option<Token>) -> Self {
        Self {
            id,
            directory: tempfile::tempdir().expect("temporary directory"),
            clock: Off::default(),
            masters: Vec::new(),
            token,
        }
    }

    fn start(&self) -> Running {
        let config = Config {
            directory: self.directory.path().to_owned(),
            node_id: self.id.into(),
            masters: self.masters.clone(),
            token: self.token.clone(),
            clock: self.clock.clock(),
        };
        let (load, loads) = watch::channel(proto::Heartbeat::default());
        let dialer = Dialer::start(&config, loads).expect("can begin");
        dialer.dial();
        Running {
            dialer,
            _load: load,
            id: self.id,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn certificate(&self) -> Facts {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        let pem = std::fs::read(self.file("node.crt")).expect("enrolled");
        let der = CertificateDer::from_pem_slice(&pem).expect("PEM");
        Facts::read(&der).expect("a node's")
    }

    /// Attaches and hangs up.
    async fn visits(&self, master: &mut Master) {
        let mut running = self.start();
        tokio::join!(running.attached(), async {
            assert_eq!(master.attached().await, self.id);
        });
        running.dialer.close().await;
    }

    /// Does not get in: what it is told.
    async fn refused(&self) -> (Cause, String) {
        match self.start().next().await {
            Event::Refused { cause, reason } => (cause, reason),
            other => panic!("expected Refused, got {other:?}"),
        }
    }

    async fn unreachable(&self) -> String {
        match self.start().next().await {
            Event::Unreachable { reason } => reason,
            other => panic!("expected Unreachable, got {other:?}"),
        }
    }
}

impl Running {
    /// The next event that is not a wish for a hello; the hello is said.
    async fn next(&mut self) -> Event {
        loop {
            let event = timeout(SOON, self.dialer.next()).await;
            match event.expect("in time").expect("dialling") {
                Event::HelloWanted(wanted) => {
                    let _ = wanted.greet(proto::Hello {
                        node_id: self.id.into(),
                        ..Default::default()
                    });
                }
                event => return event,
            }
        }
    }

    async fn attached(&mut self) {
        let event = self.next().await;
        assert!(matches!(event, Event::Attached(_)), "{event:?}");
    }
}

#[tokio::test]
async fn a_node_enrols_once_and_comes_again_without_its_token() {
    let mut master = Master::start().await;
    let mut node = Node::new("media_1", Some(master.token()));
    node.visits(&mut master).await;
    let serial = node.certificate().serial;
    for token in [node.token.take(), None] {
        node.token = token;
        node.visits(&mut master).await;
        assert_eq!(node.certificate().serial, serial, "nothing was issued anew");
    }
    let mut master = master.restart().await;
    node.masters = vec![master.url.clone()];
    node.visits(&mut master).await;
}

#[tokio::test]
async fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let mut master = Master::start().await;
    let node = Node::new("media_1", Some(master.token()));
    node.visits(&mut master).await;
    let mode = |path: &Path| {
        let found = std::fs::metadata(path).expect("there").permissions();
        found.mode() & 0o777
    };
    assert_eq!(mode(&node.file("node.key")), 0o600);
    for name in ["ca.key", "token.key"] {
        assert_eq!(mode(&master.directory.path().join(name)), 0o600);
    }
}

#[tokio::test]
async fn a_token_is_used_by_one_node_and_by_that_as_often_as_it_must() {
    let mut master = Master::start().await;
    let node = Node::new("media_1", Some(master.token()));
    node.visits(&mut master).await;
    // The answer was lost: the node has its key and no certificate.
    std::fs::remove_file(node.file("node.crt")).expect("there");
    node.visits(&mut master).await;

    let mut thief = Node::new("media_2", node.token.clone());
    assert_eq!(thief.refused().await.0, Cause::TokenUsedUp);
    // Not even under the first one's name: it has another key.
    thief.id = "media_1";
    assert_eq!(thief.refused().await.0, Cause::TokenUsedUp);

    let master = master.restart().await;
    thief.masters = vec![master.url.clone()];
    let (cause, reason) = thief.refused().await;
    assert_eq!(cause, Cause::TokenUsedUp, "also after a restart");
    assert!(reason.contains("used already"), "{reason}");
}

#[tokio::test]
async fn a_reusable_token_brings_in_many_and_one_for_two_two() {
    let mut master = Master::start().await;
    for (uses, nodes) in [(0, 4), (2, 2)] {
        let wish = Wish {
            uses,
            ..master.wish()
        };
        let token = master.mint(wish);
        for _ in 0..nodes {
            let node = Node::new("media_1", Some(token.clone()));
            node.visits(&mut master).await;
        }
        if uses > 0 {
            let node = Node::new("media_1", Some(token));
            assert_eq!(node.refused().await.0, Cause::TokenUsedUp);
        }
    }
}

#[tokio::test]
async fn a_token_for_one_node_is_for_no_other() {
    let mut master = Master::start().await;
    let wish = Wish {
        node: Some("media_1".into()),
        ..master.wish()
    };
    let token = master.mint(wish);
    let (cause, reason) = Node::new("media_2", Some(token.clone())).refused().await;
    assert_eq!(cause, Cause::TokenOtherNode);
    assert!(reason.contains("media_1") && reason.contains("media_2"));
    Node::new("media_1", Some(token)).visits(&mut master).await;
}

#[tokio::test]
async fn a_token_expires_by_the_clock_of_the_master() {
    let mut master = Master::start().await;
    let token = master.token();
    // To the node's clock, the first token has expired and the second one is not made yet.
    for off in [660, -660] {
        let mut node = Node::new("media_1", Some(master.token()));
        node.clock = Off::by(off);
        node.visits(&mut master).await;
    }
    master.clock.set(660);
    let (cause, reason) = Node::new("media_1", Some(token)).refused().await;
    assert_eq!(cause, Cause::TokenExpired);
    assert!(reason.contains("by the master's clock"), "{reason}");
}

#[tokio::test]
async fn a_forged_token_is_known() {
    let master = Master::start().await;
    // The same authority, another seal.
    std::fs::remove_file(master.directory.path().join("token.key")).expect("there");
    let forger = Trust::open(master.directory.path()).expect("usable");
    let token = forger.authority.mint(master.wish(), SystemTime::now());
    let node = Node::new("media_1", Some(token.expect("made")));
    assert_eq!(node.refused().await.0, Cause::TokenForged);
}

#[tokio::test]
async fn a_token_of_another_cluster_leads_nowhere_else() {
    let (master, other) = (Master::start().await, Master::start().await);
    let mut node = Node::new("media_1", Some(other.token()));
    node.masters = vec![master.url.clone()];
    let reason = node.unreachable().await;
    assert!(reason.contains("another authority"), "{reason}");
    assert!(!node.file("node.crt").exists());
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_taken_and_a_new_token_mends_it() {
    let mut master = Master::start().await;
    let mut other = Master::start().await;
    let mut node = Node::new("media_1", Some(other.token()));
    node.visits(&mut other).await;
    // It trusts this master, but has a certificate of the other.
    let ca = std::fs::read_to_string(master.directory.path().join("ca.crt")).expect("there");
    let chain = std::fs::read_to_string(node.file("node.crt")).expect("there");
    let end = "-----END CERTIFICATE-----\n";
    let leaf = chain.split_once(end).expect("two certificates").0;
    std::fs::write(node.file("node.crt"), format!("{leaf}{end}{ca}")).expect("written");
    node.token = None;
    node.masters = vec![master.url.clone()];
    let (cause, reason) = node.refused().await;
    assert_eq!(cause, Cause::OtherAuthority, "{reason}");
    assert!(reason.contains("new join token"), "{reason}");

    node.token = Some(master.token());
    node.visits(&mut master).await;
}

#[tokio::test]
async fn an_expired_certificate_is_named_and_a_reusable_token_mends_it() {
    let mut master = Master::start().await;
    let wish = Wish {
        uses: 0,
        valid: Duration::from_secs(365 * 86_400),
        ..master.wish()
    };
    let mut node = Node::new("media_1", Some(master.mint(wish)));
    node.visits(&mut master).await;
    let token = node.token.take();
    master.clock.set(31 * DAY);
    let (cause, reason) = node.refused().await;
    assert_eq!(cause, Cause::CertificateExpired, "{reason}");

    // The node's own clock does not know it: the first attempt is refused, the next one enrols.
    node.token = token;
    let mut running = node.start();
    let event = running.next().await;
    assert!(matches!(event, Event::Refused { .. }), "{event:?}");
    running.dialer.dial();
    tokio::join!(running.attached(), master.attached());
}

#[tokio::test]
async fn a_clock_that_is_days_off_is_named() {
    let master = Master::start().await;
    for (off, word) in [(-3 * DAY, "behind"), (100 * DAY, "ahead")] {
        let mut node = Node::new("media_1", Some(master.token()));
        node.clock = Off::by(off);
        let reason = node.unreachable().await;
        assert!(
            reason.contains(word) && reason.contains("clock"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_refused_token_does_not_stop_a_node_that_has_enrolled() {
    let mut master = Master::start().await;
    let mut node = Node::new("media_1", Some(master.token()));
    node.visits(&mut master).await;
    let spent = master.token();
    let other = Node::new("media_2", Some(spent.clone()));
    other.visits(&mut master).await;
    node.token = Some(spent);
    node.visits(&mut master).await;
}

#[tokio::test]
async fn a_token_mends_what_is_damaged() {
    let mut master = Master::start().await;
    let mut node = Node::new("media_1", Some(master.token()));
    for damage in [
        "",
        "rubbish",
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(node.file("node.crt"), damage).expect("written");
        node.visits(&mut master).await;
    }
    // The key of somebody else: what is kept is not for it.
    std::fs::remove_file(node.file("node.key")).expect("there");
    node.token = Some(master.token());
    node.visits(&mut master).await;
}

#[tokio::test]
async fn a_certificate_is_renewed_and_the_stream_not_torn() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut master = Master::start_in(directory, Duration::from_secs(6)).await;
    let mut node = Node::new("media_1", Some(master.token()));
    let mut running = node.start();
    tokio::join!(running.attached(), master.attached());
    let first = node.certificate();
    // Well after the first certificate has run out the stream is the same, and nothing happened on it.
    let until = tokio::time::Instant::now() + Duration::from_secs(9);
    while let Ok(event) = tokio::time::timeout_at(until, master.events.recv()).await {
        match event.expect("running") {
            serve::Event::Message {
                message: from_node::Message::Heartbeat(_),
                ..
            }
            | serve::Event::Skew { .. } => {}
            other => panic!("expected heartbeats, got {other:?}"),
        }
    }
    assert!(seconds(SystemTime::now()) > first.not_after);
    let renewed = node.certificate();
    assert_ne!(renewed.serial, first.serial);
    assert_eq!(renewed.public_key, first.public_key);
    assert!(renewed.not_after > seconds(SystemTime::now()));
    running.dialer.close().await;
    node.token = None;
    node.visits(&mut master).await;
}

#[tokio::test]
async fn a_revoked_node_is_put_out_and_stays_out_until_a_new_token() {
    let mut master = Master::start().await;
    let wish = Wish {
        uses: 0,
        ..master.wish()
    };
    let token = master.mint(wish);
    let mut node = Node::new("media_1", Some(token));
    let mut running = node.start();
    tokio::join!(running.attached(), master.attached());
    let now = seconds(master.clock.now());
    let revocations = &master.trust.revocations;
    revocations.revoke("media_1", now).expect("kept");
    revocations
        .revoke("media_2 1\nmedia_3", now)
        .expect_err("would spoil the file");
    let event = running.next().await;
    let Event::Refused { cause, reason } = event else {
        panic!("expected Refused, got {event:?}");
    };
    assert_eq!(cause, Cause::Revoked);
    assert!(reason.contains("media_1 was revoked"), "{reason}");
    loop {
        if let serve::Event::Detached { reason, .. } = master.event().await {
            assert_eq!(reason, Detached::Revoked);
            break;
        }
    }
    // Neither its certificate nor the token from before bring it back, nor a restart of the master.
    running.dialer.dial();
    let event = running.next().await;
    assert!(
        matches!(
            &event,
            Event::Refused {
                cause: Cause::Revoked,
                ..
            }
        ),
        "{event:?}"
    );
    drop(running);
    let mut master = master.restart().await;
    node.masters = vec![master.url.clone()];
    assert_eq!(node.refused().await.0, Cause::Revoked);

    master.clock.set(2);
    node.token = Some(master.token());
    node.visits(&mut master).await;
}

#[tokio::test]
async fn an_authority_whose_files_do_not_belong_together_is_named() {
    let (one, other) = (Master::start().await, Master::start().await);
    let of = |master: &Master, name: &str| master.directory.path().join(name);
    std::fs::copy(of(&other, "ca.key"), of(&one, "ca.key")).expect("copied");
    let error = Trust::open(one.directory.path()).err().expect("unusable");
    assert!(error.to_string().contains("not that of ca.key"), "{error}");
    std::fs::remove_file(of(&one, "ca.key")).expect("there");
    let error = Trust::open(one.directory.path()).err().expect("unusable");
    assert!(error.to_string().contains("ca.key is missing"), "{error}");
}
