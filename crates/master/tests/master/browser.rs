//! A client that speaks JSON-RPC as openvidu-browser does.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{SOON, Stage};

pub struct Browser {
    ws: WebSocketStream<TlsStream<TcpStream>>,
    next: u64,
    notifications: VecDeque<Value>,
    /// Set by `join`.
    pub connection: String,
    /// The RPC session, from the first answer.
    pub rpc_session: String,
}

impl Browser {
    pub async fn open(stage: &Stage) -> Self {
        let stream = stage.connect().await;
        let opened =
            tokio_tungstenite::client_async("wss://localhost/openvidu?sessionId=any", stream);
        let (ws, _) = opened.await.expect("upgraded");
        Self {
            ws,
            next: 0,
            notifications: VecDeque::new(),
            connection: String::new(),
            rpc_session: String::new(),
        }
    }

    /// Sends a request and does not wait.
    pub async fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        let request = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": id });
        self.send_text(request.to_string()).await;
        id
    }

    pub async fn send_text(&mut self, text: String) {
        self.send_message(Message::text(text)).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        self.ws.send(message).await.expect("written");
    }

    /// Sends what the server may refuse while it is being sent.
    pub async fn send_and_lose(&mut self, text: String) {
        let _ = timeout(SOON, self.ws.send(Message::text(text))).await;
    }

    /// The answer to a request; notifications that come before it are kept.
    pub async fn answer(&mut self, id: u64) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["id"] == json!(id) {
                if let Some(session) = frame["result"]["sessionId"].as_str() {
                    self.rpc_session = session.to_owned();
                }
                return frame;
            }
            assert!(
                frame.get("method").is_some(),
                "an answer that nobody asked for: {frame}"
            );
            self.notifications.push_back(frame);
        }
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.answer(id).await
    }

    /// The result of a request that must succeed.
    pub async fn result(&mut self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The code of the error of a request that must fail.
    pub async fn error(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.call(method, params).await;
        answer["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    pub async fn join(&mut self, session: &str, token: &str) -> Value {
        let result = self.result("joinRoom", join_params(session, token)).await;
        self.connection = result["id"].as_str().expect("id").to_owned();
        result
    }

    /// Params of the next notification, which must be of this method.
    pub async fn notified(&mut self, method: &str) -> Value {
        self.notified_within(method, SOON).await
    }

    pub async fn notified_within(&mut self, method: &str, within: Duration) -> Value {
        let frame = match self.notifications.pop_front() {
            Some(frame) => frame,
            None => self.frame_within(within).await,
        };
        assert_eq!(frame["method"], method, "{frame}");
        assert!(frame.get("id").is_none(), "{frame}");
        frame["params"].clone()
    }

    pub async fn frame(&mut self) -> Value {
        self.frame_within(SOON).await
    }

    pub async fn frame_within(&mut self, within: Duration) -> Value {
        match self.message(within).await {
            Some(Message::Text(text)) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("expected a text frame, got {other:?}"),
        }
    }

    /// The code with which the server closes.
    pub async fn closed(&mut self, within: Duration) -> Option<u16> {
        loop {
            match self.message(within).await {
                Some(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub async fn message(&mut self, within: Duration) -> Option<Message> {
        let message = timeout(within, self.ws.next())
            .await
            .expect("a frame in time")?;
        message.ok()
    }

    /// Publishes camera and microphone; returns the id of the stream.
    pub async fn publish(&mut self) -> String {
        let result = self.result("publishVideo", publish_params()).await;
        assert_eq!(result["sdpAnswer"], "answer");
        result["id"].as_str().expect("id").to_owned()
    }

    /// Receives a stream as clients do with mediaServer "mediasoup".
    pub async fn receive(&mut self, stream: &str) {
        let prepare = json!({ "sender": stream, "reconnect": false });
        let offered = self.result("prepareReceiveVideoFrom", prepare).await;
        assert_eq!(offered["sdpOffer"], "offer");
        let receive = json!({ "sender": stream, "sdpAnswer": "v=0" });
        self.result("receiveVideoFrom", receive).await;
    }
}

pub fn join_params(session: &str, token: &str) -> Value {
    json!({
        "token": token, "session": session, "platform": "Test", "sdkVersion": "2.32.2", "metadata": "who",
        "secret": "", "recorder": false, "stt": false,
    })
}

pub fn publish_params() -> Value {
    json!({
        "sdpOffer": "v=0", "doLoopback": false, "hasAudio": true, "hasVideo": true, "audioActive": true,
        "videoActive": true, "typeOfVideo": "CAMERA", "frameRate": 30,
        "videoDimensions": "{\"width\":640,\"height\":480}",
    })
}
