//! What happens to a master.

use cluster::{
    Addresses, AttachmentId, BootId, Environment, Failure, Generation, Hello, Load, Moment, NodeId,
    Policy, Revision, schedule::Wall,
};
use conference::{
    ClientOperation, ConnectionId, Join, MediaAnswer, MediaError, RequestId, ServerOperation,
    SessionId, StreamId, Timestamp, TransportId,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{ClientNumber, Resume};
use openvidu::webhook;
use reachability::{Depth, Outcome, Party, Place};

use crate::failures::Visit;
use crate::journal;
use crate::node_settings::{RelayCounters, Running, Skew};
use crate::relay::DrawnSecret;

/// The time, on both clocks that count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For spans and deadlines; never goes backwards.
    pub moment: Moment,
    /// For people; never goes backwards within a run of the master.
    pub timestamp: Timestamp,
}

/// Names what an application or an operator asks, until it is answered. The shell's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question(pub u64);

/// One thing that happened.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Input {
    /// An application asks. Answered by exactly one [`Effect::Answer`](crate::Effect::Answer).
    Server {
        question: Question,
        operation: ServerOperation,
    },
    /// An operator commands. Answered by exactly one [`Effect::Obeyed`](crate::Effect::Obeyed).
    Command {
        question: Question,
        command: cluster::Command,
    },
    /// How many nodes are wanted from now on. Answered by exactly one [`Effect::Obeyed`](crate::Effect::Obeyed).
    Policy {
        question: Question,
        /// `None`: what the settings say, as if nobody had ever said anything else.
        policy: Option<Box<Policy>>,
    },
    /// A relay secret was drawn: by [`Effect::DrawRelaySecret`](crate::Effect::DrawRelaySecret), or because an operator
    /// wants it, who is answered by one [`Effect::Obeyed`](crate::Effect::Obeyed).
    RelaySecret {
        question: Option<Question>,
        drawn: DrawnSecret,
    },
    /// A client's machine has started.
    Opened {
        client: ClientNumber,
        session: RpcSessionId,
    },
    /// A client asks to join.
    Join { request: RequestId, join: Box<Join> },
    /// A joined client asks.
    Operation {
        request: RequestId,
        connection: ConnectionId,
        operation: ClientOperation,
    },
    /// A client wants to go on as another RPC session. Its socket waits with the shell.
    Resume { from: ClientNumber, resume: Resume },
    /// A client's grace is over.
    Lost { connection: ConnectionId },
    /// A client's machine is at its end.
    Ended { client: ClientNumber },
    /// A client takes nothing of what it is told any more; the shell has given it up.
    Undelivered { client: ClientNumber },
    /// A node has dialled in and proven that it may.
    Attached {
        attachment: AttachmentId,
        hello: Box<Hello>,
        /// All that it carries.
        carries: Vec<TransportState>,
    },
    /// A node says something.
    Says {
        attachment: AttachmentId,
        says: Says,
    },
    /// Nothing has been heard on a stream of the link for a while, though it is open; or something has been again.
    Silence {
        attachment: AttachmentId,
        silent: bool,
    },
    /// A stream of the link is gone, and why.
    Detached {
        attachment: AttachmentId,
        reason: String,
    },
    /// A command could not be handed to the link.
    Unsent {
        /// `None` for one that is not answered.
        key: Option<RequestId>,
        reason: String,
    },
    /// The answer to [`Effect::Probe`](crate::Effect::Probe).
    Probed {
        node: NodeId,
        boot: BootId,
        /// Of the addresses that were probed.
        version: u64,
        outcome: Result<(), Failure>,
    },
    /// What somebody found who looked at a node, path by path. What the master found is said before
    /// [`Input::Probed`].
    Looked(Box<Looked>),
    /// The store shows this registration of a node.
    Registered {
        node: NodeId,
        boot: BootId,
        generation: Generation,
        at: Revision,
    },
    /// The store shows that a registration's lease ended.
    LeaseLost {
        node: NodeId,
        generation: Generation,
        at: Revision,
    },
    /// The provider has begun a launch, in this run or in an earlier one.
    Launched {
        node: NodeId,
        environment: Environment,
    },
    /// The provider could not launch, and why.
    LaunchFailed { node: NodeId, reason: String },
    /// The machine of a node is gone.
    Gone { node: NodeId },
    /// All that the provider launched in earlier runs has been told with [`Input::Launched`].
    Listed,
    /// An operator wants to know now who reaches whom. Soon after the last time nothing comes of it.
    LookNow,
    /// How a [`Effect::Commit`](crate::Effect::Commit) ended.
    Committed {
        number: u64,
        outcome: journal::Outcome,
    },
    /// What came of a [`Effect::Post`](crate::Effect::Post).
    Posted {
        number: u64,
        outcome: webhook::Outcome,
    },
    /// What the shell knows of the surroundings: foreign relays, names, certificates, the master's machine. It replaces
    /// what was told before; what the master knows of nodes and relays by itself comes before it.
    Surroundings(Box<diagnosis::Surroundings>),
    /// What the relay in the master has done since its start.
    OwnRelay(RelayCounters),
    /// What happened to clients of the relay in the master since it was last told.
    OwnVisits(Vec<Visit>),
    /// The answer to [`Effect::Recall`](crate::Effect::Recall): the last that was told of each, as far as anything was.
    Remembered(Vec<diagnosis::Evidence>),
    /// The time of day, told at start and whenever it may have drifted from the moments.
    Wall(Wall),
    /// A deadline may have passed.
    Tick,
    /// The master is going down, and says good-bye: sessions end. Ends in [`Effect::Stopped`](crate::Effect::Stopped).
    Stop,
    /// The master is going down for a while: what is not written yet is, and nobody is told. Sessions, participants and
    /// media stay for the next run. Ends in [`Effect::Stopped`](crate::Effect::Stopped); what comes until then from
    /// clients and applications is not taken any more, as by a master that is gone.
    Leave,
}

/// How somebody reached a node, or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Looked {
    pub from: Party,
    pub node: NodeId,
    pub place: Place,
    pub depth: Depth,
    /// `None`: whoever was asked to look did not say, which says nothing of the node.
    pub outcomes: Option<Vec<Outcome>>,
}

/// What a node says on its stream.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Says {
    /// With a heartbeat.
    Load(Load),
    /// With a heartbeat: what it works with.
    Running(Running),
    /// With a heartbeat.
    Relay(RelayCounters),
    /// With a heartbeat: how much of what is scarce its machine has used. Counters count from the machine's boot.
    Limits(diagnosis::Limits),
    /// What its heartbeats tell of its clock.
    Clock(Skew),
    /// To a command that carried this key.
    Answer {
        key: RequestId,
        outcome: Result<MediaAnswer, MediaError>,
    },
    /// A transport is in another stage now.
    Transport {
        transport: TransportState,
        reason: String,
    },
    /// The client of a transport is to be told where else the node is reached.
    Candidates(NewCandidates),
    /// What it saw of a transport, as asked or because the transport has ended. Names the transport at least.
    Evidence(Box<diagnosis::Evidence>),
    /// What happened to clients of its relay since it was last told.
    Visits(Vec<Visit>),
    /// Its addresses are now these, or more is known of them: then the version is the same.
    Addresses(Addresses),
    /// It has obeyed another master, of a higher term, and hangs up.
    Fenced {
        /// That one's boot.
        master: String,
        term: u64,
    },
    /// It is going down of its own accord.
    Leaving { reason: String },
}

/// One peer connection as a node has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct TransportState {
    pub transport: TransportId,
    pub session: SessionId,
    pub stream: StreamId,
    pub direction: Direction,
    pub stage: Stage,
    /// Version of the node's addresses that its client was told; 0 if unknown.
    pub addresses: u64,
}

/// Where a node is reached besides what the client of a transport was told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NewCandidates {
    pub transport: TransportId,
    /// Version of the node's addresses that the client knows of with these.
    pub addresses: u64,
    /// None if it knows enough.
    pub told: conference::NewCandidates,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    Publish,
    /// The node.
    Subscribe,
    /// A later version's word.
    Unknown,
}

/// How far a peer connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Described, nothing arrived yet.
    New,
    /// ICE has a pair.
    IceConnected,
    /// Media flows.
    Connected,
    /// Consent was lost; it may come back.
    Disconnected,
    /// Removed on the node.
    Closed,
    /// A later version's word.
    Unknown,
}
