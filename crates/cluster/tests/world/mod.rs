//! A cluster with a clock that the test turns.
#![allow(dead_code)]

use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Effect, Hello, Input, Load, Moment,
    NodeId, Status,
};

pub struct World {
    pub cluster: Cluster,
    pub now: Moment,
}

impl World {
    pub fn new() -> Self {
        Self {
            cluster: Cluster::new(),
            now: Moment(0),
        }
    }

    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        self.cluster.handle(self.now, input)
    }

    pub fn attach(&mut self, attachment: u64, hello: Hello) -> Vec<Effect> {
        self.handle(Input::Hello {
            attachment: AttachmentId(attachment),
            hello,
        })
    }

    pub fn status(&self, id: &str) -> Option<Status> {
        self.cluster.node(&node(id)).map(|node| node.status())
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
        problem: String::new(),
    }
}

pub fn without_ips(version: u64, problem: &str) -> Addresses {
    Addresses {
        version,
        ips: vec![],
        ports: vec![40000],
        stun_port: 40001,
        problem: problem.into(),
    }
}

pub fn without_address(hello: Hello, problem: &str) -> Hello {
    Hello {
        addresses: without_ips(1, problem),
        ..hello
    }
}
