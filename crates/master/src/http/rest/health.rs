//! `/health`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use conference::NodeId;
use openvidu::rest::render_health;

use super::answer::{Answer, json_with};
use crate::app::App;

pub(super) async fn get(State(app): State<Arc<App>>) -> Answer {
    let health = app.look(|_, cluster| cluster.health()).await?;
    let troubled: Vec<NodeId> = health
        .troubled
        .iter()
        .map(|node| NodeId::new(node.as_str()))
        .collect();
    let (status, text) = render_health(health.serving, &troubled);
    Ok(json_with(
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        text,
    ))
}
