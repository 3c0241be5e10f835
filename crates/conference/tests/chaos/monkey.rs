//! Who presses all the buttons: clients, the application's server, nodes and the network, with and without sense.

use conference::*;

use crate::dice::Dice;
use crate::witness::Witness;

pub struct Monkey {
    pub dice: Dice,
    /// Few things end.
    pub calm: bool,
    requests: u64,
}

impl Monkey {
    pub fn new(dice: Dice) -> Self {
        Self {
            dice,
            calm: false,
            requests: 0,
        }
    }

    pub fn next(&mut self, conference: &Conference, witness: &mut Witness) -> Input {
        let violent = if self.calm { 1 } else { 3 };
        match self.dice.below(100 + violent) {
            0..30 => match self.answer(witness) {
                Some(input) => input,
                None => self.server(conference),
            },
            30..33 => self.nonsense(conference),
            33..45 => self.server(conference),
            45..55 => self.join(conference),
            55..100 => self.client(conference),
            _ => self.disaster(conference),
        }
    }

    /// An answer to somebody who waits, if anybody does.
    pub fn answer(&mut self, witness: &mut Witness) -> Option<Input> {
        let places = witness.to_place.len() as u64;
        let all = places + witness.to_node.len() as u64;
        if all == 0 {
            return None;
        }
        let which = self.dice.below(all);
        if which < places {
            let (request, node) = witness.to_place.swap_remove(which as usize);
            return Some(self.place(request, node));
        }
        let (key, due) = witness.to_node.swap_remove((which - places) as usize);
        let outcome = match self.dice.below(20) {
            0 => Err(MediaError::Sdp("bad".into())),
            1 => Err(MediaError::Unavailable("late".into())),
            2 => Ok(MediaAnswer::Accepted),
            _ => Ok(due),
        };
        Some(Input::Media { key, outcome })
    }

    fn place(&mut self, request: RequestId, node: Option<NodeId>) -> Input {
        let outcome = if self.dice.percent(10) {
            Err(NoNode("full".into()))
        } else {
            let node = match node {
                Some(node) if self.dice.percent(97) => node,
                _ => self.node(),
            };
            Ok(Placement {
                node,
                ice_servers: vec![IceServer {
                    url: "stun:node".into(),
                    credentials: None,
                }],
            })
        };
        Input::Placed { request, outcome }
    }

    /// Answers that nobody waits for, and clients that do not exist.
    fn nonsense(&mut self, conference: &Conference) -> Input {
        let stranger = RequestId(u64::MAX - self.dice.below(9));
        match self.dice.below(8) {
            7 => self.of_source(conference),
            6 => Input::NodeBack { node: self.node() },
            4 => self.rehouse(conference),
            5 => Input::Elapsed,
            0 => Input::Media {
                key: stranger,
                outcome: Ok(MediaAnswer::Accepted),
            },
            1 => self.place(stranger, None),
            2 => Input::Media {
                key: RequestId(self.dice.below(self.requests + 1) + 1_000_000),
                outcome: Err(MediaError::Unknown("?".into())),
            },
            _ => Input::Client {
                request: self.request(),
                connection: ConnectionId::new("con_nobody"),
                operation: ClientOperation::Leave,
            },
        }
    }

    /// Of any stream.
    fn of_source(&mut self, conference: &Conference) -> Input {
        let participants = conference.sessions().flat_map(Session::participants);
        let sources: Vec<TransportId> = participants
            .filter_map(|(_, active)| active.publisher.as_ref()?.transport.clone())
            .collect();
        let transport = self.dice.pick(&sources).cloned();
        let transport = transport.unwrap_or_else(|| TransportId::new("con_nobody/1"));
        match self.dice.below(5) {
            0 | 1 => Input::SourceUp { transport },
            2 => Input::NewCandidates {
                transport,
                candidates: NewCandidates {
                    sdp_mid: "0".into(),
                    sdp_m_line_index: 0,
                    candidates: vec!["candidate:1".into()],
                },
            },
            _ => Input::SourceGone { transport },
        }
    }

    /// Of a session that asked for it, or not.
    fn rehouse(&mut self, conference: &Conference) -> Input {
        let homeless: Vec<SessionId> = conference.homeless().map(|it| it.id.clone()).collect();
        let session = match self.dice.pick(&homeless) {
            Some(session) if self.dice.percent(90) => session.clone(),
            _ => self.session(),
        };
        let node = self.node();
        Input::Rehoused { session, node }
    }

    /// Of anybody's, whether it is broken or not.
    fn repair(&mut self, conference: &Conference) -> Input {
        let participants = conference.sessions().flat_map(Session::participants);
        let streams: Vec<StreamId> = participants
            .filter_map(|(_, active)| Some(active.publisher.as_ref()?.stream.clone()))
            .collect();
        let stream = self.dice.pick(&streams).cloned();
        Input::Repair {
            connection: self.connection(),
            stream: stream.unwrap_or_else(|| StreamId::new("str_nobody")),
        }
    }

    fn disaster(&mut self, conference: &Conference) -> Input {
        match self.dice.below(16) {
            14 | 15 => self.repair(conference),
            12 => Input::Move {
                session: self.session(),
            },
            13 => Input::GiveUp {
                session: self.session(),
            },
            0 => Input::NodeLost {
                node: self.node(),
                remedy: match self.dice.below(4) {
                    0 => Remedy::Evict,
                    _ => Remedy::Recover,
                },
            },
            1 => Input::Server {
                request: self.request(),
                operation: ServerOperation::CloseSession {
                    session: self.session(),
                },
            },
            2 => Input::CollectGarbage {
                older_than_ms: self.dice.below(300),
            },
            3..7 => Input::Lost {
                connection: self.connection(),
            },
            7 => Input::Server {
                request: self.request(),
                operation: ServerOperation::ForceDisconnect {
                    session: self.session(),
                    connection: self.connection(),
                },
            },
            _ => Input::Client {
                request: self.request(),
                connection: self.connection(),
                operation: ClientOperation::Leave,
            },
        }
    }

    fn server(&mut self, conference: &Conference) -> Input {
        let session = self.session();
        let operation = match self.dice.below(12) {
            0..3 => ServerOperation::CreateSession {
                fresh: session,
                properties: SessionProperties::default(),
            },
            3..9 => self.create_connection(session),
            9 => ServerOperation::UpdateConnection {
                session,
                connection: self.connection(),
                role: Some(self.role()),
                record: self.dice.percent(50).then_some(false),
            },
            10 => ServerOperation::ForceUnpublish {
                session,
                stream: self.stream(conference, &ConnectionId::new("con_nobody")),
            },
            _ => ServerOperation::Signal {
                session,
                signal: self.signal(),
            },
        };
        Input::Server {
            request: self.request(),
            operation,
        }
    }

    fn create_connection(&mut self, session: SessionId) -> ServerOperation {
        let fresh = self.connection();
        ServerOperation::CreateConnection {
            session,
            token: token_of(&fresh),
            fresh,
            properties: ConnectionProperties {
                server_data: String::new(),
                role: self.role(),
                record: true,
                kurento_options: None,
                ice_servers: Vec::new(),
            },
        }
    }

    fn join(&mut self, conference: &Conference) -> Input {
        let connection = self.connection();
        let session = match conference.connection(&connection) {
            Some((session, _)) if self.dice.percent(90) => session.id.clone(),
            _ => self.session(),
        };
        Input::Join {
            request: self.request(),
            join: Join {
                session,
                token: token_of(&connection),
                client_data: connection.to_string(),
                platform: String::new(),
                ip: String::new(),
            },
        }
    }

    fn client(&mut self, conference: &Conference) -> Input {
        let connection = self.client_of(conference);
        Input::Client {
            request: self.request(),
            operation: self.operation(conference, &connection),
            connection,
        }
    }

    /// Mostly one that is there.
    fn client_of(&mut self, conference: &Conference) -> ConnectionId {
        let all: Vec<ConnectionId> = conference
            .sessions()
            .flat_map(|session| session.participants())
            .map(|(connection, _)| connection.id.clone())
            .collect();
        match self.dice.pick(&all) {
            Some(connection) if self.dice.percent(95) => connection.clone(),
            _ => self.connection(),
        }
    }

    fn operation(&mut self, conference: &Conference, who: &ConnectionId) -> ClientOperation {
        let stream = self.stream(conference, who);
        let endings = if self.calm { 1 } else { 4 };
        match self.dice.below(95 + endings) {
            0..18 => ClientOperation::Publish {
                offer: "offer".into(),
                options: self.options(),
                nonce: format!("X{:03}", self.dice.below(1000)),
            },
            18..38 => ClientOperation::PrepareReceive {
                stream,
                reconnect: self.dice.percent(30),
            },
            38..54 => ClientOperation::Receive {
                stream,
                answer: "answer".into(),
            },
            54..70 => ClientOperation::Reconnect {
                stream,
                sdp: "sdp".into(),
            },
            70..76 => ClientOperation::Unsubscribe {
                sender: self.connection(),
            },
            76..84 => ClientOperation::Candidate {
                endpoint: self.connection(),
                candidate: "candidate".into(),
                sdp_mid: None,
            },
            84..88 => ClientOperation::Signal(self.signal()),
            88..93 => ClientOperation::ChangeStream {
                stream,
                change: StreamChange {
                    property: StreamProperty::AudioActive(self.dice.percent(50)),
                    new_value: "true".into(),
                },
                reason: String::new(),
            },
            93..96 => ClientOperation::Unpublish,
            96..98 => ClientOperation::ForceUnpublish { stream },
            _ => ClientOperation::ForceDisconnect {
                connection: self.connection(),
            },
        }
    }

    /// Mostly one that `who` could receive or publishes itself.
    fn stream(&mut self, conference: &Conference, who: &ConnectionId) -> StreamId {
        let session = conference.connection(who).map(|(session, _)| session);
        let all: Vec<StreamId> = conference
            .sessions()
            .filter(|candidate| session.is_none_or(|mine| mine.id == candidate.id))
            .flat_map(|session| session.participants())
            .filter_map(|(_, active)| Some(active.publisher.as_ref()?.stream.clone()))
            .collect();
        match self.dice.pick(&all) {
            Some(stream) if self.dice.percent(95) => stream.clone(),
            _ => StreamId::new(format!("str_CAM_X000_{}", self.connection())),
        }
    }

    fn options(&mut self) -> MediaOptions {
        MediaOptions {
            has_audio: self.dice.percent(90),
            has_video: self.dice.percent(90),
            audio_active: true,
            video_active: true,
            type_of_video: Some(TypeOfVideo::Camera),
            frame_rate: None,
            video_dimensions: None,
        }
    }

    fn signal(&mut self) -> Signal {
        let recipients = self.dice.below(3);
        Signal {
            to: (0..recipients).map(|_| self.connection()).collect(),
            kind: None,
            data: None,
        }
    }

    fn role(&mut self) -> Role {
        match self.dice.below(10) {
            0 => Role::Subscriber,
            1 => Role::Moderator,
            _ => Role::Publisher,
        }
    }

    fn session(&mut self) -> SessionId {
        SessionId::new(format!("S{}", self.dice.below(3)))
    }

    fn connection(&mut self) -> ConnectionId {
        ConnectionId::new(format!("con_{}", self.dice.below(12)))
    }

    fn node(&mut self) -> NodeId {
        NodeId::new(format!("n{}", self.dice.below(3)))
    }

    fn request(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }
}

fn token_of(connection: &ConnectionId) -> Token {
    Token::new(format!("tok_{connection}"))
}
