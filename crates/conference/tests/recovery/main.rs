//! A node dies in a call of stock clients. In whatever order they notice, ask, are answered and are placed, everybody
//! sees everybody again in the end.

mod client;
#[path = "../chaos/dice.rs"]
#[allow(dead_code)]
mod dice;
mod node;

use std::collections::{BTreeMap, VecDeque};

use client::{Client, Heard, Pc};
use conference::*;
use dice::Dice;
use node::Node;

const SEEDS: u64 = 400;
const NAMES: [&str; 3] = ["A", "B", "C"];

#[test]
fn everybody_sees_everybody_again() {
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.call();
        world.strike();
        world.heal();
        for (kind, times) in world.seen {
            *seen.entry(kind).or_insert(0) += times;
        }
    }
    for kind in [
        "pushed",
        "answered too late",
        "held for too long",
        "redialled",
        "struck twice",
        "repaired",
    ] {
        let times = seen.get(kind).copied().unwrap_or_default();
        assert!(times >= 5, "only {times} times {kind}: {seen:#?}");
    }
    // That takes a browser half a minute.
    let second = seen.get("failed once more");
    assert_eq!(second, None, "whoever repaired has to repair again");
}

struct World {
    conference: Conference,
    dice: Dice,
    now: u64,
    clients: Vec<Client>,
    /// What clients have sent and the master has not read.
    up: Vec<VecDeque<(RequestId, ClientOperation)>>,
    /// What clients have not read.
    down: Vec<VecDeque<Heard>>,
    node: Node,
    nodes: u64,
    /// When there will be a place for the session, while it needs one.
    place_at: Option<u64>,
    /// When the death of the node is known.
    lost_at: Option<u64>,
    strikes: u64,
    repairs: u64,
    seen: BTreeMap<&'static str, usize>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            conference: Conference::new(),
            dice: Dice::new(seed),
            now: 1_000,
            clients: Vec::new(),
            up: vec![VecDeque::new(); NAMES.len()],
            down: NAMES.map(|_| VecDeque::new()).into(),
            node: Node::new("n0"),
            nodes: 0,
            place_at: None,
            lost_at: None,
            strikes: 0,
            repairs: 0,
            seen: BTreeMap::new(),
        };
        let operation = ServerOperation::CreateSession {
            fresh: SessionId::new("S"),
            properties: SessionProperties::default(),
        };
        let request = RequestId(1);
        world.feed(Input::Server { request, operation });
        for name in NAMES {
            world.enter(name);
        }
        world
    }

    fn enter(&mut self, name: &str) {
        let client = Client::new(self.clients.len(), name);
        let session = SessionId::new("S");
        let token = Token::new(name);
        let operation = ServerOperation::CreateConnection {
            session: session.clone(),
            fresh: client.connection.clone(),
            token: token.clone(),
            properties: ConnectionProperties {
                server_data: String::new(),
                role: Role::Publisher,
                record: false,
                kurento_options: None,
                ice_servers: Vec::new(),
            },
        };
        let request = RequestId(2);
        self.feed(Input::Server { request, operation });
        let join = Join {
            session,
            token,
            client_data: String::new(),
            platform: String::new(),
            ip: String::new(),
        };
        self.clients.push(client);
        let request = RequestId(3);
        self.feed(Input::Join { request, join });
        let placement = Placement {
            node: self.node.id.clone(),
            ice_servers: Vec::new(),
        };
        let outcome = Ok(placement);
        self.feed(Input::Placed { request, outcome });
    }

    /// Everybody publishes and watches everybody.
    fn call(&mut self) {
        for at in 0..NAMES.len() {
            let asked = self.clients[at].publish();
            self.up[at].push_back(asked);
        }
        self.run();
        for at in 0..NAMES.len() {
            for of in (0..NAMES.len()).filter(|of| *of != at) {
                let stream = self.clients[of].own.stream.clone().expect("published");
                let asked = self.clients[at].subscribe(stream);
                self.up[at].push_back(asked);
            }
        }
        self.run();
        assert_eq!(self.broken(), 0, "a call to begin with");
    }

    /// The node dies, or the session leaves it.
    fn strike(&mut self) {
        self.strikes += 1;
        self.place_at = None;
        if self.dice.percent(20) {
            let session = SessionId::new("S");
            self.feed(Input::Move { session });
        } else {
            self.node.die();
            self.lost_at = Some(self.now + self.dice.below(15_000));
        }
    }

    /// The master has made sure of it.
    fn lose(&mut self) {
        self.lost_at = None;
        let node = std::mem::replace(&mut self.node, Node::new("none")).id;
        let remedy = Remedy::Recover;
        self.feed(Input::NodeLost { node, remedy });
    }

    /// Until nothing more happens, which must be good.
    fn heal(&mut self) {
        for _ in 0..10_000 {
            let placed = self.place_at.is_none() && self.lost_at.is_none();
            if placed && self.strikes == 1 && self.dice.below(300) == 0 {
                self.count("struck twice");
                self.strike();
            }
            if self.repairs < 3 && self.dice.below(200) == 0 {
                self.repair();
            }
            if !self.step() && !self.wait() {
                break;
            }
        }
        assert_eq!(self.broken(), 0, "{:#?}", self.clients);
        assert_eq!(self.conference.open_requests().count(), 0);
        let wanted = self.conference.transports_on(&self.node.id);
        let wanted: Vec<&TransportId> = wanted.collect();
        assert_eq!(
            wanted.len(),
            self.node.transports.len(),
            "nothing is left over"
        );
        assert_eq!(wanted.len(), 9, "one leg per direction");
    }

    /// Somebody takes a peer connection for broken, rightly or not.
    fn repair(&mut self) {
        self.repairs += 1;
        let who = self.dice.below(NAMES.len() as u64) as usize;
        let of = self.dice.below(NAMES.len() as u64) as usize;
        let connection = self.clients[who].connection.clone();
        if let Some(stream) = self.clients[of].own.stream.clone() {
            self.count("repaired");
            self.feed(Input::Repair { connection, stream });
        }
    }

    fn run(&mut self) {
        while self.step() {}
    }

    /// One message goes one step on. False if there is none, and nobody has anything to say.
    fn step(&mut self) -> bool {
        self.now += self.dice.below(40);
        if self
            .conference
            .next_deadline()
            .is_some_and(|due| due.0 <= self.now)
        {
            self.feed(Input::Elapsed);
        }
        if self.lost_at.is_some_and(|at| at <= self.now) {
            self.lose();
        }
        if self.place_at.is_some_and(|at| at <= self.now) {
            self.place();
        }
        let mut choices: Vec<u64> = Vec::new();
        for at in 0..self.clients.len() as u64 {
            let index = at as usize;
            choices.extend((!self.up[index].is_empty()).then_some(at));
            choices.extend((!self.down[index].is_empty()).then_some(100 + at));
            // Those whose peer connection broke notice in any order. But who begins a repair in the moment in which its
            // WebSocket is closed cannot be helped: a stock client forgets that request and waits for ever.
            let dials = self.down[index]
                .iter()
                .any(|it| matches!(it, Heard::Redial));
            let notices = !dials && self.clients[index].can_notice(&self.node, false);
            choices.extend(notices.then_some(200 + at));
        }
        choices.extend((!self.node.due.is_empty()).then_some(300));
        let Some(choice) = self.dice.pick(&choices).copied() else {
            return false;
        };
        let at = (choice % 100) as usize;
        match choice / 100 {
            0 => self.master_reads(at),
            1 => self.client_reads(at),
            2 => self.notice(at, false),
            _ => self.node_answers(),
        }
        true
    }

    /// Nothing is on its way: time passes until a place is found, or a peer connection fails for good.
    fn wait(&mut self) -> bool {
        let deadline = self.conference.next_deadline().map(|due| due.0);
        let next = [self.place_at, self.lost_at, deadline]
            .into_iter()
            .flatten()
            .min();
        if let Some(next) = next {
            self.now = self.now.max(next);
            return true;
        }
        let late = |client: &Client| client.can_notice(&self.node, true);
        let Some(at) = self.clients.iter().position(late) else {
            return false;
        };
        self.count("failed once more");
        self.notice(at, true);
        true
    }

    fn place(&mut self) {
        self.place_at = None;
        self.nodes += 1;
        self.node = Node::new(&format!("n{}", self.nodes));
        let node = self.node.id.clone();
        let session = SessionId::new("S");
        self.feed(Input::Rehoused { session, node });
    }

    fn notice(&mut self, at: usize, late: bool) {
        let asked = self.clients[at].notice(&self.node, late, &mut self.dice);
        self.up[at].extend(asked);
    }

    fn master_reads(&mut self, at: usize) {
        let Some((request, operation)) = self.up[at].pop_front() else {
            return;
        };
        let connection = self.clients[at].connection.clone();
        self.feed(Input::Client {
            request,
            connection,
            operation,
        });
    }

    fn client_reads(&mut self, at: usize) {
        let Some(heard) = self.down[at].pop_front() else {
            return;
        };
        if matches!(heard, Heard::Redial) && self.dice.percent(50) {
            // Lost with the socket.
            self.up[at].clear();
        }
        let asked = self.clients[at].hear(heard, &self.node);
        self.up[at].extend(asked);
    }

    fn node_answers(&mut self) {
        let which = self.dice.below(self.node.due.len() as u64) as usize;
        let (key, outcome) = self.node.due.remove(which);
        self.feed(Input::Media { key, outcome });
    }

    fn feed(&mut self, input: Input) {
        for effect in self.conference.handle(Timestamp(self.now), input) {
            match effect {
                Effect::Reply { request, result } => self.reply(request, result),
                Effect::Notify { to, notification } => self.notified(&to, notification),
                Effect::Redial { connection } => {
                    self.count("redialled");
                    let at = self.place_of(&connection);
                    self.down[at].push_back(Heard::Redial);
                }
                Effect::Rehouse { .. } => {
                    self.place_at = Some(self.now + self.dice.below(12_000));
                }
                Effect::Media { node, command } => {
                    assert_eq!(node, self.node.id, "nothing is said to the dead");
                    self.node.told(command);
                }
                _ => {}
            }
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<Reply, Error>) {
        if let Err(Error::Media(MediaError::Unavailable(why))) = &result
            && why.ends_with("in time")
        {
            self.count("held for too long");
        }
        if let Err(Error::Media(MediaError::Unknown(_))) = &result {
            self.count("answered too late");
        }
        if let Some(at) = Client::of(request) {
            self.down[at].push_back(Heard::Reply(request, result));
        }
    }

    fn notified(&mut self, to: &ConnectionId, notification: Notification) {
        if let Notification::ForciblyReconnectSubscriber { stream, offer, .. } = notification {
            self.count("pushed");
            let at = self.place_of(to);
            self.down[at].push_back(Heard::Push(stream, offer));
        }
    }

    fn place_of(&self, connection: &ConnectionId) -> usize {
        let found = self
            .clients
            .iter()
            .position(|it| it.connection == *connection);
        found.expect("one of the clients")
    }

    /// Peer connections that carry nothing.
    fn broken(&self) -> usize {
        let all = self.clients.iter().flat_map(Client::peer_connections);
        all.filter(|pc: &&Pc| !pc.works(&self.node)).count()
    }

    fn count(&mut self, kind: &'static str) {
        *self.seen.entry(kind).or_default() += 1;
    }
}
