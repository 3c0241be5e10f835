//! A master without sockets: clients, the conference between them, and a node that owes answers.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use conference::{
    Conference, ConnectionId, ConnectionProperties, Effect, IceServer, Input, MediaAnswer,
    MediaCommand, MediaError, NodeId, Placement, Remedy, Reply, RequestId, Role, ServerOperation,
    SessionId, SessionProperties, Timestamp, Token,
};
use openvidu::id::RpcSessionId;
use openvidu::rpc::{self, Client, ClientNumber, Identity, Settings, SocketId};
use serde_json::Value;

const SESSION: &str = "ses_A";
/// Of requests that no client made.
const NOBODY: u64 = 0;

pub struct World {
    now: Timestamp,
    conference: Conference,
    clients: Vec<Line>,
    sockets: u64,
    requests: u64,
    /// Requests that the conference has not answered.
    open: BTreeSet<RequestId>,
    /// What the node was asked and has not answered.
    owed: VecDeque<(RequestId, MediaAnswer)>,
}

/// One RPC session and what its client sees of it.
struct Line {
    machine: Client,
    number: ClientNumber,
    place: usize,
    socket: SocketId,
    connection: Option<ConnectionId>,
    ended: bool,
    asked: usize,
    answered: usize,
}

impl World {
    pub fn new() -> Self {
        let mut world = World {
            now: Timestamp(1_700_000_000_000),
            conference: Conference::new(),
            clients: Vec::new(),
            sockets: 0,
            requests: 0,
            open: BTreeSet::new(),
            owed: VecDeque::new(),
        };
        let properties = SessionProperties {
            custom_session_id: Some(SESSION.into()),
            ..SessionProperties::default()
        };
        world.server(ServerOperation::CreateSession {
            fresh: SessionId::new(SESSION),
            properties,
        });
        world.invite("con_A", "tok_A", Role::Moderator);
        world.invite("con_B", "tok_B", Role::Publisher);
        world.open(0);
        world.open(1);
        world
    }

    fn invite(&mut self, id: &str, token: &str, role: Role) {
        self.server(ServerOperation::CreateConnection {
            session: SessionId::new(SESSION),
            fresh: ConnectionId::new(id),
            token: Token::new(token),
            properties: ConnectionProperties {
                server_data: String::new(),
                role,
                record: true,
                kurento_options: None,
                ice_servers: Vec::new(),
            },
        });
    }

    /// A new WebSocket in this place, and a new machine for it.
    pub fn open(&mut self, place: usize) {
        self.sockets += 1;
        let number = ClientNumber(self.sockets as u32);
        let identity = Identity {
            number,
            session: RpcSessionId::new(format!("rpc{}", self.sockets)),
        };
        let settings = Settings {
            compatible_version: "2.32.1".into(),
        };
        let mut machine = Client::new(identity, Arc::new(settings));
        let socket = SocketId(self.sockets);
        let effects = machine.attach(self.now, socket, "192.0.2.1");
        self.clients.push(Line {
            machine,
            number,
            place,
            socket,
            connection: None,
            ended: false,
            asked: 0,
            answered: 0,
        });
        self.carry_out(self.clients.len() - 1, effects);
    }

    /// Whose WebSocket is the newest in this place.
    fn newest(&self, place: usize) -> Option<usize> {
        let in_place = |(_, line): &(usize, &Line)| line.place == place;
        let found = self.clients.iter().enumerate().filter(in_place);
        found.max_by_key(|(_, line)| line.socket).map(|(at, _)| at)
    }

    pub fn text(&mut self, place: usize, frame: &str) {
        let Some(at) = self.newest(place) else { return };
        let line = &mut self.clients[at];
        line.asked += 1;
        let effects = line.machine.text(self.now, line.socket, frame);
        self.carry_out(at, effects);
    }

    pub fn cut(&mut self, place: usize) {
        let Some(at) = self.newest(place) else { return };
        let line = &mut self.clients[at];
        let effects = line.machine.detached(self.now, line.socket);
        self.carry_out(at, effects);
    }

    pub fn pass(&mut self, milliseconds: u32) {
        self.now.0 += u64::from(milliseconds);
        for at in 0..self.clients.len() {
            let effects = self.clients[at].machine.timeout(self.now);
            self.carry_out(at, effects);
            let next = self.clients[at].machine.next_timeout();
            assert!(
                next.is_none_or(|(when, _)| when > self.now),
                "a deadline that stays passed: {next:?}"
            );
        }
    }

    pub fn answer(&mut self, willing: bool) {
        while let Some((key, answer)) = self.owed.pop_front() {
            let refusal = MediaError::Sdp("no".into());
            let outcome = if willing { Ok(answer) } else { Err(refusal) };
            self.conference(Input::Media { key, outcome });
        }
    }

    /// Whoever recovers finds the node started again at once.
    pub fn lose_node(&mut self, remedy: Remedy) {
        let node = NodeId::new("media_A");
        self.conference(Input::NodeLost { node, remedy });
    }

    pub fn close_session(&mut self) {
        let session = SessionId::new(SESSION);
        self.server(ServerOperation::CloseSession { session });
    }

    pub fn demote(&mut self) {
        self.server(ServerOperation::UpdateConnection {
            session: SessionId::new(SESSION),
            connection: ConnectionId::new("con_B"),
            role: Some(Role::Subscriber),
            record: None,
        });
    }

    /// Everybody who waits is answered, and everything that is left ends.
    pub fn settle(&mut self) {
        self.answer(true);
        assert!(self.open.is_empty(), "never answered: {:?}", self.open);
        assert_eq!(self.conference.open_requests().count(), 0);
        self.conference(Input::Stopping);
        for place in 0..2 {
            self.cut(place);
        }
        self.pass(120_000);
        self.pass(120_000);
        assert_eq!(self.conference.sessions().count(), 0);
    }

    fn server(&mut self, operation: ServerOperation) {
        self.requests += 1;
        let request = RequestId(NOBODY << 32 | self.requests);
        self.open.insert(request);
        self.conference(Input::Server { request, operation });
        assert!(!self.open.contains(&request), "REST waits for {request:?}");
    }

    fn conference(&mut self, input: Input) {
        for effect in self.conference.handle(self.now, input) {
            match effect {
                Effect::Reply { request, result } => self.reply(request, result),
                Effect::Notify { to, notification } => {
                    if let Some(at) = self.holder(&to) {
                        let effects = self.clients[at].machine.notify(&notification);
                        self.carry_out(at, effects);
                    }
                }
                Effect::Place { request, .. } => self.place(request),
                Effect::Rehouse { session, .. } => {
                    let node = NodeId::new("media_A");
                    self.conference(Input::Rehoused { session, node });
                }
                Effect::Redial { .. } | Effect::Event(_) => {}
                Effect::Media { command, .. } => self.media(command),
                Effect::Disconnected { connection } => {
                    if let Some(at) = self.holder(&connection) {
                        self.clients[at].connection = None;
                        let effects = self.clients[at].machine.disconnected(self.now);
                        self.carry_out(at, effects);
                    }
                }
                Effect::SessionClosed { .. } => {}
            }
        }
    }

    fn reply(&mut self, request: RequestId, result: Result<Reply, conference::Error>) {
        assert!(self.open.remove(&request), "answered twice: {request:?}");
        let number = ClientNumber::of(request);
        let Some(at) = self.clients.iter().position(|line| line.number == number) else {
            return;
        };
        if let Ok(Reply::Joined(joined)) = &result {
            self.clients[at].connection = Some(joined.connection.clone());
        }
        let effects = self.clients[at].machine.reply(self.now, request, result);
        self.carry_out(at, effects);
    }

    fn holder(&self, connection: &ConnectionId) -> Option<usize> {
        let holds = |line: &Line| line.connection.as_ref() == Some(connection);
        self.clients.iter().position(holds)
    }

    fn place(&mut self, request: RequestId) {
        let placement = Placement {
            node: NodeId::new("media_A"),
            ice_servers: vec![IceServer {
                url: "stun:192.0.2.2:3478".into(),
                credentials: None,
            }],
        };
        self.conference(Input::Placed {
            request,
            outcome: Ok(placement),
        });
    }

    fn media(&mut self, command: MediaCommand) {
        match command {
            MediaCommand::Publish { key, .. } => self
                .owed
                .push_back((key, MediaAnswer::Answer("v=0".into()))),
            MediaCommand::Subscribe { key, .. } => {
                self.owed.push_back((key, MediaAnswer::Offer("v=0".into())))
            }
            MediaCommand::Accept { key, .. } => self.owed.push_back((key, MediaAnswer::Accepted)),
            MediaCommand::Candidate { .. } | MediaCommand::Close { .. } => {}
        }
    }

    fn carry_out(&mut self, at: usize, effects: Vec<rpc::Effect>) {
        for effect in effects {
            assert!(!self.clients[at].ended, "after its end: {effect:?}");
            match effect {
                rpc::Effect::Send { text, .. } => self.sent(at, &text),
                rpc::Effect::Close { .. } => {}
                rpc::Effect::Join { request, join } => {
                    assert!(self.open.insert(request), "{request:?} is used twice");
                    self.conference(Input::Join { request, join });
                }
                rpc::Effect::Operation {
                    request,
                    connection,
                    operation,
                } => {
                    assert!(self.open.insert(request), "{request:?} is used twice");
                    self.conference(Input::Client {
                        request,
                        connection,
                        operation,
                    });
                }
                rpc::Effect::Resume(resume) => self.resume(at, resume),
                rpc::Effect::Lost { connection } => self.conference(Input::Lost { connection }),
                rpc::Effect::Ended => self.clients[at].ended = true,
            }
        }
    }

    fn resume(&mut self, from: usize, resume: rpc::Resume) {
        let wanted = |line: &Line| !line.ended && *line.machine.session() == resume.session;
        let Some(to) = self.clients.iter().position(wanted) else {
            let effects = self.clients[from].machine.resume_refused(&resume);
            return self.carry_out(from, effects);
        };
        let effects = self.clients[from].machine.handed_over();
        self.carry_out(from, effects);
        let fresh = &mut self.clients[from];
        fresh.socket = SocketId(0);
        let (place, asked) = (fresh.place, fresh.asked);
        let line = &mut self.clients[to];
        (line.socket, line.place) = (resume.socket, place);
        line.asked += asked;
        let effects = line.machine.resume(self.now, resume);
        self.carry_out(to, effects);
    }

    fn sent(&mut self, at: usize, text: &str) {
        let Ok(Value::Object(message)) = serde_json::from_str(text) else {
            panic!("not a JSON object: {text}");
        };
        assert_eq!(message.get("jsonrpc"), Some(&Value::from("2.0")));
        if !message.contains_key("method") {
            assert!(
                message.contains_key("result") != message.contains_key("error"),
                "{text}"
            );
            let line = &mut self.clients[at];
            line.answered += 1;
            assert!(line.answered <= line.asked, "an answer to nothing: {text}");
        }
    }
}
