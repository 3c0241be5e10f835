//! A cluster with a clock that the test turns.
#![allow(dead_code)]

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Command, Effect, Hello, Input, Load,
    MediaNodeStatus, Moment, NoPlace, NodeId, SessionId, Settings, State, Timer,
};

pub struct World {
    pub cluster: Cluster,
    pub now: Moment,
    /// Every `StatusChanged`, apart from the other effects.
    pub statuses: Vec<(String, Option<MediaNodeStatus>, MediaNodeStatus)>,
    placed: u32,
}

impl World {
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        Self {
            cluster: Cluster::with(settings),
            now: Moment(0),
            statuses: Vec::new(),
            placed: 0,
        }
    }

    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.cluster.handle(self.now, input);
        self.keep(effects)
    }

    pub fn command(&mut self, command: Command) -> Vec<Effect> {
        let effects = self.cluster.command(self.now, command).expect("allowed");
        self.keep(effects)
    }

    /// Turns the clock to the next deadline, and says whose it was.
    pub fn next(&mut self) -> (Timer, Vec<Effect>) {
        let deadline = self.cluster.next_deadline().expect("a timer runs");
        self.now = self.now.max(deadline.at);
        (deadline.timer, self.handle(Input::Tick))
    }

    pub fn place(
        &mut self,
        carried_by: Option<&NodeId>,
        wanted: Option<&NodeId>,
    ) -> Result<NodeId, NoPlace> {
        self.placed += 1;
        let session = SessionId::new(format!("session-{}", self.placed));
        let place = self.cluster.place(&session, carried_by, wanted);
        place.map(|place| place.node)
    }

    pub fn statuses_of(&self, node: &str) -> Vec<MediaNodeStatus> {
        let of_node = self.statuses.iter().filter(|(id, ..)| id == node);
        of_node.map(|(_, _, new)| *new).collect()
    }

    fn keep(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut rest = Vec::new();
        for effect in effects {
            match effect {
                Effect::StatusChanged { node, old, new } => {
                    assert!(
                        old.is_none_or(|old| old.may_become(new)),
                        "{node}: {old:?} to {new}"
                    );
                    self.statuses.push((node.to_string(), old, new));
                }
                effect => rest.push(effect),
            }
        }
        rest
    }

    pub fn attach(&mut self, attachment: u64, hello: Hello) -> Vec<Effect> {
        self.handle(Input::Hello {
            attachment: AttachmentId(attachment),
            hello,
        })
    }

    pub fn state(&self, id: &str) -> Option<State> {
        self.cluster.node(&node(id)).map(|node| node.state())
    }
}

pub fn node(id: &str) -> NodeId {
    NodeId::new(id)
}

pub fn hello(id: &str, boot: &str, started: u64) -> Hello {
    Hello {
        node: node(id),
        boot: Boot {
            id: BootId::new(boot),
            started,
        },
        version: "test".into(),
        addresses: addresses(1),
        capacity: Capacity { shards: 1 },
        load: Load::default(),
    }
}

pub fn addresses(version: u64) -> Addresses {
    Addresses {
        version,
        ips: vec!["192.0.2.1".parse().expect("an address")],
        ports: vec![40000],
        stun_port: 40001,
        relay_tls: String::new(),
        ..Addresses::default()
    }
}

pub fn without_ips(version: u64, problem: &str) -> Addresses {
    Addresses {
        version,
        ips: vec![],
        ports: vec![40000],
        stun_port: 40001,
        relay_tls: String::new(),
        problem: problem.into(),
        ..Addresses::default()
    }
}

pub fn without_address(hello: Hello, problem: &str) -> Hello {
    Hello {
        addresses: without_ips(1, problem),
        ..hello
    }
}
