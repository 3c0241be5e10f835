//! The paths that are served, and what holds for all of them.

mod client_ip;
mod muster;
mod page;
mod rest;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use tokio::time::timeout;

use crate::app::App;
use crate::call_page;

pub(crate) use client_ip::ClientIp;

/// Largest body of a request, bytes.
const BODY_BYTES: usize = 1 << 20;

/// How long a request may take, from its head to its answer, the reading of its body included.
const REQUEST: Duration = Duration::from_secs(15);

/// All that is served.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route("/openvidu", any(websocket::upgrade))
        .route(
            "/openvidu/accept-certificate",
            get(page::certificate_accepted),
        )
        .nest("/openvidu/api", rest::router(app.clone()))
        .merge(muster::router(app.clone()))
        .route("/muster/ice-reporter.js", get(page::reporter))
        .fallback(page::file);
    if app.config.call_page {
        router = router.route("/call/token", post(call_page::token));
    }
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn(deadline))
        .with_state(app)
}

async fn deadline(request: Request, next: Next) -> Response {
    let limit = match waits(&request) {
        true => rest::WAIT + REQUEST,
        false => REQUEST,
    };
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// Whether the request waits for a node to come or go.
fn waits(request: &Request) -> bool {
    let uri = request.uri();
    let asks = |query: &str| query.split('&').any(|pair| pair == "wait=true");
    uri.path().starts_with("/openvidu/api/media-nodes") && uri.query().is_some_and(asks)
}
