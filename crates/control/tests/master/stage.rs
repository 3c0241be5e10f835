//! A master's mind with a store that answers when the test says so, a node that answers everything, and clients that
//! do as they are told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cluster::{Addresses, AttachmentId, Boot, BootId, Capacity, Hello, Load, Moment, NodeId, Term};
use conference::{
    ClientOperation, ConnectionId, ConnectionProperties, Join, MediaAnswer, MediaCommand,
    MediaOptions, RequestId, Role, ServerOperation, SessionId, SessionProperties, StreamId,
    Timestamp, Token, TypeOfVideo,
};
use control::{
    Control, Direction, Effect, Input, NodeSettings, Now, Outcome, Question, Says, Settings,
    Stage as Step, Told, TransportState, Write,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{self, ClientNumber, SocketId};

/// The time of day at the moment 0.
pub const MORNING: u64 = 1_700_000_000_000;

pub struct Stage {
    pub control: Control,
    pub now: u64,
    /// What the store holds.
    pub store: BTreeMap<String, Vec<u8>>,
    /// The commit that is under way.
    pub commit: Option<(u64, Vec<Write>)>,
    /// Commits are answered at once.
    pub prompt: bool,
    /// Everything but commits, commands to nodes and the log.
    pub seen: Vec<Effect>,
    pub log: Vec<String>,
    /// Those lines that nobody can turn off.
    pub warnings: Vec<String>,
    /// Settings that were sent to nodes, and when.
    pub told: Vec<(u64, AttachmentId, Arc<NodeSettings>)>,
    /// Those of the master's own relay.
    pub own: Option<Arc<NodeSettings>>,
    /// What the node carries.
    pub carried: BTreeMap<String, TransportState>,
    /// Commands that it was told, as it was told.
    pub commands: Vec<MediaCommand>,
    /// Answers are kept back while it is mute.
    pub mute: bool,
    inputs: VecDeque<Input>,
    next_client: u32,
    next_question: u64,
}

pub fn settings() -> Settings {
    Settings {
        durable: true,
        cluster: cluster::Settings {
            term: Term(7),
            ..cluster::Settings::default()
        },
        ..Settings::default()
    }
}

fn at(now: u64) -> Now {
    Now {
        moment: Moment(now),
        timestamp: Timestamp(MORNING + now),
    }
}

impl Stage {
    pub fn new() -> Self {
        Self::with(settings())
    }

    pub fn with(settings: Settings) -> Self {
        Self::around(Control::new(at(0), settings), 0, BTreeMap::new())
    }

    fn around(control: Control, now: u64, store: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            control,
            now,
            store,
            commit: None,
            prompt: true,
            seen: Vec::new(),
            log: Vec::new(),
            warnings: Vec::new(),
            told: Vec::new(),
            own: None,
            carried: BTreeMap::new(),
            commands: Vec::new(),
            mute: false,
            inputs: VecDeque::new(),
            next_client: 1,
            next_question: 1,
        }
    }

    /// The same machine after `kill -9` and a start; the node keeps what it carries.
    pub fn restarted(self) -> Self {
        self.restarted_with(settings())
    }

    pub fn restarted_with(self, settings: Settings) -> Self {
        let entries = self.store.clone().into_iter().collect();
        let control = Control::restore(at(self.now), settings, entries).expect("readable");
        let mut stage = Self::around(control, self.now, self.store);
        stage.carried = self.carried;
        stage.next_client = self.next_client + 1000;
        stage.handle(Input::Tick);
        stage
    }

    pub fn handle(&mut self, input: Input) {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            for effect in self.control.handle(at(self.now), input) {
                self.carry_out(effect);
            }
        }
    }

    /// Lets time pass, deadline by deadline.
    pub fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(due) = self.control.next_deadline()
            && due.at.0 <= end
        {
            self.now = self.now.max(due.at.0);
            self.handle(Input::Tick);
        }
        self.now = end;
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Commit { number, writes } => {
                assert!(self.commit.is_none(), "two commits at once");
                assert!(writes.len() <= 128, "{} writes", writes.len());
                self.commit = Some((number, writes));
                if self.prompt {
                    let input = self.end_commit(Outcome::Applied, true);
                    self.inputs.push_back(input);
                }
            }
            Effect::Command {
                attachment,
                key,
                command,
            } => self.obey(attachment, key, command),
            Effect::Log(notice) => {
                if notice.weight() == control::Weight::Warning {
                    self.warnings.push(notice.to_string());
                }
                self.log.push(notice.to_string());
            }
            Effect::Settings {
                attachment,
                settings,
            } => self.told.push((self.now, attachment, settings)),
            Effect::OwnSettings(settings) => self.own = Some(settings),
            effect => self.seen.push(effect),
        }
    }

    fn end_commit(&mut self, outcome: Outcome, happens: bool) -> Input {
        let (number, writes) = self.commit.take().expect("a commit under way");
        if happens {
            for Write { key, value } in writes {
                match value {
                    Some(value) => drop(self.store.insert(key, value)),
                    None => drop(self.store.remove(&key)),
                }
            }
        }
        Input::Committed { number, outcome }
    }

    /// The commit that is under way ends so, whether it has happened or not.
    pub fn commits(&mut self, outcome: Outcome, happens: bool) {
        let input = self.end_commit(outcome, happens);
        self.handle(input);
    }

    fn obey(&mut self, attachment: AttachmentId, key: Option<RequestId>, command: MediaCommand) {
        self.commands.push(command.clone());
        let (made, answer) = match command {
            MediaCommand::Publish {
                session,
                stream,
                transport,
                ..
            } => {
                let answer = MediaAnswer::Answer("answer".into());
                let state = state(transport.as_str(), &session, &stream, Direction::Publish);
                (Some(state), Some(answer))
            }
            MediaCommand::Subscribe {
                session,
                stream,
                transport,
                ..
            } => {
                let answer = MediaAnswer::Offer("offer".into());
                let state = state(transport.as_str(), &session, &stream, Direction::Subscribe);
                (Some(state), Some(answer))
            }
            MediaCommand::Accept { .. } => (None, Some(MediaAnswer::Accepted)),
            MediaCommand::Close { transport } => {
                self.carried.remove(transport.as_str());
                (None, None)
            }
            _ => (None, None),
        };
        if let Some(state) = made {
            let id = state.transport.as_str().to_owned();
            self.carried.insert(id, state);
        }
        if let (Some(key), Some(answer), false) = (key, answer, self.mute) {
            let outcome = Ok(answer);
            let says = Says::Answer { key, outcome };
            self.inputs.push_back(Input::Says { attachment, says });
        }
    }

    /// The node dials in.
    pub fn attach(&mut self, attachment: u64, node: &str, boot: u64) {
        self.attach_at(attachment, node, boot, "192.0.2.1");
    }

    pub fn attach_at(&mut self, attachment: u64, node: &str, boot: u64, ip: &str) {
        let hello = Hello {
            node: NodeId::new(node),
            boot: Boot {
                id: BootId::new(format!("boot{boot}")),
                started: boot,
            },
            version: "test".into(),
            addresses: Addresses {
                version: 1,
                ips: vec![ip.parse().expect("address")],
                ports: vec![40000],
                stun_port: 40100,
                relay_tls: String::new(),
                ..Addresses::default()
            },
            capacity: Capacity { shards: 1 },
            load: Load::default(),
        };
        self.handle(Input::Attached {
            attachment: AttachmentId(attachment),
            hello: Box::new(hello),
            carries: self.carried.values().cloned().collect(),
        });
    }

    /// All peer connections of a participant come to this stage.
    pub fn media_is(&mut self, attachment: u64, name: &str, stage: Step) {
        let own = format!("con_{name}/");
        let all: Vec<TransportState> = (self.carried.iter_mut())
            .filter(|(id, _)| id.starts_with(&own))
            .map(|(_, state)| {
                state.stage = stage;
                state.clone()
            })
            .collect();
        for transport in all {
            self.handle(Input::Says {
                attachment: AttachmentId(attachment),
                says: Says::Transport {
                    transport,
                    reason: "checks".into(),
                },
            });
        }
    }

    pub fn detach(&mut self, attachment: u64) {
        self.handle(Input::Detached {
            attachment: AttachmentId(attachment),
            reason: "cut".into(),
        });
    }

    pub fn server(&mut self, operation: ServerOperation) -> Question {
        let question = Question(self.next_question);
        self.next_question += 1;
        self.handle(Input::Server {
            question,
            operation,
        });
        question
    }

    pub fn create(&mut self, session: &str) -> Question {
        self.server(ServerOperation::CreateSession {
            fresh: SessionId::new("unused"),
            properties: SessionProperties {
                custom_session_id: Some(session.into()),
                ..SessionProperties::default()
            },
        })
    }

    pub fn connection(&mut self, session: &str, name: &str) -> Question {
        self.server(ServerOperation::CreateConnection {
            session: SessionId::new(session),
            fresh: ConnectionId::new(format!("con_{name}")),
            token: Token::new(format!("tok_{name}")),
            properties: ConnectionProperties {
                server_data: format!("server data of {name}"),
                role: Role::Moderator,
                record: true,
                kurento_options: None,
                ice_servers: Vec::new(),
            },
        })
    }

    /// A fresh client; its RPC session is named after its participant.
    pub fn open(&mut self, name: &str) -> ClientNumber {
        let client = ClientNumber(self.next_client);
        self.next_client += 1;
        self.handle(Input::Opened {
            client,
            session: RpcSessionId::new(format!("rpc_{name}")),
        });
        client
    }

    pub fn join(&mut self, session: &str, name: &str) -> ClientNumber {
        let client = self.open(name);
        self.handle(Input::Join {
            request: request(client, 1),
            join: Box::new(Join {
                session: SessionId::new(session),
                token: Token::new(format!("tok_{name}")),
                client_data: format!("data of {name}"),
                platform: "Test".into(),
                ip: "203.0.113.7".into(),
            }),
        });
        client
    }

    /// A session with these participants, all of whom publish and receive all others.
    pub fn call(&mut self, session: &str, names: &[&str]) {
        self.create(session);
        for name in names {
            self.connection(session, name);
            let client = self.join(session, name);
            self.operate(client, 2, name, publish());
        }
        for (index, name) in names.iter().enumerate() {
            let client = ClientNumber(self.next_client - names.len() as u32 + index as u32);
            for other in names.iter().filter(|other| *other != name) {
                let stream = self.stream(other);
                let prepare = ClientOperation::PrepareReceive {
                    stream: stream.clone(),
                    reconnect: false,
                };
                self.operate(client, 3, name, prepare);
                let answer = "v=0".into();
                self.operate(client, 4, name, ClientOperation::Receive { stream, answer });
            }
        }
    }

    /// A fresh client that asks to go on as a participant's RPC session.
    pub fn comes_back(&mut self, name: &str) -> ClientNumber {
        let client = self.open(&format!("fresh {name}"));
        let identity = rpc::Identity {
            number: client,
            session: RpcSessionId::new(format!("rpc_fresh {name}")),
        };
        let settings = rpc::Settings {
            compatible_version: "2.32.2".into(),
        };
        let mut machine = rpc::Client::new(identity, Arc::new(settings));
        let (now, socket) = (at(self.now).timestamp, SocketId(u64::from(client.0)));
        machine.attach(now, socket, "203.0.113.8");
        let connect = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"connect","params":{{"sessionId":"rpc_{name}"}}}}"#
        );
        let asked = machine.text(now, socket, &connect);
        let Some(rpc::Effect::Resume(resume)) = asked.into_iter().next() else {
            panic!("it does not ask");
        };
        self.handle(Input::Resume {
            from: client,
            resume,
        });
        client
    }

    pub fn stream(&self, name: &str) -> StreamId {
        let connection = ConnectionId::new(format!("con_{name}"));
        let (_, connection) = self
            .control
            .conference()
            .connection(&connection)
            .expect("known");
        let active = connection.active.as_ref().expect("active");
        active.publisher.as_ref().expect("publishes").stream.clone()
    }

    pub fn operate(
        &mut self,
        client: ClientNumber,
        sequence: u32,
        name: &str,
        operation: ClientOperation,
    ) {
        self.handle(Input::Operation {
            request: request(client, sequence),
            connection: ConnectionId::new(format!("con_{name}")),
            operation,
        });
    }

    /// Whether this was answered by now, and how.
    pub fn answered(&self, question: Question) -> Option<bool> {
        self.seen.iter().find_map(|effect| match effect {
            Effect::Answer {
                question: answered,
                result,
            } if *answered == question => Some(result.is_ok()),
            _ => None,
        })
    }

    pub fn told(&self, client: ClientNumber) -> Vec<&Told> {
        let told = self.seen.iter().filter_map(|effect| match effect {
            Effect::Tell {
                client: to, told, ..
            } if *to == client => Some(told),
            _ => None,
        });
        told.collect()
    }

    pub fn logged(&self, text: &str) -> bool {
        self.log.iter().any(|line| line.contains(text))
    }

    /// What was told lately counts from the restart on, so its times are left out.
    pub fn sessions(&self) -> Vec<conference::Session> {
        let mut sessions: Vec<conference::Session> =
            self.control.conference().sessions().cloned().collect();
        let lately = sessions.iter_mut().flat_map(|session| &mut session.lately);
        lately.for_each(|it| it.at = Timestamp(0));
        sessions
    }
}

pub fn publish() -> ClientOperation {
    ClientOperation::Publish {
        offer: "v=0".into(),
        options: MediaOptions {
            has_audio: true,
            has_video: true,
            audio_active: true,
            video_active: false,
            type_of_video: Some(TypeOfVideo::Screen),
            frame_rate: Some(-1),
            video_dimensions: Some("{\"width\":640,\"height\":480}".into()),
        },
        nonce: "Aaaa".into(),
    }
}

pub fn request(client: ClientNumber, sequence: u32) -> RequestId {
    RequestId(u64::from(client.0) << 32 | u64::from(sequence))
}

fn state(
    transport: &str,
    session: &SessionId,
    stream: &StreamId,
    direction: Direction,
) -> TransportState {
    TransportState {
        transport: conference::TransportId::new(transport),
        session: session.clone(),
        stream: stream.clone(),
        direction,
        stage: Step::Connected,
        addresses: 1,
    }
}
