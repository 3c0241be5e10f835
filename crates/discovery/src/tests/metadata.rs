//! The metadata service, played by a server on loopback.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::metadata::Metadata;

/// How the service behaves.
#[derive(Clone, Debug, PartialEq)]
enum Manner {
    /// As Amazon's, with this as `public-ipv4`.
    Says(&'static str),
    /// A private machine.
    HasNone,
    /// Answers after this long.
    Slow(Duration),
    /// Takes the request and says nothing.
    Hangs,
    /// Closes the connection.
    HangsUp,
    /// Something that is not HTTP.
    Babbles,
    /// This status to everything.
    Status(u16),
    /// An empty token.
    NoToken,
    /// More than anybody wants.
    Endless,
}

#[derive(Clone)]
struct Service {
    manner: Arc<Mutex<Manner>>,
    /// Each request's first line, and the token that came with it.
    asked: Arc<Mutex<Vec<(String, String)>>>,
    /// The token that counts.
    token: Arc<Mutex<String>>,
}

impl Service {
    async fn start(manner: Manner) -> (Self, Metadata) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let service = Self {
            manner: Arc::new(Mutex::new(manner)),
            asked: Arc::default(),
            token: Arc::new(Mutex::new("secret-1".into())),
        };
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = serving.clone();
                tokio::spawn(async move { service.serve(stream).await });
            }
        });
        let metadata = Metadata::new(url.parse().expect("a URL")).expect("a client");
        (service, metadata)
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => request.push(byte),
                Err(_) => return,
            }
        }
        let request = String::from_utf8(request).expect("text");
        let manner = self.manner.lock().expect("lock").clone();
        let answer = self.answer(&request, &manner);
        match manner {
            Manner::Hangs => tokio::time::sleep(Duration::from_secs(60)).await,
            Manner::Slow(pause) => tokio::time::sleep(pause).await,
            Manner::HangsUp => return,
            _ => {}
        }
        let _ = stream.write_all(answer.as_bytes()).await;
        if manner == Manner::Endless {
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        }
    }

    fn answer(&self, request: &str, manner: &Manner) -> String {
        let line = request.lines().next().expect("a line").to_owned();
        let header = |name: &str| {
            let mut lines = request.lines();
            let value = lines.find_map(|line| line.strip_prefix(name));
            value.unwrap_or_default().trim().to_owned()
        };
        let given = header("x-aws-ec2-metadata-token:");
        self.asked
            .lock()
            .expect("lock")
            .push((line.clone(), given.clone()));
        let token = self.token.lock().expect("lock").clone();
        let text = |status: u16, body: &str| {
            format!(
                "HTTP/1.1 {status} .\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        match manner {
            Manner::Babbles => "220 mail.example.org ESMTP\r\n".into(),
            Manner::Status(status) => text(*status, "<html>no</html>"),
            Manner::Endless => "HTTP/1.1 200 OK\r\n\r\n".into(),
            _ if line.starts_with("PUT /latest/api/token ") => match manner {
                Manner::NoToken => text(200, " \n"),
                _ if header("x-aws-ec2-metadata-token-ttl-seconds:") == "21600" => {
                    text(200, &token)
                }
                _ => text(400, ""),
            },
            _ if given != token => text(401, ""),
            Manner::Says(public) if line.contains("/public-ipv4 ") => text(200, public),
            _ if line.contains("/local-ipv4 ") => text(200, "10.0.0.5"),
            _ => text(404, "<html>404</html>"),
        }
    }
}

fn said(public: &str) -> addresses::Metadata {
    addresses::Metadata {
        public_ipv4: Some(public.into()),
        local_ipv4: Some("10.0.0.5".into()),
        ipv6: None,
    }
}

#[tokio::test]
async fn a_token_is_fetched_once_and_again_when_it_does_not_count_any_more() {
    let (service, metadata) = Service::start(Manner::Says("203.0.113.7")).await;
    assert_eq!(metadata.ask().await, Ok(said("203.0.113.7")));
    assert_eq!(metadata.ask().await, Ok(said("203.0.113.7")));
    let asked = service.asked.lock().expect("lock").clone();
    let tokens = asked.iter().filter(|(line, _)| line.starts_with("PUT"));
    assert_eq!((tokens.count(), asked.len()), (1, 7), "{asked:?}");
    *service.token.lock().expect("lock") = "secret-2".into();
    let refused = metadata.ask().await.expect_err("the old token");
    assert!(refused.contains("401"), "{refused}");
    assert_eq!(metadata.ask().await, Ok(said("203.0.113.7")));
}

#[tokio::test]
async fn what_it_says_is_handed_on_as_it_is() {
    for text in ["", "203.0.113.7\n203.0.113.8", "<html>", "null"] {
        let (_, metadata) = Service::start(Manner::Says(text)).await;
        assert_eq!(metadata.ask().await, Ok(said(text)));
    }
}

#[tokio::test]
async fn a_private_machine_has_no_public_address_and_that_is_no_failure() {
    let (_, metadata) = Service::start(Manner::HasNone).await;
    let none = addresses::Metadata {
        local_ipv4: Some("10.0.0.5".into()),
        ..addresses::Metadata::default()
    };
    assert_eq!(metadata.ask().await, Ok(none));
}

#[tokio::test]
async fn a_slow_service_is_waited_for() {
    let (_, metadata) = Service::start(Manner::Slow(Duration::from_millis(300))).await;
    assert!(metadata.ask().await.is_ok());
}

#[tokio::test]
async fn a_service_that_is_ill_costs_seconds_and_brings_a_named_problem() {
    let ill = [
        (Manner::Hangs, "did not answer within"),
        (Manner::HangsUp, "no whole answer"),
        (Manner::Babbles, "no whole answer"),
        (Manner::Status(500), "status 500"),
        (Manner::Status(403), "status 403"),
        (Manner::Status(404), "expected a token"),
        (Manner::NoToken, "none that could be used"),
        (Manner::Endless, ""),
    ];
    let asked = ill.map(|(manner, problem)| async move {
        let (_, metadata) = Service::start(manner.clone()).await;
        let began = Instant::now();
        let failed = metadata.ask().await.expect_err("ill");
        assert!(failed.contains(problem), "{manner:?}: {failed}");
        assert!(began.elapsed() < Duration::from_secs(5), "{manner:?}");
    });
    for asked in asked.map(tokio::spawn) {
        asked.await.expect("as it should be");
    }
    let nobody = Metadata::new("http://127.0.0.1:1/".parse().expect("a URL")).expect("a client");
    assert!(
        nobody
            .ask()
            .await
            .expect_err("nobody")
            .contains("cannot be reached")
    );
}
