//! A shell around a mind with very many nodes and clients, all of whom answer at once.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use cluster::{Addresses, AttachmentId, Boot, BootId, Capacity, Hello, Load, Moment, NodeId};
use conference::{
    ConnectionId, ConnectionProperties, MediaAnswer, MediaCommand, Role, ServerOperation,
    SessionId, SessionProperties, Timestamp, Token,
};
use control::{
    Control, Direction, Effect, Input, Now, Outcome, Question, Says, Stage, Told, TransportState,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{self, ClientNumber, SocketId};
use serde_json::json;

/// As many inputs share a commit.
const GROUP: u64 = 1_000;

/// What a node carries.
type Carried = BTreeMap<usize, Vec<TransportState>>;

/// What the store held, by key.
pub(super) type Entries = Vec<(String, Vec<u8>)>;

/// A mind and everybody around it.
pub(super) struct Crowd {
    control: Control,
    inbox: VecDeque<Input>,
    clients: HashMap<ClientNumber, rpc::Client>,
    /// What each client calls its RPC session.
    tickets: Vec<RpcSessionId>,
    settings: Arc<rpc::Settings>,
    store: BTreeMap<String, Vec<u8>>,
    commit: Option<(u64, Vec<control::Write>)>,
    carried: Carried,
    /// What clients were told last.
    heard: String,
    next: u32,
    now: Now,
    pub(super) inputs: u64,
    pub(super) commits: u64,
    resumed: usize,
}

const NOW: Now = Now {
    moment: Moment(1_000),
    timestamp: Timestamp(1_790_000_000_000),
};

fn settings() -> control::Settings {
    control::Settings {
        durable: true,
        ..control::Settings::default()
    }
}

pub(super) fn hello(node: usize) -> Hello {
    let [_, high, middle, low] = (node as u32 + 1).to_be_bytes();
    Hello {
        node: NodeId::new(format!("media_{node}")),
        boot: Boot {
            id: BootId::new(format!("boot_{node}")),
            started: 1,
        },
        version: "1".to_owned(),
        addresses: Addresses {
            version: 1,
            ips: vec![IpAddr::V4(Ipv4Addr::new(10, high, middle, low))],
            ports: vec![50_000],
            stun_port: 50_001,
            relay_tls: String::new(),
            ..Addresses::default()
        },
        capacity: Capacity { shards: 8 },
        load: Load::default(),
    }
}

impl Crowd {
    fn around(control: Control) -> Self {
        let settings = rpc::Settings {
            compatible_version: "2.32.1".to_owned(),
        };
        Self {
            control,
            inbox: VecDeque::new(),
            clients: HashMap::new(),
            tickets: Vec::new(),
            settings: Arc::new(settings),
            store: BTreeMap::new(),
            commit: None,
            carried: BTreeMap::new(),
            heard: String::new(),
            next: 1,
            now: NOW,
            inputs: 0,
            commits: 0,
            resumed: 0,
        }
    }

    /// A mind that so many nodes serve.
    pub(super) fn of(nodes: usize) -> Self {
        let mut crowd = Self::around(Control::new(NOW, settings()));
        for node in 0..nodes {
            crowd.carried.insert(node, Vec::new());
            crowd.attach(node, Vec::new());
        }
        crowd
    }

    fn attach(&mut self, node: usize, carries: Vec<TransportState>) {
        self.tell(Input::Attached {
            attachment: AttachmentId(node as u64 + 1),
            hello: Box::new(hello(node)),
            carries,
        });
    }

    fn tell(&mut self, input: Input) {
        self.inbox.push_back(input);
        while let Some(input) = self.inbox.pop_front() {
            self.inputs += 1;
            for effect in self.control.handle(self.now, input) {
                self.obey(effect);
            }
            if self.inputs.is_multiple_of(GROUP) {
                self.write();
            }
        }
    }

    fn write(&mut self) {
        if let Some((number, writes)) = self.commit.take() {
            self.commits += 1;
            for write in writes {
                match write.value {
                    Some(value) => self.store.insert(write.key, value),
                    None => self.store.remove(&write.key),
                };
            }
            // A disk takes its time, and large commits are followed by a rest.
            self.now.moment.0 += 2;
            self.now.timestamp.0 += 2;
            let outcome = Outcome::Applied;
            self.inbox.push_back(Input::Committed { number, outcome });
            self.inbox.push_back(Input::Tick);
        }
    }

    /// Until everything is written and everybody is told.
    pub(super) fn flush(&mut self) {
        loop {
            self.write();
            match self.inbox.pop_front() {
                Some(input) => self.tell(input),
                None if self.commit.is_none() && !self.rests() => break,
                None => {}
            }
        }
    }

    /// Waits for the next commit after a large one; says whether there was something to wait for.
    fn rests(&mut self) -> bool {
        let due = self.control.next_deadline().map(|due| due.at);
        let Some(due) = due.filter(|due| due.0 < self.now.moment.0 + 1_000) else {
            return false;
        };
        let span = due.0.saturating_sub(self.now.moment.0) + 1;
        self.now.moment.0 += span;
        self.now.timestamp.0 += span;
        self.inbox.push_back(Input::Tick);
        true
    }

    fn obey(&mut self, effect: Effect) {
        match effect {
            Effect::Tell { client, told } => self.tell_client(client, told),
            Effect::Command {
                attachment,
                key,
                command,
            } => self.command(attachment, key, command),
            Effect::Commit { number, writes } => self.commit = Some((number, writes)),
            _ => {}
        }
    }

    fn command(
        &mut self,
        attachment: AttachmentId,
        key: Option<conference::RequestId>,
        command: MediaCommand,
    ) {
        let node = attachment.0 as usize - 1;
        let mut carry = |transport, session, stream, direction| {
            let state = TransportState {
                transport,
                session,
                stream,
                direction,
                stage: Stage::Connected,
                addresses: 1,
            };
            self.carried.entry(node).or_default().push(state);
        };
        let answer = match command {
            MediaCommand::Publish {
                transport,
                session,
                stream,
                ..
            } => {
                carry(transport, session, stream, Direction::Publish);
                MediaAnswer::Answer("answer".to_owned())
            }
            MediaCommand::Subscribe {
                transport,
                session,
                stream,
                ..
            } => {
                carry(transport, session, stream, Direction::Subscribe);
                MediaAnswer::Offer("offer".to_owned())
            }
            _ => MediaAnswer::Accepted,
        };
        if let Some(key) = key {
            let outcome = Ok(answer);
            let says = Says::Answer { key, outcome };
            self.inbox.push_back(Input::Says { attachment, says });
        }
    }

    fn tell_client(&mut self, number: ClientNumber, told: Told) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let effects = match told {
            Told::Reply { request, result } => client.reply(NOW.timestamp, request, result),
            Told::Notify(notification) => client.notify(&notification),
            Told::Adopted { resume, connection } => {
                self.resumed += 1;
                client.adopted(NOW.timestamp, &resume, connection)
            }
            Told::ResumeRefused(resume) => client.resume_refused(&resume),
            Told::Disconnected | Told::Redial | Told::Stop => Vec::new(),
        };
        self.obey_client(number, effects);
    }

    fn obey_client(&mut self, number: ClientNumber, effects: Vec<rpc::Effect>) {
        for effect in effects {
            let input = match effect {
                rpc::Effect::Send { text, .. } => {
                    self.heard = text;
                    continue;
                }
                rpc::Effect::Join { request, join } => Input::Join {
                    request,
                    join: Box::new(join),
                },
                rpc::Effect::Operation {
                    request,
                    connection,
                    operation,
                } => Input::Operation {
                    request,
                    connection,
                    operation,
                },
                rpc::Effect::Resume(resume) => Input::Resume {
                    from: number,
                    resume,
                },
                _ => continue,
            };
            self.inbox.push_back(input);
        }
    }

    fn connect(&mut self) -> ClientNumber {
        let number = ClientNumber(self.next);
        self.next += 1;
        let session = RpcSessionId::new(format!("{:026}", number.0));
        let identity = rpc::Identity {
            number,
            session: session.clone(),
        };
        let mut client = rpc::Client::new(identity, Arc::clone(&self.settings));
        client.attach(NOW.timestamp, SocketId(u64::from(number.0)), "192.0.2.1");
        self.clients.insert(number, client);
        self.tickets.push(session.clone());
        self.tell(Input::Opened {
            client: number,
            session,
        });
        number
    }

    fn say(&mut self, number: ClientNumber, method: &str, params: serde_json::Value) {
        let frame = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let effects = client.text(
            NOW.timestamp,
            SocketId(u64::from(number.0)),
            &frame.to_string(),
        );
        self.obey_client(number, effects);
        while let Some(input) = self.inbox.pop_front() {
            self.tell(input);
        }
    }

    /// A session in which the first is seen by all others.
    pub(super) fn gather(&mut self, session: usize, participants: usize) {
        let id = SessionId::new(format!("ses_{session}"));
        self.ask(ServerOperation::CreateSession {
            fresh: id.clone(),
            properties: SessionProperties::default(),
        });
        let mut stream = String::new();
        for index in 0..participants {
            let connection = format!("con_X{session:07}{index:02}");
            let token = format!("wss://master?sessionId={id}&token={connection}");
            self.ask(ServerOperation::CreateConnection {
                session: id.clone(),
                fresh: ConnectionId::new(connection.as_str()),
                token: Token::new(token.as_str()),
                properties: ConnectionProperties {
                    server_data: String::new(),
                    role: Role::Publisher,
                    record: false,
                    kurento_options: None,
                    ice_servers: Vec::new(),
                },
            });
            let client = self.connect();
            self.say(client, "joinRoom", json!({
                "token": token, "session": id.as_str(), "platform": "Chrome", "metadata": "", "secret": "",
            }));
            self.flush();
            if index == 0 {
                self.say(client, "publishVideo", json!({
                    "sdpOffer": "offer", "doLoopback": false, "hasAudio": true, "hasVideo": true,
                }));
                stream = format!("str_CUS_A000_{connection}");
                self.flush();
                let heard: serde_json::Value =
                    serde_json::from_str(&self.heard).unwrap_or_default();
                if let Some(id) = heard["result"]["id"].as_str() {
                    id.clone_into(&mut stream);
                }
            } else {
                self.say(
                    client,
                    "prepareReceiveVideoFrom",
                    json!({"sender": stream, "reconnect": false}),
                );
                self.flush();
                self.say(
                    client,
                    "receiveVideoFrom",
                    json!({"sender": stream, "sdpAnswer": "answer"}),
                );
            }
        }
    }

    fn ask(&mut self, operation: ServerOperation) {
        let question = Question(self.inputs);
        self.tell(Input::Server {
            question,
            operation,
        });
    }

    /// Bytes that the store holds.
    pub(super) fn stored(&self) -> u64 {
        let sizes = self
            .store
            .iter()
            .map(|(key, value)| key.len() + value.len());
        sizes.sum::<usize>() as u64
    }

    /// Bytes of what clients remember.
    pub(super) fn tickets(&self) -> u64 {
        self.tickets.len() as u64 * 64
    }

    /// What is left when the master is killed.
    pub(super) fn into_ruins(self) -> (Entries, Vec<RpcSessionId>, Carried) {
        (self.store.into_iter().collect(), self.tickets, self.carried)
    }

    /// A master that begins with these records.
    ///
    /// # Panics
    /// When they cannot be read.
    pub(super) fn restored(entries: Entries) -> Self {
        let control =
            Control::restore(NOW, settings(), entries).expect("a mind reads what it wrote");
        Self::around(control)
    }

    /// All nodes dial in again.
    pub(super) fn readmit_nodes(&mut self, carried: Carried) {
        for (node, carries) in carried {
            self.attach(node, carries);
        }
    }

    /// All clients come back; says how many were known.
    pub(super) fn readmit(&mut self, members: Vec<RpcSessionId>) -> usize {
        // Numbers of this run must not meet those by which the clients go on.
        self.next = members.len() as u32 + 1;
        for member in members {
            let number = self.connect();
            self.say(
                number,
                "connect",
                json!({"sessionId": member.as_str(), "reconnect": true}),
            );
        }
        self.flush();
        self.resumed
    }
}
