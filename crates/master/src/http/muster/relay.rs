//! Relays.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::answer::Answer;
use crate::app::App;

/// Written down before it is answered.
pub(super) async fn rotate(State(app): State<Arc<App>>) -> Answer {
    app.rotate_relay_secret().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
