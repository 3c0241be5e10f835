//! The state of all sessions and the one door to it.

use std::collections::BTreeMap;

use crate::effect::Effect;
use crate::ids::*;
use crate::input::Input;
use crate::model::Session;

/// All sessions of one master.
#[derive(Debug, Default)]
pub struct Conference {
    sessions: BTreeMap<SessionId, Session>,
}

impl Conference {
    /// A conference without sessions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input at time `now` and says what is to be done about it.
    pub fn handle(&mut self, _now: Timestamp, _input: Input) -> Vec<Effect> {
        Vec::new()
    }

    /// All sessions, in the order of their ids.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    /// One session.
    pub fn session(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }
}

/// `metadata` as clients expect it: both parts joined by `%/%`, or the one that is not empty.
pub fn metadata(client_data: &str, server_data: &str) -> String {
    match (client_data, server_data) {
        ("", server) => server.to_owned(),
        (client, "") => client.to_owned(),
        (client, server) => format!("{client}%/%{server}"),
    }
}
