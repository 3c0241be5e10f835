//! A node's mind on a stage: the test plays link, plane and machine.

use std::time::Duration;

use addresses::{AddressSet, AddressSettings, Finding, InterfaceAddress};
use agent::{
    Agent, Ask, Command, Direction, Effect, Ended, Hello, Identity, Input, Moment, Settings, Stage,
    ToMaster, Transport, Usage, Welcome,
};

pub const BOOT: &str = "boot";

pub struct Node {
    pub agent: Agent,
    pub now: Moment,
}

impl Node {
    pub fn new(settings: Settings) -> Self {
        Self::at(settings, &AddressSettings::default())
    }

    pub fn at(settings: Settings, addresses: &AddressSettings) -> Self {
        let identity = Identity {
            node_id: "media_1".into(),
            boot_id: BOOT.into(),
            boot_started: 5,
            version: "0".into(),
            ports: vec![40000],
            stun_port: 40001,
            relay_tls: String::new(),
        };
        let now = Moment(1_000);
        let mut set = AddressSet::new(now, addresses);
        set.learn(now, Finding::Interfaces(Ok(vec![on("192.0.2.1")])));
        set.settle(now);
        Self {
            agent: Agent::new(now, identity, settings, set),
            now,
        }
    }

    pub fn take(&mut self, input: Input) -> Vec<Effect> {
        self.agent.handle(self.now, input)
    }

    pub fn wait(&mut self, span: Duration) {
        self.now = self.now + span;
    }

    /// Time passes awake: the agent is called at each of its deadlines. Questions are answered by a plane that carries
    /// `carried`, and by a machine with the address that it began with.
    pub fn live(&mut self, span: Duration, carried: &[Transport]) -> Vec<Effect> {
        let until = self.now + span;
        let mut all = Vec::new();
        while let Some(due) = self.agent.next_deadline() {
            if due.at > until {
                break;
            }
            self.now = self.now.max(due.at);
            for effect in self.take(Input::Tick) {
                match effect {
                    Effect::Measure => all.extend(self.measured(carried)),
                    Effect::Discover(_) => all.extend(self.take(interfaces(&["192.0.2.1"]))),
                    effect => all.push(effect),
                }
            }
        }
        self.now = until;
        all
    }

    pub fn measured(&mut self, carried: &[Transport]) -> Vec<Effect> {
        self.take(Input::Measured {
            carried: Ok(carried.to_vec()),
            usage: Usage::default(),
        })
    }

    /// Dials and introduces itself.
    pub fn introduce(&mut self, carried: &[Transport]) -> Hello {
        let effects = self.live(Duration::from_secs(10), carried);
        assert!(effects.contains(&Effect::Dial), "{effects:?}");
        let carried = Ok(carried.to_vec());
        let effects = self.take(Input::Connected { carried });
        match effects.as_slice() {
            [Effect::Send(ToMaster::Hello(hello))] => (**hello).clone(),
            other => panic!("expected one hello, got {other:?}"),
        }
    }

    pub fn attach(&mut self, term: u64) -> Hello {
        let hello = self.introduce(&[]);
        self.welcome(term);
        hello
    }

    pub fn welcome(&mut self, term: u64) -> Vec<Effect> {
        self.take(welcome(term))
    }

    pub fn lose(&mut self) -> Vec<Effect> {
        self.take(ended("lost"))
    }
}

pub fn welcome(term: u64) -> Input {
    Input::Welcome(Welcome {
        master: format!("master-{term}"),
        term,
    })
}

pub fn ended(reason: &str) -> Input {
    Input::Ended {
        why: Ended::Detached {
            reason: reason.into(),
        },
        jitter: 0.0,
    }
}

pub fn on(ip: &str) -> InterfaceAddress {
    InterfaceAddress {
        interface: "eth0".into(),
        ip: ip.parse().expect("address"),
    }
}

/// These are the addresses of the interfaces now.
pub fn interfaces(ips: &[&str]) -> Input {
    let interfaces = ips.iter().map(|ip| on(ip)).collect();
    Input::Discovered(Finding::Interfaces(Ok(interfaces)))
}

pub fn accept(key: u64, term: u64) -> Input {
    Input::Command(Command {
        key,
        term,
        boot_id: BOOT.into(),
        ask: Ask::Accept {
            transport: "t".into(),
            answer: "v=0".into(),
        },
    })
}

pub fn close(term: u64) -> Input {
    Input::Command(Command {
        key: 0,
        term,
        boot_id: BOOT.into(),
        ask: Ask::Close {
            transport: "t".into(),
        },
    })
}

pub fn transport(stage: Stage) -> Transport {
    Transport {
        transport: "con/1".into(),
        session: "s".into(),
        stream: "st".into(),
        direction: Direction::Publish,
        stage,
        addresses: 1,
    }
}

/// What is said to the master.
pub fn said(effects: &[Effect]) -> Vec<&ToMaster> {
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Send(ToMaster::Load(_) | ToMaster::Running(_)) => None,
        Effect::Send(message) => Some(message),
        _ => None,
    });
    said.collect()
}
