//! `/signal`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use conference::ServerOperation;
use openvidu::rest::{Call, parse_signal};

use super::answer::{Answer, Problem};
use crate::app::App;

pub(super) async fn send(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let request = parse_signal(&body)?;
    let signal = ServerOperation::Signal {
        session: request.session,
        signal: request.signal,
    };
    app.operate(signal, |_, result| result.map(drop))
        .await?
        .map_err(|error| Problem::conference(&error, Call::Signal))?;
    Ok(StatusCode::OK.into_response())
}
