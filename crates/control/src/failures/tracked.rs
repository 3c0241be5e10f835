//! What the master itself knows of a transport: when it came to which stage.

use cluster::{BootId, Node, NodeId};
use conference::{LegOf, SessionId, TransportId};
use diagnosis::{
    Candidate, CandidateType, Case, Client, Direction, Evidence, MOST_CANDIDATES, Outcome,
    Protocol, Times,
};

use crate::input::Stage;

use super::traffic::Way;

/// One that is wanted.
#[derive(Clone, Debug)]
pub(super) struct Tracked {
    leg: LegOf,
    pub node: NodeId,
    boot: Option<BootId>,
    /// Of the node, as its client was told last.
    pub address_set: u64,
    /// When its client was told where else the node is reached.
    told: Option<u64>,
    created: u64,
    nominated: Option<u64>,
    done: Option<u64>,
    lost: Option<u64>,
    losses: u32,
    connected: bool,
    /// It is not known how far it had come.
    unseen: bool,
    /// By which path media goes, if its node has told.
    pub way: Option<Way>,
}

impl Tracked {
    /// A stage of it is heard of for the first time.
    pub fn new(transport: &TransportId, leg: LegOf, node: Option<&Node>) -> Self {
        let number = transport
            .as_str()
            .rsplit_once('/')
            .map(|(_, number)| number);
        Self {
            leg,
            node: node.map_or_else(|| NodeId::new(""), |node| node.id().clone()),
            boot: node.and_then(Node::boot).map(|boot| boot.id.clone()),
            address_set: node.map_or(0, |node| node.addresses().version),
            told: None,
            // The conference numbers transports by its clock.
            created: number
                .and_then(|number| number.parse().ok())
                .unwrap_or_default(),
            nominated: None,
            done: None,
            lost: None,
            losses: 0,
            connected: false,
            unseen: false,
            way: None,
        }
    }

    /// Its description holds this version of the node's addresses; 0 if that is not known.
    pub fn is_described_with(&mut self, version: u64) {
        if version > 0 {
            self.address_set = version;
        }
    }

    /// Its client knows of this version of them, because it is told `now`, if it has to be told.
    pub fn is_told(&mut self, now: Option<u64>, version: u64) {
        self.is_described_with(version);
        self.told = now.or(self.told);
    }

    /// Its client was told so lately where else the node is reached that it would have gone there if it could.
    pub fn is_told_since(&self, then: u64) -> bool {
        self.told.is_some_and(|told| told >= then)
    }

    pub fn came_to(&mut self, now: u64, stage: Stage) {
        self.connected = stage == Stage::Connected;
        match stage {
            Stage::IceConnected => self.nominated = self.nominated.or(Some(now)),
            Stage::Connected => {
                self.nominated = self.nominated.or(Some(now));
                self.done = self.done.or(Some(now));
            }
            Stage::Disconnected => {
                // An earlier run of the master was told what it was before.
                self.unseen = self.nominated.is_none();
                self.lost = Some(now);
                self.losses = self.losses.saturating_add(1);
            }
            Stage::New | Stage::Closed | Stage::Unknown => {}
        }
    }

    /// Its node does not carry it any more, and has not said when it ended.
    pub fn is_missing(&mut self) {
        self.unseen = self.nominated.is_none();
        // If it ever had consent.
        self.losses = self.losses.max(1);
    }

    pub fn is_of(&self, session: &SessionId) -> bool {
        self.leg.session == *session
    }

    /// Milliseconds since the Unix epoch.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// It has media now.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// When it first had, milliseconds since the Unix epoch.
    pub fn connected_at(&self) -> Option<u64> {
        self.done
    }

    /// It was made after this and has media.
    pub fn flows_since(&self, created: u64) -> bool {
        self.created >= created && self.done.is_some()
    }

    pub fn case(&self, transport: &TransportId, load: u32, failed: bool) -> Case {
        let way = self.way.clone().unwrap_or_default();
        Case {
            protocol: way.protocol,
            relay: way.relay,
            at: self.created,
            failed,
            transport: transport.as_str().to_owned(),
            session: self.leg.session.as_str().to_owned(),
            connection: self.leg.connection.as_str().to_owned(),
            node: self.node.as_str().to_owned(),
            boot: self
                .boot
                .as_ref()
                .map_or_else(String::new, BootId::to_string),
            address_set: self.address_set,
            load,
            ..Case::default()
        }
    }

    /// The least that can be said of its failure. What only the node knows is left out, and nothing is made up for it.
    pub fn evidence(
        &self,
        transport: &TransportId,
        node: Option<&Node>,
        client: Client,
        reason: &str,
    ) -> Evidence {
        let told = node.filter(|node| node.addresses().version == self.address_set);
        Evidence {
            transport: transport.as_str().to_owned(),
            session: self.leg.session.as_str().to_owned(),
            connection: self.leg.connection.as_str().to_owned(),
            stream: self.leg.stream.as_str().to_owned(),
            node: self.node.as_str().to_owned(),
            boot: self
                .boot
                .as_ref()
                .map_or_else(String::new, BootId::to_string),
            address_set: self.address_set,
            direction: match self.leg.publishes {
                true => Direction::Publish,
                false => Direction::Subscribe,
            },
            outcome: Outcome::Failed,
            unseen: self.unseen,
            reason: reason.to_owned(),
            client,
            local: told.map(candidates).unwrap_or_default(),
            consent_losses: self.losses,
            times: Times {
                // Without it nothing can be said of candidates or of a description that would be missing.
                created: None,
                nominated: self.nominated,
                dtls_done: self.done,
                consent_lost: self.lost,
                ..Times::default()
            },
            ..Evidence::default()
        }
    }
}

fn candidates(node: &Node) -> Vec<Candidate> {
    let addresses = node.addresses();
    let all = addresses.ips.iter().flat_map(|ip| {
        addresses.ports.iter().flat_map(move |port| {
            [Protocol::Udp, Protocol::Tcp].map(|protocol| Candidate {
                kind: CandidateType::Host,
                protocol,
                ip: Some(*ip),
                port: *port,
                related: None,
            })
        })
    });
    all.take(MOST_CANDIDATES).collect()
}
