//! Keeps a node's certificate from running out, while it is attached and without a word on the stream.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tonic::transport::Channel;

use super::attachment::root;
use super::identity::{Enrolled, Identity};
use crate::PROTOCOL;
use crate::proto::link_client::LinkClient;
use crate::proto::{self, renew_answer};
use crate::trust::{Clock, seconds};

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Clocks are set and machines sleep: nothing longer is waited for in one go.
const GLANCE: Duration = Duration::from_secs(600);

/// Renews for as long as the connection is there. The next dial uses what came.
pub(super) async fn run(channel: Channel, identity: Arc<Identity>, clock: Clock) {
    loop {
        let Some(enrolled) = identity.enrolled() else {
            return;
        };
        let spread = fraction();
        while let Some(wait) = until_due(&enrolled, spread, seconds(clock())) {
            sleep(wait.min(GLANCE)).await;
        }
        match attempt(&channel, &identity).await {
            Ok(()) => tracing::info!("this node's certificate is renewed"),
            Err(reason) => {
                tracing::warn!(%reason, "this node's certificate is not renewed; trying again");
                sleep(pause(&enrolled)).await;
            }
        }
    }
}

/// How long the certificate still is in the first two thirds of its life, and up to a twelfth more, lest a cluster that
/// was started at once renews at once.
fn until_due(enrolled: &Enrolled, spread: f64, now: u64) -> Option<Duration> {
    let life = Duration::from_secs(enrolled.life());
    let due = Duration::from_secs(enrolled.issued()) + life * 2 / 3 + (life / 12).mul_f64(spread);
    let wait = due.checked_sub(Duration::from_secs(now))?;
    (!wait.is_zero()).then_some(wait)
}

/// Between attempts: a fiftieth of the life, and from a second to an hour.
fn pause(enrolled: &Enrolled) -> Duration {
    let pause = Duration::from_secs(enrolled.life()) / 50;
    let pause = pause.clamp(Duration::from_secs(1), Duration::from_secs(3600));
    pause.mul_f64(0.5 + fraction() / 2.0)
}

async fn attempt(channel: &Channel, identity: &Identity) -> Result<(), String> {
    let mut client = LinkClient::new(channel.clone());
    let request = proto::RenewRequest { protocol: PROTOCOL };
    let answer = timeout(ATTEMPT, client.renew(request))
        .await
        .map_err(|_| format!("no answer within {ATTEMPT:?}"))?
        .map_err(|status| root(&status))?;
    match answer.into_inner().result {
        Some(renew_answer::Result::Certificate(certificate)) => identity.renew(certificate).await,
        Some(renew_answer::Result::Refused(refused)) => Err(refused.reason),
        None => Err("the master's answer cannot be understood".into()),
    }
}

/// In `0.0..1.0`. Without randomness 0: the spread is a courtesy.
fn fraction() -> f64 {
    let mut octets = [0; 4];
    let _ = aws_lc_rs::rand::fill(&mut octets);
    f64::from(u32::from_be_bytes(octets)) / f64::from(u32::MAX).next_up()
}
