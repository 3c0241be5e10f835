//! A client's machine with a fake clock and a conference played by the test.

use std::sync::Arc;

use conference::{
    ConnectionId, Error, IceServer, Joined, Notification, Reply, RequestId, Role, SessionId,
    Timestamp,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{Client, ClientNumber, Deadline, Effect, Identity, Settings, SocketId};
use serde_json::{Value, json};

pub const START: u64 = 1_700_000_000_000;
pub const RPC_SESSION: &str = "abcdefghijklmnopqrstuvwxyz";
pub const CONNECTION: &str = "con_Kabc123456";
pub const FIRST: SocketId = SocketId(1);
pub const SECOND: SocketId = SocketId(2);

/// The machine under test.
pub struct Peer {
    pub client: Client,
    pub now: Timestamp,
    pub socket: SocketId,
}

impl Peer {
    /// A client whose WebSocket is open.
    pub fn connected() -> Self {
        let mut peer = Self::fresh(7, RPC_SESSION);
        assert!(
            peer.client
                .attach(peer.now, FIRST, "203.0.113.7")
                .is_empty()
        );
        peer
    }

    pub fn fresh(number: u32, session: &str) -> Self {
        let identity = Identity {
            number: ClientNumber(number),
            session: RpcSessionId::new(session),
        };
        let settings = Settings {
            compatible_version: "2.32.1".into(),
        };
        Self {
            client: Client::new(identity, Arc::new(settings)),
            now: Timestamp(START),
            socket: FIRST,
        }
    }

    /// A client that has joined and has sent its first ping.
    pub fn joined() -> Self {
        let mut peer = Self::connected();
        peer.request(json!({"jsonrpc":"2.0","method":"ping","params":{"interval":5000},"id":0}));
        peer.join(1);
        peer
    }

    pub fn join(&mut self, id: u64) -> Vec<Effect> {
        let request = request_of(&self.request(join_frame(id)));
        self.client
            .reply(self.now, request, Ok(Reply::Joined(Box::new(joined()))))
    }

    pub fn request(&mut self, frame: Value) -> Vec<Effect> {
        self.text(&frame.to_string())
    }

    pub fn text(&mut self, text: &str) -> Vec<Effect> {
        self.client.text(self.now, self.socket, text)
    }

    /// Calls a method and returns what is sent back at once.
    pub fn answer(&mut self, method: &str, params: Value) -> Value {
        sent(&self.request(json!({"jsonrpc":"2.0","method":method,"params":params,"id":42})))
    }

    pub fn error_code(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.answer(method, params);
        answer["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("no error: {answer}"))
    }

    /// Calls a method and returns what the conference is asked.
    pub fn operation(&mut self, method: &str, params: Value) -> conference::ClientOperation {
        let effects =
            self.request(json!({"jsonrpc":"2.0","method":method,"params":params,"id":42}));
        match <[Effect; 1]>::try_from(effects) {
            Ok(
                [
                    Effect::Operation {
                        connection,
                        operation,
                        ..
                    },
                ],
            ) => {
                assert_eq!(connection.as_str(), CONNECTION);
                operation
            }
            other => panic!("{method} made {other:?}"),
        }
    }

    pub fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) -> Vec<Effect> {
        self.client.reply(self.now, request, result)
    }

    pub fn notify(&mut self, notification: Notification) -> Vec<Effect> {
        self.client.notify(&notification)
    }

    pub fn close(&mut self) -> Vec<Effect> {
        self.client.detached(self.now, self.socket)
    }

    /// Lets time pass up to and including the next deadline, and returns why it fired.
    pub fn fire(&mut self) -> (u64, Deadline, Vec<Effect>) {
        let (at, reason) = self.client.next_timeout().expect("a deadline is set");
        let waited = at.0 - self.now.0;
        assert!(
            self.client.timeout(Timestamp(at.0 - 1)).is_empty(),
            "{reason:?} fires a millisecond early"
        );
        self.now = at;
        let effects = self.client.timeout(at);
        (waited, reason, effects)
    }

    pub fn pass(&mut self, ms: u64) {
        self.now = Timestamp(self.now.0 + ms);
        assert!(self.client.timeout(self.now).is_empty());
    }
}

/// What both real clients send.
pub fn join_frame(id: u64) -> Value {
    json!({"jsonrpc":"2.0","method":"joinRoom","id":id,"params":{
        "token":"wss://localhost:4443?sessionId=TestSession&token=tok_Maaa",
        "session":"TestSession",
        "platform":"Chrome 156.0.0.0 (headless) on Linux 64-bit",
        "sdkVersion":"2.24.0",
        "metadata":"{\"name\":\"A\"}",
        "secret":"",
        "recorder":false,
        "stt":false,
    }})
}

pub fn joined() -> Joined {
    Joined {
        connection: ConnectionId::new(CONNECTION),
        session: SessionId::new("TestSession"),
        created_at: Timestamp(START + 5),
        metadata: "{\"name\":\"A\"}".into(),
        role: Role::Publisher,
        record: true,
        ice_servers: vec![IceServer {
            url: "stun:192.0.2.1:40000".into(),
            credentials: None,
        }],
        others: Vec::new(),
    }
}

/// The one frame among the effects.
pub fn sent(effects: &[Effect]) -> Value {
    let frames = frames(effects);
    assert_eq!(frames.len(), 1, "one frame expected in {effects:?}");
    frames[0].clone()
}

pub fn frames(effects: &[Effect]) -> Vec<Value> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send { text, .. } => Some(serde_json::from_str(text).unwrap()),
            _ => None,
        })
        .collect()
}

pub fn request_of(effects: &[Effect]) -> RequestId {
    match effects {
        [Effect::Join { request, .. } | Effect::Operation { request, .. }] => *request,
        other => panic!("no request in {other:?}"),
    }
}

/// Effects in short form, for comparing whole sequences.
pub fn outline(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Send { socket, text } => {
                let frame: Value = serde_json::from_str(text).unwrap();
                let what = frame["method"].as_str().unwrap_or("reply").to_owned();
                format!("send {} {what}", socket.0)
            }
            Effect::Close {
                socket,
                code,
                reason,
            } => format!("close {} {code} {reason}", socket.0),
            Effect::Join { .. } => "join".into(),
            Effect::Operation { .. } => "operation".into(),
            Effect::Resume(_) => "resume".into(),
            Effect::Lost { connection } => format!("lost {connection}"),
            Effect::Ended => "ended".into(),
        })
        .collect()
}
