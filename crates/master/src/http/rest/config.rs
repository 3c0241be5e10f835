//! `/config`

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use openvidu::rest;

use super::answer::{Problem, json};
use crate::app::{App, COMPATIBLE_VERSION};

pub(super) async fn all(State(app): State<Arc<App>>) -> Response {
    json(view(&app).render())
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let text = view(&app).text(&name);
    text.map(String::into_response)
        .ok_or_else(|| Problem::new(403, "There is no such value of the configuration"))
}

fn view(app: &App) -> rest::Config {
    let config = &app.config;
    rest::Config {
        version: COMPATIBLE_VERSION.to_owned(),
        domain_or_public_ip: config.public_host.clone(),
        https_port: config.public_port,
        public_url: app.public_url(),
        cdr_path: None,
        video_max_recv_bandwidth: config.bandwidth.max_recv,
        video_min_recv_bandwidth: config.bandwidth.min_recv,
        video_max_send_bandwidth: config.bandwidth.max_send,
        video_min_send_bandwidth: config.bandwidth.min_send,
        forced_video_codec: config.forced_video_codec,
        allow_transcoding: config.allow_transcoding,
        simulcast: false,
        sessions_garbage_interval: config.garbage_interval.as_secs(),
        sessions_garbage_threshold: config.garbage_threshold.as_secs(),
        recording: None,
        webhook: None,
        cluster: None,
    }
}
