//! Nodes serve only after the master has reached them as clients would.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use link::proto::command::Command;
use serde_json::{Value, json};

use crate::node::{Node, Script};
use crate::stage::{SOON, Stage};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Long enough for three probes that fail.
const PROBES: Duration = Duration::from_secs(9);

/// A media plane that answers plain STUN, behind a link that speaks otherwise.
fn plane() -> media::Plane {
    let config = media::Config {
        shards: NonZeroUsize::MIN,
        ports: 0..=0,
        addresses: vec![LOCALHOST],
        relay: media::relay::Options::default(),
        relay_port: None,
        evidence: None,
    };
    media::start(config, Arc::new(|_| true)).expect("started")
}

fn at(name: &str, ports: Vec<u16>, stun_port: u16) -> Script {
    let mut script = Script::new(name, 1);
    script.ips = vec![LOCALHOST.to_string()];
    script.ports = ports;
    script.stun_port = stun_port;
    script
}

/// Waits until the transport is closed. Other calls of the probe go on beside.
async fn closes(node: &mut Node, transport: &str) {
    while !matches!(node.command().await, Command::Close(close) if close.transport_id == transport)
    {
    }
}

async fn never_serves(stage: &Stage) {
    let until = Instant::now() + PROBES;
    while Instant::now() < until {
        let health = stage.get("/health").await;
        assert_eq!(health.status, 503, "{health:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A whole node, in this process.
fn whole_node(stage: &Stage) -> tokio::task::JoinHandle<impl Sized> {
    whole_node_of(stage, "media_1")
}

fn whole_node_of(stage: &Stage, name: &str) -> tokio::task::JoinHandle<impl Sized> {
    let config = node::Config {
        directory: stage.node_directory(name),
        masters: Vec::new(),
        join: Some(stage.join_token()),
        node_id: name.into(),
        public_addresses: [LOCALHOST, "::1".parse().expect("address")]
            .map(node::PublicAddress::Ip)
            .to_vec(),
        metadata: node::MetadataService::Off,
        stun_servers: Vec::new(),
        allow_loopback: true,
        relay: node::Relay::default(),
        media_ports: 0..=0,
        shards: NonZeroUsize::new(2).expect("two"),
        exit_when_orphaned: None,
        evidence: true,
        version: "test".into(),
    };
    tokio::spawn(node::run(config, std::future::pending()))
}

#[tokio::test]
async fn a_node_that_ends_without_a_word_is_soon_known_to_be_dead() {
    let stage = Stage::probing().await;
    let node = whole_node(&stage);
    stage.until_serving(1).await;
    node.abort();
    let ended = Instant::now();
    while stage.get("/media-nodes").await.json()["numberOfElements"] != json!(0) {
        assert!(
            ended.elapsed() < cluster::SUSPICION / 2,
            "that its ports are refused was not seen"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_node_that_is_reached_serves_and_is_not_loaded_by_it() {
    let stage = Stage::probing().await;
    let node = whole_node(&stage);
    stage.until_serving(1).await;
    let sessions = stage.get("/sessions").await.json();
    assert_eq!(sessions["numberOfElements"], json!(0));
    node.abort();
}

#[tokio::test]
async fn whoever_wants_to_know_now_is_told_of_now() {
    let stage = Stage::probing().await;
    let _node = whole_node(&stage);
    stage.until_serving(1).await;
    // A look may be under way; when it is over the next one is ten seconds off.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let asked = Instant::now();
    let look = || async {
        let secret = crate::http::basic("OPENVIDUAPP", crate::stage::SECRET);
        let client = stage.client();
        let path = "/muster/api/v1/reachability/look";
        let answer = client.request("POST", path, &secret, b"").await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.json()["agoMs"].as_u64().expect("probed")
    };
    assert!(look().await < 1_000);
    loop {
        let reach = crate::muster_api::get(&stage, "/reachability").await;
        let paths = reach["nodes"][0]["paths"]
            .as_array()
            .expect("paths")
            .clone();
        let since = u64::try_from(asked.elapsed().as_millis()).expect("short");
        let young = |it: &Value| it["ageMs"].as_u64().is_some_and(|age| age < since);
        if paths.len() >= 2
            && paths
                .iter()
                .all(|it| young(it) && it["call"] == json!(true))
        {
            break;
        }
        assert!(asked.elapsed() < SOON, "{reach:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Who asks again at once is told since when.
    let ago = look().await;
    assert!(
        ago > 0 && u128::from(ago) <= asked.elapsed().as_millis(),
        "{ago}"
    );
}

#[tokio::test]
async fn master_and_nodes_see_every_path_and_say_so() {
    let stage = Stage::probing().await;
    let _nodes = ["media_1", "media_2"].map(|name| whole_node_of(&stage, name));
    stage.until_serving(2).await;
    let until = Instant::now() + 2 * SOON;
    // UDP and TCP at two addresses of each node, from the master and from the other node. A cheap look may have
    // followed the one with media already, so they are gathered.
    let mut called = std::collections::BTreeMap::new();
    let reach = loop {
        let reach = crate::muster_api::get(&stage, "/reachability").await;
        for node in reach["nodes"].as_array().expect("nodes") {
            let paths = node["paths"].as_array().expect("paths").iter();
            let good = paths.filter(|it| it["good"] == json!(true) && it["call"] == json!(true));
            called.extend(good.map(|it| {
                let way = format!("{} {} {}", node["id"], it["from"], it["path"]);
                (way, it.clone())
            }));
        }
        if called.len() == 16 {
            break reach;
        }
        assert!(Instant::now() < until, "{called:#?} {reach:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(reach["ready"], json!(true));
    let node = &reach["nodes"][0];
    assert_eq!(node["verdict"], "serves", "{reach:#}");
    assert_eq!(node["withheld"], json!([]));
    for (way, path) in &called {
        let echoed = (&path["sent"], &path["lost"]);
        assert_eq!(echoed, (&json!(10), &json!(0)), "{way}");
    }
    let sessions = stage.get("/sessions").await.json();
    assert_eq!(
        sessions["numberOfElements"],
        json!(0),
        "what probes publish is no session"
    );
}

#[tokio::test]
async fn a_node_whose_media_port_answers_nothing_is_not_used() {
    let stage = Stage::probing().await;
    let plane = plane();
    let silent = UdpSocket::bind((LOCALHOST, 0)).expect("bound");
    let port = silent.local_addr().expect("bound").port();
    let script = at("media_1", vec![port], plane.stun_port());
    let mut node = Node::play(&stage, script);
    never_serves(&stage).await;
    // Nothing was asked of a node that cannot be reached.
    node.no_command().await;
}

#[tokio::test]
async fn a_node_that_answers_the_offer_with_nonsense_is_not_used() {
    let stage = Stage::probing().await;
    let plane = plane();
    let script = at("media_1", plane.ports(), plane.stun_port());
    let mut node = Node::play(&stage, script);
    let Command::Publish(publish) = node.command().await else {
        panic!("expected a publish command first");
    };
    assert!(publish.session_id.starts_with("probe/"), "{publish:?}");
    assert_eq!(publish.transport_id, publish.session_id);
    closes(&mut node, &publish.transport_id).await;
    assert_eq!(stage.get("/health").await.status, 503);
    let sessions = stage.get("/sessions").await.json();
    assert_eq!(sessions["numberOfElements"], json!(0));
}

#[tokio::test]
async fn a_node_that_does_not_answer_the_offer_is_told_to_close() {
    let stage = Stage::probing().await;
    let plane = plane();
    let mut node = Node::play(&stage, at("media_1", plane.ports(), plane.stun_port()));
    node.mute(true);
    let Command::Publish(publish) = node.command().await else {
        panic!("expected a publish command first");
    };
    let closed = closes(&mut node, &publish.transport_id);
    tokio::time::timeout(2 * SOON, closed)
        .await
        .expect("in time");
}

#[tokio::test]
async fn many_nodes_that_answer_nothing_do_not_hold_up_one_that_does() {
    let stage = Stage::probing().await;
    let plane = plane();
    let silent = UdpSocket::bind((LOCALHOST, 0)).expect("bound");
    let port = silent.local_addr().expect("bound").port();
    let play = |number| {
        let script = at(&format!("media_{number}"), vec![port], plane.stun_port());
        Node::play(&stage, script)
    };
    let _silent: Vec<Node> = (100..200).map(play).collect();
    let ports = plane.ports();
    let mut well = Node::play(&stage, at("media_1", ports, plane.stun_port()));
    let asked = tokio::time::timeout(2 * SOON, well.command()).await;
    assert!(matches!(asked, Ok(Command::Publish(_))), "{asked:?}");
}
