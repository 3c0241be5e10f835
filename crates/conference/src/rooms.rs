//! All sessions, with a note of each that was changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::SessionId;
use crate::model::Session;

/// Sessions by their ids. Whoever gets hold of one to change it leaves a note, so that no change can go unnoticed.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    sessions: BTreeMap<SessionId, Session>,
    changed: BTreeSet<SessionId>,
}

impl Rooms {
    pub fn get(&self, id: &SessionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    pub fn contains(&self, id: &SessionId) -> bool {
        self.sessions.contains_key(id)
    }

    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// In the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values()
    }

    pub fn get_mut(&mut self, id: &SessionId) -> Option<&mut Session> {
        let session = self.sessions.get_mut(id)?;
        self.changed.insert(id.clone());
        Some(session)
    }

    pub fn insert(&mut self, session: Session) {
        self.changed.insert(session.id.clone());
        self.sessions.insert(session.id.clone(), session);
    }

    /// Puts in what is written down already.
    pub fn restore(&mut self, session: Session) {
        self.sessions.insert(session.id.clone(), session);
    }

    pub fn remove(&mut self, id: &SessionId) -> Option<Session> {
        let session = self.sessions.remove(id)?;
        self.changed.insert(id.clone());
        Some(session)
    }

    pub fn take_changed(&mut self) -> BTreeSet<SessionId> {
        std::mem::take(&mut self.changed)
    }
}
