//! Notifications to clients.

use conference::{EndReason, Notification, Signal};
use serde_json::{Map, Value, json};

use super::frame;
use crate::stream::{StreamView, reason_name, role_name};

/// The frame that carries the notification, if the protocol has one for it.
pub(super) fn render(notification: &Notification) -> Option<String> {
    use Notification as N;
    Some(match notification {
        N::ParticipantJoined {
            connection,
            created_at,
            metadata,
        } => frame::notification(
            "participantJoined",
            json!({ "id": connection.as_str(), "createdAt": created_at.0, "metadata": metadata }),
        ),
        N::ParticipantLeft { connection, reason } => {
            ended("participantLeft", connection.as_str(), *reason)
        }
        N::ParticipantPublished { connection, stream } => frame::notification(
            "participantPublished",
            json!({ "id": connection.as_str(), "streams": [StreamView::from(stream)] }),
        ),
        N::ParticipantUnpublished { connection, reason } => {
            ended("participantUnpublished", connection.as_str(), *reason)
        }
        N::ParticipantEvicted { connection, reason } => {
            ended("participantEvicted", connection.as_str(), *reason)
        }
        N::Signal { from, signal } => frame::notification(
            "sendMessage",
            signal_params(from.as_ref().map(|id| id.as_str()), signal),
        ),
        N::StreamPropertyChanged {
            connection,
            stream,
            property,
            new_value,
            reason,
        } => frame::notification(
            "streamPropertyChanged",
            json!({
                "connectionId": connection.as_str(),
                "streamId": stream.as_str(),
                "property": property,
                "newValue": new_value,
                "reason": reason,
            }),
        ),
        N::RoleChanged(role) => property_changed("role", role_name(*role)),
        N::RecordChanged(record) => {
            property_changed("record", if *record { "true" } else { "false" })
        }
        N::IceCandidate { .. } | N::ForciblyReconnectSubscriber { .. } => of_media(notification)?,
        N::OfferWithdrawn { .. } => return None,
    })
}

/// What concerns a peer connection of the client's.
fn of_media(notification: &Notification) -> Option<String> {
    Some(match notification {
        Notification::IceCandidate {
            owner,
            endpoint,
            candidate,
            sdp_mid,
            sdp_m_line_index,
        } => frame::notification(
            "iceCandidate",
            json!({
                "senderConnectionId": owner.as_str(),
                "endpointName": endpoint,
                "candidate": candidate,
                "sdpMid": sdp_mid,
                "sdpMLineIndex": sdp_m_line_index,
            }),
        ),
        Notification::ForciblyReconnectSubscriber {
            connection,
            stream,
            offer,
        } => frame::notification(
            "forciblyReconnectSubscriber",
            json!({ "connectionId": connection.as_str(), "streamId": stream.as_str(), "sdpOffer": offer }),
        ),
        _ => return None,
    })
}

fn ended(method: &str, connection: &str, reason: EndReason) -> String {
    frame::notification(
        method,
        json!({ "connectionId": connection, "reason": reason_name(reason) }),
    )
}

fn property_changed(property: &str, new_value: &str) -> String {
    frame::notification(
        "connectionPropertyChanged",
        json!({ "property": property, "newValue": new_value }),
    )
}

fn signal_params(from: Option<&str>, signal: &Signal) -> Map<String, Value> {
    let fields = [
        ("data", signal.data.as_deref()),
        ("type", signal.kind.as_deref()),
        ("from", from),
    ];
    fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.into())))
        .collect()
}
