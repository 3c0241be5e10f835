//! Sessions that have lost their node and wait for another.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::Moment;
use conference::{Input, NodeId, SessionId};

use crate::control::Control;
use crate::notice::Notice;

/// How long a session may be without a node: long enough for a machine to start again or for another to be launched.
pub const HOMELESS: Duration = Duration::from_secs(5 * 60);

/// Sessions that no node carries, and since when.
#[derive(Debug, Default)]
pub(crate) struct Homeless {
    since: BTreeMap<SessionId, Moment>,
    /// Where clients could not be reached, so that another is better while there is one.
    avoided: BTreeMap<SessionId, cluster::NodeId>,
}

impl Homeless {
    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        let oldest = self.since.values().min()?;
        Some(*oldest + HOMELESS)
    }

    pub(crate) fn avoid(&mut self, session: SessionId, node: cluster::NodeId) {
        self.avoided.insert(session, node);
    }
}

impl Control {
    pub(crate) fn rehouse(&mut self, session: SessionId) {
        self.homeless.since.insert(session, self.now.moment);
    }

    /// Tries those that wait, as soon as a node serves. Returns whether the conference has been told something.
    pub(crate) fn find_homes(&mut self) -> bool {
        if self.homeless.since.is_empty() || self.cluster.health().serving == 0 {
            return false;
        }
        let waiting = std::mem::take(&mut self.homeless.since);
        let mut told = false;
        for (session, since) in waiting {
            match self.find_home(&session) {
                Search::Over => drop(self.homeless.avoided.remove(&session)),
                Search::Found(node) => {
                    told = true;
                    self.tell_conference(Input::Rehoused { session, node });
                }
                Search::Nowhere => drop(self.homeless.since.insert(session, since)),
            }
        }
        told
    }

    fn find_home(&mut self, session: &SessionId) -> Search {
        let known = self.conference.session(session);
        if known.is_none_or(|session| session.node.is_some()) {
            return Search::Over;
        }
        let id = cluster::SessionId::new(session.as_str());
        let avoided = self.homeless.avoided.get(session);
        let other = avoided.and_then(|avoided| self.cluster.another(avoided));
        match self.cluster.place(&id, None, other.as_ref()) {
            Ok(place) => {
                self.homeless.avoided.remove(session);
                Search::Found(NodeId::new(place.node.as_str()))
            }
            Err(_) => Search::Nowhere,
        }
    }

    pub(crate) fn give_up_homeless(&mut self) {
        let now = self.now.moment;
        let late: Vec<SessionId> = self
            .homeless
            .since
            .iter()
            .filter(|(_, since)| **since + HOMELESS <= now)
            .map(|(session, _)| session.clone())
            .collect();
        for session in late {
            self.homeless.since.remove(&session);
            self.log(Notice::GivenUp(session.clone()));
            self.tell_conference(Input::GiveUp { session });
        }
    }
}

/// What became of looking for a node.
enum Search {
    /// There is nothing to look for any more.
    Over,
    Found(NodeId),
    Nowhere,
}
