//! What nodes hear of relays.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use link::proto::{NodeSettings, RelaySecret};
use master::{Listen, Relay};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::client::TlsStream;
use turn::client::Heard;

use crate::browser::Browser;
use crate::http::basic;
use crate::node::{Node, Script};
use crate::stage::{SECRET, SOON, Stage};

fn secrets(settings: &NodeSettings) -> Vec<RelaySecret> {
    settings
        .relay
        .as_ref()
        .map_or_else(Vec::new, |relay| relay.secrets.clone())
}

async fn rotate(stage: &Stage) -> u16 {
    let secret = basic("OPENVIDUAPP", SECRET);
    let asked = stage.client();
    let answer = asked.request("POST", "/muster/api/v1/relay/rotate", &secret, b"");
    answer.await.status
}

#[tokio::test]
async fn nodes_are_told_of_each_other_and_of_every_new_secret() {
    let stage = Stage::with(|config| {
        config.relay = Some(Relay {
            listen: None,
            rotate_every: Duration::ZERO,
            allocations_per_user: 3,
            allocations: 9,
        });
        config.stun_servers = vec!["192.0.2.9:3478".into()];
    })
    .await;
    let one = Node::start(&stage, "media_1", 1).await;
    let first = one.settings(|told| told.relay.is_some()).await;
    let relay = first.relay.clone().expect("a relay");
    assert_eq!((relay.allocations_per_user, relay.allocations), (3, 9));
    let ips: Vec<_> = relay.peers.iter().map(|peer| peer.ip.as_str()).collect();
    assert_eq!(ips, ["192.0.2.10", "2001:db8::10"]);
    assert!(relay.peers.iter().all(|peer| peer.ports == [40_000]));
    assert_eq!(first.stun_servers, ["192.0.2.9:3478"]);
    let [drawn] = &secrets(&first)[..] else {
        panic!("expected one secret");
    };
    assert!(drawn.secret.len() >= 32, "nobody can guess it");

    assert_eq!(rotate(&stage).await, 204);
    let rotated = one.settings(|told| secrets(told).len() == 2).await;
    let both = secrets(&rotated);
    assert_eq!(both[1], *drawn);
    assert_ne!(both[0].secret, drawn.secret);
    assert_eq!(both[0].version, drawn.version + 1);

    let two = Node::start(&stage, "media_2", 1).await;
    let late = two.settings(|told| told.relay.is_some()).await;
    assert_eq!(secrets(&late), both);
}

/// The figures, once they hold this.
async fn metrics(stage: &Stage, wanted: &str) -> String {
    let secret = basic("OPENVIDUAPP", SECRET);
    let told = async {
        loop {
            let client = stage.client();
            let asked = client.request("GET", "/muster/api/v1/metrics", &secret, b"");
            let answer = asked.await;
            assert_eq!(answer.status, 200);
            if answer.body.contains(wanted) {
                return answer.body;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let told = tokio::time::timeout(SOON, told).await;
    told.expect("figures in time")
}

/// A client of the relay at the HTTPS port.
struct TurnClient {
    stream: TlsStream<TcpStream>,
    turn: turn::client::Client,
    frames: turn::Frames,
}

/// What it heard, apart from the bytes.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Allocated,
    Granted(u16),
    Refused(u16, u16),
    Data(SocketAddr, Vec<u8>),
}

impl TurnClient {
    async fn connect(stage: &Stage, secret: &str, label: &str) -> Self {
        let expiry = SystemTime::now().duration_since(UNIX_EPOCH);
        let expiry = expiry.expect("after 1970").as_secs() + 600;
        Self {
            stream: stage.connect().await,
            turn: turn::client::Client::of_secret(secret, expiry, label, [1, 2, 3, 4]),
            frames: turn::Frames::default(),
        }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("written");
        self.stream.flush().await.expect("flushed");
    }

    async fn hear(&mut self) -> Told {
        let heard = tokio::time::timeout(SOON, self.hears());
        heard.await.expect("an answer in time")
    }

    async fn hears(&mut self) -> Told {
        loop {
            let message = self.frames.take().expect("TURN").map(<[u8]>::to_vec);
            let Some(message) = message else {
                let mut chunk = [0; 4096];
                let len = self.stream.read(&mut chunk).await.expect("read");
                assert!(len > 0, "the master closed the stream");
                self.frames.feed(&chunk[..len]);
                continue;
            };
            match self.turn.hear(&message) {
                Heard::Nothing => {}
                Heard::Send(again) => self.say(&again).await,
                Heard::Allocated { .. } => return Told::Allocated,
                Heard::Granted(method) => return Told::Granted(method),
                Heard::Refused { method, code } => return Told::Refused(method, code),
                Heard::Data { peer, data } => return Told::Data(peer, data.to_vec()),
                Heard::ChannelData { .. } => panic!("there is no channel"),
            }
        }
    }

    async fn permit(&mut self, peer: SocketAddr) -> Told {
        let asked = self.turn.permit(peer);
        self.say(&asked).await;
        self.hear().await
    }
}

const PERMIT: u16 = turn::method::CREATE_PERMISSION;
const ALLOCATE: u16 = turn::method::ALLOCATE;

#[tokio::test]
async fn turn_over_tls_at_the_https_port_reaches_the_nodes_and_nobody_else() {
    let stage = Stage::with(|config| config.relay = Some(Relay::default())).await;
    let media = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    let media_at = media.local_addr().expect("bound");
    let mut script = Script::new("media_1", 1);
    script.ips = vec!["127.0.0.1".into()];
    script.ports = vec![media_at.port()];
    let node = Node::play(&stage, script);
    let told = node.settings(|told| told.relay.is_some()).await;
    let secret = secrets(&told)[0].secret.clone();

    let mut stranger = TurnClient::connect(&stage, "not the secret", "eve").await;
    let asked = stranger.turn.allocate(false);
    stranger.say(&asked).await;
    assert_eq!(stranger.hear().await, Told::Refused(ALLOCATE, 401));

    let mut ann = TurnClient::connect(&stage, &secret, "ann").await;
    let asked = ann.turn.allocate(false);
    ann.say(&asked).await;
    assert_eq!(ann.hear().await, Told::Allocated);
    for nobody in ["169.254.169.254:80", "10.0.0.1:443", "192.0.2.1:40000"] {
        let nobody = nobody.parse().expect("an address");
        assert_eq!(ann.permit(nobody).await, Told::Refused(PERMIT, 403));
    }
    assert_eq!(ann.permit(media_at).await, Told::Granted(PERMIT));

    ann.say(&turn::client::send_indication(media_at, b"to the node"))
        .await;
    let mut buffer = [0; 64];
    let came = tokio::time::timeout(SOON, media.recv_from(&mut buffer)).await;
    let (len, relayed) = came.expect("in time").expect("received");
    assert_eq!(&buffer[..len], b"to the node");
    media.send_to(b"back", relayed).await.expect("sent");
    assert_eq!(ann.hear().await, Told::Data(media_at, b"back".to_vec()));

    // Another port of the same host is no media.
    let other = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    let other_at = other.local_addr().expect("bound");
    ann.say(&turn::client::send_indication(other_at, b"to a stranger"))
        .await;
    other
        .send_to(b"from a stranger", relayed)
        .await
        .expect("sent");
    media.send_to(b"again", relayed).await.expect("sent");
    assert_eq!(ann.hear().await, Told::Data(media_at, b"again".to_vec()));
    let silence = tokio::time::timeout(Duration::from_millis(200), other.recv_from(&mut buffer));
    assert!(silence.await.is_err());

    // HTTP is served at the same port as before, and says what went through.
    drop(ann);
    for expected in [
        "muster_nodes{state=\"serving\"} 1\n",
        "muster_relay_packets_total{relay=\"master\",direction=\"to_clients\"} 2\n",
        "muster_relay_packets_total{relay=\"master\",direction=\"to_peers\"} 1\n",
        "muster_relay_bytes_total{relay=\"master\",direction=\"to_peers\"} 11\n",
        "muster_relay_requests_total{relay=\"master\",method=\"create_permission\",code=\"403\"} 3\n",
        "muster_relay_dropped_total{relay=\"master\",reason=\"signatures_forged\"} 1\n",
        "muster_relay_dropped_total{relay=\"master\",reason=\"forbidden\"} 1\n",
    ] {
        metrics(&stage, expected).await;
    }
    assert_eq!(rotate(&stage).await, 204);
}

#[tokio::test]
async fn clients_are_told_of_the_relays() {
    let stage = Stage::with(|config| {
        config.relay = Some(Relay::default());
        config.public_port = 443;
    })
    .await;
    let _node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let joined = Browser::open(&stage).await.join("room", &token).await;
    let servers = joined["customIceServers"].as_array().expect("a list");
    let urls: Vec<_> = servers.iter().map(|it| it["url"].as_str()).collect();
    let expected = [
        "turn:192.0.2.10:40100?transport=udp",
        "turn:[2001:db8::10]:40100?transport=udp",
        "turn:192.0.2.10:40100?transport=tcp",
        "turns:localhost:443?transport=tcp",
    ];
    assert_eq!(urls, expected.map(Some));
    for server in servers {
        let user = server["username"].as_str().expect("a name");
        assert!(user.contains(':'), "{user}");
        assert!(server["credential"].as_str().expect("a password").len() > 20);
    }
}

#[tokio::test]
async fn the_master_relays_by_udp_where_it_is_told_to() {
    let stage = Stage::with(|config| {
        let addr = "127.0.0.1:0".parse().expect("an address");
        config.relay = Some(Relay {
            listen: Some(Listen {
                addr,
                required: true,
            }),
            ..Relay::default()
        });
    })
    .await;
    let media = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    let media_at = media.local_addr().expect("bound");
    let mut script = Script::new("media_1", 1);
    script.ips = vec!["127.0.0.1".into()];
    script.ports = vec![media_at.port()];
    let _node = Node::play(&stage, script);
    stage.until_serving(1).await;
    stage.session("room").await;
    let token = stage.token("room", "PUBLISHER").await;
    let joined = Browser::open(&stage).await.join("room", &token).await;
    let servers = joined["customIceServers"].as_array().expect("a list");
    let ours = |server: &&serde_json::Value| {
        let url = server["url"].as_str().expect("text");
        url.starts_with("turn:localhost:") && url.ends_with("udp")
    };
    let server = servers.iter().find(ours).expect("the master's relay");
    let text = |key: &str| server[key].as_str().expect("text").to_owned();
    let port = text("url")
        .split([':', '?'])
        .nth(2)
        .expect("a port")
        .to_owned();

    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bound");
    socket
        .connect(format!("127.0.0.1:{port}"))
        .await
        .expect("connected");
    let mut turn = turn::client::Client::new(&text("username"), &text("credential"), [9; 4]);
    let mut ask = turn.allocate(false);
    let mut buffer = [0; 1500];
    let mut heard = Vec::new();
    for _ in 0..4 {
        socket.send(&ask).await.expect("sent");
        let came = tokio::time::timeout(SOON, socket.recv(&mut buffer)).await;
        let len = came.expect("in time").expect("received");
        match turn.hear(&buffer[..len]) {
            Heard::Send(again) => ask = again,
            Heard::Allocated { relayed, .. } => {
                assert_eq!(
                    relayed.ip(),
                    media_at.ip(),
                    "by which the master reaches clients"
                );
                ask = turn.permit(media_at);
            }
            Heard::Granted(_) => {
                ask = turn::client::send_indication(media_at, b"to the node");
                socket.send(&ask).await.expect("sent");
                let came = tokio::time::timeout(SOON, media.recv_from(&mut buffer)).await;
                let (len, relayed) = came.expect("in time").expect("received");
                heard.push(buffer[..len].to_vec());
                media.send_to(b"back", relayed).await.expect("sent");
            }
            Heard::Data { data, .. } => heard.push(data.to_vec()),
            other => panic!("unexpected {other:?}"),
        }
        if heard.len() == 1 {
            let came = tokio::time::timeout(SOON, socket.recv(&mut buffer)).await;
            let len = came.expect("in time").expect("received");
            if let Heard::Data { data, .. } = turn.hear(&buffer[..len]) {
                heard.push(data.to_vec());
            }
            break;
        }
    }
    assert_eq!(heard, [b"to the node".to_vec(), b"back".to_vec()]);
}
