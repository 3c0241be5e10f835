//! `/tokens`, the predecessor of `POST …/connection`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use openvidu::rest::{Call, parse_token, render_token};

use super::answer::{Answer, json};
use super::connections::shown;
use crate::app::App;

pub(super) async fn create(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let request = parse_token(&body)?;
    let create = app.new_connection(request.session, request.properties);
    Ok(json(shown(&app, create, Call::Token, render_token).await?))
}
