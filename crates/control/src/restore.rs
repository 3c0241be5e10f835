//! A master that goes on where an earlier run ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::Moment;
use cluster::schedule::{Schedule, Wall};
use conference::{Connection, ConnectionId, Session, SessionId, StreamId};
use openvidu::id::RpcSessionId;
use openvidu::webhook::Post;

use crate::control::Control;
use crate::input::Now;
use crate::journal::Slot;
use crate::notice::Notice;
use crate::records::{
    self, DemandRecord, MemberRecord, NodeRecord, OutboxRecord, PolicyRecord, SessionRecord,
    Unreadable,
};
use crate::relay::Secrets;
use crate::settings::Settings;

/// How long participants have to come back after a restart. Their clients try every three seconds.
pub const RETURN: Duration = Duration::from_secs(20);

/// How long participants whose media flows have to come back: a browser that dialled while the master's machine was away
/// tries again when its operating system does, each time after twice as long.
pub const LONGEST_RETURN: Duration = Duration::from_secs(2 * 60);

/// How often it is looked whether their media still flows.
const LOOK: Duration = Duration::from_secs(5);

/// While participants of an earlier run of the master may come back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returning {
    /// When those have left who have shown no sign of life.
    pub(crate) look: Moment,
    /// When all have.
    over: Moment,
}

/// All that was read, before it is put together.
#[derive(Default)]
struct Found {
    sessions: BTreeMap<SessionId, Session>,
    members: Vec<MemberRecord>,
    nodes: Vec<(cluster::NodeId, NodeRecord)>,
    schedule: Option<Schedule>,
    demand: Option<DemandRecord>,
    posts: Vec<Post>,
}

impl Control {
    /// A master that knows what is written in the store: every key under [`records::PLACES`], with its value. Its first
    /// input should follow at once; nobody is told of what is restored.
    ///
    /// # Errors
    /// Says which record cannot be read and what to do. Nothing is changed then.
    pub fn restore(
        now: Now,
        settings: Settings,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, Unreadable> {
        let mut control = Self::new(now, settings);
        let mut found = Found::default();
        for (key, value) in &entries {
            control.read(&mut found, key, value)?;
        }
        let Found {
            sessions,
            members,
            nodes,
            schedule,
            demand,
            posts,
        } = found;
        let nodes = nodes.into_iter().collect::<BTreeMap<_, _>>();
        let counted = nodes.len();
        let participants = control.restore_sessions(sessions, members);
        control.restore_nodes(nodes);
        control.restore_policy(schedule, demand);
        if counted > 0 || control.conference.sessions().next().is_some() {
            control.log(Notice::Restored {
                sessions: control.conference.sessions().count(),
                participants,
                nodes: counted,
            });
        }
        control.restore_outbox(posts);
        Ok(control)
    }

    fn read(&mut self, found: &mut Found, key: &str, value: &[u8]) -> Result<(), Unreadable> {
        let (place, name) = key.split_once('/').unwrap_or((key, ""));
        let slot = match place {
            "sessions" => {
                let session = Session::from(records::read::<SessionRecord>(key, value)?);
                let id = session.id.clone();
                found.sessions.insert(id.clone(), session);
                Slot::Session(id)
            }
            "members" => {
                let member: MemberRecord = records::read(key, value)?;
                let id = SessionId::new(member.session.as_str());
                found.members.push(member);
                Slot::Session(id)
            }
            "known" => {
                let node: NodeRecord = records::read(key, value)?;
                let id = cluster::NodeId::new(node.id());
                found.nodes.push((id.clone(), node));
                Slot::Node(id)
            }
            PolicyRecord::KEY => {
                let record: PolicyRecord = records::read(key, value)?;
                let schedule = record
                    .schedule()
                    .map_err(|error| Unreadable::malformed(key, error))?;
                found.schedule = Some(schedule);
                Slot::Policy
            }
            DemandRecord::KEY => {
                found.demand = Some(records::read(key, value)?);
                Slot::Demand
            }
            Secrets::KEY => {
                self.secrets = Some(records::read(key, value)?);
                Slot::Relay
            }
            "outbox" => {
                let record: OutboxRecord = records::read(key, value)?;
                let number: u64 = name
                    .parse()
                    .map_err(|error| Unreadable::malformed(key, error))?;
                found.posts.extend(record.post(number));
                Slot::Outbox(number)
            }
            _ => return Ok(()),
        };
        self.journal.found(slot, key, value);
        Ok(())
    }

    /// Returns how many participants were there.
    fn restore_sessions(
        &mut self,
        mut sessions: BTreeMap<SessionId, Session>,
        members: Vec<MemberRecord>,
    ) -> usize {
        let mut rpc_sessions: BTreeMap<ConnectionId, RpcSessionId> = BTreeMap::new();
        for member in members {
            let session = SessionId::new(member.session.as_str());
            let rpc_session = member.rpc_session.clone();
            let connection = Connection::from(member);
            // Both are written in one commit wherever they fit into one; a participant of a session that is gone, or
            // not yet written, is none.
            let Some(session) = sessions.get_mut(&session) else {
                self.note(Slot::Session(session));
                continue;
            };
            if let Some(rpc_session) = rpc_session {
                rpc_sessions.insert(connection.id.clone(), RpcSessionId::new(rpc_session));
            }
            session
                .connections
                .insert(connection.id.clone(), connection);
        }
        for session in sessions.values_mut() {
            for lately in &mut session.lately {
                // However long the master was away: nobody was told anything meanwhile.
                lately.at = self.now.timestamp;
            }
            if mend(session) {
                self.note(Slot::Session(session.id.clone()));
            }
        }
        let ids: Vec<SessionId> = sessions.keys().cloned().collect();
        if let Err(left_out) = self.conference.restore(sessions.into_values().collect()) {
            for not in left_out {
                self.log(Notice::NotRestored(not));
            }
            // What could not be restored is removed from the store as well.
            for id in ids {
                self.note(Slot::Session(id));
            }
        }
        self.await_participants(rpc_sessions)
    }

    fn await_participants(&mut self, rpc_sessions: BTreeMap<ConnectionId, RpcSessionId>) -> usize {
        let active: Vec<ConnectionId> = self
            .conference
            .sessions()
            .flat_map(|session| session.connections.values())
            .filter(|connection| connection.active.is_some())
            .map(|connection| connection.id.clone())
            .collect();
        for connection in &active {
            match rpc_sessions.get(connection) {
                Some(session) => self.clients.awaited(session.clone(), connection.clone()),
                None => self.lose(Some(connection.clone())),
            }
        }
        if !active.is_empty() {
            self.returning = Some(Returning {
                look: self.now.moment + RETURN,
                over: self.now.moment + LONGEST_RETURN,
            });
        }
        active.len()
    }

    fn restore_nodes(&mut self, nodes: BTreeMap<cluster::NodeId, NodeRecord>) {
        let mut carried: BTreeMap<cluster::NodeId, BTreeSet<cluster::SessionId>> = BTreeMap::new();
        for session in self.conference.sessions() {
            if let Some(node) = &session.node {
                let node = cluster::NodeId::new(node.as_str());
                let session = cluster::SessionId::new(session.id.as_str());
                carried.entry(node).or_default().insert(session);
            }
        }
        for (id, record) in nodes {
            let sessions = carried.remove(&id).unwrap_or_default();
            let known = Box::new(record.known(self.now, sessions));
            self.tell_cluster(cluster::Input::Known(known));
        }
        // Their sessions were written, and they were not: they are as good as dead.
        for node in carried.into_keys() {
            let node = conference::NodeId::new(node.as_str());
            let remedy = self.settings.remedy;
            self.tell_conference(conference::Input::NodeLost { node, remedy });
        }
        let homeless: Vec<SessionId> = self
            .conference
            .homeless()
            .map(|session| session.id.clone())
            .collect();
        for session in homeless {
            self.rehouse(session);
        }
    }

    fn restore_policy(&mut self, schedule: Option<Schedule>, demand: Option<DemandRecord>) {
        self.policy_set = schedule.is_some();
        if let Some(schedule) = schedule {
            let policy = cluster::Policy {
                schedule,
                ..self.cluster.policy().clone()
            };
            self.tell_cluster(cluster::Input::Policy(Box::new(policy)));
        }
        if let Some(DemandRecord { count, at }) = demand {
            self.tell_cluster(cluster::Input::Demanded {
                count,
                at: Wall(at),
            });
        }
    }

    pub(crate) fn end_return(&mut self) {
        let now = self.now.moment;
        let Some(returning) = self.returning.take_if(|it| it.look <= now) else {
            return;
        };
        let missing = self.clients.give_up_awaited(returning.over <= now);
        if self.clients.awaits() {
            let look = (now + LOOK).min(returning.over);
            self.returning = Some(Returning { look, ..returning });
        }
        if !missing.is_empty() {
            self.log(Notice::NotReturned(missing.len()));
        }
        for connection in missing {
            self.lose(Some(connection));
        }
    }
}

/// A session that did not fit into one commit may have been written in part. Takes out what lacks its counterpart, and
/// says whether there was any.
fn mend(session: &mut Session) -> bool {
    let published: BTreeMap<StreamId, ConnectionId> = session
        .participants()
        .filter_map(|(connection, active)| {
            let publisher = active.publisher.as_ref()?;
            Some((publisher.stream.clone(), connection.id.clone()))
        })
        .collect();
    let before = session.clone();
    if session.participants().next().is_none() {
        session.node = None;
    }
    let homeless = session.node.is_none();
    for (id, connection) in &mut session.connections {
        let Some(active) = &mut connection.active else {
            continue;
        };
        let of_another = |stream: &StreamId| published.get(stream).is_some_and(|owner| owner != id);
        active.subscribers.retain(|stream, _| of_another(stream));
        if homeless {
            for subscriber in active.subscribers.values_mut() {
                subscriber.transport = None;
            }
            if let Some(publisher) = &mut active.publisher {
                publisher.transport = None;
            }
        }
    }
    *session != before
}
