//! What calls answer with.

use api::Problem;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ask::GoingDown;

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Refusal>;

/// A problem on its way out.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<GoingDown> for Refusal {
    fn from(gone: GoingDown) -> Self {
        Self(Problem::new(503, gone.to_string()))
    }
}

impl From<cluster::Illegal> for Refusal {
    fn from(illegal: cluster::Illegal) -> Self {
        Self(Problem::from(&illegal))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        json(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &self.0)
    }
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, body)
}

/// The OpenAPI document. Readable by everybody: it tells nothing of this server but its version.
pub(super) async fn document() -> Response {
    ok(&api::document(env!("CARGO_PKG_VERSION")))
}

pub(super) async fn not_found() -> Refusal {
    let message = format!("There is no such method and path; see {}", api::DOCUMENT);
    Problem::new(404, message).into()
}
