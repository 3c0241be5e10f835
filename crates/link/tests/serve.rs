//! The master's end against nodes that do what nodes should not.

mod made;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use link::proto::command::Command;
use link::proto::link_client::LinkClient;
use link::proto::{self, FromNode, from_master, from_node, refused};
use link::serve::{self, COMMANDS, CommandError, Detached, Event, Handle, Server};
use link::trust::{LIFE, Trust};
use link::{DOUBT, HEARTBEAT, PROTOCOL, SERVER_NAME, SILENCE};
use made::{Key, pem};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

const SOON: Duration = Duration::from_secs(3);

struct Master {
    url: String,
    ca: String,
    trust: Trust,
    events: mpsc::Receiver<Event>,
    _server: Server,
    _directory: tempfile::TempDir,
}

impl Master {
    async fn start() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let trust = Trust::open(directory.path()).expect("made");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("https://{}", listener.local_addr().expect("address"));
        let (sender, events) = mpsc::channel(16);
        let config = serve::Config {
            listener,
            trust: trust.clone(),
            master_boot_id: "boot".into(),
            term: 7,
            clock: link::trust::system_clock(),
        };
        Self {
            url,
            ca: pem(trust.authority.certificate()),
            trust,
            events,
            _server: serve::start(config, sender).expect("signed"),
            _directory: directory,
        }
    }

    async fn channel(&self, certified: Option<&str>) -> Channel {
        let channel = self.endpoint(certified).connect().await;
        channel.expect("connected")
    }

    fn endpoint(&self, certified: Option<&str>) -> Endpoint {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.ca))
            .domain_name(SERVER_NAME);
        if let Some(node_id) = certified {
            let (key, now) = (Key::make(), SystemTime::now());
            let signed = self.trust.authority.node(node_id, &key.public(), now, LIFE);
            let signed = pem(&signed.expect("signed"));
            tls = tls.identity(Identity::from_pem(signed, key.pem()));
        }
        let endpoint = Endpoint::from_shared(self.url.clone()).expect("URL");
        endpoint.tls_config(tls).expect("TLS")
    }

    async fn event(&mut self) -> Event {
        timeout(SILENCE + SOON, self.events.recv())
            .await
            .expect("an event in time")
            .expect("running")
    }

    async fn attached(&mut self) -> Handle {
        match self.event().await {
            Event::Attached { handle, .. } => handle,
            other => panic!("expected Attached, got {other:?}"),
        }
    }

    async fn detached(&mut self) -> Detached {
        loop {
            match self.event().await {
                Event::Detached { reason, .. } => return reason,
                Event::Message { .. } | Event::Silence { .. } | Event::Skew { .. } => {}
                Event::Attached { .. } => panic!("expected Detached"),
            }
        }
    }
}

struct Node {
    out: mpsc::Sender<FromNode>,
    from_master: Streaming<proto::FromMaster>,
}

impl Node {
    async fn dial(master: &Master) -> Self {
        Self::dial_as(master, Some("media_1")).await
    }

    /// With a certificate for this node, or with none.
    async fn dial_as(master: &Master, certified: Option<&str>) -> Self {
        Self::on(master.channel(certified).await).await
    }

    async fn on(channel: Channel) -> Self {
        let (out, queue) = mpsc::channel(16);
        let mut client = LinkClient::new(channel);
        let attached = client.attach(ReceiverStream::new(queue)).await;
        Self {
            out,
            from_master: attached.expect("attached").into_inner(),
        }
    }

    async fn greeting(master: &Master) -> Self {
        let node = Self::dial(master).await;
        node.greet("media_1", PROTOCOL).await;
        node
    }

    async fn greet(&self, node_id: &str, protocol: u32) {
        let hello = proto::Hello {
            node_id: node_id.into(),
            protocol,
            ..Default::default()
        };
        self.say(from_node::Message::Hello(hello)).await;
    }

    async fn say(&self, message: from_node::Message) {
        let message = Some(message);
        self.out.send(FromNode { message }).await.expect("sent");
    }

    async fn beat(&self) {
        let beat = proto::Heartbeat {
            load: Some(proto::Load::default()),
            ..Default::default()
        };
        self.say(from_node::Message::Heartbeat(beat)).await;
    }

    /// `None` when the master has closed the stream.
    async fn hears(&mut self, within: Duration) -> Option<from_master::Message> {
        let message = timeout(within, self.from_master.message()).await;
        message.expect("in time").ok().flatten()?.message
    }

    async fn refused(&mut self, within: Duration) -> refused::Cause {
        match self.hears(within).await {
            Some(from_master::Message::Refused(refused)) => refused.cause(),
            other => panic!("expected Refused, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn welcome_comes_first_then_heartbeats_and_commands_under_the_term() {
    let mut master = Master::start().await;
    let mut node = Node::greeting(&master).await;
    let handle = master.attached().await;
    assert_eq!(handle.welcome(), Ok(()));
    let close = Command::Close(proto::Close::default());
    assert_eq!(handle.command(0, close), Ok(()));
    let Some(from_master::Message::Welcome(welcome)) = node.hears(SOON).await else {
        panic!("expected Welcome")
    };
    assert_eq!((welcome.term, welcome.master_boot_id.as_str()), (7, "boot"));
    let (mut beats, mut commands) = (0, 0);
    while beats < 2 || commands < 1 {
        match node.hears(SOON).await.expect("open") {
            from_master::Message::Heartbeat(_) => beats += 1,
            from_master::Message::Command(command) => {
                assert_eq!(command.term, 7);
                commands += 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_a_certificate_nothing_but_enrolment_is_served() {
    let mut master = Master::start().await;
    let mut node = Node::dial_as(&master, None).await;
    assert_eq!(node.refused(SOON).await, refused::Cause::NoCertificate);
    assert_eq!(node.hears(SOON).await, None, "the stream is closed");

    let mut client = LinkClient::new(master.channel(None).await);
    let renewal = proto::RenewRequest { protocol: PROTOCOL };
    let renewed = client.renew(renewal).await.expect("answered").into_inner();
    let Some(proto::renew_answer::Result::Refused(refused)) = renewed.result else {
        panic!("expected Refused, got {renewed:?}");
    };
    assert_eq!(refused.cause(), refused::Cause::NoCertificate);

    let enrolment = proto::EnrollRequest {
        protocol: PROTOCOL,
        node_id: "media_1".into(),
        token: "muster1.AAAA".into(),
        ..Default::default()
    };
    let answer = client.enroll(enrolment).await.expect("answered");
    let Some(proto::enroll_answer::Result::Refused(refused)) = answer.into_inner().result else {
        panic!("expected Refused");
    };
    assert_eq!(refused.cause(), refused::Cause::TokenForged);
    assert!(master.events.try_recv().is_err(), "nobody hears of it");
}

#[tokio::test]
async fn a_certificate_is_good_for_its_own_node_only() {
    let mut master = Master::start().await;
    let mut node = Node::dial_as(&master, Some("media_1")).await;
    node.greet("media_2", PROTOCOL).await;
    assert_eq!(node.refused(SOON).await, refused::Cause::OtherNode);
    assert!(master.events.try_recv().is_err(), "nobody hears of it");
}

#[tokio::test]
async fn a_node_of_another_version_is_told_both() {
    let mut master = Master::start().await;
    let mut node = Node::dial(&master).await;
    node.greet("media_1", PROTOCOL + 1).await;
    let Some(from_master::Message::Refused(refused)) = node.hears(SOON).await else {
        panic!("expected Refused");
    };
    assert_eq!(refused.cause(), refused::Cause::Protocol);
    for version in [PROTOCOL, PROTOCOL + 1] {
        assert!(refused.reason.contains(&format!("version {version}")));
    }
    assert!(master.events.try_recv().is_err(), "nobody hears of it");
}

#[tokio::test]
async fn whoever_does_not_say_hello_is_refused() {
    let master = Master::start().await;
    let mut rude = Node::dial(&master).await;
    rude.beat().await;
    assert_eq!(rude.refused(SOON).await, refused::Cause::Malformed);
    let mut silent = Node::dial(&master).await;
    assert_eq!(
        silent.refused(serve::HELLO + SOON).await,
        refused::Cause::Malformed
    );
}

/// A node that beats until the sender is dropped, in a thread of its own: it goes on when the master is stopped.
fn beating(master: &Master) -> oneshot::Sender<()> {
    let endpoint = master.endpoint(Some("media_1"));
    let (stop, stopped) = oneshot::channel::<()>();
    let node = async move {
        let node = Node::on(endpoint.connect().await.expect("connected")).await;
        node.greet("media_1", PROTOCOL).await;
        loop {
            node.beat().await;
            tokio::time::sleep(HEARTBEAT).await;
        }
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("runtime").block_on(async {
            tokio::select! {
                () = node => {}
                _ = stopped => {}
            }
        });
    });
    stop
}

#[tokio::test]
async fn a_master_that_was_stopped_does_not_hold_the_time_against_its_nodes() {
    let mut master = Master::start().await;
    let _node = beating(&master);
    let _handle = master.attached().await;
    sleeps_and_hears(&mut master).await;
}

#[tokio::test]
async fn a_machine_that_slept_with_master_and_node_keeps_the_stream() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    // Nothing waits in the socket then.
    let beats = tokio::spawn(async move {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            node.beat().await;
        }
    });
    sleeps_and_hears(&mut master).await;
    beats.abort();
}

/// Stops all of this test's runtime, and so the master.
async fn sleeps_and_hears(master: &mut Master) {
    std::thread::sleep(SILENCE * 2);
    let end = tokio::time::Instant::now() + DOUBT * 2;
    while let Ok(event) = tokio::time::timeout_at(end, master.events.recv()).await {
        assert!(matches!(event, Some(Event::Message { .. })), "{event:?}");
    }
}

#[tokio::test]
async fn a_silent_stream_is_told_of_and_goes_on() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    let since = tokio::time::Instant::now();
    let event = master.event().await;
    assert!(
        matches!(event, Event::Silence { silent: true, .. }),
        "{event:?}"
    );
    assert!(since.elapsed() > DOUBT - HEARTBEAT && since.elapsed() < SILENCE);
    node.beat().await;
    let event = master.event().await;
    assert!(
        matches!(event, Event::Silence { silent: false, .. }),
        "{event:?}"
    );
    assert!(matches!(master.event().await, Event::Message { .. }));
}

#[tokio::test]
async fn a_heartbeat_without_a_load_is_not_handed_on() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    let bare = || from_node::Message::Heartbeat(proto::Heartbeat::default());
    let end = tokio::time::Instant::now() + DOUBT * 2;
    while tokio::time::Instant::now() < end {
        node.say(bare()).await;
        tokio::time::sleep(HEARTBEAT).await;
    }
    node.say(from_node::Message::Leaving(proto::Leaving::default()))
        .await;
    let event = master.event().await;
    let leaving = from_node::Message::Leaving(proto::Leaving::default());
    assert!(
        matches!(&event, Event::Message { message, .. } if *message == leaving),
        "{event:?}"
    );
}

#[tokio::test]
async fn long_silence_ends_it() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    for _ in 0..4 {
        node.beat().await;
        tokio::time::sleep(SILENCE / 2).await;
    }
    let silent_since = tokio::time::Instant::now();
    assert_eq!(master.detached().await, Detached::Silent);
    let waited = silent_since.elapsed();
    assert!(
        waited > SILENCE / 4 && waited < SILENCE + SOON,
        "{waited:?}"
    );
}

#[tokio::test]
async fn the_reason_of_an_end_is_told() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    drop(node);
    assert!(matches!(
        master.detached().await,
        Detached::ByNode | Detached::Broken(_)
    ));

    let mut node = Node::greeting(&master).await;
    let handle = master.attached().await;
    handle.refuse(refused::Cause::Superseded, "a later boot is there");
    assert_eq!(node.refused(SOON).await, refused::Cause::Superseded);
    assert_eq!(master.detached().await, Detached::ByMaster);
}

#[tokio::test]
async fn commands_for_a_node_that_does_not_read_are_bounded() {
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let handle = master.attached().await;
    let offer = "x".repeat(16 << 10);
    let publish = || {
        Command::Publish(proto::Publish {
            offer: offer.clone(),
            ..Default::default()
        })
    };
    let full = (0..10 * COMMANDS).find_map(|_| handle.command(1, publish()).err());
    assert_eq!(full, Some(CommandError::Full));
    let reason = loop {
        node.beat().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Ok(Event::Detached { reason, .. }) = master.events.try_recv() {
            break reason;
        }
    };
    assert_eq!(reason, Detached::Stuck);
}

/// A TLS connection on which nobody says anything.
async fn stranger(master: &Master) -> TlsStream<TcpStream> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(master.ca.as_bytes()).expect("PEM");
    roots.add(der).expect("root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(&master.url["https://".len()..]);
    let name = SERVER_NAME.try_into().expect("name");
    let connector = TlsConnector::from(Arc::new(config));
    let tls = connector.connect(name, tcp.await.expect("there")).await;
    tls.expect("TLS")
}

#[tokio::test]
async fn a_stranger_may_not_stay_and_a_node_may() {
    use tokio::io::AsyncReadExt;
    let mut master = Master::start().await;
    let node = Node::greeting(&master).await;
    let _handle = master.attached().await;
    let mut stranger = stranger(&master).await;
    let beats = async {
        loop {
            node.beat().await;
            tokio::time::sleep(link::HEARTBEAT).await;
        }
    };
    let events = async {
        let mut over = Duration::ZERO;
        while over < Duration::from_secs(10) {
            let event = master.event().await;
            assert!(matches!(event, Event::Message { .. }), "{event:?}");
            over += link::HEARTBEAT;
        }
    };
    let closed = async {
        let mut said = Vec::new();
        let read = stranger.read_to_end(&mut said);
        let _ = timeout(Duration::from_secs(10), read)
            .await
            .expect("closed in time");
    };
    tokio::select! {
        _ = beats => {}
        _ = async { tokio::join!(events, closed) } => {}
    }
}
