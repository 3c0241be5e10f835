//! STUN servers: our own, and some that are ill.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;

use crate::stun::ask;

#[tokio::test]
async fn our_own_stun_service_says_where_it_sees_us() {
    let config = media::Config {
        shards: NonZeroUsize::MIN,
        ports: 0..=0,
        addresses: Vec::new(),
        relay: media::relay::Options::default(),
        relay_port: None,
        evidence: None,
    };
    let plane = media::start(config, Arc::new(|_| true)).expect("a media plane");
    for host in ["127.0.0.1", "[::1]"] {
        let server = format!("{host}:{}", plane.stun_port());
        let mappings = match ask(&server).await {
            Ok(mappings) => mappings,
            Err(error) if host == "[::1]" && error.contains("Cannot assign") => continue,
            Err(error) => panic!("{server}: {error}"),
        };
        let [mapping] = mappings[..] else {
            panic!("expected one family, got {mappings:?}");
        };
        assert!(mapping.local.ip().is_loopback());
        assert_eq!(
            mapping.mapped, mapping.local,
            "there is no translation here"
        );
    }
}

#[tokio::test]
async fn silence_refusal_and_garbage_are_named_problems_within_seconds() {
    let began = Instant::now();
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let server = silent.local_addr().expect("bound").to_string();
    let answer = ask(&server).await.expect_err("silence");
    assert!(answer.contains("no answer to 3 requests"), "{answer}");

    let gone = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let server = gone.local_addr().expect("bound").to_string();
    drop(gone);
    let answer = ask(&server).await.expect_err("nobody");
    assert!(answer.contains("refused"), "{answer}");

    let answer = ask("no such host:3478").await.expect_err("no name");
    assert!(!answer.is_empty());
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn answers_to_others_do_not_count() {
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = server.local_addr().expect("bound").to_string();
    let liar = tokio::spawn(async move {
        let mut request = [0; 100];
        loop {
            let (len, from) = server.recv_from(&mut request).await.expect("a request");
            assert_eq!(len, 20);
            // Another transaction; half an answer; none at all.
            let mut other = vec![1, 1, 0, 12];
            other.extend(&request[4..19]);
            other.extend([request[19] ^ 1]);
            other.extend([0, 0x20, 0, 8, 0, 1, 1, 1, 2, 2, 2, 2]);
            for answer in [&other[..], &other[..15], b"x"] {
                server.send_to(answer, from).await.expect("sent");
            }
        }
    });
    let answer = ask(&address).await.expect_err("lies");
    assert!(answer.contains("no answer"), "{answer}");
    liar.abort();
}
