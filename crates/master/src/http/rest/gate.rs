//! Who may call: everybody with the secret, from any origin.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Problem;
use crate::app::App;

/// Readable without the secret.
const PUBLIC: &str = "/openvidu/api/config/openvidu-publicurl";

pub(super) async fn guard(
    State(app): State<Arc<App>>,
    OriginalUri(uri): OriginalUri,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::OPTIONS {
        return preflight(request.headers());
    }
    let public = uri.path() == PUBLIC && [Method::GET, Method::HEAD].contains(request.method());
    let told = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let mut response = if public || app.gate.allows(told) {
        next.run(request).await
    } else {
        unauthorized()
    };
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(Problem(refused)) = problem {
        let body = refused.body(app.clock.timestamp(), uri.path());
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        *response.body_mut() = Body::from(body);
    }
    allow_any_origin(&mut response);
    response
}

fn unauthorized() -> Response {
    let mut response = Problem::new(
        401,
        "Expected Basic authentication of OPENVIDUAPP with the secret",
    )
    .into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"OpenVidu\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// What a browser asks before it sends a request from another origin (Fetch, "CORS-preflight").
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    allow_any_origin(&mut response);
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, HEAD, POST, PATCH, PUT, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("1800"),
    );
    copy(
        asked,
        headers,
        header::ACCESS_CONTROL_REQUEST_HEADERS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
    );
    response
}

fn copy(from: &HeaderMap, to: &mut HeaderMap, asked: HeaderName, allowed: HeaderName) {
    if let Some(value) = from.get(asked) {
        to.insert(allowed, value.clone());
    }
}

fn allow_any_origin(response: &mut Response) {
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
}
