//! Effects as lines of text.

use conference::*;

use super::Room;

impl Room {
    pub fn show(&self, effect: &Effect) -> String {
        match effect {
            Effect::Reply { request, result } => {
                let what = match result {
                    Ok(reply) => show_reply(reply),
                    Err(error) => format!("error: {error}"),
                };
                format!("{} <- {what}", self.name(*request))
            }
            Effect::Notify { to, notification } => {
                format!("{} hears {}", short(to), show_notification(notification))
            }
            Effect::Place {
                request,
                session,
                node,
                wanted,
            } => format!(
                "place {session} for {}, now {}, wanted {}",
                self.name(*request),
                or_dash(node),
                or_dash(wanted)
            ),
            Effect::Media { node, command } => format!("{node}: {}", self.show_command(command)),
            Effect::Disconnected { connection } => format!("{} disconnected", short(connection)),
            Effect::SessionClosed {
                session,
                node,
                reason,
            } => format!("{session} closed on {}: {reason:?}", or_dash(node)),
            Effect::Rehouse { session, from } => format!("rehouse {session} from {from}"),
            Effect::Redial { connection } => format!("{} redials", short(connection)),
            Effect::Event(event) => panic!("kept apart by feed: {event:?}"),
        }
    }

    fn name(&self, request: RequestId) -> String {
        if request.is_own() {
            return format!("own#{}", request.0 as u32);
        }
        self.requests[request.0 as usize].clone()
    }

    fn show_command(&self, command: &MediaCommand) -> String {
        match command {
            MediaCommand::Publish {
                key,
                stream,
                transport,
                offer,
                ..
            } => format!(
                "{}: publish {stream} on {transport}: {offer}",
                self.name(*key)
            ),
            MediaCommand::Subscribe {
                key,
                stream,
                transport,
                audio,
                video,
                ..
            } => format!(
                "{}: subscribe {stream} on {transport}{}{}",
                self.name(*key),
                if *audio { " +audio" } else { "" },
                if *video { " +video" } else { "" },
            ),
            MediaCommand::Accept {
                key,
                transport,
                answer,
            } => format!("{}: accept on {transport}: {answer}", self.name(*key)),
            MediaCommand::Candidate {
                transport,
                candidate,
                ..
            } => format!("candidate for {transport}: {candidate}"),
            MediaCommand::Close { transport } => format!("close {transport}"),
        }
    }
}

fn show_reply(reply: &Reply) -> String {
    match reply {
        Reply::Done => "done".into(),
        Reply::Session(id) => format!("session {id}"),
        Reply::Connection(session, id) => format!("connection {} of {session}", short(id)),
        Reply::Joined(joined) => {
            let others: Vec<_> = joined.others.iter().map(show_participant).collect();
            format!(
                "joined as {} [{}]",
                short(&joined.connection),
                others.join(", ")
            )
        }
        Reply::Published {
            stream,
            created_at,
            answer,
        } => format!("published {stream} at {}: {answer}", created_at.0),
        Reply::Offer(offer) => format!("offered: {offer}"),
    }
}

fn show_participant(participant: &Participant) -> String {
    match &participant.stream {
        Some(stream) => format!("{} with {}", short(&participant.connection), stream.id),
        None => short(&participant.connection).into(),
    }
}

fn show_notification(notification: &Notification) -> String {
    match notification {
        Notification::ParticipantJoined {
            connection,
            metadata,
            ..
        } => format!("joined {}: {metadata}", short(connection)),
        Notification::ParticipantLeft { connection, reason } => {
            format!("left {}: {reason:?}", short(connection))
        }
        Notification::ParticipantPublished { connection, stream } => {
            format!("published {}: {}", short(connection), stream.id)
        }
        Notification::ParticipantUnpublished { connection, reason } => {
            format!("unpublished {}: {reason:?}", short(connection))
        }
        Notification::ParticipantEvicted { connection, reason } => {
            format!("evicted {}: {reason:?}", short(connection))
        }
        Notification::Signal { from, signal } => format!(
            "signal from {}: {} {}",
            from.as_ref().map_or("server", short),
            signal.kind.as_deref().unwrap_or("-"),
            signal.data.as_deref().unwrap_or("-"),
        ),
        Notification::StreamPropertyChanged {
            connection,
            stream,
            property,
            new_value,
            reason,
        } => format!(
            "changed {} of {}, {stream}: {new_value} ({reason})",
            property,
            short(connection)
        ),
        Notification::RoleChanged(role) => format!("role {role:?}"),
        Notification::RecordChanged(record) => format!("record {record}"),
        Notification::ForciblyReconnectSubscriber { stream, .. } => format!("reconnect {stream}"),
        Notification::IceCandidate {
            owner,
            endpoint,
            candidate,
            sdp_mid,
            sdp_m_line_index,
        } => format!(
            "candidate of {}, {endpoint}, {sdp_mid}/{sdp_m_line_index}: {candidate}",
            short(owner)
        ),
        Notification::OfferWithdrawn { stream } => format!("withdrawn {stream}"),
    }
}

fn short(connection: &ConnectionId) -> &str {
    let text = connection.as_str();
    text.strip_prefix("con_").unwrap_or(text)
}

fn or_dash(node: &Option<NodeId>) -> &str {
    node.as_ref().map_or("-", NodeId::as_str)
}
