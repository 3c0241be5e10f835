//! What holds of a set of addresses whatever is answered, in whatever order.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::dice::Dice;
use crate::stage::Node;
use addresses::{
    AddressSet, AddressSettings, Change, Finding, InterfaceAddress, Mapping, Metadata, Proof,
    PublicAddress, Source, usable,
};
use agent::{Effect, Input, Moment, Settings};

const SEEDS: u64 = 150;
const STEPS: u32 = 150;
/// What servers of any kind may say, sane or not.
const TEXTS: [&str; 14] = [
    "203.0.113.7",
    "203.0.113.8",
    "198.51.100.9",
    "10.0.0.5",
    "10.0.0.6",
    "2001:db8::7",
    "127.0.0.1",
    "0.0.0.0",
    "169.254.1.1",
    "224.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "",
    "203.0.113.7\n203.0.113.8",
];
const SERVERS: [&str; 2] = ["stun.example.org:3478", "stun.example.net:3478"];
const NAME: &str = "media.example.org";

struct World {
    dice: Dice,
    now: Moment,
    set: AddressSet,
    settings: AddressSettings,
    /// What the interfaces had when they were last read, and when that was.
    interfaces: (Vec<IpAddr>, Moment),
    versions: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut public_addresses = Vec::new();
        if dice.below(4) == 0 {
            public_addresses.push(PublicAddress::Ip("203.0.113.99".parse().expect("address")));
        }
        if dice.below(3) == 0 {
            public_addresses.push(PublicAddress::Name(NAME.into()));
        }
        let settings = AddressSettings {
            public_addresses,
            allow_loopback: dice.below(2) == 0,
            metadata: true,
            stun_servers: SERVERS.map(String::from).to_vec(),
        };
        let now = Moment(5_000);
        Self {
            set: AddressSet::new(now, &settings),
            interfaces: (Vec::new(), now),
            dice,
            now,
            settings,
            versions: 0,
        }
    }

    fn step(&mut self) {
        let pause = [0, 40, 900, 5_000, 30_000, 130_000][self.dice.below(6) as usize];
        self.now = self.now + Duration::from_millis(pause);
        self.set.due(self.now);
        match self.dice.below(5) {
            0 => self.interfaces(),
            1 => {
                let said = Metadata {
                    public_ipv4: self.text(),
                    local_ipv4: self.text(),
                    ipv6: self.text(),
                };
                self.learn(Finding::Metadata(Ok(said)));
            }
            2 => self.mapping(),
            3 => {
                let ips = (0..self.dice.below(3)).filter_map(|_| self.ip()).collect();
                self.learn(Finding::Name {
                    name: NAME.into(),
                    result: Ok(ips),
                });
            }
            _ => self.failure(),
        }
        self.look();
    }

    fn text(&mut self) -> Option<String> {
        let at = self.dice.below(TEXTS.len() as u32 * 2) as usize;
        TEXTS.get(at).map(|text| (*text).to_owned())
    }

    fn ip(&mut self) -> Option<IpAddr> {
        self.text()?.parse().ok()
    }

    fn learn(&mut self, finding: Finding) {
        self.set.learn(self.now, finding);
    }

    fn interfaces(&mut self) {
        let ips: Vec<IpAddr> = (0..self.dice.below(4)).filter_map(|_| self.ip()).collect();
        let on = |(at, ip): (usize, &IpAddr)| InterfaceAddress {
            interface: ["eth0", "docker0", "lo", "wlan0"][at % 4].into(),
            ip: *ip,
        };
        let found = ips.iter().enumerate().map(on).collect();
        self.interfaces = (ips, self.now);
        self.learn(Finding::Interfaces(Ok(found)));
    }

    fn mapping(&mut self) {
        let server = SERVERS[self.dice.below(2) as usize].to_owned();
        let (Some(mapped), Some(local)) = (self.ip(), self.ip()) else {
            return;
        };
        let mapping = Mapping {
            mapped: SocketAddr::new(mapped, 700 + self.dice.below(2) as u16),
            local: SocketAddr::new(local, 700),
        };
        self.learn(Finding::Stun {
            server,
            result: Ok(vec![mapping]),
        });
    }

    fn failure(&mut self) {
        let reason = "no answer".to_owned();
        let finding = match self.dice.below(4) {
            0 => Finding::Interfaces(Err(reason)),
            1 => Finding::Metadata(Err(reason)),
            2 => Finding::Name {
                name: NAME.into(),
                result: Err(reason),
            },
            _ => Finding::Stun {
                server: SERVERS[0].into(),
                result: Err(reason),
            },
        };
        self.learn(finding);
    }

    fn look(&mut self) {
        let before = (self.set.ips().to_vec(), self.set.problem().to_owned());
        let version = self.set.version();
        let change = self.set.settle(self.now);
        let after = (self.set.ips().to_vec(), self.set.problem().to_owned());
        let raised = self.set.version() != version;
        assert_eq!(raised, change == Change::Version);
        assert_eq!(raised, version == 0 || before != after);
        self.versions += u64::from(raised);
        assert_eq!(self.set.ips().is_empty(), !self.set.problem().is_empty());
        assert!(self.set.ips().len() <= 8 && self.set.remarks().len() <= 16);
        self.set.due(self.now);
        assert!(self.set.next() > self.now, "it would never rest");
        for ip in self.set.ips() {
            self.judge(*ip);
        }
    }

    /// An address is advertised only for a reason.
    fn judge(&self, ip: IpAddr) {
        let loopback = ip.is_loopback() && self.settings.allow_loopback;
        assert!(
            usable(ip).is_ok() || loopback,
            "{ip} is of no use to anybody"
        );
        let entries = self.set.entries(self.now);
        let mut whys = entries
            .iter()
            .filter(|entry| entry.ip == ip && entry.advertised);
        let fine = whys.any(|entry| match &entry.source {
            Source::Memory => false,
            Source::Interface { .. } => self.interfaces.0.contains(&ip),
            Source::Stun { .. } => {
                let minutes = Duration::from_secs(120);
                entry.proof != Proof::Translated && entry.confirmed_ago <= minutes
            }
            Source::Metadata => entry.confirmed_ago <= Duration::from_secs(120),
            Source::Configuration { .. } => true,
        });
        assert!(fine, "{ip} is advertised because of {entries:?}");
    }
}

#[test]
fn what_always_holds_of_addresses_holds_whatever_is_answered() {
    let mut versions = 0;
    for seed in 0..SEEDS {
        let played = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            (0..STEPS).for_each(|_| world.step());
            world.versions
        });
        versions += played.unwrap_or_else(|_| panic!("seed {seed}"));
    }
    // Sequences in which nothing changes prove nothing.
    assert!(versions > 20 * SEEDS, "{versions}");
}

#[test]
fn everything_is_asked_at_once_when_the_master_says_so() {
    let settings = AddressSettings {
        metadata: true,
        stun_servers: SERVERS.map(String::from).to_vec(),
        ..AddressSettings::default()
    };
    let mut node = Node::at(Settings::default(), &settings);
    node.attach(1);
    node.live(Duration::from_secs(2), &[]);
    let effects = node.take(Input::ResolveAddresses);
    let asked = effects
        .iter()
        .filter(|it| matches!(it, Effect::Discover(_)));
    assert_eq!(
        asked.count(),
        4,
        "interfaces, metadata and two servers: {effects:?}"
    );
    let again = node.take(Input::ResolveAddresses);
    assert_eq!(again, [], "they have hardly been asked");
}
