//! What the master looks at around itself, again and again, for `diagnosis`: the name and the certificate that clients are
//! told, relays that are not the cluster's own, and its machine. It looks; what that means is decided elsewhere.

mod foreign;
mod machine;
mod name;

use std::net::SocketAddr;
use std::time::Duration;

use ::control::{Control, Input, Now};
use conference::IceServer;
use diagnosis::{Certificate, Host, Role, Surroundings};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Config, Tls};
use crate::control::Message;
use crate::tls;

use foreign::Foreign;

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Foreign relays that are tried, and media addresses that each is tried with.
const MOST_RELAYS: usize = 8;
const MOST_PEERS: usize = 8;

/// Looks around, and tells the control task.
pub(crate) struct Lookout {
    host: String,
    certificate: Option<Certificate>,
    foreign: Vec<Foreign>,
}

impl Lookout {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            host: config.public_host.clone(),
            certificate: certificate(&config.tls),
            foreign: foreign(&config.ice_servers),
        }
    }

    /// Looks until the control task is gone. It lives as long as what is returned.
    pub(crate) fn start(self, messages: mpsc::WeakSender<Message>) -> JoinSet<()> {
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(messages) = messages.upgrade() else {
                    return;
                };
                if self.round(&messages).await.is_none() {
                    return;
                }
            }
        });
        task
    }

    /// `None` when nobody listens any more.
    async fn round(&self, messages: &mpsc::Sender<Message>) -> Option<()> {
        let (answer, answered) = oneshot::channel();
        let look = Message::Look(Box::new(move |control, now| {
            // Whoever asked may have been ended.
            let _ = answer.send((now.timestamp.0, peers(control, now)));
        }));
        messages.send(look).await.ok()?;
        let (now, peers) = answered.await.ok()?;
        let seen = self.look(now, &peers).await;
        let told = Message::Input(Input::Surroundings(Box::new(seen)));
        messages.send(told).await.ok()
    }

    async fn look(&self, now: u64, peers: &[SocketAddr]) -> Surroundings {
        let mut tests = JoinSet::new();
        for relay in &self.foreign {
            tests.spawn(relay.clone().test(now, peers.to_vec()));
        }
        let relays = tests.join_all().await;
        Surroundings {
            hosts: vec![Host {
                id: "master".to_owned(),
                role: Role::Master,
                limits: machine::limits(),
                ..Host::default()
            }],
            names: name::look(&self.host).await.into_iter().collect(),
            certificates: self.certificate.clone().into_iter().collect(),
            relays,
            ..Surroundings::default()
        }
    }
}

/// Where media of nodes that serve is, one port of each of their addresses.
fn peers(control: &Control, _: Now) -> Vec<SocketAddr> {
    let serving = control
        .cluster()
        .nodes()
        .filter(|node| node.state() == cluster::State::Serving);
    let peers = serving.flat_map(|node| {
        let addresses = node.addresses();
        let port = addresses.ports.first().copied();
        addresses
            .ips
            .iter()
            .filter_map(move |ip| Some(SocketAddr::new(*ip, port?)))
    });
    peers.take(MOST_PEERS).collect()
}

fn certificate(tls: &Tls) -> Option<Certificate> {
    let (not_before, not_after) = tls::validity(tls)?;
    Some(Certificate {
        purpose: "https".to_owned(),
        name: "of https.listen".to_owned(),
        not_before: Some(not_before * 1000),
        not_after: Some(not_after * 1000),
        problem: String::new(),
    })
}

fn foreign(servers: &[IceServer]) -> Vec<Foreign> {
    let relays = servers.iter().filter_map(Foreign::of);
    relays.take(MOST_RELAYS).collect()
}
