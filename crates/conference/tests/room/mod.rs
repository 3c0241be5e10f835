//! A small world around a conference: names instead of ids, one line of text per effect.
//!
//! Connection `con_A` is called `A`. A request is called after who asks what: `A.publish`, and `A.publish#2` when it
//! comes again.
#![allow(dead_code)]

mod show;

use std::collections::BTreeMap;

use conference::*;

/// A conference, its clock, and the names of its requests.
pub struct Room {
    pub conference: Conference,
    pub now: u64,
    /// Told since [`Room::told`] was asked; kept apart from the other effects.
    events: Vec<Event>,
    requests: Vec<String>,
    times: BTreeMap<String, usize>,
}

/// The session that most tests need.
pub const S: &str = "S";

impl Room {
    /// With the session [`S`] in it.
    pub fn new() -> Self {
        let mut room = Self::empty();
        room.create_session(S);
        room
    }

    /// Without sessions.
    pub fn empty() -> Self {
        Self::with(Conference::new())
    }

    pub fn with(conference: Conference) -> Self {
        Self {
            conference,
            now: 0,
            events: Vec::new(),
            requests: Vec::new(),
            times: BTreeMap::new(),
        }
    }

    /// [`S`] with these participants on node `n1`.
    pub fn of(names: &[&str]) -> Self {
        let mut room = Self::new();
        for name in names {
            room.enter(name);
        }
        room
    }

    pub fn feed(&mut self, input: Input) -> Vec<String> {
        let effects = self.conference.handle(Timestamp(self.now), input);
        let mut shown = Vec::new();
        for effect in effects {
            match effect {
                Effect::Event(event) => self.events.push(*event),
                effect => shown.push(self.show(&effect)),
            }
        }
        shown
    }

    /// The events since this was asked last.
    pub fn told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The id of the request `label` under way or about to be made.
    pub fn request(&mut self, label: &str) -> RequestId {
        let times = self.times.entry(label.to_owned()).or_default();
        *times += 1;
        self.requests.push(match times {
            1 => label.to_owned(),
            n => format!("{label}#{n}"),
        });
        RequestId(self.requests.len() as u64 - 1)
    }

    /// The id of a request made before.
    pub fn key(&self, label: &str) -> RequestId {
        let found = self.requests.iter().position(|known| known == label);
        RequestId(found.unwrap_or_else(|| panic!("no request {label}")) as u64)
    }

    // The application's server.

    pub fn server(&mut self, label: &str, operation: ServerOperation) -> Vec<String> {
        let request = self.request(label);
        self.feed(Input::Server { request, operation })
    }

    pub fn create_session(&mut self, id: &str) -> Vec<String> {
        let operation = ServerOperation::CreateSession {
            fresh: session(id),
            properties: SessionProperties::default(),
        };
        self.server("create", operation)
    }

    pub fn close_session(&mut self, id: &str) -> Vec<String> {
        let session = session(id);
        self.server("close", ServerOperation::CloseSession { session })
    }

    pub fn create_connection(&mut self, in_session: &str, name: &str, role: Role) -> Vec<String> {
        let properties = ConnectionProperties {
            role,
            ..plain_connection()
        };
        self.create_connection_with(in_session, name, properties)
    }

    pub fn create_connection_with(
        &mut self,
        in_session: &str,
        name: &str,
        properties: ConnectionProperties,
    ) -> Vec<String> {
        let operation = ServerOperation::CreateConnection {
            session: session(in_session),
            fresh: con(name),
            token: token(name),
            properties,
        };
        self.server("connect", operation)
    }

    pub fn disconnect(&mut self, name: &str) -> Vec<String> {
        let operation = ServerOperation::ForceDisconnect {
            session: session(S),
            connection: con(name),
        };
        self.server("disconnect", operation)
    }

    pub fn update(&mut self, name: &str, role: Option<Role>, record: Option<bool>) -> Vec<String> {
        let operation = ServerOperation::UpdateConnection {
            session: session(S),
            connection: con(name),
            role,
            record,
        };
        self.server("update", operation)
    }

    // Joining.

    pub fn join(&mut self, in_session: &str, name: &str) -> Vec<String> {
        let request = self.request(&format!("{name}.join"));
        let join = Join {
            session: session(in_session),
            token: token(name),
            client_data: format!("I am {name}"),
            platform: "Test".into(),
            ip: "192.0.2.1".into(),
        };
        self.feed(Input::Join { request, join })
    }

    pub fn placed(&mut self, label: &str, on: &str) -> Vec<String> {
        let placement = Placement {
            node: node(on),
            ice_servers: vec![stun(on)],
        };
        let request = self.key(label);
        self.feed(Input::Placed {
            request,
            outcome: Ok(placement),
        })
    }

    pub fn no_node(&mut self, label: &str) -> Vec<String> {
        let request = self.key(label);
        self.feed(Input::Placed {
            request,
            outcome: Err(NoNode("all full".into())),
        })
    }

    /// All it takes to be a publisher in [`S`].
    pub fn enter(&mut self, name: &str) -> Vec<String> {
        self.enter_as(name, Role::Publisher)
    }

    pub fn enter_as(&mut self, name: &str, role: Role) -> Vec<String> {
        self.enter_at(S, name, role, "n1")
    }

    pub fn enter_at(&mut self, at: &str, name: &str, role: Role, on: &str) -> Vec<String> {
        self.create_connection(at, name, role);
        self.join(at, name);
        self.placed(&self.latest(&format!("{name}.join")), on)
    }

    // Clients.

    pub fn client(&mut self, name: &str, what: &str, operation: ClientOperation) -> Vec<String> {
        let request = self.request(&format!("{name}.{what}"));
        let connection = con(name);
        self.feed(Input::Client {
            request,
            connection,
            operation,
        })
    }

    pub fn leave(&mut self, name: &str) -> Vec<String> {
        self.client(name, "leave", ClientOperation::Leave)
    }

    pub fn lose(&mut self, name: &str) -> Vec<String> {
        let connection = con(name);
        self.feed(Input::Lost { connection })
    }

    pub fn publish(&mut self, name: &str) -> Vec<String> {
        self.publish_with(name, camera())
    }

    pub fn publish_with(&mut self, name: &str, options: MediaOptions) -> Vec<String> {
        let operation = ClientOperation::Publish {
            offer: format!("{name}'s offer"),
            options,
            nonce: "X123".into(),
        };
        self.client(name, "publish", operation)
    }

    pub fn unpublish(&mut self, name: &str) -> Vec<String> {
        self.client(name, "unpublish", ClientOperation::Unpublish)
    }

    pub fn prepare(&mut self, name: &str, of: &str, reconnect: bool) -> Vec<String> {
        let operation = ClientOperation::PrepareReceive {
            stream: cam(of),
            reconnect,
        };
        self.client(name, "prepare", operation)
    }

    pub fn receive(&mut self, name: &str, of: &str) -> Vec<String> {
        let operation = ClientOperation::Receive {
            stream: cam(of),
            answer: format!("{name}'s answer"),
        };
        self.client(name, "receive", operation)
    }

    pub fn reconnect(&mut self, name: &str, of: &str) -> Vec<String> {
        let operation = ClientOperation::Reconnect {
            stream: cam(of),
            sdp: format!("{name}'s new sdp"),
        };
        self.client(name, "reconnect", operation)
    }

    pub fn unsubscribe(&mut self, name: &str, from: &str) -> Vec<String> {
        let sender = con(from);
        self.client(name, "unsubscribe", ClientOperation::Unsubscribe { sender })
    }

    pub fn candidate(&mut self, name: &str, endpoint: &str, text: &str) -> Vec<String> {
        let operation = ClientOperation::Candidate {
            endpoint: con(endpoint),
            candidate: text.into(),
            sdp_mid: Some("0".into()),
        };
        self.client(name, "candidate", operation)
    }

    // The node.

    pub fn node_answers(&mut self, label: &str, answer: MediaAnswer) -> Vec<String> {
        let key = self.key(label);
        self.feed(Input::Media {
            key,
            outcome: Ok(answer),
        })
    }

    pub fn node_refuses(&mut self, label: &str, error: MediaError) -> Vec<String> {
        let key = self.key(label);
        self.feed(Input::Media {
            key,
            outcome: Err(error),
        })
    }

    pub fn answer(&mut self, label: &str) -> Vec<String> {
        self.node_answers(label, MediaAnswer::Answer("answer".into()))
    }

    pub fn offer(&mut self, label: &str) -> Vec<String> {
        self.node_answers(label, MediaAnswer::Offer("offer".into()))
    }

    pub fn accept(&mut self, label: &str) -> Vec<String> {
        self.node_answers(label, MediaAnswer::Accepted)
    }

    pub fn node_lost(&mut self, id: &str) -> Vec<String> {
        let node = node(id);
        let remedy = Remedy::Evict;
        self.feed(Input::NodeLost { node, remedy })
    }

    pub fn node_dies(&mut self, id: &str) -> Vec<String> {
        let node = node(id);
        let remedy = Remedy::Recover;
        self.feed(Input::NodeLost { node, remedy })
    }

    pub fn rehoused(&mut self, id: &str, on: &str) -> Vec<String> {
        let (session, node) = (session(id), node(on));
        self.feed(Input::Rehoused { session, node })
    }

    /// The node answers the conference's own question of this number.
    pub fn own_offer(&mut self, number: u32) -> Vec<String> {
        let key = own(number);
        let outcome = Ok(MediaAnswer::Offer("pushed".into()));
        self.feed(Input::Media { key, outcome })
    }

    // Whole steps, for tests about something else.

    pub fn on_air(&mut self, name: &str) {
        self.publish(name);
        self.answer(&self.latest(&format!("{name}.publish")));
    }

    pub fn watching(&mut self, name: &str, of: &str) {
        self.prepare(name, of, false);
        self.offer(&self.latest(&format!("{name}.prepare")));
        self.receive(name, of);
        self.accept(&self.latest(&format!("{name}.receive")));
    }

    /// The newest request of this name.
    pub fn latest(&self, label: &str) -> String {
        match self.times.get(label) {
            Some(1) | None => label.to_owned(),
            Some(n) => format!("{label}#{n}"),
        }
    }

    pub fn active(&self, name: &str) -> &Active {
        let found = self.conference.connection(&con(name));
        let (_, connection) = found.unwrap_or_else(|| panic!("no connection {name}"));
        connection.active.as_ref().expect("not active")
    }

    pub fn has_session(&self, id: &str) -> bool {
        self.conference.session(&session(id)).is_some()
    }
}

/// The conference's own question of this number.
pub fn own(number: u32) -> RequestId {
    RequestId(u64::from(u32::MAX - 1) << 32 | u64::from(number))
}

pub fn session(id: &str) -> SessionId {
    SessionId::new(id)
}

pub fn con(name: &str) -> ConnectionId {
    ConnectionId::new(format!("con_{name}"))
}

pub fn token(name: &str) -> Token {
    Token::new(format!("wss://example.org?sessionId=S&token=tok_{name}"))
}

pub fn transport(id: &str) -> TransportId {
    TransportId::new(id)
}

pub fn node(id: &str) -> NodeId {
    NodeId::new(id)
}

/// The camera stream of a participant that published by [`Room::publish`].
pub fn cam(owner: &str) -> StreamId {
    StreamId::new(format!("str_CAM_X123_con_{owner}"))
}

pub fn stun(host: &str) -> IceServer {
    IceServer {
        url: format!("stun:{host}"),
        credentials: None,
    }
}

pub fn plain_connection() -> ConnectionProperties {
    ConnectionProperties {
        server_data: String::new(),
        role: Role::Publisher,
        record: true,
        kurento_options: None,
        ice_servers: Vec::new(),
    }
}

pub fn camera() -> MediaOptions {
    MediaOptions {
        has_audio: true,
        has_video: true,
        audio_active: true,
        video_active: true,
        type_of_video: Some(TypeOfVideo::Camera),
        frame_rate: Some(30),
        video_dimensions: Some(r#"{"width":640,"height":480}"#.into()),
    }
}
