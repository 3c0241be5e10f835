//! Outcomes in few words.

use cluster::{BootId, Moment, NodeId};
use reachability::{
    Change, Depth, Failed, Matrix, Outcome, Party, Passed, Path, Place, Protocol, Settings, Stage,
};

pub struct World {
    pub matrix: Matrix,
    pub now: Moment,
    pub place: Place,
}

pub fn node() -> NodeId {
    NodeId::new("node")
}

pub fn other(name: &str) -> Party {
    Party::Node(NodeId::new(name))
}

pub fn path(protocol: Protocol) -> Path {
    Path::Direct {
        ip: "203.0.113.7".parse().unwrap(),
        protocol,
    }
}

pub fn passed() -> Result<Passed, Failed> {
    Ok(Passed {
        sent: 10,
        ..Passed::default()
    })
}

pub fn failed(stage: Stage) -> Result<Passed, Failed> {
    Err(Failed {
        stage,
        reason: format!("it failed at {}", stage.as_str()),
        hint: String::new(),
    })
}

pub fn place(boot: &str, version: u64) -> Place {
    Place {
        boot: BootId::new(boot),
        version,
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            matrix: Matrix::new(Settings::default()),
            now: Moment(1_000_000),
            place: place("boot", 1),
        }
    }

    /// Ten seconds later somebody looks.
    pub fn look(
        &mut self,
        from: &Party,
        depth: Depth,
        udp: Result<Passed, Failed>,
        tcp: Result<Passed, Failed>,
    ) -> Vec<Change> {
        self.now.0 += 10_000;
        let outcomes = [(Protocol::Udp, udp), (Protocol::Tcp, tcp)];
        let outcomes = outcomes.map(|(protocol, result)| Outcome {
            path: path(protocol),
            depth,
            result,
        });
        let (now, place) = (self.now, self.place.clone());
        self.matrix
            .record(now, from, &node(), &place, depth, &outcomes)
    }

    pub fn withheld(&self) -> Vec<Path> {
        self.matrix.withheld(&node()).into_iter().collect()
    }

    pub fn depth(&self, from: &Party) -> Depth {
        self.matrix.depth(self.now, from, &node(), &self.place)
    }
}
