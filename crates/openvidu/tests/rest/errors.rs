//! Statuses and error bodies.

use conference::{ConnectionId, Error, NoNode, SessionId, StreamId, Timestamp};
use openvidu::rest::{Call, Refused, status_of};
use serde_json::json;

use crate::state::json_of;

#[test]
fn a_session_that_is_not_there() {
    let error = Error::SessionNotFound(SessionId::new("S"));
    for (call, status) in [
        (Call::Session, 404),
        (Call::CreateConnection, 404),
        (Call::ListConnections, 404),
        (Call::UpdateConnection, 404),
        (Call::Signal, 404),
        (Call::Token, 404),
        (Call::Connection, 400),
        (Call::Stream, 400),
    ] {
        assert_eq!(status_of(&error, call), status, "{call:?}");
    }
}

#[test]
fn everything_else() {
    let session = || SessionId::new("S");
    let connection = || ConnectionId::new("con_A");
    let not_there = Error::ConnectionNotFound {
        session: session(),
        connection: connection(),
    };
    for (error, call, status) in [
        (Error::SessionExists(session()), Call::CreateSession, 409),
        (not_there, Call::Connection, 404),
        (Error::StreamNotFound(StreamId::new("x")), Call::Stream, 404),
        (Error::SignalTo(connection()), Call::Signal, 406),
        (Error::SessionNotActive(session()), Call::Signal, 406),
        (
            Error::NoNode {
                session: session(),
                reason: NoNode("none".into()),
            },
            Call::CreateSession,
            503,
        ),
    ] {
        assert_eq!(status_of(&error, call), status, "{error:?}");
    }
}

#[test]
fn bodies_say_what_and_where() {
    let refused = Refused::by_conference(
        &Error::SessionExists(SessionId::new("S")),
        Call::CreateSession,
    );
    assert_eq!(
        json_of(&refused.body(Timestamp(7), "/openvidu/api/sessions")),
        json!({"timestamp":7,"status":409,"error":"Conflict","message":"session S already exists",
            "path":"/openvidu/api/sessions"})
    );
    assert_eq!(
        json_of(&Refused::bad("why").body(Timestamp(7), "/x"))["error"],
        "Bad Request"
    );
}
