//! HTTP/1.1 with one request per connection: all that these tests need.

use base64::Engine as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{SECRET, SOON, Stage};

pub struct Client<'a> {
    pub stage: &'a Stage,
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

pub fn basic(user: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("authorization: Basic {pair}\r\n")
}

impl Client<'_> {
    /// A call of the API with the right secret.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Response {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let path = format!("/openvidu/api{path}");
        self.request(
            method,
            &path,
            &basic("OPENVIDUAPP", SECRET),
            body.as_bytes(),
        )
        .await
    }

    /// `headers` are whole lines.
    pub async fn request(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Response {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        let mut stream = self.stage.connect().await;
        stream.write_all(head.as_bytes()).await.expect("write");
        // A server that refuses a body closes before all of it is written.
        let _ = stream.write_all(body).await;
        let mut raw = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut raw)).await;
        if let Err(error) = read.expect("answer in time") {
            assert!(!raw.is_empty(), "{error}");
        }
        parse(&String::from_utf8(raw).expect("UTF-8"))
    }
}

fn parse(raw: &str) -> Response {
    let (head, body) = raw.split_once("\r\n\r\n").expect(raw);
    let status = head.split(' ').nth(1).expect(raw).parse().expect(raw);
    Response {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
