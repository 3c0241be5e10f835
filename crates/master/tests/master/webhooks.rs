//! Webhooks, to a real server that behaves well and badly.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Trust;
use hyper::header::{AUTHORIZATION, HeaderValue};
use master::Webhook;
use openvidu::webhook::EventName;
use serde_json::{Value, json};
use store::sqlite::{Options, SqliteStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::node::Node;
use crate::stage::Stage;

/// What the endpoint does to one message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Turn {
    Take,
    /// Answers with this status.
    Answer(u16),
    /// Reads it and closes.
    Close,
    /// Reads it and says nothing, until the other side gives up.
    Hang,
}

struct Endpoint {
    addr: SocketAddr,
    /// Every message with what was done to it, in the order of arrival.
    heard: Arc<Mutex<Vec<(Turn, Value)>>>,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    async fn at(addr: SocketAddr, turns: &[Turn]) -> Self {
        let listener = TcpListener::bind(addr).await.expect("listening");
        let addr = listener.local_addr().expect("address");
        let (heard, heads) = (
            Arc::<Mutex<Vec<_>>>::default(),
            Arc::<Mutex<Vec<_>>>::default(),
        );
        let mut turns: VecDeque<Turn> = turns.iter().copied().collect();
        let (all, all_heads) = (heard.clone(), heads.clone());
        let task = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.expect("a connection");
                let Some((head, body)) = read(&mut socket).await else {
                    continue;
                };
                let turn = turns.pop_front().unwrap_or(Turn::Take);
                all_heads.lock().expect("unpoisoned").push(head);
                all.lock().expect("unpoisoned").push((turn, body));
                let status = match turn {
                    Turn::Take => 200,
                    Turn::Answer(status) => status,
                    Turn::Close => continue,
                    Turn::Hang => {
                        // The other side closes when it has waited long enough.
                        let _ = socket.read(&mut [0; 1]).await;
                        continue;
                    }
                };
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            addr,
            heard,
            heads,
            task,
        }
    }

    async fn new(turns: &[Turn]) -> Self {
        Self::at("127.0.0.1:0".parse().expect("address"), turns).await
    }

    /// What was taken, once there is as much.
    async fn taken(&self, count: usize) -> Vec<Value> {
        let wait = async {
            loop {
                let taken = self.taken_now();
                if taken.len() >= count {
                    return taken;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(25), wait).await {
            Ok(taken) => taken,
            Err(_) => panic!("only {:#?}", self.heard.lock().expect("unpoisoned")),
        }
    }

    fn taken_now(&self) -> Vec<Value> {
        let heard = self.heard.lock().expect("unpoisoned");
        let taken = heard.iter().filter(|(turn, _)| *turn == Turn::Take);
        taken.map(|(_, body)| body.clone()).collect()
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> Option<(String, Value)> {
    let mut raw = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk).await.ok()? {
            0 => return None,
            count => raw.extend_from_slice(&chunk[..count]),
        }
        let text = String::from_utf8_lossy(&raw).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return Some((head.to_owned(), body));
        }
    }
}

fn webhook(addr: SocketAddr) -> Webhook {
    Webhook {
        endpoint: format!("http://{addr}/hook?x=y").parse().expect("a URL"),
        headers: vec![(AUTHORIZATION, HeaderValue::from_static("Basic x"))],
        events: EventName::ALL.iter().copied().collect(),
        trust: Trust::Anybody,
    }
}

async fn stage(webhook: Webhook) -> Stage {
    Stage::with(move |config| {
        config.administration.cluster_id = "c1".into();
        config.administration.webhook = Some(webhook);
    })
    .await
}

fn names(messages: &[Value]) -> Vec<&str> {
    let names = messages
        .iter()
        .map(|it| it["event"].as_str().expect("a name"));
    names.collect()
}

/// `mediaNodeStatusChanged` twice, for a node that comes.
const ARRIVAL: usize = 2;

#[tokio::test]
async fn a_call_is_told_in_order() {
    let endpoint = Endpoint::new(&[]).await;
    let stage = stage(webhook(endpoint.addr)).await;
    let _node = Node::start(&stage, "media_1", 1).await;
    stage.until_serving(1).await;
    stage.session("room").await;
    let mut ann = stage.participant("room", "PUBLISHER").await;
    ann.publish().await;
    stage.delete("/sessions/room").await;
    let told = endpoint.taken(ARRIVAL + 6).await;
    assert_eq!(
        names(&told),
        [
            "mediaNodeStatusChanged",
            "mediaNodeStatusChanged",
            "sessionCreated",
            "participantJoined",
            "webrtcConnectionCreated",
            "webrtcConnectionDestroyed",
            "participantLeft",
            "sessionDestroyed",
        ]
    );
    assert_eq!(told[0]["clusterId"], "c1");
    assert_eq!(
        (&told[0]["oldStatus"], &told[0]["newStatus"]),
        (&Value::Null, &json!("launching"))
    );
    assert_eq!(told[1]["newStatus"], "running");
    assert_eq!(told[1]["ip"], "192.0.2.10");
    assert_eq!(told[7]["reason"], "sessionClosedByServer");
    let heads = endpoint.heads.lock().expect("unpoisoned").clone();
    for head in heads {
        assert!(head.starts_with("POST /hook?x=y HTTP/1.1"), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains("authorization: basic x"), "{head}");
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let endpoint = Endpoint::new(&[]).await;
    let wanted = Webhook {
        events: [EventName::SessionDestroyed].into(),
        ..webhook(endpoint.addr)
    };
    let stage = stage(wanted).await;
    for id in ["a", "b"] {
        stage.session(id).await;
        stage.delete(&format!("/sessions/{id}")).await;
    }
    let told = endpoint.taken(2).await;
    assert_eq!(names(&told), ["sessionDestroyed"; 2]);
    assert_eq!(
        (&told[0]["sessionId"], &told[1]["sessionId"]),
        (&json!("a"), &json!("b"))
    );
}

async fn sessions(stage: &Stage, count: usize) -> Vec<String> {
    let ids: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
    for id in &ids {
        stage.session(id).await;
    }
    ids
}

fn ids(messages: &[Value]) -> Vec<String> {
    let ids = messages
        .iter()
        .map(|it| it["sessionId"].as_str().expect("an id"));
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn an_endpoint_that_fails_closes_and_hangs_gets_everything_in_order() {
    let turns = [
        Turn::Answer(503),
        Turn::Close,
        Turn::Take,
        Turn::Hang,
        Turn::Take,
        Turn::Answer(500),
    ];
    let endpoint = Endpoint::new(&turns).await;
    let stage = stage(webhook(endpoint.addr)).await;
    let made = sessions(&stage, 6).await;
    let told = endpoint.taken(6).await;
    assert_eq!(ids(&told), made, "each once, in order");
    assert_eq!(endpoint.heard.lock().expect("unpoisoned").len(), 10);
}

#[tokio::test]
async fn what_the_endpoint_does_not_want_does_not_hold_the_rest_up() {
    let endpoint = Endpoint::new(&[Turn::Answer(400)]).await;
    let stage = stage(webhook(endpoint.addr)).await;
    let made = sessions(&stage, 3).await;
    assert_eq!(ids(&endpoint.taken(2).await), made[1..]);
}

#[tokio::test]
async fn an_endpoint_that_is_down_hears_it_all_when_it_is_up() {
    let endpoint = Endpoint::new(&[]).await;
    let addr = endpoint.addr;
    let stage = stage(webhook(addr)).await;
    let mut made = sessions(&stage, 1).await;
    endpoint.taken(1).await;
    drop(endpoint);
    for id in ["t0", "t1", "t2"] {
        stage.session(id).await;
        made.push(id.to_owned());
    }
    let endpoint = Endpoint::at(addr, &[]).await;
    assert_eq!(ids(&endpoint.taken(3).await), made[1..]);
}

#[tokio::test]
async fn nothing_is_lost_when_the_master_is_killed() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&dir.path().join("store.db"), &Options::default());
    let store: Arc<dyn store::Store> = Arc::new(store.expect("a store"));
    // Nobody listens there yet; the port stays ours.
    let endpoint = Endpoint::new(&[]).await;
    let addr = endpoint.addr;
    drop(endpoint);
    let stage = Stage::with(move |config| {
        config.store = Some(store);
        config.administration.webhook = Some(webhook(addr));
    })
    .await;
    let made = sessions(&stage, 4).await;
    let stage = stage.restarted().await;
    let endpoint = Endpoint::at(addr, &[]).await;
    let told = endpoint.taken(4).await;
    assert_eq!(ids(&told), made);
    stage.session("later").await;
    let told = endpoint.taken(5).await;
    assert_eq!(ids(&told)[4..], ["later"]);
}
