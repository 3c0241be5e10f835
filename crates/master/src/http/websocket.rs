//! `/openvidu`: where clients open their WebSocket. Any origin may, none must be named, and no sub-protocol is asked.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::ClientIp;
use crate::app::App;
use crate::client::{self, Arrival};
use crate::listener::Admitted;
use crate::socket::MESSAGE_BYTES;

pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    ClientIp(ip): ClientIp,
    Extension(admitted): Extension<Admitted>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let user_agent = user_agent(&headers);
    upgrade
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .on_upgrade(async move |ws| {
            let arrival = Arrival {
                number: app.next_client(),
                socket: app.next_socket(),
                ip: ip.to_string(),
                user_agent,
                control: app.control.clone(),
                settings: app.rpc.clone(),
                clock: app.clock,
                backlog: app.backlog.clone(),
                alive: app.alive.clone(),
            };
            tracing::debug!(
                client = arrival.number.0,
                ip = arrival.ip,
                "client connected"
            );
            client::serve(ws, arrival).await;
            drop(admitted);
        })
}

/// Longest name of a client's program that is kept.
const USER_AGENT: usize = 512;

fn user_agent(headers: &HeaderMap) -> String {
    let told = headers.get(header::USER_AGENT);
    let told = told.and_then(|value| value.to_str().ok());
    told.unwrap_or_default().chars().take(USER_AGENT).collect()
}
