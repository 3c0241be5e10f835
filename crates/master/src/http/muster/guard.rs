//! Who may call: everybody with the secret. Not from pages of other origins: this is no API for browsers.

use std::sync::Arc;

use api::Problem;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use crate::app::App;

pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let told = request.headers().get(header::AUTHORIZATION);
    let told = told.and_then(|value| value.to_str().ok());
    if app.gate.allows(told) {
        return next.run(request).await;
    }
    let message = "Expected Basic authentication of OPENVIDUAPP with the secret";
    let mut response = Refusal(Problem::new(401, message)).into_response();
    let challenge = HeaderValue::from_static("Basic realm=\"Muster\"");
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, challenge);
    response
}
