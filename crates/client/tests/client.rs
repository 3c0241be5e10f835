//! Against real sockets: well-behaved servers and others.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use client::{Ask, BadTarget, Client, Failure, Target, Trust};
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Answers one request with these bytes, then closes; gives what was asked.
async fn server(answer: &'static [u8]) -> (Target, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?a=b", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let asked = read_request(&mut socket).await;
        socket.write_all(answer).await.unwrap();
        asked
    });
    (url.parse().unwrap(), task)
}

async fn read_request(socket: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).ends_with("body") {
        let mut chunk = [0; 1024];
        match socket.read(&mut chunk).await.unwrap() {
            0 => break,
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    String::from_utf8(bytes).unwrap()
}

async fn ask(trust: Trust, target: &Target) -> Result<client::Answer, Failure> {
    let ask = Ask {
        method: Method::POST,
        target,
        headers: &[(AUTHORIZATION, HeaderValue::from_static("Basic x"))],
        body: b"body".to_vec(),
        within: Duration::from_secs(5),
    };
    Client::new(trust).unwrap().ask(ask).await
}

#[tokio::test]
async fn a_request_and_its_answer() {
    let (target, asked) = server(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok").await;
    let answer = ask(Trust::Anybody, &target).await.unwrap();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (201, b"ok".as_slice())
    );
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains(&format!("host: 127.0.0.1:{}\r\n", target.port())),
        "{asked}"
    );
    assert!(asked.contains("authorization: Basic x\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\nbody"), "{asked}");
}

#[tokio::test]
async fn an_answer_that_ends_with_the_connection() {
    let (target, _) = server(b"HTTP/1.1 200 OK\r\n\r\nall of it").await;
    let answer = ask(Trust::Anybody, &target).await.unwrap();
    assert_eq!(answer.body, b"all of it");
}

#[tokio::test]
async fn what_is_no_whole_answer() {
    for answer in [
        b"".as_slice(),
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    ] {
        let (target, _) = server(answer).await;
        let failure = ask(Trust::Anybody, &target).await.unwrap_err();
        assert!(matches!(failure, Failure::Broken(..)), "{failure}");
    }
}

#[tokio::test]
async fn nobody_there_and_nobody_answering() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target: Target = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let late = Ask {
        method: Method::GET,
        target: &target,
        headers: &[],
        body: Vec::new(),
        within: Duration::from_millis(50),
    };
    let client = Client::new(Trust::Anybody).unwrap();
    let failure = client.ask(late.clone()).await.unwrap_err();
    assert!(matches!(failure, Failure::Late(..)), "{failure}");
    drop(listener);
    let failure = client.ask(late).await.unwrap_err();
    assert!(matches!(failure, Failure::Unreachable(..)), "{failure}");
}

/// Takes any number of connections.
async fn secure_server(names: &[&str]) -> (Target, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("https://{}/", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else {
                continue;
            };
            read_request(&mut socket).await;
            let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
            // A client that does not believe us may have gone.
            let _ = socket.write_all(answer).await;
            let _ = socket.shutdown().await;
        }
    });
    (target.parse().unwrap(), cert.pem())
}

#[tokio::test]
async fn only_who_is_trusted_is_talked_to() {
    let (target, own) = secure_server(&["localhost"]).await;
    let (_, other) = secure_server(&["127.0.0.1"]).await;
    let status = async |trust| ask(trust, &target).await.map(|answer| answer.status);
    assert_eq!(status(Trust::Anybody).await.unwrap(), 204);
    assert_eq!(status(Trust::Exactly(own.clone())).await.unwrap(), 204);
    assert_eq!(
        status(Trust::Exactly(format!("{other}{own}")))
            .await
            .unwrap(),
        204
    );
    for trust in [Trust::Exactly(other), Trust::Authorities(own)] {
        let failure = status(trust.clone()).await.expect_err("not to be trusted");
        assert!(matches!(failure, Failure::Tls(..)), "{trust:?}: {failure}");
    }
    let (target, own) = secure_server(&["127.0.0.1"]).await;
    let answer = ask(Trust::Authorities(own), &target).await.unwrap();
    assert_eq!(answer.status, 204);
}

#[test]
fn what_is_trusted_must_be_readable() {
    for pem in [
        "",
        "not PEM",
        "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
    ] {
        assert!(Client::new(Trust::Exactly(pem.into())).is_err(), "{pem}");
        assert!(
            Client::new(Trust::Authorities(pem.into())).is_err(),
            "{pem}"
        );
    }
}

#[test]
fn targets() {
    let parts = |text: &str| {
        let target: Target = text.parse().unwrap();
        (target.to_string(), target.port(), target.path().to_owned())
    };
    let expect = |shown: &str, port, path: &str| (shown.to_owned(), port, path.to_owned());
    assert_eq!(parts("http://a"), expect("http://a", 80, "/"));
    assert_eq!(parts("https://a:443/x#y"), expect("https://a", 443, "/x"));
    assert_eq!(
        parts("https://a:8443?q"),
        expect("https://a:8443", 8443, "/?q")
    );
    assert_eq!(parts("http://[::1]:5/x"), expect("http://[::1]:5", 5, "/x"));
    assert_eq!(parts("http://[::1]"), expect("http://[::1]", 80, "/"));
    for text in [
        "",
        "a",
        "ftp://a",
        "http://",
        "http:///x",
        "http://a:0",
        "http://a:x",
        "http://a:70000",
        "http://[::1",
        "http://[a]:1",
        "http://[::1]x",
        "http://u:p@a",
        "http://a b",
        "http://a/\n",
        "http://a/ä",
    ] {
        assert_eq!(text.parse::<Target>(), Err(bad(text)), "{text}");
    }
}

fn bad(text: &str) -> BadTarget {
    let error = text.parse::<Target>().unwrap_err();
    assert!(error.to_string().contains(text));
    error
}
