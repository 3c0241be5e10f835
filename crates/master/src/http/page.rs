//! Files of the call page, and the page that a certificate leads to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use crate::app::App;

/// Where SDKs send people whose browser does not know the certificate yet.
pub(super) async fn certificate_accepted() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Certificate accepted</title>\
         <p>Your browser accepts this server's certificate. You can close this page and go back.</p></html>",
    )
}

/// Any path that is nothing else.
pub(super) async fn file(State(app): State<Arc<App>>, method: Method, uri: Uri) -> Response {
    if !app.config.call_page {
        return StatusCode::NOT_FOUND.into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    found(&app, uri.path())
}

/// The script for pages of applications, with or without a call page.
pub(super) async fn reporter(State(app): State<Arc<App>>, uri: Uri) -> Response {
    found(&app, uri.path())
}

fn found(app: &App, path: &str) -> Response {
    let Some(file) = (app.config.page)(path.trim_start_matches('/')) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if file.immutable {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, file.content_type.as_str()),
        (header::CACHE_CONTROL, keep),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, file.body).into_response()
}
