//! Reads effects as the shell, the nodes and the clients would, and keeps their books.

use std::collections::{BTreeMap, BTreeSet};

use conference::*;

/// What must have happened in the runs, or they prove nothing.
pub const EVERYTHING: [&str; 33] = [
    "joined",
    "published",
    "source swapped",
    "offered",
    "subscriber replaced",
    "error",
    "superseded",
    "hears joined",
    "hears left",
    "hears published",
    "hears unpublished",
    "hears evicted",
    "hears signal",
    "hears change",
    "hears role",
    "accept",
    "candidate",
    "close",
    "asked again for a place",
    "session over",
    "node lost with participants",
    "told of a beginning",
    "told of an end",
    "told of a signal",
    "session changed",
    "asked for another place",
    "told to dial again",
    "asked by itself",
    "hears reconnect",
    "held",
    "held for too long",
    "restarted",
    "restarted with open requests",
];

#[derive(Default)]
pub struct Witness {
    /// Places asked for, with the node named in the question.
    pub to_place: Vec<(RequestId, Option<NodeId>)>,
    /// Commands to be answered, with the answer that is due.
    pub to_node: Vec<(RequestId, MediaAnswer)>,
    pub seen: BTreeMap<&'static str, usize>,
    unanswered: BTreeSet<RequestId>,
    placing: BTreeSet<RequestId>,
    clients: BTreeMap<ConnectionId, View>,
    transports: BTreeMap<TransportId, NodeId>,
    ever_opened: BTreeSet<TransportId>,
    streams_known: BTreeSet<StreamId>,
    subscribed: BTreeMap<(ConnectionId, StreamId), TransportId>,
    /// What was told to have begun and not to have ended.
    running: BTreeSet<Running>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Running {
    Session(SessionId, Timestamp),
    Participant(SessionId, ConnectionId),
    Leg(ConnectionId, StreamId),
}

/// Who is there and what they publish, as one client believes.
type View = BTreeMap<ConnectionId, Option<StreamId>>;

impl Witness {
    pub fn before(&mut self, input: &Input) {
        match input {
            Input::Server { request, .. }
            | Input::Join { request, .. }
            | Input::Client { request, .. } => {
                assert!(self.unanswered.insert(*request), "the driver's own mistake");
            }
            Input::NodeLost { node, .. } => {
                let before = self.transports.len();
                self.transports.retain(|_, on| on != node);
                if self.transports.len() < before {
                    self.count("node lost with participants");
                }
            }
            _ => {}
        }
    }

    pub fn after(&mut self, effects: &[Effect]) {
        for effect in effects {
            self.read(effect);
        }
    }

    fn read(&mut self, effect: &Effect) {
        match effect {
            Effect::Reply { request, result } => self.reply(*request, result),
            Effect::Notify { to, notification } => self.notify(to, notification),
            Effect::Place { request, node, .. } => {
                assert!(self.unanswered.contains(request), "a place for nobody");
                if !self.placing.insert(*request) {
                    self.count("asked again for a place");
                }
                self.to_place.push((*request, node.clone()));
            }
            Effect::Rehouse { .. } => self.count("asked for another place"),
            Effect::Redial { connection } => {
                assert!(self.clients.contains_key(connection), "not connected");
                self.count("told to dial again");
            }
            Effect::Media { node, command } => self.command(node, command),
            Effect::Disconnected { connection } => {
                let known = self.clients.remove(connection);
                assert!(known.is_some(), "{connection} was not connected");
            }
            Effect::SessionClosed { .. } => self.count("session over"),
            Effect::Event(event) => self.event(event),
        }
    }

    /// What begins ends once, inside of what it began in.
    fn event(&mut self, event: &Event) {
        let session = || Running::Session(event.session.clone(), event.since);
        let part =
            |it: &Presence| Running::Participant(event.session.clone(), it.connection.clone());
        let leg = |it: &Leg| Running::Leg(it.connection.clone(), it.stream.clone());
        let (began, what) = match &event.what {
            Happening::SessionCreated => (true, session()),
            Happening::SessionDestroyed(_) => {
                let left = |it: &Running| matches!(it, Running::Participant(of, _) if *of == event.session);
                assert!(!self.running.iter().any(left), "over with participants");
                (false, session())
            }
            Happening::ParticipantJoined(who) => (true, part(who)),
            Happening::ParticipantLeft(who, _) => {
                let left =
                    |it: &Running| matches!(it, Running::Leg(of, _) if *of == who.connection);
                assert!(!self.running.iter().any(left), "left with streams");
                (false, part(who))
            }
            Happening::LegOpened(it) => (true, leg(it)),
            Happening::LegClosed(it, _) => (false, leg(it)),
            Happening::SignalSent { .. } => return self.count("told of a signal"),
        };
        if began {
            self.count("told of a beginning");
            assert!(self.running.insert(what), "began twice: {event:?}");
        } else {
            self.count("told of an end");
            assert!(
                self.running.remove(&what),
                "ended without a beginning: {event:?}"
            );
        }
    }

    fn reply(&mut self, request: RequestId, result: &Result<Reply, Error>) {
        assert!(
            self.unanswered.remove(&request),
            "{request:?} was not asked, or answered before: {result:?}"
        );
        match result {
            Ok(Reply::Joined(joined)) => {
                self.count("joined");
                let view = joined.others.iter().map(seen).collect();
                let before = self.clients.insert(joined.connection.clone(), view);
                assert!(before.is_none(), "{} joined twice", joined.connection);
            }
            Ok(Reply::Published { stream, .. }) => {
                let new = self.streams_known.insert(stream.clone());
                self.count(if new { "published" } else { "source swapped" });
            }
            Ok(Reply::Offer(_)) => self.count("offered"),
            Err(Error::Media(MediaError::Unavailable(why))) if why.starts_with("given up") => {
                self.count("superseded");
            }
            Err(Error::Media(MediaError::Unavailable(why))) if why.ends_with("in time") => {
                self.count("held for too long");
            }
            Err(_) => self.count("error"),
            Ok(_) => {}
        }
    }

    fn notify(&mut self, to: &ConnectionId, notification: &Notification) {
        let Some(view) = self.clients.get_mut(to) else {
            panic!("{to} is not connected and cannot hear {notification:?}");
        };
        let kind = match notification {
            Notification::ParticipantJoined { connection, .. } => {
                assert_ne!(connection, to);
                assert_eq!(view.insert(connection.clone(), None), None, "already there");
                "hears joined"
            }
            Notification::ParticipantLeft { connection, .. } => {
                assert!(view.remove(connection).is_some(), "was not there");
                "hears left"
            }
            Notification::ParticipantPublished { connection, stream } => {
                let before = view.insert(connection.clone(), Some(stream.id.clone()));
                assert_eq!(before, Some(None), "unknown, or has a stream already");
                "hears published"
            }
            Notification::ParticipantUnpublished { connection, .. } => {
                if connection != to {
                    let before = view.insert(connection.clone(), None);
                    assert!(matches!(before, Some(Some(_))), "had no stream");
                }
                "hears unpublished"
            }
            Notification::ParticipantEvicted { connection, .. } => {
                assert_eq!(connection, to, "of no interest to others");
                "hears evicted"
            }
            Notification::Signal { from, .. } => {
                let known = from
                    .as_ref()
                    .is_none_or(|id| id == to || view.contains_key(id));
                assert!(known, "clients drop signals of strangers");
                "hears signal"
            }
            Notification::StreamPropertyChanged {
                connection, stream, ..
            } => {
                assert_eq!(view.get(connection), Some(&Some(stream.clone())));
                "hears change"
            }
            Notification::RoleChanged(_) => "hears role",
            Notification::RecordChanged(_) => "hears record",
            Notification::ForciblyReconnectSubscriber {
                connection, stream, ..
            } => {
                assert_eq!(view.get(connection), Some(&Some(stream.clone())));
                "hears reconnect"
            }
            Notification::IceCandidate { owner, .. } => {
                assert!(view.contains_key(owner) || owner == to);
                "hears candidate"
            }
            Notification::OfferWithdrawn { .. } => "is not to be told",
        };
        self.count(kind);
    }

    fn command(&mut self, node: &NodeId, command: &MediaCommand) {
        match command {
            MediaCommand::Publish { key, transport, .. } => {
                self.open(node, transport);
                self.due(*key, MediaAnswer::Answer("answer".into()));
            }
            MediaCommand::Subscribe { key, transport, .. } => {
                self.open(node, transport);
                self.due(*key, MediaAnswer::Offer("offer".into()));
            }
            MediaCommand::Accept { key, transport, .. } => {
                self.count("accept");
                assert_eq!(self.transports.get(transport), Some(node));
                self.due(*key, MediaAnswer::Accepted);
            }
            MediaCommand::Candidate { transport, .. } => {
                self.count("candidate");
                assert_eq!(self.transports.get(transport), Some(node));
            }
            MediaCommand::Close { transport } => {
                self.count("close");
                assert_eq!(self.transports.remove(transport).as_ref(), Some(node));
            }
        }
    }

    fn open(&mut self, node: &NodeId, transport: &TransportId) {
        assert!(
            self.ever_opened.insert(transport.clone()),
            "{transport} again"
        );
        self.transports.insert(transport.clone(), node.clone());
    }

    fn due(&mut self, key: RequestId, answer: MediaAnswer) {
        if key.is_own() {
            self.count("asked by itself");
        } else {
            assert!(self.unanswered.contains(&key), "nobody asked for it");
        }
        self.to_node.push((key, answer));
    }

    /// Nobody is held for longer than clients wait, if the driver says how late it is.
    pub fn deadline(&mut self, now: u64, next: Option<Timestamp>) {
        if let Some(next) = next {
            self.count("held");
            assert!(next.0 <= now + 10_000, "clients do not wait so long");
        }
    }

    /// Questions to the old master are forgotten, and its nodes close what the new one does not want.
    pub fn restart(&mut self, conference: &Conference) {
        self.count("restarted");
        if !self.unanswered.is_empty() {
            self.count("restarted with open requests");
        }
        self.unanswered.clear();
        self.placing.clear();
        self.to_place.clear();
        self.to_node.clear();
        self.transports.retain(|transport, node| {
            conference
                .transports_on(node)
                .any(|wanted| wanted == transport)
        });
    }

    /// Between two inputs, what everybody believes is what is.
    pub fn compare(&mut self, conference: &Conference) {
        let truly: BTreeMap<ConnectionId, View> = conference
            .sessions()
            .flat_map(|session| session.participants().map(move |me| (session, me.0)))
            .map(|(session, me)| (me.id.clone(), view_from(session, &me.id)))
            .collect();
        assert_eq!(self.clients, truly);
        assert!(
            self.unanswered
                .iter()
                .copied()
                .eq(sorted(conference.open_requests()))
        );
        self.compare_transports(conference);
        self.compare_events(conference);
    }

    /// What was told to run is what runs; but sessions that were collected as garbage end without a word.
    fn compare_events(&mut self, conference: &Conference) {
        let running = |it: &Running| match it {
            Running::Session(id, _) => conference.session(id).is_some(),
            Running::Participant(..) | Running::Leg(..) => true,
        };
        self.running.retain(running);
        let truly: BTreeSet<Running> = conference.sessions().flat_map(runs_in).collect();
        assert_eq!(self.running, truly);
    }

    /// What is open is wanted, and whatever runs, runs on open transports of the session's node.
    fn compare_transports(&mut self, conference: &Conference) {
        let nodes: BTreeSet<&NodeId> = self.transports.values().collect();
        let wanted = nodes.iter().flat_map(|node| conference.transports_on(node));
        let wanted: Vec<&TransportId> = wanted.collect();
        assert_eq!(wanted.len(), self.transports.len(), "each once");
        assert!(wanted.iter().all(|id| self.transports.contains_key(*id)));
        let mut current = BTreeMap::new();
        for session in conference.sessions() {
            for (me, active) in session.participants() {
                if let Some(publisher) = &active.publisher {
                    self.must_be_open(publisher.transport.as_ref(), session);
                }
                for (stream, subscriber) in &active.subscribers {
                    self.must_be_open(subscriber.transport.as_ref(), session);
                    if subscriber.established
                        && let Some(transport) = &subscriber.transport
                    {
                        let leg = (me.id.clone(), stream.clone());
                        current.insert(leg, transport.clone());
                    }
                }
            }
        }
        let replaced = |(leg, transport)| self.subscribed.get(leg).is_some_and(|t| t != transport);
        let times = current.iter().filter(|entry| replaced(*entry)).count();
        *self.seen.entry("subscriber replaced").or_default() += times;
        self.subscribed = current;
    }

    fn must_be_open(&self, transport: Option<&TransportId>, session: &Session) {
        let on = transport.and_then(|transport| self.transports.get(transport));
        if transport.is_some() {
            assert!(on.is_some(), "{transport:?} is not open");
            assert_eq!(on, session.node.as_ref(), "{transport:?} of {}", session.id);
        }
    }

    pub fn nothing_is_left(&self) {
        assert_eq!(self.unanswered, BTreeSet::new());
        assert_eq!(self.transports, BTreeMap::new());
        assert_eq!(self.clients, BTreeMap::new());
        let left = |it: &&Running| !matches!(it, Running::Session(..));
        assert_eq!(self.running.iter().find(left), None);
    }

    pub fn count(&mut self, kind: &'static str) {
        *self.seen.entry(kind).or_default() += 1;
    }
}

fn runs_in(session: &Session) -> Vec<Running> {
    let mut runs = vec![Running::Session(session.id.clone(), session.created_at)];
    for (who, active) in session.participants() {
        runs.push(Running::Participant(session.id.clone(), who.id.clone()));
        let sent = active.publisher.iter().map(|it| &it.stream);
        let received = active.subscribers.iter().filter(|(_, it)| it.established);
        let streams = sent.chain(received.map(|(stream, _)| stream));
        runs.extend(streams.map(|stream| Running::Leg(who.id.clone(), stream.clone())));
    }
    runs
}

fn view_from(session: &Session, me: &ConnectionId) -> View {
    session
        .participants()
        .filter(|(other, _)| other.id != *me)
        .map(|(other, active)| {
            let stream = active.publisher.as_ref().map(|publisher| &publisher.stream);
            (other.id.clone(), stream.cloned())
        })
        .collect()
}

fn seen(participant: &Participant) -> (ConnectionId, Option<StreamId>) {
    let stream = participant.stream.as_ref().map(|stream| stream.id.clone());
    (participant.connection.clone(), stream)
}

fn sorted(requests: impl Iterator<Item = RequestId>) -> impl Iterator<Item = RequestId> {
    requests.collect::<BTreeSet<_>>().into_iter()
}
