//! Where this machine is reached: the living set of addresses that nodes have too ([`addresses`]), asked for by
//! [`discovery`]. The relay allocates at its interfaces, and `diagnosis` compares it with what clients are told.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use addresses::{AddressSet, AddressSettings, Change, Entry, Finding, InterfaceAddress, Moment};
use discovery::Discovery;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::config::Config;

/// What is known at one time.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts {
    /// Grows with each change of `ips`.
    pub(crate) version: u64,
    /// By which others reach this machine as far as can be found out, the best first.
    pub(crate) ips: Vec<IpAddr>,
    /// All that is known, with ages as of `told`.
    pub(crate) entries: Vec<Entry>,
    /// What is odd. A sentence each.
    pub(crate) remarks: Vec<String>,
    /// Of all interfaces that are up, loopback and bridges too.
    pub(crate) interfaces: Vec<InterfaceAddress>,
    pub(crate) told: Instant,
}

/// Follows them for as long as the first of what is returned lives.
pub(crate) fn follow(config: &Config) -> (JoinSet<()>, watch::Receiver<Arc<Whereabouts>>) {
    let metadata = discovery::service(&config.metadata);
    let settings = AddressSettings {
        // The name that clients are told is judged by what is found here; it proves nothing.
        public_addresses: Vec::new(),
        allow_loopback: true,
        metadata: metadata.is_some(),
        stun_servers: config.stun_servers.clone(),
    };
    let origin = Instant::now();
    let mut set = AddressSet::new(Moment(0), &settings);
    set.learn(Moment(0), Finding::Interfaces(discovery::interfaces()));
    set.settle(Moment(0));
    let discovery = Discovery::new(Box::new(discovery::interfaces), metadata);
    let (tell, told) = watch::channel(Arc::new(view(&set, Moment(0))));
    let mut task = JoinSet::new();
    task.spawn(run(set, discovery, origin, tell));
    (task, told)
}

async fn run(
    mut set: AddressSet,
    mut discovery: Discovery,
    origin: Instant,
    tell: watch::Sender<Arc<Whereabouts>>,
) {
    loop {
        let now = moment(origin);
        for query in set.due(now) {
            discovery.ask(query);
        }
        let change = set.settle(now);
        let moved = set.interfaces() != tell.borrow().interfaces.as_slice();
        if change != Change::None || moved {
            tell.send_replace(Arc::new(view(&set, now)));
        }
        if change == Change::Version {
            tracing::info!(version = set.version(), addresses = ?set.ips(), "the master's machine is reached elsewhere now");
        }
        tokio::select! {
            finding = discovery.next() => set.learn(moment(origin), finding),
            () = sleep(set.next().since(moment(origin)).max(SHORTEST)) => {}
            () = tell.closed() => return,
        }
    }
}

/// Between two looks that nothing caused.
const SHORTEST: Duration = Duration::from_millis(10);

fn moment(origin: Instant) -> Moment {
    Moment(u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX))
}

fn view(set: &AddressSet, now: Moment) -> Whereabouts {
    Whereabouts {
        version: set.version(),
        ips: set.ips().to_vec(),
        entries: set.entries(now),
        remarks: set.remarks().to_vec(),
        interfaces: set.interfaces().to_vec(),
        told: Instant::now(),
    }
}

/// As the API tells it.
impl Whereabouts {
    pub(crate) fn shown(&self) -> api::MasterAddresses {
        let since = self.told.elapsed();
        let entries = self.entries.iter();
        api::MasterAddresses {
            addresses: self.ips.clone(),
            addresses_version: self.version,
            address_entries: entries.map(|entry| shown(entry, since)).collect(),
            address_remarks: self.remarks.clone(),
        }
    }
}

fn shown(entry: &Entry, since: Duration) -> api::AddressEntry {
    api::AddressEntry {
        ip: entry.ip,
        source: entry.source.kind().to_owned(),
        name: entry.source.name().to_owned(),
        local: entry.local,
        proof: entry.proof.as_str().to_owned(),
        // Clients of a master are told the name that is configured.
        advertised: false,
        found_seconds_ago: (entry.found_ago + since).as_secs(),
        confirmed_seconds_ago: (entry.confirmed_ago + since).as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_machine_knows_its_interfaces_at_once() {
        let settings = AddressSettings {
            allow_loopback: true,
            ..AddressSettings::default()
        };
        let mut set = AddressSet::new(Moment(0), &settings);
        let lo = InterfaceAddress {
            interface: "lo".to_owned(),
            ip: [127, 0, 0, 1].into(),
        };
        set.learn(Moment(0), Finding::Interfaces(Ok(vec![lo.clone()])));
        set.settle(Moment(0));
        let interfaces = Box::new(move || Ok(vec![lo.clone(), eth0()]));
        let (tell, mut told) = watch::channel(Arc::new(view(&set, Moment(0))));
        assert_eq!(told.borrow_and_update().ips, [IpAddr::from([127, 0, 0, 1])]);
        let task = tokio::spawn(run(
            set,
            Discovery::new(interfaces, None),
            Instant::now(),
            tell,
        ));
        told.changed().await.expect("the task runs");
        let now = told.borrow_and_update().clone();
        assert_eq!((now.version, &now.ips), (2, &vec![eth0().ip]));
        assert_eq!(now.interfaces.len(), 2);
        let shown = now.shown();
        assert_eq!(shown.address_entries[0].proof, "present");
        drop(told);
        task.await.expect("it ends with its last listener");
    }

    fn eth0() -> InterfaceAddress {
        InterfaceAddress {
            interface: "eth0".to_owned(),
            ip: [10, 0, 0, 5].into(),
        }
    }
}
