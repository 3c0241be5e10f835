//! What the master looks at around itself, again and again, for `diagnosis`: the name and the certificate that clients are
//! told, its listeners, its machine, its relay, and relays that are not the cluster's own. It looks; what that means is
//! decided elsewhere.

mod foreign;
mod listeners;
mod name;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::control::{Control, Input, Now};
use addresses::{Entry, Proof, Source};
use conference::IceServer;
use diagnosis::{
    Address, AddressSource, Certificate, Host, Limits, RelayFacts, Role, Surroundings,
};
use machine::Interfaces;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Config;
use crate::control::Message;
use crate::relay::MasterRelay;
use crate::whereabouts::Whereabouts;

use foreign::Foreign;
pub(crate) use listeners::Bound;

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(10);
/// How often the relay is asked what happened to its clients, which failures are explained by.
const VISITS: Duration = Duration::from_secs(1);
/// Foreign relays that are tried, and media addresses that each is tried with.
const MOST_RELAYS: usize = 8;
const MOST_PEERS: usize = 8;

/// Looks around, and tells the control task.
pub(crate) struct Lookout {
    host: String,
    bound: Bound,
    relay: Option<Arc<MasterRelay>>,
    certificate: link::Certificate,
    foreign: Vec<Foreign>,
    /// What relays said when they last answered, and when that was.
    answered: BTreeMap<String, (u64, Vec<IpAddr>)>,
    whereabouts: watch::Receiver<Arc<Whereabouts>>,
    interfaces: Interfaces,
}

impl Lookout {
    pub(crate) fn new(
        config: &Config,
        bound: Bound,
        relay: Option<Arc<MasterRelay>>,
        whereabouts: watch::Receiver<Arc<Whereabouts>>,
    ) -> Self {
        Self {
            host: config.public_host.clone(),
            bound,
            relay,
            certificate: config.tls.clone(),
            foreign: foreign(&config.ice_servers),
            answered: BTreeMap::new(),
            whereabouts,
            interfaces: Interfaces::new(Instant::now()),
        }
    }

    /// Looks every few seconds, and when this machine's addresses have changed, until the control task is gone. It lives as long as what is returned.
    pub(crate) fn start(mut self, messages: mpsc::WeakSender<Message>) -> JoinSet<()> {
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut visits = interval(VISITS);
            visits.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    Ok(()) = self.whereabouts.changed() => {}
                    _ = visits.tick() => {
                        let Some(messages) = messages.upgrade() else {
                            return;
                        };
                        if self.tell_of_visits(&messages).await.is_none() {
                            return;
                        }
                        continue;
                    }
                }
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
        self.tell_of_visits(messages).await?;
        let seen = self.look(now, &peers).await;
        let told = Message::Input(Input::Surroundings(Box::new(seen)));
        messages.send(told).await.ok()
    }

    async fn tell_of_visits(&self, messages: &mpsc::Sender<Message>) -> Option<()> {
        let Some(relay) = &self.relay else {
            return Some(());
        };
        let visits = relay.clone().visits().await;
        let told = Message::Input(Input::OwnVisits(visits));
        messages.send(told).await.ok()
    }

    async fn look(&mut self, now: u64, peers: &[SocketAddr]) -> Surroundings {
        let mut tests = JoinSet::new();
        for relay in &self.foreign {
            tests.spawn(relay.clone().test(now, peers.to_vec()));
        }
        let known = self.whereabouts.borrow_and_update().clone();
        let seen_from_outside = seen_from_outside(&known);
        let mut ips: Vec<IpAddr> = known.interfaces.iter().map(|it| it.ip).collect();
        // By what comes first it goes to others.
        ips.sort_by_key(IpAddr::is_loopback);
        let name = name::look(&self.host, &ips, &seen_from_outside).await;
        let advertised = match (&name, self.host.trim_matches(['[', ']']).parse()) {
            _ if self.bound.relay.is_none() => Vec::new(),
            (_, Ok(ip)) => vec![ip],
            (name, Err(_)) => name.iter().flat_map(|name| name.found.clone()).collect(),
        };
        let relays = tests.join_all().await;
        let relays = relays.into_iter().map(|facts| self.with_memory(now, facts));
        let relays = relays.collect();
        Surroundings {
            hosts: vec![Host {
                id: "master".to_owned(),
                role: Role::Master,
                address_set: known.version,
                addresses: known_addresses(now, &known),
                seen_from_outside,
                advertised,
                listeners: self.bound.listeners(&ips).await,
                limits: Limits {
                    network: self.interfaces.look(Instant::now()),
                    ..machine::limits()
                },
                ..Host::default()
            }],
            names: name.into_iter().collect(),
            certificates: certificate(&self.certificate).into_iter().collect(),
            relays,
            ..Surroundings::default()
        }
    }
}

impl Lookout {
    /// Of a relay that does not answer it is known when it did, and where it relayed then.
    fn with_memory(&mut self, now: u64, mut facts: RelayFacts) -> RelayFacts {
        let test = facts.self_test.as_ref();
        let answers = test.is_some_and(|it| it.passed || it.code.is_some() || it.relayed.is_some());
        if answers {
            let said = (now, facts.own_addresses.clone());
            self.answered.insert(facts.id.clone(), said);
        }
        if let Some((at, addresses)) = self.answered.get(&facts.id) {
            facts.answered = Some(*at);
            let forgotten = |ip: &&IpAddr| !facts.own_addresses.contains(ip);
            let forgotten: Vec<IpAddr> = addresses.iter().filter(forgotten).copied().collect();
            facts.own_addresses.extend(forgotten);
        }
        facts
    }
}

/// All interfaces, and what others say.
fn known_addresses(now: u64, known: &Whereabouts) -> Vec<Address> {
    let interfaces = known.interfaces.iter().map(|it| Address {
        ip: Some(it.ip),
        source: AddressSource::Interface,
        interface: it.interface.clone(),
        bridge: addresses::is_internal(&it.interface),
        ..Address::default()
    });
    let others = known.entries.iter().filter_map(|entry| {
        let source = match entry.source {
            Source::Interface { .. } => return None,
            Source::Metadata => AddressSource::Metadata,
            Source::Stun { .. } => AddressSource::Stun,
            Source::Configuration { .. } => AddressSource::Configuration,
            Source::Memory => AddressSource::Remembered,
        };
        let ago = |span: Duration| {
            let span = u64::try_from((span + known.told.elapsed()).as_millis());
            span.ok().map(|span| now.saturating_sub(span))
        };
        Some(Address {
            ip: Some(entry.ip),
            source,
            local: entry.local,
            found: ago(entry.found_ago),
            confirmed: ago(entry.confirmed_ago),
            ..Address::default()
        })
    });
    interfaces.chain(others).collect()
}

/// By those who do not depend on the machine's own idea, and say so today.
fn seen_from_outside(known: &Whereabouts) -> Vec<IpAddr> {
    let outside = |entry: &&Entry| {
        matches!(entry.source, Source::Metadata | Source::Stun { .. })
            && !matches!(entry.proof, Proof::Superseded | Proof::Remembered)
    };
    let mut seen: Vec<IpAddr> = known
        .entries
        .iter()
        .filter(outside)
        .map(|it| it.ip)
        .collect();
    seen.sort();
    seen.dedup();
    seen
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

fn certificate(shown: &link::Certificate) -> Option<Certificate> {
    let (not_before, not_after) = shown.validity()?;
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
