//! What somebody may do who has neither certificate nor token.

mod made;

use std::time::Duration;

use link::proto::link_client::LinkClient;
use link::proto::{self, enroll_answer, refused};
use link::serve;
use link::trust::Trust;
use link::{PROTOCOL, SERVER_NAME};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

const SOON: Duration = Duration::from_secs(3);

async fn client(url: &str, ca: &str) -> LinkClient<Channel> {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(ca))
        .domain_name(SERVER_NAME);
    let endpoint = Endpoint::from_shared(url.to_owned()).expect("URL");
    let channel = endpoint.tls_config(tls).expect("TLS").connect().await;
    LinkClient::new(channel.expect("connected"))
}

fn enrolment(token: String) -> proto::EnrollRequest {
    proto::EnrollRequest {
        protocol: PROTOCOL,
        node_id: "media_1".into(),
        token,
        ..Default::default()
    }
}

#[tokio::test]
async fn a_stranger_may_not_say_much() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let trust = Trust::open(directory.path()).expect("made");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("https://{}", listener.local_addr().expect("address"));
    let ca = made::pem(trust.authority.certificate());
    let (events, _heard) = mpsc::channel(1);
    let config = serve::Config {
        listener,
        trust,
        master_boot_id: "boot".into(),
        term: 1,
        clock: link::trust::system_clock(),
    };
    let _server = serve::start(config, events).expect("signed");

    let long = client(&url, &ca)
        .await
        .enroll(enrolment("x".repeat(1 << 20)))
        .await;
    long.expect_err("cut off");

    let mut talkative = client(&url, &ca).await;
    let until_cut_off = async {
        while let Ok(answer) = talkative.enroll(enrolment("x".repeat(1000))).await {
            let Some(enroll_answer::Result::Refused(refused)) = answer.into_inner().result else {
                panic!("expected Refused");
            };
            assert_eq!(refused.cause(), refused::Cause::TokenForged);
        }
    };
    timeout(SOON, until_cut_off).await.expect("in time");
}
