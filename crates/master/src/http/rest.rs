//! `/openvidu/api`: the table of calls, and what holds for all of them. Statuses and bodies come from `openvidu`.

mod answer;
mod config;
mod connections;
mod gate;
mod health;
mod media_nodes;
mod restart;
mod sessions;
mod signal;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};

use crate::app::App;

use answer::{forbidden, not_served};

pub(super) use media_nodes::WAIT;

pub(super) fn router(app: Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/sessions", get(sessions::list).post(sessions::create))
        .route(
            "/sessions/{session}",
            get(sessions::get).delete(sessions::close),
        )
        .route(
            "/sessions/{session}/connection",
            get(connections::list).post(connections::create),
        )
        .route("/sessions/{session}/connection/{connection}", connection())
        .route(
            "/sessions/{session}/stream/{stream}",
            delete(connections::force_unpublish),
        )
        .route("/tokens", post(tokens::create))
        .route("/signal", post(signal::send))
        .route("/config", get(config::all))
        .route("/config/{name}", get(config::one))
        .route("/health", get(health::get))
        .route("/restart", post(restart::restart))
        .route(
            "/media-nodes",
            get(media_nodes::list)
                .post(media_nodes::launch)
                .put(media_nodes::discover),
        )
        .route("/media-nodes/{node}", media_node())
        .route("/recordings", get(not_served))
        .route("/recordings/start", post(not_served))
        .route("/recordings/stop/{recording}", post(not_served))
        .route(
            "/recordings/{recording}",
            get(not_served).delete(not_served),
        )
        .route("/broadcast/start", post(not_served))
        .route("/broadcast/stop", post(not_served))
        .route("/speech-to-text/load", post(not_served))
        .route("/speech-to-text/unload", post(not_served))
        // OpenVidu 2.32 forbids what it does not know; 2.24 said 405.
        .fallback(forbidden)
        .method_not_allowed_fallback(forbidden)
        .layer(from_fn_with_state(app, gate::guard))
}

fn media_node() -> MethodRouter<Arc<App>> {
    get(media_nodes::get)
        .patch(media_nodes::change)
        .delete(media_nodes::remove)
}

fn connection() -> MethodRouter<Arc<App>> {
    get(connections::get)
        .patch(connections::update)
        .delete(connections::force_disconnect)
}
