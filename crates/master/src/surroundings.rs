//! What the master looks at around itself, again and again, for `diagnosis`: the name and the certificate that clients are
//! told, its listeners, its machine, its relay, and relays that are not the cluster's own. It looks; what that means is
//! decided elsewhere.

mod foreign;
mod listeners;
mod name;
mod outside;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::control::{Control, Input, Now};
use conference::IceServer;
use diagnosis::{Address, AddressSource, Certificate, Host, Role, Surroundings};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{Config, Tls};
use crate::control::Message;
use crate::relay::MasterRelay;
use crate::tls;

use foreign::Foreign;
pub(crate) use listeners::Bound;

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(10);
/// Every how many looks those outside are asked where they see this machine.
const OUTSIDE: u32 = 6;
/// Foreign relays that are tried, and media addresses that each is tried with.
const MOST_RELAYS: usize = 8;
const MOST_PEERS: usize = 8;

/// Looks around, and tells the control task.
pub(crate) struct Lookout {
    host: String,
    bound: Bound,
    relay: Option<Arc<MasterRelay>>,
    certificate: Option<Certificate>,
    foreign: Vec<Foreign>,
    stun_servers: Vec<String>,
    rounds: u32,
    seen_from_outside: Vec<IpAddr>,
}

impl Lookout {
    pub(crate) fn new(config: &Config, bound: Bound, relay: Option<Arc<MasterRelay>>) -> Self {
        Self {
            host: config.public_host.clone(),
            bound,
            relay,
            certificate: certificate(&config.tls),
            foreign: foreign(&config.ice_servers),
            stun_servers: config.stun_servers.clone(),
            rounds: 0,
            seen_from_outside: Vec::new(),
        }
    }

    /// Looks until the control task is gone. It lives as long as what is returned.
    pub(crate) fn start(mut self, messages: mpsc::WeakSender<Message>) -> JoinSet<()> {
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
    async fn round(&mut self, messages: &mpsc::Sender<Message>) -> Option<()> {
        let (answer, answered) = oneshot::channel();
        let look = Message::Look(Box::new(move |control, now| {
            // Whoever asked may have been ended.
            let _ = answer.send((now.timestamp.0, peers(control, now)));
        }));
        messages.send(look).await.ok()?;
        let (now, peers) = answered.await.ok()?;
        if let Some(relay) = &self.relay {
            let did = Input::OwnRelay(relay.clone().counters().await);
            messages.send(Message::Input(did)).await.ok()?;
        }
        let seen = self.look(now, &peers).await;
        let told = Message::Input(Input::Surroundings(Box::new(seen)));
        messages.send(told).await.ok()
    }

    async fn look(&mut self, now: u64, peers: &[SocketAddr]) -> Surroundings {
        let mut tests = JoinSet::new();
        for relay in &self.foreign {
            tests.spawn(relay.clone().test(now, peers.to_vec()));
        }
        if self.rounds.is_multiple_of(OUTSIDE) {
            self.seen_from_outside = outside::ask(&self.stun_servers).await;
        }
        self.rounds = self.rounds.wrapping_add(1);
        let mut own: Vec<(String, IpAddr)> = machine::addresses();
        // By what comes first it goes to others.
        own.sort_by_key(|(_, ip)| ip.is_loopback());
        let ips: Vec<IpAddr> = own.iter().map(|(_, ip)| *ip).collect();
        let name = name::look(&self.host, &ips, &self.seen_from_outside).await;
        let advertised = match (&name, self.host.trim_matches(['[', ']']).parse()) {
            _ if self.bound.relay.is_none() => Vec::new(),
            (_, Ok(ip)) => vec![ip],
            (name, Err(_)) => name.iter().flat_map(|name| name.found.clone()).collect(),
        };
        Surroundings {
            hosts: vec![Host {
                id: "master".to_owned(),
                role: Role::Master,
                addresses: own.into_iter().map(address).collect(),
                seen_from_outside: self.seen_from_outside.clone(),
                advertised,
                listeners: self.bound.listeners(&ips).await,
                limits: machine::limits(),
                ..Host::default()
            }],
            names: name.into_iter().collect(),
            certificates: self.certificate.clone().into_iter().collect(),
            relays: tests.join_all().await,
            ..Surroundings::default()
        }
    }
}

fn address((interface, ip): (String, IpAddr)) -> Address {
    Address {
        ip: Some(ip),
        source: AddressSource::Interface,
        interface,
        ..Address::default()
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
