use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::SystemTime;

use addresses::InterfaceAddress;
use link::proto::command::Command as Asked;
use link::proto::refused;
use link::serve;
use link::trust::Wish;
use media::{Answer, Direction, Stage, TransportState};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::*;
use crate::run::Prepared;
use crate::{Config, MetadataService, PublicAddress, evidence};

mod recording;

use recording::Recording;

const SOON: Duration = Duration::from_secs(10);

/// Binds as soon as a listener that was dropped a moment ago has let go.
async fn bind(addr: &str) -> TcpListener {
    let bound = timeout(SOON, async {
        loop {
            if let Ok(listener) = TcpListener::bind(addr).await {
                return listener;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    bound.await.expect("in time")
}

struct Master {
    addr: SocketAddr,
    events: mpsc::Receiver<serve::Event>,
    _server: serve::Server,
}

struct Trust {
    directory: tempfile::TempDir,
    trust: link::trust::Trust,
}

impl Trust {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let trust = link::trust::Trust::open(directory.path()).expect("made");
        Self { directory, trust }
    }

    async fn master(&self, addr: &str, term: u64) -> Master {
        let listener = bind(addr).await;
        let addr = listener.local_addr().expect("bound");
        let (sender, events) = mpsc::channel(64);
        let config = serve::Config {
            listener,
            trust: self.trust.clone(),
            master_boot_id: format!("master-{term}"),
            term,
            clock: link::trust::system_clock(),
        };
        Master {
            addr,
            events,
            _server: serve::start(config, sender).expect("signed"),
        }
    }

    fn node(&self, addr: SocketAddr) -> Config {
        let wish = Wish {
            masters: vec![format!("https://{addr}")],
            uses: 1,
            valid: Duration::from_secs(60),
            node: None,
        };
        let token = self.trust.authority.mint(wish, SystemTime::now());
        Config {
            // No file of the node has the name of one of the master's.
            directory: self.directory.path().to_owned(),
            masters: Vec::new(),
            join: Some(token.expect("made")),
            node_id: "media_1".into(),
            public_addresses: vec![PublicAddress::Ip("192.0.2.1".parse().expect("address"))],
            metadata: MetadataService::Off,
            stun_servers: Vec::new(),
            allow_loopback: false,
            relay: crate::Relay::default(),
            media_ports: 0..=0,
            shards: NonZeroUsize::MIN,
            exit_when_orphaned: None,
            evidence: true,
            version: "0".into(),
        }
    }
}

impl Master {
    async fn attached(&mut self) -> (Box<proto::Hello>, serve::Handle) {
        loop {
            let event = timeout(SOON, self.events.recv()).await.expect("in time");
            if let serve::Event::Attached { hello, handle, .. } = event.expect("open") {
                handle.welcome().expect("room");
                return (hello, handle);
            }
        }
    }

    /// The node has gone away.
    async fn left(&mut self) {
        loop {
            let event = timeout(SOON, self.events.recv()).await.expect("in time");
            if let serve::Event::Detached { .. } = event.expect("open") {
                return;
            }
        }
    }

    /// The next message that is not a heartbeat.
    async fn message(&mut self) -> from_node::Message {
        loop {
            let event = timeout(SOON, self.events.recv()).await.expect("in time");
            match event.expect("open") {
                serve::Event::Message {
                    message: from_node::Message::Heartbeat(_),
                    ..
                }
                | serve::Event::Skew { .. } => {}
                serve::Event::Message { message, .. } => return message,
                other => panic!("expected a message, got {other:?}"),
            }
        }
    }
}

/// Interfaces that a test changes.
type Ips = Arc<Mutex<Vec<IpAddr>>>;

struct Running {
    plane: Recording,
    sink: EventSink,
    witness: media::evidence::EvidenceSink,
    stop: oneshot::Sender<()>,
    exit: tokio::task::JoinHandle<Exit>,
}

fn start(config: &Config) -> Running {
    start_on(config, &Ips::default())
}

fn start_on(config: &Config, ips: &Ips) -> Running {
    let plane = Recording::default();
    let (sink, events) = plane_events();
    let (witness, evidences) = evidence::way("media_1", "boot");
    let ips = ips.clone();
    let interfaces = move || {
        let ips = ips.lock().expect("lock");
        let on = |ip: &IpAddr| InterfaceAddress {
            interface: "eth0".into(),
            ip: *ip,
        };
        Ok(ips.iter().map(on).collect())
    };
    let prepared = Prepared::new(config, Box::new(interfaces)).expect("prepared");
    let (stop, stopped) = oneshot::channel::<()>();
    let carrier = plane.clone();
    let exit = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        let (exit, _) = prepared
            .serve(carrier, (events, evidences), shutdown)
            .await
            .expect("served");
        exit
    });
    Running {
        plane,
        sink,
        witness,
        stop,
        exit,
    }
}

fn accept(transport: &str) -> Asked {
    Asked::Accept(proto::Accept {
        transport_id: transport.into(),
        answer: "v=0".into(),
    })
}

fn accepted(key: u64) -> from_node::Message {
    from_node::Message::Answer(proto::Answer {
        key,
        result: Some(proto::answer::Result::Accepted(proto::Accepted {})),
    })
}

fn transport(stage: Stage) -> TransportState {
    TransportState {
        transport: "t".into(),
        session: "s".into(),
        stream: "st".into(),
        direction: Direction::Publish,
        stage,
        addresses: 1,
    }
}

#[tokio::test]
async fn a_command_reaches_the_plane_and_its_answer_the_master() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let (hello, handle) = master.attached().await;
    assert_eq!(hello.node_id, "media_1");
    assert_eq!(hello.boot_id.len(), 32);
    let addresses = hello.addresses.expect("set");
    assert_eq!(
        (addresses.ips, addresses.ports),
        (vec!["192.0.2.1".to_owned()], vec![40000])
    );

    handle.command(900, accept("t")).expect("room");
    let key = node.plane.key(0).await;
    (node.sink)(media::Event::Answered {
        key,
        result: Ok(Answer::Accepted),
    });
    assert_eq!(master.message().await, accepted(900));

    (node.sink)(media::Event::Transport {
        state: transport(Stage::Connected),
        reason: "dtls",
    });
    let from_node::Message::TransportChanged(changed) = master.message().await else {
        panic!("expected a transport");
    };
    assert_eq!(changed.state.expect("set").stage(), proto::Stage::Connected);

    node.stop.send(()).expect("running");
    assert!(matches!(
        master.message().await,
        from_node::Message::Leaving(_)
    ));
    assert_eq!(
        timeout(SOON, node.exit)
            .await
            .expect("in time")
            .expect("joined"),
        Exit::Stopped
    );
}

#[tokio::test]
async fn a_new_master_hears_a_whole_snapshot_and_no_answer_of_the_old() {
    let trust = Trust::new();
    let mut first = trust.master("127.0.0.1:0", 1).await;
    let addr = first.addr;
    let node = start(&trust.node(addr));
    let (_, handle) = first.attached().await;
    handle.command(7, accept("old")).expect("room");
    let old = node.plane.key(0).await;
    drop((handle, first));

    node.plane
        .carried
        .lock()
        .expect("lock")
        .push(transport(Stage::Connected));
    let mut second = trust.master(&addr.to_string(), 2).await;
    let (hello, handle) = second.attached().await;
    assert_eq!(hello.snapshot.expect("set").transports.len(), 1);

    handle.command(7, accept("new")).expect("room");
    let new = node.plane.key(1).await;
    (node.sink)(media::Event::Answered {
        key: old,
        result: Ok(Answer::Offer("old".into())),
    });
    (node.sink)(media::Event::Answered {
        key: new,
        result: Ok(Answer::Accepted),
    });
    assert_eq!(second.message().await, accepted(7));
}

#[tokio::test]
async fn a_master_of_an_old_term_commands_nothing_and_is_left() {
    let trust = Trust::new();
    let mut first = trust.master("127.0.0.1:0", 5).await;
    let addr = first.addr;
    let node = start(&trust.node(addr));
    let attached = first.attached().await;
    drop((attached, first));

    let mut stale = trust.master(&addr.to_string(), 4).await;
    let (_, handle) = stale.attached().await;
    // It may be gone by now.
    let _ = handle.command(1, accept("t"));
    stale.left().await;
    drop((handle, stale));

    let mut right = trust.master(&addr.to_string(), 5).await;
    let (_, handle) = right.attached().await;
    handle.command(1, accept("right")).expect("room");
    node.plane.key(0).await;
    let commands = node.plane.commands.lock().expect("lock");
    assert!(
        matches!(&commands[..], [media::Command::Accept { transport, .. }] if &**transport == "right"),
        "{commands:?}"
    );
}

#[tokio::test]
async fn a_change_of_addresses_that_meets_a_full_queue_is_told_when_there_is_room() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let ips = Ips::default();
    let config = Config {
        public_addresses: Vec::new(),
        ..trust.node(master.addr)
    };
    let node = start_on(&config, &ips);
    let (hello, _handle) = master.attached().await;
    let before = hello.addresses.expect("set").version;

    // A master that does not read: nothing moves for longer than the shell looks away.
    let mut state = transport(Stage::Connected);
    state.transport = "t".repeat(1000).into();
    let changed = || media::Event::Transport {
        state: state.clone(),
        reason: "",
    };
    let (mut told, mut stuck) = (0, 0);
    while stuck < 100 {
        if (node.sink)(changed()) {
            (told, stuck) = (told + 1, 0);
        } else {
            stuck += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    ips.lock()
        .expect("lock")
        .push("192.0.2.7".parse().expect("address"));
    timeout(SOON, async {
        while node.plane.addresses.lock().expect("lock").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the plane hears of new addresses");

    let mut announced = None;
    while told > 0 || announced.is_none() {
        match master.message().await {
            from_node::Message::TransportChanged(_) => told -= 1,
            from_node::Message::AddressesChanged(changed) => announced = changed.addresses,
            other => panic!("unexpected {other:?}"),
        }
    }
    let announced = announced.expect("set");
    assert_eq!(announced.ips, ["192.0.2.7"]);
    assert!(announced.version > before);
}

#[tokio::test]
async fn a_superseded_node_ends() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let (_, handle) = master.attached().await;
    handle.refuse(refused::Cause::Superseded, "a later boot");
    let exit = timeout(SOON, node.exit)
        .await
        .expect("in time")
        .expect("joined");
    assert_eq!(
        exit,
        Exit::Superseded {
            reason: "a later boot".into()
        }
    );
}

#[tokio::test]
async fn alone_and_idle_a_node_ends_but_not_while_it_carries_media() {
    let trust = Trust::new();
    let addr = trust.master("127.0.0.1:0", 1).await.addr;
    let config = Config {
        exit_when_orphaned: Some(Duration::from_millis(1500)),
        ..trust.node(addr)
    };
    let busy = start(&config);
    busy.plane
        .carried
        .lock()
        .expect("lock")
        .push(transport(Stage::Connected));
    let idle = start(&config);
    let exit = timeout(SOON, idle.exit)
        .await
        .expect("in time")
        .expect("joined");
    assert_eq!(exit, Exit::Orphaned);
    assert!(!busy.exit.is_finished());
    busy.plane.carried.lock().expect("lock").clear();
    let exit = timeout(SOON, busy.exit)
        .await
        .expect("in time")
        .expect("joined");
    assert_eq!(exit, Exit::Orphaned);
}

#[tokio::test]
async fn a_change_of_addresses_reaches_the_master_with_a_higher_version() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let ips = Ips::default();
    let config = Config {
        public_addresses: Vec::new(),
        ..trust.node(master.addr)
    };
    let _node = start_on(&config, &ips);
    let (hello, _handle) = master.attached().await;
    let before = hello.addresses.expect("set");
    assert!(
        before.ips.is_empty() && !before.problem.is_empty(),
        "{before:?}"
    );

    ips.lock()
        .expect("lock")
        .push("192.0.2.7".parse().expect("address"));
    let from_node::Message::AddressesChanged(changed) = master.message().await else {
        panic!("expected new addresses");
    };
    let after = changed.addresses.expect("set");
    assert_eq!(after.ips, ["192.0.2.7"]);
    assert_eq!(after.problem, "");
    assert!(after.version > before.version);
}

#[tokio::test]
async fn evidence_reaches_the_master_and_is_asked_for() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let strangers = media::evidence::Strangers {
        others: 7,
        ..Default::default()
    };
    // Before there is a master it waits.
    assert!((node.witness)(Seen::Strangers(strangers)));
    let (_, handle) = master.attached().await;
    let from_node::Message::Strangers(told) = master.message().await else {
        panic!("expected strangers");
    };
    assert_eq!(told.others, 7);
    handle.want_evidence(vec!["t".into()]).expect("room");
    node.plane.evidence_wanted("t").await;
}

#[tokio::test]
async fn what_happened_to_clients_of_the_relay_reaches_the_master() {
    use media::relay::{Event, Via, What};
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let relayed = "192.0.2.10:50000".parse().expect("address");
    node.plane.visits.lock().expect("lock").push(Event {
        unix_ms: 1,
        client: "198.51.100.7:5000".parse().expect("address"),
        via: Via::Tls,
        label: "ann".into(),
        what: What::Allocated { relayed },
    });
    let (_, _handle) = master.attached().await;
    let from_node::Message::RelayVisits(told) = master.message().await else {
        panic!("expected visits");
    };
    let what = proto::relay_visit::What::Allocated("192.0.2.10:50000".into());
    let visit = proto::RelayVisit {
        client: "198.51.100.7:5000".into(),
        protocol: "tls".into(),
        label: "ann".into(),
        what: Some(what),
    };
    assert_eq!(told.visits, [visit]);
}

#[tokio::test]
async fn a_shard_is_restarted_when_the_master_says_so() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let (_, handle) = master.attached().await;
    let transport_id = "t".to_owned();
    let restart = from_master::Message::RestartShard(proto::RestartShard { transport_id });
    handle.tell(restart).expect("room");
    node.plane.shard_restarted("t").await;
}

#[tokio::test]
async fn settings_reach_the_plane_and_heartbeats_say_what_is_in_force() {
    let trust = Trust::new();
    let mut master = trust.master("127.0.0.1:0", 1).await;
    let node = start(&trust.node(master.addr));
    let (_, handle) = master.attached().await;
    let settings = proto::NodeSettings {
        version: 5,
        relay: Some(proto::RelaySettings {
            secrets: vec![proto::RelaySecret {
                version: 2,
                secret: "shared".into(),
            }],
            peers: vec![proto::RelayPeer {
                ip: "192.0.2.7".into(),
                ports: vec![40_000, 70_000],
            }],
            allocations_per_user: 3,
            allocations: 0,
        }),
        stun_servers: Vec::new(),
    };
    handle.settings(settings).expect("room");
    let beat = loop {
        let event = timeout(SOON, master.events.recv()).await.expect("in time");
        if let serve::Event::Message {
            message: from_node::Message::Heartbeat(beat),
            ..
        } = event.expect("open")
            && beat.running.as_ref().is_some_and(|it| it.version == 5)
            && beat.relay.is_some()
        {
            break beat;
        }
    };
    let limits = beat.limits.expect("set");
    assert!(limits.descriptors > 0 && limits.descriptors <= limits.descriptors_most);
    let running = beat.running.expect("set");
    assert_eq!(running.relay_fingerprint, link::relay_fingerprint("shared"));
    let counted = beat.relay.expect("set").counts;
    assert_eq!(counted.get("to_peers"), Some(&7));
    let relay = node.plane.relay.lock().expect("lock").clone();
    assert_eq!(relay.secrets, [media::relay::Secret::new("shared")]);
    let peers: Vec<_> = relay.peers.iter().map(ToString::to_string).collect();
    assert_eq!(peers, ["192.0.2.7:40000"], "70000 is no port");
    assert_eq!((relay.quotas.per_label, relay.quotas.total), (3, u32::MAX));
    assert!(
        relay.clock_offset_ms.abs() < 1_000,
        "one machine, one clock"
    );
}

#[test]
fn a_full_queue_leaves_events_with_the_shards_and_a_closed_one_takes_them() {
    let (sink, receiver) = plane_events();
    let event = || media::Event::Answered {
        key: 0,
        result: Ok(Answer::Accepted),
    };
    for _ in 0..EVENTS {
        assert!(sink(event()));
    }
    assert!(!sink(event()));
    drop(receiver);
    assert!(sink(event()));
}
