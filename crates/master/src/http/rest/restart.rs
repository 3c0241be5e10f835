//! `/restart`

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use openvidu::rest::{Refused, parse_restart};

use super::answer::{Answer, Problem};
use crate::app::App;

pub(super) async fn restart(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    let changes = parse_restart(&body)?;
    let Some(restart) = app.config.administration.restart.clone() else {
        let message = "This master was not started by a program that could start it again";
        return Err(Problem::new(501, message));
    };
    let names: Vec<String> = changes.iter().map(|change| change.name.clone()).collect();
    // It writes a file.
    let done = tokio::task::spawn_blocking(move || restart(changes)).await;
    match done {
        Ok(Ok(())) => {
            tracing::info!(changed = names.join(","), "restarting as asked");
            Ok(StatusCode::OK.into_response())
        }
        Ok(Err(message)) => Err(Refused::bad(message).into()),
        Err(error) => Err(Problem::new(500, &error.to_string())),
    }
}
