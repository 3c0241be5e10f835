//! The node's end against a master that does exactly what a test tells it.

mod made;

use std::net::SocketAddr;
use std::time::Duration;

use link::dial::{Config, ConfigError, Dialer, Event, Outbox};
use link::proto::link_server::{Link, LinkServer};
use link::proto::{self, FromMaster, FromNode, from_master, from_node, refused};
use made::Authority;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status, Streaming};

const SOON: Duration = Duration::from_secs(8);

/// One attachment as the master sees it.
struct Peer {
    from_node: Streaming<FromNode>,
    to_node: mpsc::Sender<Result<FromMaster, Status>>,
}

impl Peer {
    async fn send(&self, message: from_master::Message) {
        let message = FromMaster {
            message: Some(message),
        };
        self.to_node.send(Ok(message)).await.expect("node is there");
    }

    async fn welcome(&self) {
        self.send(from_master::Message::Welcome(proto::Welcome {
            master_boot_id: "boot".into(),
            term: 1,
        }))
        .await;
    }

    async fn receive(&mut self) -> from_node::Message {
        let message = timeout(SOON, self.from_node.message())
            .await
            .expect("in time");
        message
            .expect("stream")
            .expect("open")
            .message
            .expect("set")
    }
}

struct Script(mpsc::Sender<Peer>);

#[tonic::async_trait]
impl Link for Script {
    type AttachStream = ReceiverStream<Result<FromMaster, Status>>;

    async fn enroll(
        &self,
        _: Request<proto::EnrollRequest>,
    ) -> Result<Response<proto::EnrollAnswer>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn renew(
        &self,
        _: Request<proto::RenewRequest>,
    ) -> Result<Response<proto::RenewAnswer>, Status> {
        Err(Status::unimplemented("not in the script"))
    }

    async fn attach(
        &self,
        request: Request<Streaming<FromNode>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let (to_node, queue) = mpsc::channel(16);
        let peer = Peer {
            from_node: request.into_inner(),
            to_node,
        };
        self.0.send(peer).await.expect("test is there");
        Ok(Response::new(ReceiverStream::new(queue)))
    }
}

/// A master's certificate, and a node that has enrolled where it was signed.
struct Certificate {
    chain: String,
    key: String,
    authority: Authority,
    directory: TempDir,
}

fn certificate(name: &str) -> Certificate {
    let authority = Authority::make();
    let directory = tempfile::tempdir().expect("temporary directory");
    authority.enrol(directory.path(), "media_1");
    let (chain, key) = authority.server(name);
    Certificate {
        chain,
        key,
        authority,
        directory,
    }
}

impl Certificate {
    fn config(&self, url: String) -> Config {
        Config {
            directory: self.directory.path().to_owned(),
            node_id: "media_1".into(),
            masters: vec![url],
            token: None,
            clock: link::trust::system_clock(),
        }
    }
}

fn serve(listener: TcpListener, certificate: &Certificate) -> mpsc::Receiver<Peer> {
    let (sender, peers) = mpsc::channel(4);
    let identity = Identity::from_pem(&certificate.chain, &certificate.key);
    let nodes = tonic::transport::Certificate::from_pem(&certificate.authority.pem);
    let tls = ServerTlsConfig::new()
        .identity(identity)
        .client_ca_root(nodes);
    let server = Server::builder()
        .tls_config(tls)
        .expect("tls")
        .add_service(LinkServer::new(Script(sender)))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(server);
    peers
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let addr = listener.local_addr().expect("bound");
    (listener, addr)
}

fn dial(addr: SocketAddr, certificate: &Certificate) -> (Dialer, watch::Sender<proto::Heartbeat>) {
    let config = certificate.config(format!("https://{addr}"));
    let (load, loads) = watch::channel(proto::Heartbeat::default());
    let dialer = Dialer::start(&config, loads).expect("valid");
    dialer.dial();
    (dialer, load)
}

async fn next(dialer: &mut Dialer) -> Event {
    timeout(SOON, dialer.next())
        .await
        .expect("in time")
        .expect("dialling")
}

async fn greet(dialer: &mut Dialer) -> Outbox {
    match next(dialer).await {
        Event::HelloWanted(wanted) => wanted.greet(proto::Hello {
            node_id: "media_1".into(),
            ..Default::default()
        }),
        other => panic!("expected HelloWanted, got {other:?}"),
    }
}

async fn attach(dialer: &mut Dialer, peers: &mut mpsc::Receiver<Peer>) -> (Outbox, Peer) {
    let outbox = greet(dialer).await;
    let mut peer = timeout(SOON, peers.recv())
        .await
        .expect("in time")
        .expect("peer");
    let first = peer.receive().await;
    assert!(
        matches!(&first, from_node::Message::Hello(h) if h.node_id == "media_1"),
        "the first message is the hello, got {first:?}"
    );
    peer.welcome().await;
    let event = next(dialer).await;
    assert!(matches!(event, Event::Attached(w) if w.term == 1));
    (outbox, peer)
}

#[tokio::test]
async fn commands_come_in_answers_and_load_go_out() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, load) = dial(addr, &certificate);
    let told = proto::Load {
        transports: 7,
        ..Default::default()
    };
    load.send_modify(|beat| beat.load = Some(told));
    let (outbox, mut peer) = attach(&mut dialer, &mut peers).await;

    peer.send(from_master::Message::Command(proto::Command {
        key: 42,
        ..Default::default()
    }))
    .await;
    let Event::Command(command) = next(&mut dialer).await else {
        panic!("expected a command");
    };
    assert!(outbox.send(from_node::Message::Answer(proto::Answer {
        key: command.key,
        result: None,
    })));
    let (mut answered, mut beaten) = (false, false);
    while !(answered && beaten) {
        match peer.receive().await {
            from_node::Message::Answer(answer) => answered = answer.key == 42,
            from_node::Message::Heartbeat(beat) => {
                beaten = beat.load.is_some_and(|l| l.transports == 7);
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[tokio::test]
async fn heartbeats_are_many_and_loads_are_few() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (_outbox, mut peer) = attach(&mut dialer, &mut peers).await;
    let (mut beats, mut loads) = (0, 0);
    let over = tokio::time::Instant::now() + link::SILENCE - link::HEARTBEAT;
    while let Ok(message) = tokio::time::timeout_at(over, peer.receive()).await {
        let from_node::Message::Heartbeat(beat) = message else {
            panic!("unexpected {message:?}");
        };
        beats += 1;
        loads += u32::from(beat.load.is_some());
    }
    assert!((1..=4).contains(&loads), "{loads} loads");
    assert!(beats > 2 * loads, "{beats} beats with {loads} loads");
}

#[tokio::test]
async fn settings_come_in_and_echoes_tell_how_far_the_clocks_are_apart() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (_outbox, mut peer) = attach(&mut dialer, &mut peers).await;
    let settings = proto::NodeSettings {
        version: 3,
        ..Default::default()
    };
    peer.send(from_master::Message::Settings(settings.clone()))
        .await;
    let event = next(&mut dialer).await;
    assert!(matches!(event, Event::Settings(came) if *came == settings));

    let from_node::Message::Heartbeat(beat) = peer.receive().await else {
        panic!("expected a heartbeat");
    };
    assert_eq!(beat.echo, None, "nothing to echo yet");
    let ahead = 90_000;
    peer.send(from_master::Message::Heartbeat(proto::Heartbeat {
        sent_at: beat.sent_at + ahead,
        echo: Some(proto::Echo {
            sent_at: beat.sent_at,
            held_us: 0,
        }),
        ..Default::default()
    }))
    .await;
    let Event::Skew(skew) = next(&mut dialer).await else {
        panic!("expected the skew");
    };
    // What passed between the two heartbeats is taken for the way.
    let off = skew.ahead_ms.abs_diff(90_000);
    assert!(off <= skew.uncertainty_ms, "{skew:?}");
    let from_node::Message::Heartbeat(beat) = peer.receive().await else {
        panic!("expected a heartbeat");
    };
    assert!(beat.echo.is_some_and(|echo| echo.sent_at > ahead));
}

#[tokio::test]
async fn a_silent_master_is_left_and_dialled_anew_with_a_new_hello() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (old_outbox, _silent) = attach(&mut dialer, &mut peers).await;

    let Event::Detached { reason } = next(&mut dialer).await else {
        panic!("expected Detached");
    };
    assert!(reason.contains("nothing heard"), "{reason}");
    dialer.dial();
    let (_outbox, mut peer) = attach(&mut dialer, &mut peers).await;
    old_outbox.send(from_node::Message::Leaving(proto::Leaving::default()));
    let next = peer.receive().await;
    assert!(
        matches!(next, from_node::Message::Heartbeat(_)),
        "nothing of the old attachment reaches the new one, got {next:?}"
    );
}

#[tokio::test]
async fn a_node_that_starts_first_attaches_when_the_master_comes() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    drop(listener);
    let (mut dialer, _load) = dial(addr, &certificate);
    let Event::Unreachable { reason } = next(&mut dialer).await else {
        panic!("expected Unreachable");
    };
    assert!(reason.contains("refused"), "{reason}");

    dialer.dial();
    let listener = TcpListener::bind(addr).await.expect("bind again");
    let mut peers = serve(listener, &certificate);
    attach(&mut dialer, &mut peers).await;
}

#[tokio::test]
async fn a_refused_node_is_told_and_dials_no_more() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (_outbox, peer) = attach(&mut dialer, &mut peers).await;
    peer.send(from_master::Message::Refused(proto::Refused {
        cause: refused::Cause::Superseded.into(),
        reason: "a later boot is attached".into(),
    }))
    .await;
    let event = next(&mut dialer).await;
    assert!(matches!(
        event,
        Event::Refused { cause: refused::Cause::Superseded, reason } if reason.contains("later boot")
    ));
    let more = timeout(Duration::from_secs(1), dialer.next()).await;
    assert!(more.is_err(), "dialled unasked: {more:?}");
}

#[tokio::test]
async fn a_node_that_hangs_up_is_done_with_the_master_and_may_dial_again() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (outbox, mut peer) = attach(&mut dialer, &mut peers).await;
    dialer.hang_up();
    drop(outbox);
    assert!(matches!(next(&mut dialer).await, Event::Detached { .. }));
    let gone = timeout(SOON, async {
        while let Ok(Some(_)) = peer.from_node.message().await {}
    });
    gone.await.expect("the master hears of it");

    dialer.hang_up();
    dialer.dial();
    attach(&mut dialer, &mut peers).await;
}

#[tokio::test]
async fn a_master_with_another_authority_or_name_is_not_spoken_to() {
    let (own, other) = (
        certificate(link::SERVER_NAME),
        certificate(link::SERVER_NAME),
    );
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &other);
    let (mut dialer, _load) = dial(addr, &own);
    let event = next(&mut dialer).await;
    assert!(
        matches!(&event, Event::Unreachable { reason } if reason.contains("another authority")),
        "{event:?}"
    );

    let misnamed = certificate("localhost");
    let (listener, addr) = self::listener().await;
    let mut peers_of_misnamed = serve(listener, &misnamed);
    let (mut dialer, _load) = dial(addr, &misnamed);
    let event = next(&mut dialer).await;
    assert!(
        matches!(&event, Event::Unreachable { reason } if reason.contains("name")),
        "{event:?}"
    );
    assert!(peers.try_recv().is_err() && peers_of_misnamed.try_recv().is_err());
}

#[tokio::test]
async fn what_is_queued_still_goes_out_when_the_node_hangs_up() {
    let certificate = certificate(link::SERVER_NAME);
    let (listener, addr) = listener().await;
    let mut peers = serve(listener, &certificate);
    let (mut dialer, _load) = dial(addr, &certificate);
    let (outbox, mut peer) = attach(&mut dialer, &mut peers).await;
    outbox.send(from_node::Message::Leaving(proto::Leaving {
        reason: "stopped".into(),
    }));
    drop(outbox);
    tokio::join!(dialer.close(), async {
        loop {
            if let from_node::Message::Leaving(leaving) = peer.receive().await {
                assert_eq!(leaving.reason, "stopped");
                return;
            }
        }
    });
}

#[tokio::test]
async fn wrong_configuration_is_named() {
    let (_load, loads) = watch::channel(proto::Heartbeat::default());
    let start = |config: &Config| Dialer::start(config, loads.clone()).expect_err("invalid");
    let enrolled = certificate(link::SERVER_NAME);
    for url in ["http://localhost:1", "https://", "https://localhost"] {
        let error = start(&enrolled.config(url.into()));
        assert!(matches!(error, ConfigError::Url { .. }), "{url}: {error}");
    }
    let good = || enrolled.config("https://localhost:1".into());
    let mut other = good();
    other.node_id = "media_2".into();
    assert!(matches!(start(&other), ConfigError::OtherNode { .. }));

    let fresh = tempfile::tempdir().expect("temporary directory");
    let mut config = good();
    config.directory = fresh.path().to_owned();
    assert!(matches!(start(&config), ConfigError::NotEnrolled));

    for (file, text) in [("node.crt", "rubbish"), ("node.key", "rubbish")] {
        std::fs::write(enrolled.directory.path().join(file), text).expect("written");
        let error = start(&good()).to_string();
        assert!(error.contains(file), "{error}");
    }
}
