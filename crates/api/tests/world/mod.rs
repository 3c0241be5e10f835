//! A cluster with a node in every state that can be had cheaply.
#![allow(dead_code)]

use api::{Nodes, Schedule, ScheduleRequest};
use cluster::schedule::Wall;
use cluster::{
    Addresses, AttachmentId, Boot, BootId, Capacity, Cluster, Command, Hello, Input, Load, Moment,
    NodeId, Policy, SessionId, Settings,
};
use reachability::{Depth, Failed, Matrix, Outcome, Party, Passed, Path, Place, Protocol, Stage};

/// 2025-06-17 10:00 UTC, a Tuesday.
pub const NOON: Wall = Wall(1_750_154_400_000);

pub struct World {
    pub cluster: Cluster,
    pub now: Moment,
    streams: u64,
}

impl World {
    pub fn new() -> Self {
        let mut cluster = Cluster::with(Settings {
            launches: 10,
            launch_prefix: "media_L".into(),
            ..Settings::default()
        });
        cluster.handle(Moment(0), Input::Wall(NOON));
        Self {
            cluster,
            now: Moment(0),
            streams: 0,
        }
    }

    pub fn feed(&mut self, input: Input) {
        self.cluster.handle(self.now, input);
    }

    pub fn command(&mut self, command: Command) {
        self.cluster.command(self.now, command).unwrap();
    }

    pub fn dial(&mut self, id: &str) -> AttachmentId {
        self.streams += 1;
        let attachment = AttachmentId(self.streams);
        let hello = Hello {
            node: NodeId::new(id),
            boot: Boot {
                id: BootId::new("b"),
                started: 1,
            },
            version: "0.1.0".into(),
            addresses: Addresses {
                version: 1,
                ips: vec!["203.0.113.7".parse().unwrap()],
                ports: vec![40_000],
                stun_port: 40_001,
                relay_tls: String::new(),
                ..Addresses::default()
            },
            capacity: Capacity { shards: 2 },
            load: Load {
                cpu_percent: 12.34,
                memory_percent: f64::NAN,
                ..Load::default()
            },
        };
        self.feed(Input::Hello { attachment, hello });
        attachment
    }

    pub fn place(&mut self, session: &str, on: &str) {
        let (session, on) = (SessionId::new(session), NodeId::new(on));
        self.cluster.place(&session, None, Some(&on)).unwrap();
    }

    pub fn drain(&mut self, id: &str) {
        let node = NodeId::new(id);
        self.command(Command::Drain { node, within: None });
    }

    pub fn everything(&mut self) {
        self.dial("serving");
        self.dial("draining");
        self.place("S", "draining");
        self.drain("draining");
        let attachment = self.dial("suspect");
        self.feed(Input::Detached { attachment });
        self.command(Command::Launch);
        self.command(Command::Launch);
        let node = NodeId::new("media_L1");
        let reason = "no quota".to_owned();
        self.feed(Input::LaunchFailed { node, reason });
        self.set_schedule(
            r#"{"entries":[
            {"name":"morning","weekdays":["mon-fri"],"time":"07:30","zone":"Europe/Berlin","nodes":3,"leadMinutes":15},
            {"name":"evening","cron":"0 20 * * *","zone":"Europe/Berlin","minimum":0,"maximum":1}]}"#,
        );
    }

    pub fn set_schedule(&mut self, body: &str) {
        let request: ScheduleRequest = api::parse(body.as_bytes()).unwrap();
        let policy = Policy {
            schedule: request.validated().unwrap(),
            ..Policy::default()
        };
        self.feed(Input::Policy(Box::new(policy)));
    }

    pub fn nodes(&self) -> Nodes {
        Nodes::of(&self.cluster, self.now)
    }

    /// One path that passed and one that failed, of the node that serves.
    pub fn matrix(&self) -> Matrix {
        let mut matrix = Matrix::default();
        let path = |protocol| Path::Direct {
            ip: "203.0.113.7".parse().unwrap(),
            protocol,
        };
        let failed = Failed {
            stage: Stage::Echo,
            reason: "no answer".into(),
            hint: "a firewall".into(),
        };
        let outcomes = [
            (Protocol::Udp, Ok(Passed::default())),
            (Protocol::Tcp, Err(failed)),
        ]
        .map(|(protocol, result)| Outcome {
            path: path(protocol),
            depth: Depth::Call,
            result,
        });
        let place = Place {
            boot: BootId::new("b"),
            version: 1,
        };
        let node = NodeId::new("serving");
        for from in [Party::Master, Party::Node(NodeId::new("suspect"))] {
            matrix.record(self.now, &from, &node, &place, Depth::Call, &outcomes);
        }
        matrix
    }

    pub fn schedule(&self) -> Schedule {
        Schedule::of(&self.cluster, self.now, NOON, false)
    }
}
