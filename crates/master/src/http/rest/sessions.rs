//! `/sessions`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use conference::{Conference, Error, Reply, ServerOperation, SessionId};
use openvidu::id;
use openvidu::rest::{
    Call, Flags, SessionDefaults, parse_session, render_session, render_sessions,
};

use super::answer::{Answer, Problem, answered, json, no_content};
use crate::app::App;
use crate::random;

pub(super) async fn create(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let defaults = SessionDefaults {
        forced_video_codec: app.config.forced_video_codec,
        allow_transcoding: app.config.allow_transcoding,
    };
    let properties = parse_session(&body, defaults)?;
    let create = ServerOperation::CreateSession {
        fresh: id::session_id(&random::draw()),
        properties,
    };
    let created = app.operate(create, render_created).await?;
    let created = created.map_err(|error| Problem::conference(&error, Call::CreateSession))?;
    let (session, text) = answered(created)?;
    tracing::info!(%session, "session created");
    Ok(json(text))
}

fn render_created(
    conference: &Conference,
    result: Result<Reply, Error>,
) -> Result<Option<(SessionId, String)>, Error> {
    let Reply::Session(session) = result? else {
        return Ok(None);
    };
    let shown = conference
        .session(&session)
        .map(|session| render_session(session, Flags::SESSION));
    Ok(shown.map(|text| (session, text)))
}

pub(super) async fn list(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Answer {
    let flags = Flags::SESSION.with_query(&query.unwrap_or_default())?;
    Ok(json(
        app.look(move |conference, _| render_sessions(conference.sessions(), flags))
            .await?,
    ))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    Path(session): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let flags = Flags::SESSION.with_query(&query.unwrap_or_default())?;
    let session = SessionId::new(session);
    let found = app.look(move |conference, _| match conference.session(&session) {
        Some(session) => Ok(render_session(session, flags)),
        None => Err(Error::SessionNotFound(session)),
    });
    Ok(json(found.await?.map_err(|error| {
        Problem::conference(&error, Call::Session)
    })?))
}

pub(super) async fn close(State(app): State<Arc<App>>, Path(session): Path<String>) -> Answer {
    let close = ServerOperation::CloseSession {
        session: SessionId::new(session),
    };
    app.operate(close, |_, result| result.map(drop))
        .await?
        .map_err(|error| Problem::conference(&error, Call::Session))?;
    Ok(no_content())
}
