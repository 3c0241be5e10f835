//! What calls answer with.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use openvidu::rest::{Call, Refused};

use crate::ask::GoingDown;

/// An answer, or why there is none.
pub(super) type Answer = Result<Response, Problem>;

/// A refusal on its way out. The guard writes its body, which names the path.
#[derive(Clone, Debug)]
pub(super) struct Problem(pub(super) Refused);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self(refused)
    }
}

impl From<GoingDown> for Problem {
    fn from(gone: GoingDown) -> Self {
        Self(Refused {
            status: 503,
            message: gone.to_string(),
        })
    }
}

impl Problem {
    pub(super) fn conference(error: &conference::Error, call: Call) -> Self {
        Self(Refused::by_conference(error, call))
    }

    pub(super) fn new(status: u16, message: &str) -> Self {
        Self(Refused {
            status,
            message: message.to_owned(),
        })
    }
}

pub(super) fn json(text: String) -> Response {
    json_with(StatusCode::OK, text)
}

pub(super) fn json_with(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// For paths and methods that the API does not have.
pub(super) async fn forbidden() -> Problem {
    Problem::new(403, "There is no such method and path in the API")
}

/// For modules that are off.
pub(super) async fn not_served() -> Problem {
    Problem::new(501, "This module is not served")
}

/// The conference answered what was not asked: a fault of ours, told instead of a panic in the control task.
pub(super) fn answered<T>(answer: Option<T>) -> Result<T, Problem> {
    answer.ok_or_else(|| {
        Problem::new(
            500,
            "The conference gave an answer of another kind than was asked for",
        )
    })
}
