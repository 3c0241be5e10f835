//! What the journal costs and how long a master needs to know again what it knew: `cargo bench -p control`.
#![expect(
    clippy::disallowed_methods,
    reason = "a measurement reads the clock; the crate itself does not"
)]

use std::collections::BTreeMap;
use std::time::Instant;

use cluster::{Addresses, AttachmentId, Boot, BootId, Capacity, Hello, Load, Moment, NodeId};
use conference::{
    ClientOperation, ConnectionId, ConnectionProperties, Join, MediaAnswer, MediaCommand,
    MediaOptions, RequestId, Role, ServerOperation, SessionId, SessionProperties, Timestamp, Token,
};
use control::{Control, Effect, Input, Now, Outcome, Question, Says, Settings};
use openvidu::id::RpcSessionId;
use openvidu::rpc::ClientNumber;

fn main() {
    for (sessions, participants) in [(10_000, 10), (1, 100), (1, 300)] {
        let mut world = World::new();
        let began = Instant::now();
        for session in 0..sessions {
            world.call(session, participants);
        }
        let count = sessions * participants;
        world.rest();
        let built = began.elapsed();
        let bytes: usize = world.store.values().map(Vec::len).sum();
        println!(
            "{sessions} sessions of {participants}: {} inputs and {} commits in {built:?}, {} keys, {} MB",
            world.inputs,
            world.commits,
            world.store.len(),
            bytes / 1_000_000,
        );
        let began = Instant::now();
        world.change();
        println!("  one change of one participant: {:?}", began.elapsed());
        let entries: Vec<_> = world.store.into_iter().collect();
        let began = Instant::now();
        let restored = Control::restore(at(0), settings(), entries).expect("readable");
        println!("  {count} participants restored in {:?}", began.elapsed());
        assert_eq!(restored.conference().sessions().count(), sessions as usize);
    }
}

struct World {
    control: Control,
    store: BTreeMap<String, Vec<u8>>,
    now: u64,
    next_client: u32,
    inputs: u64,
    commits: u64,
}

fn settings() -> Settings {
    Settings {
        durable: true,
        ..Settings::default()
    }
}

fn at(now: u64) -> Now {
    Now {
        moment: Moment(now),
        timestamp: Timestamp(now),
    }
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            control: Control::new(at(0), settings()),
            store: BTreeMap::new(),
            now: 0,
            next_client: 1,
            inputs: 0,
            commits: 0,
        };
        world.handle(Input::Attached {
            attachment: AttachmentId(1),
            hello: Box::new(hello()),
            carries: Vec::new(),
        });
        world
    }

    fn handle(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.inputs += 1;
            for effect in self.control.handle(at(self.now), input) {
                match effect {
                    Effect::Commit { number, writes } => {
                        self.commits += 1;
                        for write in writes {
                            match write.value {
                                Some(value) => drop(self.store.insert(write.key, value)),
                                None => drop(self.store.remove(&write.key)),
                            }
                        }
                        let outcome = Outcome::Applied;
                        inputs.push(Input::Committed { number, outcome });
                    }
                    Effect::Command {
                        attachment,
                        key: Some(key),
                        command,
                    } => {
                        let outcome = Ok(answer(&command));
                        let says = Says::Answer { key, outcome };
                        inputs.push(Input::Says { attachment, says });
                    }
                    _ => {}
                }
            }
        }
    }

    fn call(&mut self, session: u32, participants: u32) {
        // As if everybody came within a while.
        self.now += 100;
        let id = SessionId::new(format!("s{session}"));
        self.handle(Input::Server {
            question: Question(0),
            operation: ServerOperation::CreateSession {
                fresh: id.clone(),
                properties: SessionProperties::default(),
            },
        });
        let mut members = Vec::new();
        for number in 0..participants {
            let connection = ConnectionId::new(format!("con_{session}x{number}"));
            let client = self.join(&id, &connection);
            members.push((client, connection));
        }
        for (client, connection) in &members {
            self.receive_all(*client, connection, &id);
        }
    }

    fn join(&mut self, session: &SessionId, connection: &ConnectionId) -> ClientNumber {
        let client = ClientNumber(self.next_client);
        self.next_client += 1;
        let token = Token::new(format!("tok_{connection}"));
        self.handle(Input::Server {
            question: Question(0),
            operation: ServerOperation::CreateConnection {
                session: session.clone(),
                fresh: connection.clone(),
                token: token.clone(),
                properties: ConnectionProperties {
                    server_data: "{\"name\":\"somebody\"}".into(),
                    role: Role::Publisher,
                    record: false,
                    kurento_options: None,
                    ice_servers: Vec::new(),
                },
            },
        });
        self.handle(Input::Opened {
            client,
            session: RpcSessionId::new(format!("rpc_{connection}")),
        });
        self.handle(Input::Join {
            request: request(client, 1),
            join: Box::new(Join {
                session: session.clone(),
                token,
                client_data: "{\"clientData\":\"Somebody\"}".into(),
                platform: "Chrome 140 on Linux 64-bit".into(),
                ip: "203.0.113.7".into(),
            }),
        });
        let publish = ClientOperation::Publish {
            offer: "v=0".into(),
            options: MediaOptions {
                has_audio: true,
                has_video: true,
                audio_active: true,
                video_active: true,
                type_of_video: None,
                frame_rate: Some(30),
                video_dimensions: Some("{\"width\":640,\"height\":480}".into()),
            },
            nonce: "Aaaa".into(),
        };
        self.operate(client, 2, connection, publish);
        client
    }

    fn receive_all(&mut self, client: ClientNumber, own: &ConnectionId, session: &SessionId) {
        let session = self.control.conference().session(session).expect("there");
        let streams: Vec<_> = session
            .connections
            .values()
            .filter(|it| it.id != *own)
            .filter_map(|it| Some(it.active.as_ref()?.publisher.as_ref()?.stream.clone()))
            .collect();
        for stream in streams {
            let prepare = ClientOperation::PrepareReceive {
                stream: stream.clone(),
                reconnect: false,
            };
            self.operate(client, 3, own, prepare);
            let answer = "v=0".into();
            self.operate(client, 4, own, ClientOperation::Receive { stream, answer });
        }
    }

    fn operate(
        &mut self,
        client: ClientNumber,
        sequence: u32,
        connection: &ConnectionId,
        operation: ClientOperation,
    ) {
        self.handle(Input::Operation {
            request: request(client, sequence),
            connection: connection.clone(),
            operation,
        });
    }

    /// Until all is written.
    fn rest(&mut self) {
        while let Some(due) = self
            .control
            .next_deadline()
            .filter(|_| self.control.unwritten() > 0)
        {
            self.now = self.now.max(due.at.0);
            self.handle(Input::Tick);
        }
    }

    fn change(&mut self) {
        self.now += 10_000;
        let connection = ConnectionId::new("con_0x0");
        self.operate(ClientNumber(1), 5, &connection, ClientOperation::Unpublish);
    }
}

fn answer(command: &MediaCommand) -> MediaAnswer {
    match command {
        MediaCommand::Publish { .. } => MediaAnswer::Answer("v=0".into()),
        MediaCommand::Subscribe { .. } => MediaAnswer::Offer("v=0".into()),
        _ => MediaAnswer::Accepted,
    }
}

fn request(client: ClientNumber, sequence: u32) -> RequestId {
    RequestId(u64::from(client.0) << 32 | u64::from(sequence))
}

fn hello() -> Hello {
    Hello {
        node: NodeId::new("media_1"),
        boot: Boot {
            id: BootId::new("boot"),
            started: 1,
        },
        version: "bench".into(),
        addresses: Addresses {
            version: 1,
            ips: vec!["192.0.2.1".parse().expect("address")],
            ports: vec![40000],
            stun_port: 40100,
            relay_tls: String::new(),
            ..Addresses::default()
        },
        capacity: Capacity { shards: 1 },
        load: Load::default(),
    }
}
