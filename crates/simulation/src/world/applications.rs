//! The applications' servers: they ask the master by REST in their browsers' names, and ask again when they were not
//! answered.

use conference::{
    ConnectionProperties, Error, Reply, Role, ServerOperation, SessionId, SessionProperties,
};
use control::{Input, Question};
use openvidu::{id, webhook};

use super::{Event, MASTER, World};
use crate::browser::Ask;
use crate::sabotage::Sabotage;
use crate::seen::Seen;

/// Which question of a browser's application.
pub type AskNumber = u64;

/// What an application is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The session is there, made now or before.
    Session(String),
    /// Somebody may join with this.
    Token(String),
    /// In words.
    Refused(String),
}

impl World {
    /// Out it goes. What is lost on the way is lost.
    pub(super) fn send_question(&mut self, browser: usize, ask: Ask) {
        let Some(number) = self.browsers[browser].asking() else {
            return;
        };
        let host = self.host_of_browser(browser);
        let way = self.network.way(host, MASTER, &mut self.random);
        if self.network.passes(host, MASTER) {
            let event = Event::Asked {
                browser,
                number,
                ask,
            };
            self.queue.after(way, event);
        }
    }

    pub(super) fn asked(&mut self, browser: usize, number: AskNumber, ask: Ask) {
        if self.master.is_none() {
            return self.give(browser, number, Given::Refused("nobody listens".to_owned()));
        }
        let mut random = [0; 16];
        self.random.fill(&mut random);
        let mut short = [0; 10];
        short.copy_from_slice(&random[..10]);
        let (operation, token) = match ask {
            Ask::Session(session) => {
                let properties = SessionProperties {
                    custom_session_id: Some(session),
                    ..SessionProperties::default()
                };
                let fresh = id::session_id(&short);
                (ServerOperation::CreateSession { fresh, properties }, None)
            }
            Ask::Connection(session) => {
                let session = SessionId::new(session);
                let token = id::token("master", 443, &session, &random);
                let text = token.as_str().to_owned();
                let properties = ConnectionProperties {
                    server_data: String::new(),
                    role: Role::Publisher,
                    record: false,
                    kurento_options: None,
                    ice_servers: Vec::new(),
                };
                let operation = ServerOperation::CreateConnection {
                    session,
                    fresh: id::connection_id(&short),
                    token,
                    properties,
                };
                (operation, Some(text))
            }
        };
        if let Some(question) = self.question(browser, number, token) {
            self.tell_control(Input::Server {
                question,
                operation,
            });
        }
    }

    pub(super) fn answer(&mut self, question: Question, result: Result<Reply, Error>) {
        let Some(master) = &mut self.master else {
            return;
        };
        let Some((browser, number, token)) = master.questions.remove(&question) else {
            return;
        };
        let given = match (result, token) {
            (Ok(Reply::Session(session)) | Err(Error::SessionExists(session)), _) => {
                Given::Session(session.as_str().to_owned())
            }
            (Ok(Reply::Connection(..)), Some(token)) => Given::Token(token),
            (Ok(reply), _) => Given::Refused(format!("{reply:?}")),
            (Err(error), _) => Given::Refused(error.to_string()),
        };
        self.give(browser, number, given);
    }

    fn give(&mut self, browser: usize, number: AskNumber, given: Given) {
        let host = self.host_of_browser(browser);
        let way = self.network.way(MASTER, host, &mut self.random);
        self.note(format_args!("master → application {browser}: {given:?}"));
        if !self.network.passes(MASTER, host) {
            return;
        }
        if let Given::Session(session) = &given {
            let session = session.clone();
            self.see(Seen::Acknowledged { session });
        }
        let event = Event::Given {
            browser,
            number,
            given,
        };
        self.queue.after(way, event);
    }

    pub(super) fn given(&mut self, browser: usize, number: AskNumber, given: Given) {
        let now = self.now();
        let asker = &mut self.browsers[browser];
        match given {
            Given::Session(_) => asker.session_made(number),
            Given::Token(token) => asker.token_given(number, token),
            Given::Refused(_) => asker.ask_refused(now, number),
        }
        self.settle_browser(browser);
    }
}

impl World {
    /// The application's server is posted an event, and may be out.
    pub(super) fn post(&mut self, post: &webhook::Post) {
        let (number, event) = (post.number, post.event.as_str());
        let Some(run) = self.master.as_ref().map(|master| master.run) else {
            return;
        };
        let taken = self.calm || !self.random.percent(5);
        if taken {
            let connection = participant(post);
            self.see(Seen::Posted {
                number,
                event,
                connection,
            });
        }
        let event = Event::Posted { run, number, taken };
        self.queue.after(8, event);
    }

    pub(super) fn posted(&mut self, run: u32, number: u64, taken: bool) {
        if self.master.as_ref().is_none_or(|master| master.run != run) {
            return;
        }
        let outcome = if taken {
            webhook::Outcome::Answered(200)
        } else {
            webhook::Outcome::Failed("nobody listens".to_owned())
        };
        self.tell_control(Input::Posted { number, outcome });
    }
}

/// Who has joined or left, as the application's server reads it.
fn participant(post: &webhook::Post) -> Option<String> {
    if !post.event.as_str().starts_with("participant") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(&post.body).ok()?;
    body["connectionId"].as_str().map(str::to_owned)
}

/// What is read when a master starts, by key.
type Entries = Vec<(String, Vec<u8>)>;

impl World {
    /// The names of sessions that are to be asked for anew, taken out of what is read.
    pub(super) fn recreate(&self, entries: Entries) -> (Entries, Vec<String>) {
        if self.sabotage != Sabotage::Recreating {
            return (entries, Vec::new());
        }
        let names = entries
            .iter()
            .filter_map(|(key, _)| key.strip_prefix("sessions/"));
        (Vec::new(), names.map(str::to_owned).collect())
    }

    pub(super) fn create_again(&mut self, session: &str) {
        let operation = ServerOperation::CreateSession {
            fresh: SessionId::new(session),
            properties: SessionProperties {
                custom_session_id: Some(session.to_owned()),
                ..SessionProperties::default()
            },
        };
        self.tell_control(Input::Server {
            question: Question(0),
            operation,
        });
    }
}
