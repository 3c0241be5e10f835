//! `/sessions/{session}/connection` and `/sessions/{session}/stream`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use conference::{
    Conference, Connection, ConnectionId, ConnectionProperties, Error, Reply, ServerOperation,
    SessionId, StreamId,
};
use openvidu::id;
use openvidu::rest::{
    Call, Flags, parse_connection, parse_update, render_connection, render_connections,
};

use super::answer::{Answer, Problem, answered, json, no_content};
use crate::app::App;
use crate::random;

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(session): Path<String>,
    body: Bytes,
) -> Answer {
    let session = existing(&app, session, Call::CreateConnection).await?;
    let properties = parse_connection(&body)?;
    let create = app.new_connection(session, properties);
    Ok(json(
        shown(&app, create, Call::CreateConnection, render_connection).await?,
    ))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let flags = Flags::CONNECTIONS.with_query(&query.unwrap_or_default())?;
    let session = SessionId::new(session);
    let found = app.look(move |conference, _| match conference.session(&session) {
        Some(session) => Ok(render_connections(session, flags)),
        None => Err(Error::SessionNotFound(session)),
    });
    Ok(json(found.await?.map_err(|error| {
        Problem::conference(&error, Call::ListConnections)
    })?))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path((session, connection)): Path<(String, String)>,
) -> Answer {
    let (session, connection) = (SessionId::new(session), ConnectionId::new(connection));
    let found =
        app.look(move |conference, _| render(conference, session, connection, render_connection));
    Ok(json(found.await?.map_err(|error| {
        Problem::conference(&error, Call::Connection)
    })?))
}

pub(super) async fn update(
    State(app): State<Arc<App>>,
    Path((session, connection)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let session = existing(&app, session, Call::UpdateConnection).await?;
    let update = parse_update(&body)?;
    let update = ServerOperation::UpdateConnection {
        session,
        connection: ConnectionId::new(connection),
        role: update.role,
        record: update.record,
    };
    Ok(json(
        shown(&app, update, Call::UpdateConnection, render_connection).await?,
    ))
}

pub(super) async fn force_disconnect(
    State(app): State<Arc<App>>,
    Path((session, connection)): Path<(String, String)>,
) -> Answer {
    let disconnect = ServerOperation::ForceDisconnect {
        session: SessionId::new(session),
        connection: ConnectionId::new(connection),
    };
    done(&app, disconnect, Call::Connection).await
}

pub(super) async fn force_unpublish(
    State(app): State<Arc<App>>,
    Path((session, stream)): Path<(String, String)>,
) -> Answer {
    let unpublish = ServerOperation::ForceUnpublish {
        session: SessionId::new(session),
        stream: StreamId::new(stream),
    };
    done(&app, unpublish, Call::Stream).await
}

impl App {
    /// What makes a connection, with a fresh token and, unless the application wants one of its own, a fresh id.
    pub(crate) fn new_connection(
        &self,
        session: SessionId,
        properties: ConnectionProperties,
    ) -> ServerOperation {
        self.new_connection_at(
            &self.public_host(),
            self.config.public_port,
            session,
            properties,
        )
    }

    /// The same for a client that reaches the server by this host and port.
    pub(crate) fn new_connection_at(
        &self,
        host: &str,
        port: u16,
        session: SessionId,
        properties: ConnectionProperties,
    ) -> ServerOperation {
        let fresh = id::custom_connection_id(&properties.server_data)
            .unwrap_or_else(|| id::connection_id(&random::draw()));
        let token = id::token(host, port, &session, &random::draw());
        ServerOperation::CreateConnection {
            session,
            fresh,
            token,
            properties,
        }
    }
}

async fn done(app: &App, operation: ServerOperation, call: Call) -> Result<Response, Problem> {
    app.operate(operation, |_, result| result.map(drop))
        .await?
        .map_err(|error| Problem::conference(&error, call))?;
    Ok(no_content())
}

/// How a connection is shown.
pub(super) type Show = fn(&SessionId, &Connection) -> String;

/// Does something to a connection, and shows it as it is right afterwards.
pub(super) async fn shown(
    app: &App,
    operation: ServerOperation,
    call: Call,
    show: Show,
) -> Result<String, Problem> {
    let shown = app.operate(operation, move |conference, result| match result? {
        Reply::Connection(session, connection) => {
            render(conference, session, connection, show).map(Some)
        }
        _ => Ok(None),
    });
    answered(
        shown
            .await?
            .map_err(|error| Problem::conference(&error, call))?,
    )
}

fn render(
    conference: &Conference,
    session: SessionId,
    connection: ConnectionId,
    show: Show,
) -> Result<String, Error> {
    let found = conference
        .session(&session)
        .ok_or_else(|| Error::SessionNotFound(session.clone()))?;
    match found.connections.get(&connection) {
        Some(connection) => Ok(show(&session, connection)),
        None => Err(Error::ConnectionNotFound {
            session,
            connection,
        }),
    }
}

/// Applications expect to hear of a missing session before they hear of a bad body.
async fn existing(app: &App, session: String, call: Call) -> Result<SessionId, Problem> {
    let session = SessionId::new(session);
    let wanted = session.clone();
    if app
        .look(move |conference, _| conference.session(&wanted).is_some())
        .await?
    {
        return Ok(session);
    }
    Err(Problem::conference(&Error::SessionNotFound(session), call))
}
